"""Runs an operation in a child that is killed, or refused by the disk, at its n-th change of the file system.

Python announces each such call to audit hooks before it is made (docs.python.org, "Audit events table"), so nothing of
the program is replaced: it is the real code on a real folder, stopped between two system calls.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

CHANGES = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.truncate")
FINISHED, SURVIVED, FAILED = 0, 6, 7


def run_until(n: int, root: Path, operation: Callable[[], object], *, error: bool = False) -> bool:
    """Did it get through before its n-th change? With `error` that change raises "no space left" instead of killing."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            fired = _arm(n, root, error)
            operation()
            code = SURVIVED if fired else FINISHED
        except OSError as why:
            code = FAILED if why.errno == errno.ENOSPC else 98
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in ((FINISHED, SURVIVED, FAILED) if error else (FINISHED, -signal.SIGKILL)), code
    return code == FINISHED


def _arm(n: int, root: Path, error: bool) -> list[str]:
    """The list tells whether, and at which call, it fired."""
    count = 0
    fired: list[str] = []

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal count
        if event == "open":
            flags = args[2] if isinstance(args[2], int) else 0
            changes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        else:
            changes = event in CHANGES
        if not (changes and str(root) in str(args[0])):
            return
        count += 1
        if count == n:
            fired.append(event)
            if error:
                raise OSError(errno.ENOSPC, "no space left on device")
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return fired
