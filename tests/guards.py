"""What the whole suite must keep to: no unlisted skips, no processes left behind, no traffic beyond loopback.

Plain functions and one class, used by `tests/conftest.py` and tested like everything else in `tests/shape`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SESSION = "AGENT_OS_TEST_SESSION"
"""Environment variable that every process started by one test process inherits: how its orphans are found again."""


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """One line of `skips.txt`."""

    prefix: str
    reason: str


def allowed_skips(text: str) -> tuple[Allowed, ...]:
    """The lines of `skips.txt`. Raises ValueError on a line without a prefix or without a reason."""
    found: list[Allowed] = []
    for n, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        prefix, _, reason = (part.strip() for part in line.partition("|"))
        if not prefix or not reason:
            raise ValueError(f"skips.txt:{n}: expected `node id prefix | reason`, got {line!r}")
        found.append(Allowed(prefix=prefix, reason=reason))
    return tuple(found)


def judge_skips(skipped: Mapping[str, str], allowed: Iterable[Allowed]) -> tuple[list[str], list[str]]:
    """(not proven, forbidden), as lines to print; `skipped` is node id -> why."""
    listed = tuple(allowed)
    not_proven: list[str] = []
    forbidden: list[str] = []
    for node, why in sorted(skipped.items()):
        line = next((a for a in listed if node.startswith(a.prefix)), None)
        if line:
            not_proven.append(f"not proven: {node}: {line.reason} ({why})")
        else:
            forbidden.append(f"skipped, and not in tests/skips.txt: {node} ({why})")
    return not_proven, forbidden


class OutgoingConnection(RuntimeError):
    """A test tried to reach another machine. Not an OSError, so that no retry of the program swallows it."""


def refuse_unless_loopback(family: int, address: Any) -> None:
    """Raises OutgoingConnection for an internet address outside of this machine. Other families never leave it."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0] if isinstance(address, tuple) else address
    refuse_host(host)


def refuse_host(host: Any) -> None:
    """Raises OutgoingConnection for a host that is neither loopback nor the wildcard of this machine."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host is None or host in ("", "localhost"):
        return
    with contextlib.suppress(ValueError):
        ip = ipaddress.ip_address(str(host).partition("%")[0])
        if ip.is_loopback or ip.is_unspecified:
            return
    raise OutgoingConnection(f"a test tried to reach {host}; tests speak to 127.0.0.1 only")


@contextlib.contextmanager
def only_loopback() -> Iterator[None]:
    """While it lasts, sockets of this process connect to this machine only, and no foreign name is looked up."""
    # As Any: replaced on the class that everybody shares, which no type describes.
    shared: Any = socket.socket
    connect, connect_ex = shared.connect, shared.connect_ex
    lookup: Callable[..., Any] = socket.getaddrinfo

    def guarded(self: socket.socket, address: Any) -> None:
        refuse_unless_loopback(self.family, address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        refuse_unless_loopback(self.family, address)
        return int(connect_ex(self, address))

    def guarded_lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode(errors="replace") if isinstance(host, bytes) else host
        if isinstance(name, str) and name.endswith(".invalid"):
            # RFC 2606: this name exists nowhere. Answered here, so that not even the question leaves the machine.
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        refuse_host(name)
        return lookup(host, *args, **kwargs)

    shared.connect, shared.connect_ex = guarded, guarded_ex
    socket.getaddrinfo = guarded_lookup
    try:
        yield
    finally:
        shared.connect, shared.connect_ex = connect, connect_ex
        socket.getaddrinfo = lookup


@dataclass(frozen=True, kw_only=True)
class Leftover:
    pid: int
    command: str


def leftovers(mark: str, folder: Path | None = None, *, patience: float = 1.0) -> tuple[Leftover, ...]:
    """Processes of this test process that still run after `patience` seconds.

    Found by three signs, because a daemon loses the first and a scrubbed environment the second: it descends from us,
    it carries our mark in its environment, or it stands in our temporary folder. Zombies hold nothing and do not count.
    """
    deadline = time.monotonic() + patience
    found = _running(mark, folder)
    clear = 0 if found else 1
    # Clear twice in a row: a process that forks while /proc is read is missed once, parent and child.
    while clear < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        found = _running(mark, folder)
        clear = 0 if found else clear + 1
    return found


def end(left: Iterable[Leftover]) -> None:
    """Ends what was left, so that one careless test does not fill the machine."""
    for process in left:
        with contextlib.suppress(OSError):
            os.kill(process.pid, signal.SIGKILL)


def _running(mark: str, folder: Path | None) -> tuple[Leftover, ...]:
    parents = {pid: parent for pid, parent, state in _processes() if state not in "ZX"}
    wanted = f"{SESSION}={mark}".encode()
    found: list[Leftover] = []
    for pid in parents:
        if pid == os.getpid() or not (_descends(pid, parents) or _marked(pid, wanted) or _inside(pid, folder)):
            continue
        command = _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
        if command and "multiprocessing.resource_tracker" not in command:
            found.append(Leftover(pid=pid, command=command[:200]))
    return tuple(found)


def _processes() -> Iterator[tuple[int, int, str]]:
    """(pid, parent, state letter) of every process, from /proc/<pid>/stat (proc(5))."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            # The name stands in parentheses and may hold any character, also a closing one.
            fields = _read(int(entry), "stat").rpartition(b") ")[2].split()
            if len(fields) > 1:
                yield int(entry), int(fields[1]), fields[0].decode()


def _descends(pid: int, parents: Mapping[int, int]) -> bool:
    seen: set[int] = set()
    while pid in parents and pid not in seen:
        seen.add(pid)
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def _marked(pid: int, wanted: bytes) -> bool:
    return wanted in _read(pid, "environ").split(b"\0")


def _inside(pid: int, folder: Path | None) -> bool:
    try:
        where = Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return False
    return folder is not None and where.is_relative_to(folder)


def _read(pid: int, name: str) -> bytes:
    """Empty for a process that went away or is not ours to look at."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def clean_environment(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """What tests see of the developer's environment: no home, no git configuration, no credentials, no proxies."""
    secret = ("GIT_", "XDG_", "GITHUB_", "GH_", "TELEGRAM_", "AGENT_OS_", "ANTHROPIC_", "OPENAI_", "ORCH_")
    kept = {
        k: v
        for k, v in environ.items()
        if not (k.startswith(secret) or k.endswith(("_TOKEN", "_API_KEY")) or k.lower().endswith("_proxy"))
    }
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Test Author",
        "GIT_AUTHOR_EMAIL": "author@example.invalid",
        "GIT_COMMITTER_NAME": "Test Author",
        "GIT_COMMITTER_EMAIL": "author@example.invalid",
    }
