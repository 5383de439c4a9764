"""The folders: one task in one place, one owner, whatever dies and whatever a person moves."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.mailbox.box import (
    Claim,
    ClaimLost,
    Entry,
    Healing,
    Mailbox,
    Occupied,
    TooLarge,
    Unreadable,
)
from orchestrator.model.names import Public, RepoName, TaskId
from orchestrator.model.task import Folder, Phase, Task
from tests.rooms.crashing import run_until

ID = TaskId("demo-1")
LIVING = [f for f in Folder if f is not Folder.CORRUPT]


@pytest.fixture
def box(tmp_path: Path) -> Mailbox:
    return Mailbox(root=tmp_path / "mailbox", locks=tmp_path / "locks")


def task(id: TaskId = ID, **fields: str) -> Task:
    return replace(Task(id=id, repo=RepoName("a/b"), title="T"), **fields)  # type: ignore[arg-type]  # strings only


def put_in(box: Mailbox, folder: Folder, id: TaskId = ID) -> Task:
    assert box.put(task(id), folder)
    return box.list(folder)[0].task


def found(box: Mailbox, id: TaskId = ID) -> Entry:
    entry = box.find(id)
    assert entry is not None
    return entry


def move(box: Mailbox, to: Folder, id: TaskId = ID, **fields: str) -> Claim:
    with box.claim(id) as claim:
        assert claim is not None
        return box.move(claim, replace(claim.task, **fields), to)  # type: ignore[arg-type]  # strings only


# --- putting, saving, moving


def test_new_work_is_put_once(box: Mailbox) -> None:
    assert box.put(task())
    assert not box.put(task(title="other"))
    assert (found(box).folder, found(box).task.title, found(box).task.place) == (Folder.INBOX, "T", Folder.INBOX)


@pytest.mark.parametrize("folder", Folder)
def test_a_file_in_any_folder_keeps_its_id_taken(box: Mailbox, folder: Folder) -> None:
    (box.root / folder.value).mkdir(parents=True)
    box.path(ID, folder).write_text("even unreadable")
    assert not box.put(task())
    assert box.where(ID) is folder


def test_an_id_that_is_no_file_name_makes_no_file(box: Mailbox, tmp_path: Path) -> None:
    for id in ("../../x", "A", "", "a" * 81, "a.b", "a/b"):
        with pytest.raises(Unreadable):
            box.put(task(TaskId(id)))
        with box.claim(TaskId(id)) as claim:
            assert claim is None
        assert box.find(TaskId(id)) is None
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_every_write_notes_the_folder_and_counts(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    with box.claim(ID) as claim:
        assert claim is not None
        first = box.save(claim, replace(claim.task, reason="a"))
        second = box.move(first, replace(first.task, phase=Phase.RUNNING), Folder.PROCESSING)
        third = box.move(second, second.task, Folder.PROCESSING)
    assert [(c.task.rev, c.task.place) for c in (first, second, third)] == [
        (2, Folder.INBOX),
        (3, Folder.PROCESSING),
        (4, Folder.PROCESSING),
    ]
    assert found(box).task == third.task
    assert [f for f in Folder if box.ids(f)] == [Folder.PROCESSING]


def test_a_task_too_large_to_be_read_again_is_refused_and_the_old_file_stands(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    with box.claim(ID) as claim:
        assert claim is not None
        with pytest.raises(TooLarge):
            box.save(claim, replace(claim.task, body="x" * 300_000))
    assert found(box).task.body == ""


def test_a_move_never_overwrites(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    with box.claim(ID) as claim:
        assert claim is not None
        shutil.copy(box.path(ID, Folder.INBOX), _made(box, Folder.DONE))
        with pytest.raises(Occupied):
            box.move(claim, claim.task, Folder.DONE)
    assert box.path(ID, Folder.INBOX).exists()


def _made(box: Mailbox, folder: Folder, id: TaskId = ID) -> Path:
    (box.root / folder.value).mkdir(parents=True, exist_ok=True)
    return box.path(id, folder)


def test_notes_stand_beside_the_task_and_are_no_tasks(box: Mailbox) -> None:
    put_in(box, Folder.ESCALATED)
    assert box.read_note(ID, Folder.ESCALATED, "escalation") is None
    box.note(ID, Folder.ESCALATED, "escalation", Public("first"))  # constant
    box.note(ID, Folder.ESCALATED, "escalation", Public("# Why\n"))  # constant
    assert box.read_note(ID, Folder.ESCALATED, "escalation") == "# Why\n"
    assert box.ids(Folder.ESCALATED) == (ID,)
    assert box.survey().ignored == ()


# --- owning


def test_a_claim_is_for_one_and_free_after(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    assert not box.alive(ID)
    with box.claim(ID) as first, box.claim(ID) as second:
        assert first is not None
        assert second is None
        assert box.alive(ID)
    assert not box.alive(ID)
    with box.claim(ID) as third:
        assert third is not None
        assert third.epoch == first.epoch + 1


def test_an_unknown_task_cannot_be_claimed_and_leaves_no_lock_file(box: Mailbox) -> None:
    with box.claim(TaskId("none-1")) as claim:
        assert claim is None
    assert not box.locks.exists()


def test_of_twenty_claims_at_once_one_is_had(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    told_r, told_w = os.pipe()
    go_r, go_w = os.pipe()
    children = [_claimer(box, told_w, go_r, go_w) for _ in range(20)]
    os.close(told_w)
    answers = b""
    while len(answers) < 20:
        answers += os.read(told_r, 64)
    for pipe in (go_r, go_w, told_r):
        os.close(pipe)
    for child in children:
        os.waitpid(child, 0)
    assert sorted(answers) == sorted(b"y" + b"n" * 19)


def _claimer(box: Mailbox, told: int, go: int, go_w: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            os.close(go_w)
            with box.claim(ID) as claim:
                os.write(told, b"y" if claim else b"n")
                os.read(go, 1)  # until the test closes its end
        finally:
            os._exit(0)
    return child


def test_of_twenty_puts_at_once_one_is_true(box: Mailbox) -> None:
    children = []
    for n in range(20):
        child = os.fork()
        if child == 0:
            code = 2
            try:
                code = 1 if box.put(task(title=f"t{n}")) else 0
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children]
    assert sorted(codes) == [0] * 19 + [1]
    assert found(box).task.rev == 1


def test_a_killed_worker_frees_its_task_with_a_higher_epoch(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    child = os.fork()
    if child == 0:
        try:
            with box.claim(ID) as claim:
                if claim:
                    box.move(claim, claim.task, Folder.PROCESSING)
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert not box.alive(ID)
    with box.claim(ID) as claim:
        assert claim is not None
        assert (claim.folder, claim.epoch) == (Folder.PROCESSING, 2)


def test_a_claim_that_ended_writes_nothing(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    with box.claim(ID) as claim:
        pass
    assert claim is not None
    for write in (
        lambda: box.check(claim),
        lambda: box.save(claim, claim.task),
        lambda: box.move(claim, claim.task, Folder.DONE),
    ):
        with pytest.raises(ClaimLost):
            write()
    assert found(box).task.rev == 1


def test_a_claim_whose_epoch_moved_on_writes_nothing(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    with box.claim(ID) as claim:
        assert claim is not None
        box.check(claim)
        box.lock_path(ID).write_text(f"{claim.epoch + 1:020d}\n")
        with pytest.raises(ClaimLost, match="claimed again"):
            box.save(claim, claim.task)


# --- a person's hand


def test_a_file_by_hand_in_the_inbox_is_no_hand_move(box: Mailbox) -> None:
    _made(box, Folder.INBOX).write_text("---\nrepo: a/b\ntitle: By hand\n---\nDo it.\n")
    assert not found(box).hand_move
    assert box.moved() == ()
    with box.claim(ID) as claim:
        assert claim is not None
        assert claim.task.title == "By hand"


@pytest.mark.parametrize(
    ("frm", "to"),
    [
        (Folder.BLOCKED, Folder.INBOX),
        (Folder.DONE, Folder.INBOX),
        (Folder.INBOX, Folder.HOLD),
        (Folder.INBOX, Folder.DONE),
    ],
)
def test_a_hand_move_is_seen_until_it_is_carried_out(box: Mailbox, frm: Folder, to: Folder) -> None:
    put_in(box, frm)
    _made(box, to)
    box.path(ID, frm).rename(box.path(ID, to))
    assert [(e.id, e.folder, e.task.place) for e in box.moved()] == [(ID, to, frm)]
    assert box.survey().entries[0].hand_move
    assert box.heal() == ()
    move(box, to)
    assert box.moved() == ()


def test_a_hand_move_stops_the_worker_at_its_next_write(box: Mailbox) -> None:
    put_in(box, Folder.PROCESSING)
    with box.claim(ID) as claim:
        assert claim is not None
        _made(box, Folder.HOLD)
        box.path(ID, Folder.PROCESSING).rename(box.path(ID, Folder.HOLD))
        for write in (
            lambda: box.check(claim),
            lambda: box.save(claim, claim.task),
            lambda: box.move(claim, claim.task, Folder.DONE),
        ):
            with pytest.raises(ClaimLost, match="moved by hand to hold"):
                write()
    assert [f for f in Folder if box.ids(f)] == [Folder.HOLD]


@pytest.mark.parametrize("copied", [Folder.INBOX, Folder.HOLD])
def test_a_copy_is_quarantined_and_never_run(box: Mailbox, copied: Folder) -> None:
    put_in(box, Folder.DONE)
    shutil.copy(box.path(ID, Folder.DONE), _made(box, copied))
    with box.claim(ID) as claim:
        assert claim is None
    assert [d.stands for d in box.survey().duplicates] == [None]
    assert box.survey().entries == ()
    assert [(h.id, h.what) for h in box.heal()] == [(ID, Healing.QUARANTINED)]
    assert [f for f in Folder if box.ids(f)] == [Folder.CORRUPT]
    names = sorted(os.listdir(box.root / "corrupt"))
    assert len([n for n in names if n.endswith(".md")]) == 2
    reason = box.read_note(ID, Folder.CORRUPT, "reason")
    assert reason is not None
    assert copied.value in reason
    with box.claim(ID) as claim:
        assert claim is None
    assert box.heal() == ()
    assert not box.put(task())


def test_a_copy_stays_a_copy_when_the_program_wrote_the_right_one_since(box: Mailbox) -> None:
    put_in(box, Folder.REVIEW)
    with box.claim(ID) as claim:
        assert claim is not None
        shutil.copy(box.path(ID, Folder.REVIEW), _made(box, Folder.INBOX))
        box.save(claim, claim.task)
    assert [h.what for h in box.heal()] == [Healing.QUARANTINED]


def test_a_copy_under_another_name_is_told_by_its_id(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    shutil.copy(box.path(ID, Folder.INBOX), box.path(TaskId("demo-2"), Folder.INBOX))
    assert [c.id for c in box.survey().corrupt] == ["demo-2"]
    assert "as the file is called" in box.survey().corrupt[0].why


def test_an_unreadable_file_goes_to_corrupt_with_the_reason_and_can_come_back(box: Mailbox) -> None:
    """Defect D18: the original's handler crashed on malformed front matter and left the file in processing/."""
    _made(box, Folder.PROCESSING).write_text("---\nrepo: a/b\ntitle: t\nattempt: many\n---\n")
    with box.claim(ID) as claim:
        assert claim is None
    assert [(h.what, h.id) for h in box.heal()] == [(Healing.UNREADABLE, ID)]
    reason = box.read_note(ID, Folder.CORRUPT, "reason")
    assert reason is not None
    for word in ("line 4", "attempt", "many", "a whole number", "processing/demo-1.md"):
        assert word in reason
    fixed = box.path(ID, Folder.CORRUPT).read_text().replace("many", "1")
    box.path(ID, Folder.CORRUPT).unlink()
    box.path(ID, Folder.INBOX).parent.mkdir(exist_ok=True)
    box.path(ID, Folder.INBOX).write_text(fixed)
    assert found(box).task.attempt == 1
    assert box.heal() == ()


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"---\n", b"---\na: " + b"[" * 9999 + b"\n---\n", b"\0" * 4096])
def test_any_rubbish_is_quarantined_and_the_rest_goes_on(box: Mailbox, data: bytes) -> None:
    put_in(box, Folder.INBOX, TaskId("good-1"))
    _made(box, Folder.INBOX).write_bytes(data)
    assert [e.id for e in box.list(Folder.INBOX)] == ["good-1"]
    assert [(h.id, h.what) for h in box.heal()] == [(ID, Healing.UNREADABLE)]
    assert box.path(ID, Folder.CORRUPT).read_bytes() == data


