"""A small HTTP client that keeps a number of requests under way over loopback and counts the answers.

One process, one connection a client, requests made beforehand as bytes: it costs some 30 us of processor time a request.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass
class Load:
    """What came back."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Accepted requests a second."""
        return sum(count for status, count in self.statuses.items() if status < 300) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the requests was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


def put_load(port: int, *, clients: int, seconds: float, make_request: Callable[[], bytes]) -> Load:
    """Keep ``clients`` requests under way for a while; every answer is read to its end."""
    selector = selectors.DefaultSelector()
    load = Load(seconds)
    for _ in range(clients):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(make_request())
        selector.register(connection, selectors.EVENT_READ, [b"", time.perf_counter()])
    end = time.perf_counter() + seconds
    under_way = clients
    while under_way:
        for key, _ in selector.select(5.0) or sys.exit("no answer for 5 s"):
            state = key.data
            state[0] += key.fileobj.recv(65536)
            head, found, body = state[0].partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not found or length is None or len(body) < int(length[1]):
                continue
            now = time.perf_counter()
            if now <= end:
                load.statuses[int(head[9:12])] += 1
                load.latencies.append(now - state[1])
                state[0], state[1] = b"", now
                key.fileobj.sendall(make_request())
            else:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                under_way -= 1
    return load
