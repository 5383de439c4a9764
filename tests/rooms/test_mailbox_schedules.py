"""Random lives of a mailbox: work put, workers that die at any step, hands that move and copy, heals in between.

The model knows for each task where it may stand. Whatever the order: no task is lost, none stands twice after a heal,
a copied one is never handed to a worker, and a write that was acknowledged is there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orchestrator.mailbox.box import Mailbox
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.task import Folder, Task
from tests.rooms.crashing import run_until

LIVING = [f for f in Folder if f is not Folder.CORRUPT]
IDS = [TaskId(f"demo-{n}") for n in range(3)]
ids, folders = st.sampled_from(IDS), st.sampled_from(LIVING)


@dataclass
class Known:
    """(folder, reason) pairs that may be true; after a crash two of them."""

    may: set[tuple[Folder, str]]
    copied: bool = False


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="mailbox-"))
        self.box = Mailbox(root=self.root / "mailbox", locks=self.root / "locks")
        self.known: dict[TaskId, Known] = {}
        self.written = 0

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def files(self, id: TaskId) -> list[Folder]:
        return [f for f in LIVING if self.box.path(id, f).exists()]

    @rule(id=ids)
    def put(self, id: TaskId) -> None:
        made = self.box.put(Task(id=id, repo=RepoName("a/b"), title="t"))
        assert made == (id not in self.known)
        if made:
            self.known[id] = Known(may={(Folder.INBOX, "")})

    @rule(id=ids, to=folders)
    def work(self, id: TaskId, to: Folder) -> None:
        self.written += 1
        reason = str(self.written)
        done = self.move(id, to, reason)
        known = self.known.get(id)
        assert done == (known is not None and not known.copied)
        if known and done:
            known.may = {(to, reason)}

    @rule(id=ids, to=folders, step=st.integers(1, 9), error=st.booleans())
    def worker_dies(self, id: TaskId, to: Folder, step: int, error: bool) -> None:
        self.written += 1
        reason = str(self.written)
        through = run_until(step, self.root, lambda: self.move(id, to, reason), error=error)
        known = self.known.get(id)
        if known and not known.copied:
            known.may = {(to, reason)} if through else {*known.may, (to, reason)}

    def move(self, id: TaskId, to: Folder, reason: str) -> bool:
        with self.box.claim(id) as claim:
            if claim is None:
                return False
            self.box.move(claim, replace(claim.task, reason=reason), to)
            return True

    @precondition(lambda self: self.known)
    @rule(id=ids, to=folders)
    def hand_moves(self, id: TaskId, to: Folder) -> None:
        stood = self.files(id)
        if len(stood) != 1 or stood[0] is to:
            return
        (self.box.root / to.value).mkdir(exist_ok=True)
        self.box.path(id, stood[0]).rename(self.box.path(id, to))
        self.known[id].may = {(to, reason) for _, reason in self.known[id].may}

    @precondition(lambda self: self.known)
    @rule(id=ids, to=folders)
    def hand_copies(self, id: TaskId, to: Folder) -> None:
        stood = self.files(id)
        if len(stood) != 1 or stood[0] is to:
            return
        entry = self.box.find(id)
        # `mv` and then `cp` back to where it came from: which is the copy cannot be told, and the file there is right
        if entry is None or entry.task.place is to:
            return
        (self.box.root / to.value).mkdir(exist_ok=True)
        shutil.copy(self.box.path(id, stood[0]), self.box.path(id, to))
        self.known[id].copied = True

    @rule()
    def heal(self) -> None:
        self.box.heal()
        seen = self.box.survey()
        assert (seen.duplicates, seen.corrupt, seen.ignored) == ((), (), ())
        for id, known in self.known.items():
            stood = self.files(id)
            if known.copied:
                assert stood == []
                assert len(list((self.box.root / "corrupt").glob(f"{id}*.md"))) == 2
            else:
                assert len(stood) == 1
        for entry in seen.entries:
            assert (entry.folder, entry.task.reason) in self.known[entry.id].may
            self.known[entry.id].may = {(entry.folder, entry.task.reason)}
        tmp = self.box.root / ".tmp"
        assert not tmp.exists() or os.listdir(tmp) == []

    @invariant()
    def nothing_is_lost_or_handed_out_wrongly(self) -> None:
        for id, known in self.known.items():
            assert self.box.where(id) is not None
            entry = self.box.find(id)
            assert entry is not None
            if not known.copied:
                assert (entry.folder, entry.task.reason) in known.may
            assert not self.box.alive(id)


Life.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None, phases=[Phase.generate])
TestLife = Life.TestCase