def test_a_second_wreck_of_the_same_name_keeps_the_first(box: Mailbox) -> None:
    for text in ("one", "two", "three"):
        _made(box, Folder.INBOX).write_text(text)
        if text != "one":
            _made(box, Folder.CORRUPT)
        box.heal()
    kept = sorted(p.read_text() for p in (box.root / "corrupt").glob("*.md"))
    assert kept == ["one", "three", "two"]


def test_other_names_are_ignored_and_reported(box: Mailbox) -> None:
    put_in(box, Folder.INBOX)
    for name in ("README", "Demo-2.md", "demo-3.md~", ".demo-4.md.swp", "demo-5.txt", "a" * 81 + ".md"):
        (box.root / "inbox" / name).write_text("x")
    (box.root / "inbox" / "folder.md").mkdir()
    assert box.ids(Folder.INBOX) == (ID,)
    assert len(box.survey().ignored) == 6
    assert box.heal() == ()


def test_what_somebody_has_is_not_healed(box: Mailbox) -> None:
    put_in(box, Folder.DONE)
    with box.claim(ID) as claim:
        assert claim is not None
        shutil.copy(box.path(ID, Folder.DONE), _made(box, Folder.INBOX))
        (box.root / ".tmp" / f"{ID}.1.1").write_text("half")
        assert box.heal() == ()
    assert {h.what for h in box.heal()} == {Healing.QUARANTINED, Healing.TMP_REMOVED}


