"""Requests that would wait for the same lock wait here instead, and are answered together.

Sales of one item go one after the other: each holds the item until it is safely on disk. Those that come meanwhile
gather, and the next transaction posts them all, each accepted or refused by itself. So the hotter the item, the larger
the groups; a request that comes alone goes alone, and no request waits for company.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

#: A group stays small enough that its transaction is short.
MAX_GROUP = 64


@dataclass(slots=True)
class _Waiter(Generic[Request, Answer]):
    request: Request
    called: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    answer: Answer | None = None
    failure: Exception | None = None


class Together(Generic[Request, Answer]):
    """Gathers requests that come while another of their kind is being answered.

    ``answer_all`` gets the requests of one group and gives one answer for each, None for one that has to try by itself.
    It runs in the thread of the request that came first; what it raises, every request of the group raises.
    """

    def __init__(self, answer_all: Callable[[Sequence[Request]], Sequence[Answer | None]]) -> None:
        self._answer_all = answer_all
        self._lock = threading.Lock()
        self._queues: dict[object, list[_Waiter[Request, Answer]]] = {}

    def ask(self, kind: object, request: Request) -> Answer | None:
        """The answer to one request, asked together with those of the same kind that wait; None to try alone."""
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
            waiter.called.wait()
            if waiter.failure is not None:
                raise waiter.failure
            if not waiter.leads:
                return waiter.answer
        return self._lead(kind, waiter)

    def _lead(self, kind: object, leader: _Waiter[Request, Answer]) -> Answer | None:
        with self._lock:
            queue = self._queues[kind]
            group = [leader, *queue[: MAX_GROUP - 1]]
            self._queues[kind] = queue[MAX_GROUP - 1 :]
        try:
            answers = self._answer_all([waiter.request for waiter in group])
            for waiter, answer in zip(group, answers, strict=True):
                waiter.answer = answer
        except Exception as failure:
            for waiter in group[1:]:
                waiter.failure = failure
            raise
        finally:
            self._pass_on(kind)
            for waiter in group[1:]:
                waiter.called.set()
        return leader.answer

    def _pass_on(self, kind: object) -> None:
        with self._lock:
            queue = self._queues[kind]
            if not queue:
                del self._queues[kind]
                return
            successor = queue.pop(0)
            successor.leads = True
        successor.called.set()
