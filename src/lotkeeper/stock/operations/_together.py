"""Requests that come while another of their kind is being answered wait here, and are answered together.

So the more there are, the larger the groups; a request that comes alone goes alone, and no request waits for company.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

#: A group stays small enough that its transaction is short.
MAX_GROUP = 64


class _Waiter(Generic[Request, Answer]):
    __slots__ = ("_gate", "answer", "failure", "leads", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.leads = False
        self.answer: Answer | None = None
        self.failure: Exception | None = None
        # A bare lock, taken: what threading.Event is made of, at a fifth of its cost.
        self._gate = threading.Lock()
        self._gate.acquire()

    def wait(self) -> None:
        self._gate.acquire()

    def call(self) -> None:
        self._gate.release()


class Together(Generic[Request, Answer]):
    """Gathers requests that come while another of their kind is being answered.

    ``answer_all`` gets the requests of one group and gives one answer for each. It runs in the thread of the request
    that came first; what it raises, every request of the group raises.
    """

    def __init__(self, answer_all: Callable[[Sequence[Request]], Sequence[Answer]]) -> None:
        self._answer_all = answer_all
        self._lock = threading.Lock()
        self._queues: dict[object, list[_Waiter[Request, Answer]]] = {}

    def ask(self, kind: object, request: Request) -> Answer:
        """The answer to one request, asked together with those of the same kind that wait."""
        waiter: _Waiter[Request, Answer] = _Waiter(request)
        with self._lock:
            queue = self._queues.get(kind)
            if queue is None:
                self._queues[kind] = []
                waiter.leads = True
            else:
                queue.append(waiter)
        if not waiter.leads:
            # Bounded by the leader's own statement timeout; it calls its group whatever happens.
            waiter.wait()
        if waiter.leads:
            self._lead(kind, waiter)
        if waiter.failure is not None:
            raise waiter.failure
        return waiter.answer  # type: ignore[return-value]  # whoever has not failed was answered

    def _lead(self, kind: object, leader: _Waiter[Request, Answer]) -> None:
        with self._lock:
            queue = self._queues[kind]
            group = [leader, *queue[: MAX_GROUP - 1]]
            self._queues[kind] = queue[MAX_GROUP - 1 :]
        try:
            answers = self._answer_all([waiter.request for waiter in group])
            for waiter, answer in zip(group, answers, strict=True):
                waiter.answer = answer
        except Exception as failure:  # noqa: BLE001  # each request of the group raises it
            for waiter in group:
                waiter.failure = failure
        finally:
            # The next group first: it has the longer way to go.
            self._pass_on(kind)
            for waiter in group[1:]:
                waiter.call()

    def _pass_on(self, kind: object) -> None:
        with self._lock:
            queue = self._queues[kind]
            if not queue:
                del self._queues[kind]
                return
            successor = queue.pop(0)
            successor.leads = True
        successor.call()