# --- dying at any step


def old_or_new(box: Mailbox, before: tuple[Folder, str], after: tuple[Folder, str]) -> None:
    """After the heal exactly one file stands, and it is the one before or the one after."""
    box.heal()
    seen = box.survey()
    assert (seen.duplicates, seen.corrupt) == ((), ())
    state = [(e.folder, e.task.reason) for e in seen.entries]
    assert len(state) == 1
    assert state[0] in (before, after)
    assert box.heal() == ()
    tmp = box.root / ".tmp"
    assert not tmp.exists() or os.listdir(tmp) == []
    with box.claim(ID) as claim:
        assert claim is not None
        assert (claim.folder, claim.task.reason) == state[0]


OPERATIONS: dict[str, tuple[Callable[[Mailbox], object], tuple[Folder, str]]] = {
    "move": (lambda b: move(b, Folder.REVIEW, reason="new"), (Folder.REVIEW, "new")),
    "move to an earlier folder": (lambda b: move(b, Folder.INBOX, reason="new"), (Folder.INBOX, "new")),
    "save": (lambda b: move(b, Folder.PROCESSING, reason="new"), (Folder.PROCESSING, "new")),
}


@pytest.mark.parametrize("error", [False, True], ids=["killed", "disk full"])
@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("heal_first", [True, False], ids=["healed", "claimed"])
def test_dying_at_any_step_leaves_the_old_task_or_the_new(
    tmp_path: Path, name: str, error: bool, heal_first: bool
) -> None:
    operation, after = OPERATIONS[name]
    for step in range(1, 30):
        box = Mailbox(root=tmp_path / str(step) / "mailbox", locks=tmp_path / str(step) / "locks")
        put_in(box, Folder.PROCESSING)
        through = run_until(step, tmp_path, lambda box=box: operation(box), error=error)  # type: ignore[misc]
        if not heal_first:
            with box.claim(ID) as claim:
                assert claim is not None
        old_or_new(box, (Folder.PROCESSING, ""), after)
        if through:
            assert step >= 5
            assert (found(box).folder, found(box).task.reason) == after
            return
    pytest.fail("it never got through")


