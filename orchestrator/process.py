"""The one door to other programs: start, feed, listen, time-limit, kill the whole group.

Wanted: nothing that we start outlives its limit or its worker, a program that prints without end costs bounded memory,
and a plain `git` call costs little more than the call itself (one process, no threads, one selector).

Every program gets a session of its own, so one signal reaches all it started in that group. The direct child also gets
the kernel's parent-death signal: when a worker is killed, its program is. That signal follows the *thread* that made
the child, not the process; `run` and `stream` stay inside the call until the child is gone, so the thread cannot end
before it. Use them from the main thread all the same: then the promise reads "dies with the worker".

The leader is reaped last: until then its process id cannot be reused, so a signal to the group never hits a stranger.
What this cannot reach: a grandchild that made a session of its own. That is for the sandbox (a process namespace).
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from orchestrator.output import CHUNK, Kept, Lines

TERM_GRACE = 2.0
"""Seconds between the polite signal and the kill."""
_LOOK = 0.25
_PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """The program or its working directory is missing or may not be run. Nothing was started."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    exit: int | None
    """The exit status, negative for a signal; None when we ended it at the time limit."""
    out: bytes
    err: bytes
    timed_out: bool
    seconds: float
    truncated: bool
    """Something in the middle of `out` or `err` was left out."""


@dataclass(frozen=True, kw_only=True)
class Streamed:
    exit: int | None
    why_killed: str
    """Empty, "wall", "silence", or the word `stop` gave."""
    seconds: float


def clean_env(extra: Mapping[str, str] | None = None, *, keep: Iterable[str] = ()) -> dict[str, str]:
    """The environment of a program: PATH, HOME, a fixed language and zone, what is named, and nothing else of ours.

    `keep` names variables that are passed on from our own environment when they are set there.
    """
    env = {name: os.environ[name] for name in ("PATH", "HOME", *keep) if name in os.environ}
    return {"PATH": os.defpath, **env, "LANG": "C.UTF-8", "TZ": "UTC", **(extra or {})}


def run(
    argv: Sequence[str],
    *,
    cwd: Path | str,
    env: Mapping[str, str],
    stdin: bytes = b"",
    timeout: float,
    output_limit: int = 1_000_000,
    tied: bool = True,
) -> Finished:
    """Runs a program to its end or its limit (seconds) and returns what it printed.

    `tied`: dies with us, whatever kills us. That costs a real fork (3 ms in a process of our size, where a vfork takes
    a fraction); commands that end by themselves in milliseconds and harm nobody may go untied.
    Of each stream the first and the last half of `output_limit` bytes are kept. Returns soon after the program itself
    ends, also when something it left behind keeps the pipes open; that something is killed. Raises CannotStart.
    """
    kept = {"out": Kept(output_limit), "err": Kept(output_limit)}
    began = time.monotonic()

    def patience(now: float) -> tuple[str, float]:
        left = began + timeout - now
        return ("wall" if left <= 0 else "", left)

    status, why = _attend(argv, cwd, env, stdin, lambda name, data: kept[name].add(data), patience, tied=tied)
    return Finished(
        exit=None if why else status,
        out=kept["out"].text(),
        err=kept["err"].text(),
        timed_out=bool(why),
        seconds=time.monotonic() - began,
        truncated=any(k.dropped for k in kept.values()),
    )


def stream(
    argv: Sequence[str],
    *,
    cwd: Path | str,
    env: Mapping[str, str],
    stdin: bytes = b"",
    on_line: Callable[[str], None],
    wall_seconds: float,
    silence_seconds: float,
    stop: Callable[[], str] = lambda: "",
) -> Streamed:
    """Runs a long program, handing on each line of its output and errors as it comes, without the line's end.

    It is ended after `wall_seconds`, after `silence_seconds` without a byte, or when `stop` (asked about four times a
    second) answers with a word. Bytes that are no UTF-8 are replaced. Raises CannotStart, and whatever `on_line` raises
    once the program is dead.
    """
    began = last = time.monotonic()
    lines = {"out": Lines(on_line), "err": Lines(on_line)}

    def sink(name: str, data: bytes) -> None:
        nonlocal last
        last = time.monotonic()
        lines[name].add(data)

    def patience(now: float) -> tuple[str, float]:
        if now - began >= wall_seconds:
            return "wall", 0
        if now - last >= silence_seconds:
            return "silence", 0
        return stop(), min(_LOOK, began + wall_seconds - now, last + silence_seconds - now)

    status, why = _attend(argv, cwd, env, stdin, sink, patience)
    for each in lines.values():
        each.end()
    return Streamed(exit=None if why else status, why_killed=why, seconds=time.monotonic() - began)


def spawn_detached(argv: Sequence[str], *, cwd: Path | str, env: Mapping[str, str], log: Path) -> int:
    """Starts a program that outlives us, its output appended to `log`; returns its process id. Raises CannotStart."""
    _reap()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        try:
            child = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
            )
        except (OSError, ValueError) as why:
            raise CannotStart(f"{argv[0]}: {why}") from why
    _detached.append(child)
    return child.pid


