"""The effects journal: each effect once as seen from outside, wherever the worker dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.clock import Clock
from orchestrator.state.effects import Done, Effects, Intended, Journal, Uncertain, Unsettled
from orchestrator.state.store import CorruptState

SETTLE = 30.0


class World:
    """What stands outside: the effects that were applied, and whether a look sees them yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.visible = True

    def act(self) -> dict[str, str]:
        with self.path.open("a") as file:
            file.write("x")
        return {"n": str(self.applied())}

    def applied(self) -> int:
        return len(self.path.read_text()) if self.path.exists() else 0

    def look(self) -> dict[str, str] | None:
        return {"n": str(self.applied())} if self.visible and self.applied() else None


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Effects(root=tmp_path / "state", clock=Clock()).of("demo-1")


def once(
    journal: Journal, world: World, act: Callable[[], dict[str, str]] | None = None, later: float = 0
) -> dict[str, str]:
    now = datetime.now(UTC) + timedelta(seconds=later)
    return journal.once("comment", "c", look=world.look, act=act or world.act, settle_seconds=SETTLE, now=now)


def test_what_is_done_is_not_done_again(journal: Journal, world: World) -> None:
    assert once(journal, world) == once(journal, world) == {"n": "1"}
    assert world.applied() == 1
    assert journal.state("comment") == Done(result={"n": "1"})
    assert journal.result("comment") == {"n": "1"}
    assert journal.result("other") is None


def killed(run: Callable[[], object]) -> None:
    """Runs it in a process of its own, which is killed by what it runs."""
    child = os.fork()
    if child == 0:
        try:
            run()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_killed_after_acting_the_look_finds_it(journal: Journal, world: World) -> None:
    def act() -> dict[str, str]:
        world.act()
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    killed(lambda: once(journal, world, act))
    assert isinstance(journal.state("comment"), Intended)
    assert once(journal, world) == {"n": "1"}
    assert world.applied() == 1


def test_killed_before_acting_it_waits_for_the_settle_time_and_acts(journal: Journal, world: World) -> None:
    def act() -> dict[str, str]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    killed(lambda: once(journal, world, act))
    with pytest.raises(Unsettled, match="comment"):
        once(journal, world)
    assert world.applied() == 0
    assert once(journal, world, later=SETTLE + 1) == {"n": "1"}


def test_what_is_not_visible_yet_is_not_done_twice(journal: Journal, world: World) -> None:
    def act() -> dict[str, str]:
        world.act()
        raise Uncertain("the answer was lost")

    with pytest.raises(Uncertain):
        once(journal, world, act)
    world.visible = False
    with pytest.raises(Unsettled):
        once(journal, world, later=SETTLE - 1)
    world.visible = True
    assert once(journal, world, later=SETTLE + 1) == {"n": "1"}
    assert world.applied() == 1


def test_any_error_may_call_itself_uncertain(journal: Journal, world: World) -> None:
    class Dropped(Exception):
        uncertain = True

    def act() -> dict[str, str]:
        raise Dropped

    with pytest.raises(Dropped):
        once(journal, world, act)
    assert isinstance(journal.state("comment"), Intended)


def test_after_a_certain_failure_the_next_try_acts_at_once(journal: Journal, world: World) -> None:
    def act() -> dict[str, str]:
        raise ValueError("422")

    with pytest.raises(ValueError, match="422"):
        once(journal, world, act)
    assert journal.state("comment") is None
    assert once(journal, world) == {"n": "1"}


def test_a_second_try_has_its_own_settle_time(journal: Journal, world: World) -> None:
    journal.intend("comment", "c")

    def act() -> dict[str, str]:
        raise Uncertain

    with pytest.raises(Uncertain):
        once(journal, world, act, later=SETTLE + 1)
    with pytest.raises(Unsettled):
        once(journal, world, later=SETTLE - 1)


def test_a_clock_set_back_does_not_stop_it_for_ever(tmp_path: Path, world: World) -> None:
    clock = Clock(file=tmp_path / "clock")
    journal = Effects(root=tmp_path, clock=clock).of("demo-1")
    journal.intend("comment", "c")
    clock.advance(-86_400)
    with pytest.raises(Unsettled):
        once(journal, world, later=-86_400)
    clock.advance(SETTLE + 1)
    assert once(journal, world, later=-86_400 + SETTLE + 1) == {"n": "1"}


def test_a_failing_look_leaves_everything_as_it_is(journal: Journal, world: World) -> None:
    journal.intend("comment", "c")

    def look() -> dict[str, str] | None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        journal.once("comment", "c", look=look, act=world.act, settle_seconds=0, now=datetime.now(UTC))
    assert world.applied() == 0


def test_a_torn_line_was_never_acknowledged(journal: Journal, world: World) -> None:
    journal.intend("push", "p")
    journal.done("push", {"sha": "abc"})
    whole = journal.path.read_bytes()
    for cut in range(1, len(whole.splitlines()[1])):
        journal.path.write_bytes(whole[: -cut - 1])
        assert isinstance(journal.state("push"), Intended)
    journal.done("push", {"sha": "abc"})
    assert journal.path.read_bytes().count(b"\n") == 2
    assert journal.result("push") == {"sha": "abc"}


def test_keys_do_not_touch_each_other(journal: Journal) -> None:
    journal.intend("a", "")
    journal.done("b", {"x": "1"})
    journal.failed("c", "no")
    assert [type(journal.state(k)) for k in "abcd"] == [Intended, Done, type(None), type(None)]


def test_a_corrupt_journal_stops_the_task_and_does_nothing(journal: Journal, world: World) -> None:
    journal.done("comment", {})
    journal.path.write_text("?\n" + journal.path.read_text())
    with pytest.raises(CorruptState, match="line 1"):
        once(journal, world)
    assert world.applied() == 0


def test_a_hostile_task_id_makes_no_path(tmp_path: Path) -> None:
    for id in ("", "../x", "a/b", ".hidden", "a\0b"):
        with pytest.raises(ValueError, match="no task id"):
            Effects(root=tmp_path, clock=Clock()).of(id)
