"""A control group for one run, where this machine lets us make one: the kernel itself then holds memory and processes.

Version 2 wants a group beside our own, in a parent that hands the controllers on (a user's `app.slice`, or root's);
version 1 takes one below our own. The launcher joins it through descriptors that were opened here, before the program
starts. Source: the kernel's admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.confinement import Limits

ROOT = Path("/sys/fs/cgroup")
PREFIX = "agent-os."
_count = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Group:
    """One folder (version 2), or one for each controller (version 1)."""

    folders: tuple[Path, ...]
    memory: bool
    """The kernel holds the memory limit."""

    def doors(self) -> tuple[int, ...]:
        """Descriptors that take whoever writes 0 to them into the group."""
        return tuple(os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC) for folder in self.folders)

    def starved(self) -> bool:
        """The kernel killed something in it for want of memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError, ValueError):
                    lines = (folder / name).read_text().splitlines()
                    if any(int(n) for word, n in map(str.split, lines) if word == "oom_kill"):
                        return True
        return False

    def close(self) -> None:
        """Ends whatever is still in it, and gives it back."""
        deadline = time.monotonic() + 2
        while self._kill() and time.monotonic() < deadline:
            time.sleep(0.01)
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _kill(self) -> bool:
        found: set[int] = set()
        for folder in self.folders:
            with contextlib.suppress(OSError, ValueError):
                found |= {int(line) for line in (folder / "cgroup.procs").read_text().split()}
        for pid in found - {0, os.getpid()}:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return bool(found)


def make(limits: Limits, *, own: str | None = None, root: Path = ROOT) -> Group | None:
    """A fresh group with these limits, or None where we may not. `own`: what /proc/self/cgroup says."""
    if not (limits.memory_mb or limits.processes):
        return None
    try:
        said = Path("/proc/self/cgroup").read_text() if own is None else own
    except OSError:
        return None
    name = f"{PREFIX}{os.getpid()}.{next(_count)}"
    places = dict(line.split(":", 2)[1:] for line in said.splitlines() if line.count(":") >= 2)
    if "" in places and (root / "cgroup.controllers").exists():
        return _unified(root / places[""].lstrip("/"), root, name, limits)
    parents: dict[str, Path] = {
        kind: root / kind / places[kind].lstrip("/") for kind in ("memory", "pids") if kind in places
    }
    return _split(parents, name, limits)


def _unified(own: Path, root: Path, name: str, limits: Limits) -> Group | None:
    parent = own.parent if own != root else root
    _sweep(parent)
    folder = parent / name
    try:
        folder.mkdir()
    except OSError:
        return None
    group = Group(folders=(folder,), memory=bool(limits.memory_mb))
    wanted = {"memory.max": limits.memory_mb * 1024 * 1024, "pids.max": limits.processes}
    if not (folder / "memory.max").exists() or not all(_set(folder / k, v) for k, v in wanted.items() if v):
        group.close()
        return None
    _set(folder / "memory.oom.group", 1)
    if limits.memory_mb:
        _set(folder / "memory.swap.max", 0)
    return group


def _split(parents: dict[str, Path], name: str, limits: Limits) -> Group | None:
    wanted = {
        "memory": ("memory.limit_in_bytes", limits.memory_mb * 1024 * 1024),
        "pids": ("pids.max", limits.processes),
    }
    made: list[Path] = []
    held: set[str] = set()
    for kind, parent in parents.items():
        file, value = wanted[kind]
        if not value:
            continue
        _sweep(parent)
        folder = parent / name
        with contextlib.suppress(OSError):
            folder.mkdir()
            made.append(folder)
            if _set(folder / file, value):
                held.add(kind)
    if not made:
        return None
    return Group(folders=tuple(made), memory="memory" in held)


def _set(file: Path, value: int) -> bool:
    try:
        descriptor = os.open(file, os.O_WRONLY)
    except OSError:
        return False
    try:
        os.write(descriptor, str(value).encode())
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _sweep(parent: Path) -> None:
    """Groups of workers that are gone. One that still holds somebody cannot be removed, so it is emptied first."""
    for folder in parent.glob(f"{PREFIX}*.*"):
        owner = folder.name.removeprefix(PREFIX).partition(".")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            Group(folders=(folder,), memory=False).close()
