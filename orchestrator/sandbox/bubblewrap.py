"""The words for bubblewrap: an empty root, and on it only what a run needs.

Order matters and is fixed: the system, private folders, what may be read, what may be written (a HOME may hold a
workspace), and on top what stays read-only inside of that. The root itself becomes read-only last.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.sandbox import guard
from orchestrator.sandbox.system import System
from orchestrator.sandbox.trees import Tree

NAMESPACES = (
    *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "agent"),
)
SIZES, NO_MORE_USERS = (0, 7), (0, 8)
"""Versions of bubblewrap that brought `--size` and `--disable-userns`."""
COVERED = ("sys", "sysrq-trigger", "mtrr", "acpi", "scsi", "fs", "irq", "bus", "driver", "tty")
"""Of /proc: kernel settings. Without a capability left, root's own user id may still write most of them."""
SHARE = 4
"""Each of the private temporary folders may take this part of the memory limit."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to show, absolute and existing."""

    system: System
    tree: Tree
    readable: tuple[Path, ...]
    workspace: Path
    home: Path
    read_only: bool
    memory_mb: int
    files: tuple[tuple[int, str], ...]
    """Descriptors whose content becomes a file."""
    seccomp: int
    version: tuple[int, ...]
    """Bubblewrap's."""
    user: bool = True
    """A user namespace of its own; only root can do without."""


def words(program: str, plan: Plan) -> tuple[str, ...]:
    """Everything before the program's own words."""
    shown = [*_system(plan.system), *_private(plan)]
    reading = _outermost((*plan.tree.paths, *plan.readable))
    for path in reading:
        shown += ["--ro-bind", str(path), str(path)]
    for link, target in plan.tree.links.items():
        if not any(link.is_relative_to(p) or p.is_relative_to(link) for p in (*reading, plan.workspace, plan.home)):
            shown += ["--symlink", target, str(link)]
    shown += _writable(plan)
    for number, name in plan.files:
        shown += ["--ro-bind-data", str(number), name]
    kept = ["--seccomp", str(plan.seccomp)] if plan.seccomp >= 0 else []
    user = ["--unshare-user"] if plan.user else []
    user += ["--disable-userns"] if plan.user and plan.version >= NO_MORE_USERS else []
    return (program, *user, *NAMESPACES, *shown, "--remount-ro", "/", *kept, "--chdir", str(plan.workspace), "--")


def _system(system: System) -> Iterator[str]:
    for folder in system.folders:
        yield from ("--ro-bind", os.path.realpath(folder), str(folder))
    for target, link in system.links:
        yield from ("--symlink", target, str(link))


def _private(plan: Plan) -> Iterator[str]:
    size = ("--size", str((plan.memory_mb or 4096) * 1024 * 1024 // SHARE)) if plan.version >= SIZES else ()
    yield from ("--proc", "/proc")
    for name in COVERED:
        yield from ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")
    yield from ("--dev", "/dev", *size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev")
    yield from (*size, "--tmpfs", "/tmp", *size, "--tmpfs", "/run", "--symlink", "/tmp", "/var/tmp")


def _writable(plan: Plan) -> Iterator[str]:
    workspace, home = str(plan.workspace), str(plan.home)
    rooms = [("--bind", home), ("--ro-bind" if plan.read_only else "--bind", workspace)]
    for kind, path in sorted(rooms, key=lambda room: len(Path(room[1]).parts)):
        yield from (kind, path, path)
    git, held = guard.guarded(plan.workspace)
    if held and not plan.read_only:
        yield from ("--bind", str(git), str(git))
        for kept in held:
            yield from ("--ro-bind", str(kept), str(kept))


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Without those that stand below another."""
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda p: len(p.parts)):
        if not any(path.is_relative_to(k) for k in kept):
            kept.append(path)
    return kept
