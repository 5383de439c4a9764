"""Children that share our memory, and what ties a child's life to ours."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable

_PR_SET_PDEATHSIG = 1


def fork(body: Callable[[], None], *, keep: Iterable[int] = (), tied: bool = True) -> int:
    """A child that runs `body` and ends; returns its process id, which the caller reaps.

    It shares our loaded modules page by page, where a program started anew pays for them again. It gets a session of
    its own, `/dev/null` as standard input, and of our descriptors only 1, 2 and `keep`: our locks stay ours. `tied`: it
    dies when we do. Call it only while this process has one thread: other threads' locks would stay locked for ever.
    """
    parent = os.getpid()
    kept = sorted({0, 1, 2, *keep})
    settle = die_with_parent(parent) if tied else None
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        if settle is not None:
            settle()
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        for low, high in zip([-1, *kept], [*kept, 65536]):
            if low + 1 < high:  # an empty range closes everything (CPython 3.11 hands the kernel "up to -1")
                os.closerange(low + 1, high)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        body()
        status = 0
    except BaseException:  # noqa: BLE001 - the child's whole life is this call: nobody above could say what went wrong
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@functools.cache
def _libc() -> ctypes.CDLL:
    """Loaded before the fork: the child may only call what is in memory already."""
    return ctypes.CDLL(None)


def die_with_parent(parent: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = _libc().prctl

    def set_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was set
            os._exit(127)

    return set_signal
