"""Processes that end with the one that started them, even when that one is killed. Linux can; others go without."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(request: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent dies.

    At once by default: its parent was killed, nobody is left to wait for it, and what was not committed is undone.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, request)
