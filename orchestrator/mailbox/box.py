"""The folders: a task is a file, the folder it stands in is its state, and a lock says whose it is.

Wanted: a task is in exactly one folder whatever dies when; a file is never seen half written; two workers never have
one task; a person may move files by hand at any time, and copying one by mistake never runs it twice.

*Owning.* A worker holds a `flock` on `locks/<id>.lock` from claim to end. The kernel frees it when the worker dies.
Each claim raises the number in that file, the epoch, so that a claim that outlived its right can be told (`check`).

*Writing.* A file is written whole in `.tmp/` and synced, then appears by one system call: `rename` over the old one
(`save`), or `link` to a name that must be free (`put`, `move`). Every write notes the folder
in `place` and raises `rev`.

*Moving* takes two steps, the new file appears and the old one goes, and a crash may fall between. What is left are two
copies that *each* name their own folder in `place`. The higher `rev` stands, the other is removed. A person's `cp`
leaves a copy whose `place` is not its folder: those are quarantined, for nobody can say which was meant. A person's
`mv` leaves one file whose `place` is not its folder: that is an order (`hand_move`), and the roles carry it out.

*A crash while moving what a hand had moved.* There the old copy names another folder, as a person's copy would. So the
intent of such a move is first noted in the task's lock file, and these two copies, told by folders and `rev`, are known
for what they are.

*A hand move under a running worker.* The worker's next write finds its file gone from where it left it and raises
ClaimLost: a person's `mv processing/x hold/` stops the work and is not overwritten. What is edited inside a file while
a worker has it is overwritten by its next write.

File systems: local ones with hard links and `flock` (ext4, xfs, btrfs, tmpfs); not NFS.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator import disk
from orchestrator.mailbox import text
from orchestrator.mailbox.heal import Healed, Healing, finish_move, heal, remove
from orchestrator.mailbox.shelves import EPOCH_BYTES, Corrupt, Duplicate, Entry, Shelves, Survey
from orchestrator.mailbox.text import TooLarge, Unreadable
from orchestrator.model.names import Public, TaskId
from orchestrator.model.task import Folder, Task

__all__ = [
    "Claim", "ClaimLost", "Corrupt", "Duplicate", "Entry", "Healed", "Healing", "Mailbox", "Occupied", "Survey",
    "TooLarge", "Unreadable",
]  # fmt: skip

_CLAIM_WAIT = 0.03
"""Seconds a claim tries on: somebody may be looking whether the lock is held."""
_SHORT_WAIT = 5.0
_serial = itertools.count()


class ClaimLost(Exception):
    """The task is no longer ours: claimed again, the block ended, or a person moved the file. Write nothing."""


class Occupied(Exception):
    """A file of that id stands in the destination already; nothing was changed. The next heal sorts it out."""


class _Held:
    """A lock that is held, made in `Mailbox.claim` alone. Closed when the block ends."""

    def __init__(self, fd: int) -> None:
        self.fd: int | None = fd


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to work on one task. Only `Mailbox.claim` makes one; `save` and `move` return the next."""

    id: TaskId
    folder: Folder
    task: Task
    owner: str
    epoch: int
    held: _Held


