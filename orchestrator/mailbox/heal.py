"""Puts right what a crash or a hand left: crashed moves, copies, unreadable files, half-written files.

Every repair happens under the lock of the task it is about; a task that somebody has is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator import disk
from orchestrator.mailbox import text
from orchestrator.mailbox.shelves import Shelves, Survey
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder


class Healing(Enum):
    MOVE_FINISHED = "move_finished"
    """Of two copies left by a crash in mid-move the newer one stands."""
    QUARANTINED = "quarantined"
    """One id stood in several folders by a person's hand; all copies went to `corrupt/`."""
    UNREADABLE = "unreadable"
    """A file that cannot be read went to `corrupt/`, with the reason beside it."""
    TMP_REMOVED = "tmp_removed"
    """A half-written file of a dead process is gone."""


@dataclass(frozen=True, kw_only=True)
class Healed:
    id: TaskId
    what: Healing
    detail: str


def heal(box: Shelves, found: Survey | None = None) -> tuple[Healed, ...]:
    """Carries out what a survey (its own by default) calls for, each finding looked at again under the lock."""
    for folder in Folder:  # people move files by hand: `mv x.md hold/` wants the folder to be there
        (box.root / folder.value).mkdir(parents=True, exist_ok=True)
    found = found or box.survey()
    healed = [*_sweep(box)]
    for duplicate in found.duplicates:
        with disk.locked(box.lock_path(duplicate.id)) as mine:
            if mine:
                healed += _duplicate(box, duplicate.id)
    for corrupt in found.corrupt:
        with disk.locked(box.lock_path(corrupt.id)) as mine:
            if mine:
                healed += _unreadable(box, corrupt.id, corrupt.folder)
    return tuple(healed)


def _duplicate(box: Shelves, id: TaskId) -> list[Healed]:
    stood = [f for f in Folder if box.path(id, f).exists()]
    if len(stood) < 2:
        return []
    names = ", ".join(f.value for f in stood)
    if finish_move(box, id):
        return [Healed(id=id, what=Healing.MOVE_FINISHED, detail=f"stood in {names}")]
    why = (
        f"{id} stood in several folders at once ({names}): a file was copied, not moved.\n"
        "None of them runs. Keep the one that is right: move it, called "
        f"{id}.md, to the folder you mean, and delete the others.\n"
    )
    _quarantine(box, id, stood, why)
    return [Healed(id=id, what=Healing.QUARANTINED, detail=f"stood in {names}")]


def _unreadable(box: Shelves, id: TaskId, folder: Folder) -> list[Healed]:
    again = next((c for c in box.survey((folder,)).corrupt if c.id == id), None)
    if again is None:
        return []
    why = f"{folder.value}/{id}.md cannot be read as a task.\n{again.why}\nCorrect it and move it to inbox.\n"
    _quarantine(box, id, [folder], why)
    return [Healed(id=id, what=Healing.UNREADABLE, detail=f"{folder.value}: {again.why}")]


def _quarantine(box: Shelves, id: TaskId, folders: Sequence[Folder], why: str) -> None:
    """Reason first: a file in `corrupt/` always has one. The first copy keeps its name, so the id stays taken."""
    there = box.root / Folder.CORRUPT.value
    there.mkdir(parents=True, exist_ok=True)
    disk.replace(there / f"{id}.reason", why.encode("utf-8", "replace"))
    for folder in folders:
        if folder is not Folder.CORRUPT:
            _set_aside(box.path(id, folder), there, f"from-{folder.value}")


def _set_aside(path: Path, there: Path, label: str) -> None:
    stem = path.stem
    names = [f"{stem}.md", f"{stem}.{label}.md", *(f"{stem}.{label}-{n}.md" for n in range(2, 1000))]
    free = next(there / name for name in names if not (there / name).exists())
    path.rename(free)  # under the task's lock, so nobody takes the free name meanwhile
    disk.sync_dir(there)
    disk.sync_dir(path.parent)


def _sweep(box: Shelves) -> list[Healed]:
    """Whoever writes a task's file holds its lock, so what lies in `.tmp` of a free task belongs to a dead process."""
    swept = []
    tmp = box.root / ".tmp"
    for path in sorted(tmp.iterdir()) if tmp.is_dir() else ():
        stem = path.name.split(".", 1)[0]
        if not text.ID.fullmatch(stem):
            continue
        with disk.locked(box.lock_path(TaskId(stem))) as mine:
            if mine and path.exists():
                path.unlink(missing_ok=True)
                swept.append(Healed(id=TaskId(stem), what=Healing.TMP_REMOVED, detail=path.name))
    return swept


def finish_move(box: Shelves, id: TaskId) -> bool:
    """Under the lock: removes the copies that a crashed move left behind. False when it was no crashed move."""
    stands = box.stands(id)
    if stands is None:
        return False
    for folder in Folder:
        if folder is not stands and box.path(id, folder).exists():
            remove(box, id, folder)
    return True


def remove(box: Shelves, id: TaskId, folder: Folder) -> None:
    box.path(id, folder).unlink(missing_ok=True)
    disk.sync_dir(box.root / folder.value)
