"""Hearing and feeding one child until it is gone."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from orchestrator.output import CHUNK
from orchestrator.process.fork import die_with_parent

TERM_GRACE = 2.0
"""Seconds between the polite signal and the kill."""
LOOK, CALM = 0.25, 2.0
"""Seconds between two looks at a silent program: when it is young, and once it has run for a while. Each look wakes the
worker, and with fifty of them waking is what they cost; a program that prints is looked at with each piece anyway."""


class CannotStart(Exception):
    """The program or its working directory is missing or may not be run. Nothing was started."""


class Channel:
    """A program's standard input that stays open for more: `send` while it runs, `close` when nothing more will come.

    Both may be called from the callbacks of `stream` (a line, the stop question), which run in the caller's thread.
    """

    def __init__(self, first: bytes = b"") -> None:
        self.pending = bytearray(first)
        self.closed = False

    def send(self, data: bytes) -> None:
        if not self.closed:
            self.pending += data

    def close(self) -> None:
        """What was sent before is still delivered."""
        self.closed = True


def attend(
    argv: Sequence[str],
    cwd: Path | str,
    env: Mapping[str, str],
    stdin: Channel,
    sink: Callable[[str, bytes], None],
    patience: Callable[[float], tuple[str, float]],
    *,
    tied: bool = True,
    pass_fds: Sequence[int] = (),
    started: Callable[[int], None] = lambda pid: None,
    interrupt: Callable[[int], None] | None = None,
) -> tuple[int | None, str]:
    """Feeds and hears one child until it is gone. `patience` answers why to end it (or ""), and when to look again."""
    child = _start(argv, cwd, env, feed=bool(stdin.pending) or not stdin.closed, tied=tied, pass_fds=pass_fds)
    try:
        started(child.pid)
        with selectors.DefaultSelector() as selector:
            why = _pump(child, selector, stdin, sink, patience, interrupt)
    finally:
        signal_group(child, signal.SIGKILL)
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        child.wait()
    return child.returncode, why


def _pump(
    child: subprocess.Popen[bytes],
    selector: selectors.BaseSelector,
    stdin: Channel,
    sink: Callable[[str, bytes], None],
    patience: Callable[[float], tuple[str, float]],
    interrupt: Callable[[int], None] | None,
) -> str:
    pidfd = os.pidfd_open(child.pid) if hasattr(os, "pidfd_open") else -1
    try:
        _register(selector, child, pidfd)
        why, killed_at = "", 0.0
        while True:
            now = time.monotonic()
            if not why:
                why, wait = patience(now)
                if why:
                    if interrupt is None:
                        signal_group(child, signal.SIGTERM)
                    else:
                        interrupt(child.pid)
                    killed_at = now
            if why:
                wait = killed_at + TERM_GRACE - now
                if wait <= 0:
                    signal_group(child, signal.SIGKILL)
                    wait = LOOK
            _open_for_more(selector, child.stdin, stdin)
            events = selector.select(max(0.0, wait if pidfd >= 0 else min(wait, 0.02)))
            for key, _ in events:
                if key.data == "in":
                    _feed(selector, cast("IO[bytes]", key.fileobj), stdin)
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


def _feed(selector: selectors.BaseSelector, pipe: IO[bytes], stdin: Channel) -> None:
    try:
        del stdin.pending[: os.write(pipe.fileno(), bytes(stdin.pending[:CHUNK]))]
    except BlockingIOError:
        return
    except OSError:  # it does not read: its exit status tells, not ours
        stdin.pending.clear()
        stdin.close()
    if not stdin.pending:
        selector.unregister(pipe)
        if stdin.closed:
            with contextlib.suppress(OSError):
                pipe.close()


def _open_for_more(selector: selectors.BaseSelector, pipe: IO[bytes] | None, stdin: Channel) -> None:
    """A channel that was empty and got something is written to again; one that was closed meanwhile is closed."""
    if pipe is None or pipe.closed or pipe.fileno() in {key.fd for key in selector.get_map().values()}:
        return
    if stdin.pending:
        selector.register(pipe, selectors.EVENT_WRITE, "in")
    elif stdin.closed:
        with contextlib.suppress(OSError):
            pipe.close()


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
    argv: Sequence[str],
    cwd: Path | str,
    env: Mapping[str, str],
    *,
    feed: bool,
    tied: bool,
    pass_fds: Sequence[int],
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
            preexec_fn=die_with_parent(os.getpid()) if tied else None,
            pass_fds=tuple(pass_fds),
        )
    except (OSError, ValueError, subprocess.SubprocessError) as why:
        raise CannotStart(f"{argv[0]}: {why}") from why


def signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
