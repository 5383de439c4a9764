"""Reading the folders: takes no lock, changes nothing."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator import disk
from orchestrator.mailbox import text
from orchestrator.mailbox.text import Unreadable
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder, Task

_NOTES = re.compile(r"[a-z0-9-]{1,80}(\.escalation\.md|\.reason)")
_PLACE = re.compile(rb"^place: *['\"]?([a-z]+)", re.MULTILINE)

EPOCH_BYTES = 21
"""A lock file's first line: the epoch. The second is the intent of the last move that needed one."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    id: TaskId
    folder: Folder
    task: Task

    @property
    def hand_move(self) -> bool:
        """A person moved the file here: the program last wrote it in `task.place`."""
        return self.task.place is not self.folder and self.folder is not Folder.CORRUPT


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """One id in several folders. `stands` is the copy that a crashed move meant; None when only a person can say."""

    id: TaskId
    folders: tuple[Folder, ...]
    stands: Folder | None


@dataclass(frozen=True, kw_only=True)
class Corrupt:
    id: TaskId
    folder: Folder
    why: str


@dataclass(frozen=True, kw_only=True)
class Survey:
    entries: tuple[Entry, ...]
    """Readable tasks, each id once, those in `corrupt/` left out."""
    duplicates: tuple[Duplicate, ...]
    corrupt: tuple[Corrupt, ...]
    """Unreadable files outside of `corrupt/`."""
    ignored: tuple[str, ...]
    """`folder/name` of files that are no task file by their name."""


@dataclass(frozen=True, kw_only=True)
class Shelves:
    root: Path
    locks: Path

    def ids(self, folder: Folder) -> tuple[TaskId, ...]:
        """Names only, sorted: cheap enough for an idle tick."""
        return tuple(sorted(known for name in self._names(folder) if (known := _id_of(name))))

    def list(self, folder: Folder) -> tuple[Entry, ...]:
        """The readable tasks of one folder, by id."""
        found = []
        for each in self.ids(folder):
            with contextlib.suppress(FileNotFoundError, Unreadable):
                found.append(self._entry(each, folder))
        return tuple(found)

    def where(self, id: TaskId) -> Folder | None:
        """The folder a file of that id stands in, readable or not."""
        twice = (*Folder, *Folder)  # a file on its way from a later folder to an earlier one is met in the second round
        return next((f for f in twice if self.path(id, f).exists()), None)

    def find(self, id: TaskId) -> Entry | None:
        """Wherever it stands, also in `corrupt/`. Raises Unreadable when it stands somewhere but cannot be read."""
        if not text.ID.fullmatch(id):
            return None
        copies = self._copies(id) or self._copies(id)  # again: it may have passed from a later folder to an earlier
        return max(copies, key=_standing) if copies else None

    def moved(self) -> tuple[Entry, ...]:
        """The hand moves, found by a look at each file's `place:` line alone; for ticks that survey nothing else."""
        found = []
        for folder in Folder:
            for each in self.ids(folder) if folder is not Folder.CORRUPT else ():
                with contextlib.suppress(OSError, Unreadable):
                    place = _PLACE.search(self.path(each, folder).read_bytes())
                    told = place[1].decode() if place else Folder.INBOX.value
                    if told != folder.value and (entry := self._entry(each, folder)).hand_move:
                        found.append(entry)
        return tuple(found)

    def survey(self, folders: Iterable[Folder] = tuple(Folder)) -> Survey:
        """Reads every task of the folders (all by default); looks for duplicates everywhere."""
        wanted = [f for f in folders if f is not Folder.CORRUPT]
        names = {folder: self._names(folder) for folder in Folder}
        places: dict[TaskId, list[Folder]] = {}
        for folder in Folder:
            for name in names[folder]:
                if (known := _id_of(name)) is not None:
                    places.setdefault(known, []).append(folder)
        entries, corrupt, duplicates = [], [], []
        for each, stood in sorted(places.items()):
            if len(stood) > 1:
                duplicates.append(Duplicate(id=each, folders=tuple(stood), stands=self.stands(each)))
            elif stood[0] in wanted:
                try:
                    entries.append(self._entry(each, stood[0]))
                except FileNotFoundError:
                    continue
                except Unreadable as why:
                    corrupt.append(Corrupt(id=each, folder=stood[0], why=str(why)))
        ignored = tuple(f"{f.value}/{n}" for f in wanted for n in names[f] if not _id_of(n) and not _NOTES.fullmatch(n))
        return Survey(
            entries=tuple(entries), duplicates=tuple(duplicates), corrupt=tuple(corrupt), ignored=tuple(sorted(ignored))
        )

    def alive(self, id: TaskId) -> bool:
        """Does somebody hold the task's lock?"""
        return disk.is_locked(self.lock_path(id))

    def path(self, id: TaskId, folder: Folder) -> Path:
        return self.root / folder.value / f"{id}.md"

    def lock_path(self, id: TaskId) -> Path:
        return self.locks / f"{id}.lock"

    def _entry(self, id: TaskId, folder: Folder) -> Entry:
        try:
            data = self.path(id, folder).read_bytes()
        except FileNotFoundError:
            raise
        except OSError as why:
            raise Unreadable(line=0, key="", value=str(why.strerror), expected="a file we may read") from why
        try:
            words = data.decode()
        except UnicodeDecodeError as why:
            line = data[: why.start].count(b"\n") + 1
            raise Unreadable(line=line, key="", value=repr(data[why.start : why.end]), expected="UTF-8") from why
        return Entry(id=id, folder=folder, task=text.load(words, id=id))

    def _copies(self, id: TaskId) -> tuple[Entry, ...]:
        found = []
        for folder in Folder:
            with contextlib.suppress(FileNotFoundError):
                found.append(self._entry(id, folder))
        return tuple(found)

    def stands(self, id: TaskId) -> Folder | None:
        """Of two copies that a crashed move left: the newer one's folder. None when that is not what they are."""
        try:
            copies = self._copies(id)
        except Unreadable:
            return None
        if (meant := self._noted_move(id, copies)) is not None:
            return meant
        revs = {c.task.rev for c in copies}
        if not copies or len(revs) < len(copies) or any(c.task.place is not c.folder for c in copies):
            return None
        return max(copies, key=_standing).folder

    def _noted_move(self, id: TaskId, copies: tuple[Entry, ...]) -> Folder | None:
        """The destination of a move that a worker noted before a crash, when these are the very copies it left."""
        try:
            noted = self.lock_path(id).read_bytes()[EPOCH_BYTES:].decode("ascii", "replace").split()
        except FileNotFoundError:
            return None
        if len(noted) != 3 or not noted[2].isdigit():
            return None
        old = {(c.folder.value, c.task.rev + 1) for c in copies if c.folder.value == noted[0]}
        new = [c for c in copies if c.folder.value == noted[1] and c.task.place is c.folder]
        if len(copies) != 2 or old != {(noted[0], int(noted[2]))} or [c.task.rev for c in new] != [int(noted[2])]:
            return None
        return new[0].folder

    def _names(self, folder: Folder) -> tuple[str, ...]:
        try:
            with os.scandir(self.root / folder.value) as entries:
                return tuple(e.name for e in entries if e.is_file())
        except FileNotFoundError:
            return ()


def _id_of(name: str) -> TaskId | None:
    stem = name.removesuffix(".md")
    return TaskId(stem) if stem != name and text.ID.fullmatch(stem) else None


def _standing(entry: Entry) -> tuple[bool, int]:
    return entry.task.place is entry.folder, entry.task.rev