@dataclass(frozen=True, kw_only=True)
class Mailbox(Shelves):
    """`root` is runtime/mailbox, `locks` is runtime/state/locks."""

    def put(self, task: Task, folder: Folder = Folder.INBOX) -> bool:
        """New work. False when a file of that id stands in any folder, or is being put by somebody else.

        Raises Unreadable for an id that is no file name, text.TooLarge, and OSError (a full disk; nothing is left).
        """
        if not text.ID.fullmatch(task.id):
            raise Unreadable(
                line=0, key="id", value=task.id, expected="lower case letters, digits and hyphens, up to 80"
            )
        if self.where(task.id) is not None:
            return False
        with disk.locked(self.lock_path(task.id), wait=_SHORT_WAIT) as mine:
            if not mine or self.where(task.id) is not None:
                return False
            fresh = replace(task, place=folder, rev=task.rev + 1)
            return self._appear(fresh, folder)

    @contextlib.contextmanager
    def claim(self, id: TaskId) -> Iterator[Claim | None]:
        """The task for the length of the block. None: no such file, unreadable, in `corrupt/`, or somebody has it."""
        if not text.ID.fullmatch(id) or self.where(id) is None:
            yield None
            return
        fd = disk.lock(self.lock_path(id), wait=_CLAIM_WAIT)
        if fd is None:
            yield None
            return
        held = _Held(fd)
        try:
            entry = self._settled(id)
            yield (
                None
                if entry is None
                else Claim(
                    id=id, folder=entry.folder, task=entry.task, owner=disk.owner(), epoch=_raise_epoch(fd), held=held
                )
            )
        finally:
            held.fd = None
            os.close(fd)

    def check(self, claim: Claim) -> None:
        """Before every step that must not happen twice. Raises ClaimLost."""
        if claim.held.fd is None:
            raise ClaimLost(f"{claim.id}: the claim has ended")
        if self.epoch(claim.id) != claim.epoch:
            raise ClaimLost(f"{claim.id}: claimed again since")
        if not self.path(claim.id, claim.folder).exists():
            there = self.where(claim.id)
            raise ClaimLost(f"{claim.id}: moved by hand to {there.value if there else 'nowhere'}")

    def epoch(self, id: TaskId) -> int:
        """How often it was claimed."""
        with contextlib.suppress(FileNotFoundError):
            return _epoch(self.lock_path(id).read_bytes())
        return 0

    def save(self, claim: Claim, task: Task) -> Claim:
        """Rewrites the task where it stands. Raises ClaimLost, text.TooLarge, OSError; the old file then stands."""
        self.check(claim)
        fresh = replace(task, id=claim.id, place=claim.folder, rev=claim.task.rev + 1)
        disk.replace(self.path(claim.id, claim.folder), text.dump(fresh).encode(), tmp=self._tmp(claim.id))
        return replace(claim, task=fresh)

    def move(self, claim: Claim, task: Task, to: Folder) -> Claim:
        """The task, as given, in another folder. Raises ClaimLost, Occupied, text.TooLarge, OSError."""
        if to is claim.folder:
            return self.save(claim, task)
        self.check(claim)
        fresh = replace(task, id=claim.id, place=to, rev=claim.task.rev + 1)
        if claim.task.place is not claim.folder:
            _note_move(claim, to, fresh.rev)
        if not self._appear(fresh, to):
            raise Occupied(f"{claim.id} stands in {to.value} already")
        remove(self, claim.id, claim.folder)
        return replace(claim, task=fresh, folder=to)

    def heal(self, found: Survey | None = None) -> tuple[Healed, ...]:
        """Carries out what a survey (its own by default) calls for. Leaves a task that somebody has alone."""
        return heal(self, found)

    def note(self, id: TaskId, folder: Folder, suffix: str, words: Public) -> None:
        """Writes `<id>.<suffix>.md` into the folder, in place of an older one. Wants the task's claim held."""
        self._folder(folder)
        disk.replace(self._note_path(id, folder, suffix), words.encode("utf-8", "replace"), tmp=self._tmp(id))

    def read_note(self, id: TaskId, folder: Folder, suffix: str) -> str | None:
        with contextlib.suppress(FileNotFoundError):
            return self._note_path(id, folder, suffix).read_text("utf-8", "replace")
        return None

    # --- inside

    def _settled(self, id: TaskId) -> Entry | None:
        """Under the lock: the one file of that id, a crashed move finished. None when it is not for a worker."""
        stood = [f for f in Folder if self.path(id, f).exists()]
        if len(stood) > 1 and not finish_move(self, id):
            return None
        with contextlib.suppress(FileNotFoundError, Unreadable):
            entry = self.find(id)
            return entry if entry and entry.folder is not Folder.CORRUPT else None
        return None

    def _appear(self, task: Task, folder: Folder) -> bool:
        self._folder(folder)
        try:
            disk.create(self.path(task.id, folder), text.dump(task).encode(), tmp=self._tmp(task.id))
        except FileExistsError:
            return False
        return True

    def _folder(self, folder: Folder) -> Path:
        path = self.root / folder.value
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _tmp(self, id: TaskId) -> Path:
        tmp = self.root / ".tmp"
        tmp.mkdir(parents=True, exist_ok=True)
        return tmp / f"{id}.{os.getpid()}.{next(_serial)}"

    def _note_path(self, id: TaskId, folder: Folder, suffix: str) -> Path:
        name = f"{id}.reason" if suffix == "reason" else f"{id}.{suffix}.md"
        return self.root / folder.value / name


def _epoch(data: bytes) -> int:
    digits = data.split(b"\n", 1)[0].strip()
    return int(digits) if digits.isdigit() else 0


def _note_move(claim: Claim, to: Folder, rev: int) -> None:
    """The intent of a move whose source does not name its own folder; always the same number of bytes."""
    assert claim.held.fd is not None
    words = f"{claim.folder.value} {to.value} {rev}".ljust(59) + "\n"
    os.pwrite(claim.held.fd, words.encode(), EPOCH_BYTES)
    os.fsync(claim.held.fd)


def _raise_epoch(fd: int) -> int:
    """Always the same number of bytes in the same place: a full disk cannot tear it."""
    epoch = _epoch(os.pread(fd, EPOCH_BYTES, 0)) + 1
    os.pwrite(fd, b"%020d\n" % epoch, 0)
    os.fsync(fd)
    return epoch
