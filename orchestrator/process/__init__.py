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

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.output import Kept, Lines
from orchestrator.process.fork import fork
from orchestrator.process.helper import end, helper
from orchestrator.process.pump import CALM, LOOK, TERM_GRACE, CannotStart, Channel, attend, signal_group

__all__ = [
    "TERM_GRACE", "CannotStart", "Channel", "Finished", "Streamed", "clean_env", "detached", "end", "end_detached",
    "end_if", "fork", "helper", "run", "spawn_detached", "stream", "wait_detached",
]  # fmt: skip


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

    given = Channel(stdin)
    given.close()
    status, why = attend(argv, cwd, env, given, lambda name, data: kept[name].add(data), patience, tied=tied)
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
    stdin: bytes | Channel = b"",
    on_line: Callable[[str], None],
    wall_seconds: float,
    silence_seconds: float,
    stop: Callable[[], str] = lambda: "",
    pass_fds: Sequence[int] = (),
    started: Callable[[int], None] = lambda pid: None,
    interrupt: Callable[[int], None] | None = None,
) -> Streamed:
    """Runs a long program, handing on each line of its output and errors as it comes, without the line's end.

    It is ended after `wall_seconds`, after `silence_seconds` without a byte, or when `stop` answers with a word: asked
    with each piece of output, and of a silent program every quarter of a second, later every two seconds. A `Channel`
    as `stdin` stays open until it is closed. It inherits the descriptors `pass_fds`; `started` hears its process id;
    `interrupt` ends it politely (else SIGTERM to its group), and the kill follows after TERM_GRACE. Bytes that are no
    UTF-8 are replaced. Raises CannotStart, and whatever `on_line` or `started` raises once the program is dead.
    """
    channel = stdin if isinstance(stdin, Channel) else Channel(stdin)
    if channel is not stdin:
        channel.close()
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
        look = max(LOOK, min(CALM, (now - began) / 10))
        return stop(), min(look, began + wall_seconds - now, last + silence_seconds - now)

    status, why = attend(
        argv, cwd, env, channel, sink, patience, pass_fds=pass_fds, started=started, interrupt=interrupt
    )
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
    """Kills them, each with its group: for whoever owns all that it started, as the demo does.

    SIGTERM first: a program that started others in sessions of their own (the spawner) ends them on it.
    """
    for child in _detached:
        signal_group(child, signal.SIGTERM)
    until = time.monotonic() + TERM_GRACE
    while detached() and time.monotonic() < until:
        time.sleep(0.02)
    for child in _detached:
        signal_group(child, signal.SIGKILL)
        child.wait()
    _reap()


def end_if(pid: int, surely: Callable[[], bool]) -> bool:
    """Kills a process that is no child of ours, when `surely` says that it is the one meant; whether it was killed.

    Asked after a descriptor names the process: should it end meanwhile and its id go to another, that one is not hit.
    Where the system has no such descriptors nobody is killed.
    """
    if not hasattr(os, "pidfd_open") or not hasattr(signal, "pidfd_send_signal"):
        return False
    try:
        named = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not surely():
            return False
        signal.pidfd_send_signal(named, signal.SIGKILL)
        return True
    except OSError:
        return False
    finally:
        os.close(named)


def _reap() -> None:
    _detached[:] = [child for child in _detached if child.poll() is None]