_detached: list[subprocess.Popen[bytes]] = []
"""Children we do not wait for; kept only to be reaped when a long-lived process starts the next one."""


def wait_detached(pid: int) -> None:
    """Until a program that `spawn_detached` of this process started has ended; at once for any other."""
    for child in _detached:
        if child.pid == pid:
            child.wait()
    _reap()


def detached() -> int:
    """How many programs that `spawn_detached` of this process started still run."""
    _reap()
    return len(_detached)


def end_detached() -> None:
    """Kills them, each with its group: for whoever owns all that it started, as the demo does."""
    for child in _detached:
        _signal(child, signal.SIGKILL)
        child.wait()
    _reap()


def _reap() -> None:
    _detached[:] = [child for child in _detached if child.poll() is None]


def _attend(
    argv: Sequence[str],
    cwd: Path | str,
    env: Mapping[str, str],
    stdin: bytes,
    sink: Callable[[str, bytes], None],
    patience: Callable[[float], tuple[str, float]],
    *,
    tied: bool = True,
) -> tuple[int | None, str]:
    """Feeds and hears one child until it is gone. `patience` answers why to end it (or ""), and when to look again."""
    child = _start(argv, cwd, env, feed=bool(stdin), tied=tied)
    try:
        with selectors.DefaultSelector() as selector:
            why = _pump(child, selector, stdin, sink, patience)
    finally:
        _signal(child, signal.SIGKILL)
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        child.wait()
    return child.returncode, why


def _pump(
    child: subprocess.Popen[bytes],
    selector: selectors.BaseSelector,
    stdin: bytes,
    sink: Callable[[str, bytes], None],
    patience: Callable[[float], tuple[str, float]],
) -> str:
    pending = memoryview(stdin)
    pidfd = os.pidfd_open(child.pid) if hasattr(os, "pidfd_open") else -1
    try:
        _register(selector, child, pidfd)
        why, killed_at = "", 0.0
        while True:
            now = time.monotonic()
            if not why:
                why, wait = patience(now)
                if why:
                    _signal(child, signal.SIGTERM)
                    killed_at = now
            if why:
                wait = killed_at + TERM_GRACE - now
                if wait <= 0:
                    _signal(child, signal.SIGKILL)
                    wait = _LOOK
            events = selector.select(max(0.0, wait if pidfd >= 0 else min(wait, 0.02)))
            for key, _ in events:
                if key.data == "in":
                    pending = _feed(selector, cast("IO[bytes]", key.fileobj), pending)
                elif key.data != "end":
                    _hear(selector, cast("IO[bytes]", key.fileobj), key.data, sink)
            if _ended(child, pidfd, events):
                _drain(selector, sink)
                return why
    finally:
        if pidfd >= 0:
            os.close(pidfd)


def _register(selector: selectors.BaseSelector, child: subprocess.Popen[bytes], pidfd: int) -> None:
    if pidfd >= 0:
        selector.register(pidfd, selectors.EVENT_READ, "end")
    for pipe, name in ((child.stdout, "out"), (child.stderr, "err"), (child.stdin, "in")):
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_WRITE if name == "in" else selectors.EVENT_READ, name)


def _ended(child: subprocess.Popen[bytes], pidfd: int, events: list[tuple[selectors.SelectorKey, int]]) -> bool:
    """Is the leader gone? Asked without reaping it, so that its group's number stays ours."""
    if pidfd >= 0:
        return any(key.data == "end" for key, _ in events)
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _feed(selector: selectors.BaseSelector, pipe: IO[bytes], pending: memoryview) -> memoryview:
    try:
        pending = pending[os.write(pipe.fileno(), pending[:CHUNK]) :]
    except BlockingIOError:
        return pending
    except OSError:  # it does not read: its exit status tells, not ours
        pending = pending[:0]
    if not pending:
        selector.unregister(pipe)
        with contextlib.suppress(OSError):
            pipe.close()
    return pending


def _hear(selector: selectors.BaseSelector, pipe: IO[bytes], name: str, sink: Callable[[str, bytes], None]) -> bool:
    """One read; False when there is nothing to read now or ever again."""
    try:
        data = os.read(pipe.fileno(), CHUNK)
    except BlockingIOError:
        return False
    if data:
        sink(name, data)
    else:
        selector.unregister(pipe)
    return bool(data)


def _drain(selector: selectors.BaseSelector, sink: Callable[[str, bytes], None]) -> None:
    """What already stands in the pipes, and at most 16 MB of it: a child left behind may write for ever."""
    for key in list(selector.get_map().values()):
        if key.data in ("out", "err"):
            for _ in range(256):
                if not _hear(selector, cast("IO[bytes]", key.fileobj), key.data, sink):
                    break


def _start(
    argv: Sequence[str], cwd: Path | str, env: Mapping[str, str], *, feed: bool, tied: bool
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_die_with_parent(os.getpid()) if tied else None,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as why:
        raise CannotStart(f"{argv[0]}: {why}") from why


@functools.cache
def _libc() -> ctypes.CDLL:
    """Loaded before the fork: the child may only call what is in memory already."""
    return ctypes.CDLL(None)


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = _libc().prctl

    def set_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was set
            os._exit(127)

    return set_signal


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