@pytest.mark.parametrize("error", [False, True], ids=["killed", "disk full"])
def test_dying_while_moving_what_a_hand_had_moved_is_no_copy(tmp_path: Path, error: bool) -> None:
    for step in range(1, 30):
        box = Mailbox(root=tmp_path / str(step) / "mailbox", locks=tmp_path / str(step) / "locks")
        put_in(box, Folder.BLOCKED)
        box.path(ID, Folder.BLOCKED).rename(_made(box, Folder.INBOX))
        through = run_until(step, tmp_path, lambda box=box: move(box, Folder.REVIEW), error=error)  # type: ignore[misc]
        assert {h.what for h in box.heal()} <= {Healing.MOVE_FINISHED, Healing.TMP_REMOVED}
        entries = box.survey().entries
        assert [(e.folder, e.hand_move) for e in entries] in ([(Folder.INBOX, True)], [(Folder.REVIEW, False)])
        if through:
            assert entries[0].folder is Folder.REVIEW
            return
    pytest.fail("it never got through")


@pytest.mark.parametrize("error", [False, True], ids=["killed", "disk full"])
def test_dying_while_putting_leaves_the_whole_task_or_none(tmp_path: Path, error: bool) -> None:
    for step in range(1, 30):
        box = Mailbox(root=tmp_path / str(step) / "mailbox", locks=tmp_path / str(step) / "locks")
        through = run_until(step, tmp_path, lambda box=box: box.put(task()), error=error)  # type: ignore[misc]
        stood = box.where(ID) is not None
        assert stood or box.put(task())
        box.heal()
        assert [e.id for e in box.survey().entries] == [ID]
        assert os.listdir(box.root / ".tmp") == []
        if through:
            assert step >= 5
            return
    pytest.fail("it never got through")


