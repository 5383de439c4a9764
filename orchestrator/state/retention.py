"""What is removed so that the disk does not fill: caps per class, oldest first, never what is still needed.

Planning is pure (`choose`); `sweep` looks, asks it, and deletes. `needed` is the caller's word for "this task is not
finished, or not on GitHub yet": nothing that carries such a task's id is touched, however old or big it is.

The ledger is left alone: its proof starts at the first event, so only the ledger itself could shorten it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator import disk
from orchestrator.model.settings import Retention

ROLE_LOG_BYTES = 10_000_000
"""A role's log beyond this is renamed to `.1`, over the one before; cron appends to a new one."""
_TASK = re.compile(r"[a-z0-9-]{1,80}")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that can be removed whole."""

    path: Path
    id: str
    """The task it belongs to; empty = none."""
    bytes: int
    at: float
    """When it last changed, in seconds of the epoch."""


def choose(
    items: Iterable[Item],
    *,
    needed: Callable[[str], bool],
    max_bytes: float | None = None,
    max_count: int | None = None,
    before: float | None = None,
) -> tuple[Item, ...]:
    """The items to remove, oldest first: all that changed before `before`, then as many as it takes to meet the caps.

    What is needed counts towards the caps but is never chosen.
    """
    ordered = sorted(items, key=lambda i: (i.at, str(i.path)))
    size = sum(i.bytes for i in ordered)
    count = len(ordered)
    chosen = []
    for item in ordered:
        too_old = before is not None and item.at < before
        too_much = (max_bytes is not None and size > max_bytes) or (max_count is not None and count > max_count)
        if not (too_old or too_much) or (item.id and needed(item.id)):
            continue
        chosen.append(item)
        size -= item.bytes
        count -= 1
    return tuple(chosen)


def sweep(
    runtime: Path, worktrees: Path, caps: Retention, *, now: datetime, needed: Callable[[str], bool]
) -> tuple[Path, ...]:
    """Removes what is over the caps and returns it. What cannot be removed is left for the next sweep."""
    logs, roles = _logs(runtime / "logs")
    old = (now - timedelta(days=caps.logs_days)).timestamp()
    plan = [
        *choose(logs, needed=needed, max_bytes=caps.logs_mb * 1e6, before=old),
        *choose(_worktrees(worktrees), needed=needed, max_bytes=caps.worktrees_gb * 1e9),
        *choose(_homes(runtime / "state" / "homes"), needed=needed, before=old),
    ]
    removed = [i.path for i in plan if remove(i.path)]
    for item in choose(_finished(runtime / "mailbox"), needed=needed, max_count=caps.done_tasks):
        removed += _forget(runtime, item)
    return (*removed, *(path for log in roles for path in _rotate(log)))


def _logs(folder: Path) -> tuple[list[Item], list[Path]]:
    """Transcripts, one folder per task; and the logs of the roles."""
    transcripts, roles = [], []
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False) and _TASK.fullmatch(entry.name):
            transcripts.append(_item(Path(entry.path), entry.name))
        elif entry.is_file(follow_symlinks=False) and entry.name.endswith(".log"):
            roles.append(Path(entry.path))
    return transcripts, roles


def _worktrees(folder: Path) -> list[Item]:
    return [_item(path, path.name) for path in workspaces(folder)]


def workspaces(folder: Path) -> list[Path]:
    """`<repo key>/<repo key>-<issue>/`, as a task is named. The folder is where the configuration says, and a person
    may keep something else there: that is not ours to remove."""
    repos = [e for e in _entries(folder) if e.is_dir(follow_symlinks=False)]
    tasks = [(r, t) for r in repos for t in _entries(Path(r.path)) if t.is_dir(follow_symlinks=False)]
    return [
        Path(t.path) for r, t in tasks if re.fullmatch(rf"{re.escape(r.name)}-[0-9]+(?:-g[0-9]+)?", t.name) is not None
    ]


def _homes(folder: Path) -> list[Item]:
    """The HOME of each task's agents: of those that are done it went at once, this is for failed ones."""
    return [_item(folder / name, name) for name in names(folder)]


def names(folder: Path) -> list[str]:
    """The folders in it that are named after a task."""
    return [e.name for e in _entries(folder) if e.is_dir(follow_symlinks=False) and _TASK.fullmatch(e.name)]


def _finished(mailbox: Path) -> list[Item]:
    names = [e for f in ("done", "failed") for e in _entries(mailbox / f)]
    files = [e for e in names if e.name.endswith(".md") and _TASK.fullmatch(e.name[:-3])]
    return [_item(Path(e.path), e.name[:-3]) for e in files if e.is_file(follow_symlinks=False)]


def _forget(runtime: Path, item: Item) -> list[Path]:
    """A finished task's file, its notes, and first of all its journal of effects.

    Were the journal to outlive the file, a later task of the same id would take old effects for its own.
    """
    beside = [item.path.with_name(item.id + suffix) for suffix in (".escalation.md", ".reason")]
    state = runtime / "state"
    journals = [state / "effects" / f"{item.id}.jsonl", state / "approvals" / f"{item.id}.jsonl"]
    wanted = [*journals, state / "orders" / item.id, *beside, item.path]
    return [path for path in wanted if path.exists() and remove(path)]


def _rotate(log: Path) -> list[Path]:
    if log.stat().st_size <= ROLE_LOG_BYTES:
        return []
    old = log.with_name(log.name + ".1")
    gone = [old] if old.exists() else []
    os.replace(log, old)
    return gone


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda e: e.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _item(path: Path, id: str) -> Item:
    """Its size on disk and latest change; links are counted, not followed, and what vanishes meanwhile is nothing."""
    size, at = 0, 0.0
    todo = [path]
    while todo:
        here = todo.pop()
        try:
            seen = here.lstat()
            if stat.S_ISDIR(seen.st_mode):
                todo += [Path(e.path) for e in _entries(here)]
        except OSError:
            continue
        size += seen.st_blocks * 512
        at = max(at, seen.st_mtime)
    return Item(path=path, id=id, bytes=size, at=at)


def remove(path: Path) -> bool:
    """Whole, whatever an agent made of it."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return True
    return disk.remove_tree(path)
