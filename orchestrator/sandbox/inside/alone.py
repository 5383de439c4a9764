"""A run without namespaces of its own: Landlock and a filter hold it, and a supervisor ends all that it started.

Three processes: ourselves, whom the worker knows and may kill; the supervisor, to whom all orphans of the run fall and
who learns of our death; and the program. The supervisor stands outside of the program's Landlock domain, so (from
version 6 on) the program cannot signal it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orchestrator.sandbox.inside import landlock, seccomp
else:
    import landlock
    import seccomp

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER = 1, 22, 24, 36
FILTER = 2
CAPABILITIES = 0x20080522
"""Version 3 of capset(2): two words of 32 bits for each set."""
PATIENCE = 1.5
"""Seconds for ending what a run left behind: it may start new processes as fast as we end them."""

_libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


class Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class Orphaned(BaseException):
    """The worker's end of us is dead."""


def main(options: dict[str, list[str]], program: list[str]) -> None:
    """Runs the program to its end and ends as it did."""
    first = os.getpid()
    supervisor = os.fork()
    if supervisor == 0:
        os._exit(_supervise(first, options, program))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # told to the program by its own id; the group's hits us too
    _end_as(os.waitpid(supervisor, 0)[1])


def _end_as(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    os._exit(128 - code if code < 0 else code)


def _supervise(first: int, options: dict[str, list[str]], program: list[str]) -> int:
    signal.signal(signal.SIGTERM, _orphaned)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    code = 143
    try:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != first:
            return code
        child = os.fork()
        if child == 0:
            _start(options, program)
        while True:
            pid, status = os.wait()
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                break
    except Orphaned:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_all()
    return 128 - code if code < 0 else code


def _orphaned(number: int, frame: object) -> None:
    raise Orphaned


def _start(options: dict[str, list[str]], program: list[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.setsid()  # a signal to its own group does not reach the supervisor
    try:
        version = landlock.abi()
        ports = [int(port) for port in options.get("port", ())]
        _drop_capabilities()
        landlock.restrict(options.get("read", []), options.get("write", []), ports, version)
        _filter()
        os.execvp(program[0], program)
    except OSError as why:
        os.write(2, f"{program[0]}: {why.strerror}\n".encode())
    finally:
        os._exit(127)


def _drop_capabilities() -> None:
    """Root's go too: some look past Landlock (CAP_PERFMON reads the environment of any process)."""
    for number in range(64):
        _libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _libc.capset(ctypes.byref(Header(version=CAPABILITIES, pid=0)), ctypes.byref(nothing)):
        raise OSError(ctypes.get_errno(), "its capabilities could not be dropped")


def _filter() -> None:
    lines = seccomp.program(alone=True)
    if lines:
        wanted = Program(length=len(lines) // 8, lines=lines)
        if _libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(wanted), 0, 0):
            raise OSError(ctypes.get_errno(), "the filter of system calls was refused")


def _end_all() -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = _below(os.getpid())
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _below(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children", encoding="ascii") as file:
                    fresh = [int(word) for word in file.read().split()]
                found += fresh
                waiting += fresh
        except OSError:
            continue
    return found