def test_dying_while_healing_is_healed_by_the_next(tmp_path: Path) -> None:
    for step in range(1, 40):
        box = Mailbox(root=tmp_path / str(step) / "mailbox", locks=tmp_path / str(step) / "locks")
        put_in(box, Folder.DONE)
        shutil.copy(box.path(ID, Folder.DONE), _made(box, Folder.INBOX))
        through = run_until(step, tmp_path, lambda box=box: box.heal())  # type: ignore[misc]
        for _ in range(2):
            box.heal()
        assert [f for f in Folder if box.ids(f)] == [Folder.CORRUPT]
        assert len(list((box.root / "corrupt").glob("*.md"))) == 2
        assert box.read_note(ID, Folder.CORRUPT, "reason")
        if through:
            assert step >= 5
            return
    pytest.fail("it never got through")


def test_a_file_is_on_the_disk_before_its_name_is(tmp_path: Path) -> None:
    """The order a power loss asks for: sync the file, then name it, then sync the folder, then remove the old one."""
    strace = shutil.which("strace")
    if strace is None:
        source = (Path(__file__).parents[2] / "orchestrator" / "disk.py").read_text()
        create = source[source.index("def create") : source.index("def sync_dir")]
        write = source[source.index("def write_new_file") : source.index("def write_all")]
        assert "os.fsync(fd)" in write
        assert create.index("write_new_file") < create.index("os.link") < create.index("sync_dir")
        return
    import subprocess
    import sys

    script = (
        "import sys; from pathlib import Path; from orchestrator.mailbox.box import Mailbox\n"
        "from orchestrator.model.task import *; r = Path(sys.argv[1])\n"
        "b = Mailbox(root=r / 'm', locks=r / 'l'); b.put(Task(id='a-1', repo='a/b', title='t'))\n"
    )
    log = tmp_path / "log"
    calls = "trace=link,linkat,fsync,rename,renameat2"
    subprocess.run(
        (strace, "-o", log, "-e", calls, sys.executable, "-c", script, tmp_path),
        check=True,
        cwd=Path(__file__).parents[2],
    )
    names = [line.split("(")[0] for line in log.read_text().splitlines() if "(" in line and not line.startswith("+")]
    assert [n.removesuffix("at") for n in names][-3:] == ["fsync", "link", "fsync"]


# --- size


def test_a_thousand_tasks_are_listed_in_a_moment(box: Mailbox) -> None:
    text = "---\nrepo: a/b\ntitle: t\nplace: {}\n---\n" + "x" * 2000
    for folder in (Folder.INBOX, Folder.DONE):
        for n in range(500):
            _made(box, folder, TaskId(f"{folder.value}-{n}")).write_text(text.format(folder.value))
    best = 9.0
    for _ in range(10):
        began = time.perf_counter()
        assert sum(len(box.ids(f)) for f in Folder) == 1000
        best = min(best, time.perf_counter() - began)
    assert best < 0.010
    assert box.moved() == ()
    assert len(box.survey().entries) == 1000
