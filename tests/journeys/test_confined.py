"""The whole way with agents in their sandbox, and what becomes of work that nothing confined."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator import sandbox
from orchestrator.model.alert import AlertKind
from orchestrator.model.confinement import Level, Probe
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.result import Status
from orchestrator.pipeline import attempt
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import says, works

CONFINED = {"sandbox": "required", "merge_without_sandbox": False}


@pytest.fixture(autouse=True)
def _can_be_confined() -> None:
    if not any(p.holds and p.level is Level.BUBBLEWRAP for p in sandbox.probe()):
        pytest.skip("this machine cannot confine with bubblewrap")


def test_a_confined_agents_work_is_merged_without_anybodys_word(make: MakeWorld) -> None:
    world = make(**CONFINED)
    number = world.issue()
    world.rounds(lambda: world.place() == "done")
    assert world.state(number)["state"] == "closed"
    assert [a.sandbox for a in world.task().attempts] == ["bubblewrap"]
    assert world.shown("new.txt") == "new\n"
    assert not world.crashes()


def test_a_confined_agent_sees_nothing_of_ours(make: MakeWorld) -> None:
    """The installation's token and configuration, the ledger, the mailbox, other homes: absent, not only unreadable."""
    world = make(**CONFINED)
    places = [
        world.tmp / "config.yaml",
        world.settings.runtime / "ledger",
        world.settings.runtime / "mailbox",
        Path.home() / ".ssh",
        Path("/etc/shadow"),
    ]
    (Path.home() / ".ssh").mkdir(exist_ok=True)
    (Path.home() / ".ssh" / "id").write_text("secret")
    tried = " ".join(f"test -e {p} && echo SEEN {p};" for p in places)
    look = {"run": f"({tried} env; tr '\\0' '\\n' < /proc/1/environ; true) > new.txt"}
    world.play({"steps": [look, {"result": {"status": "complete", "summary": "looked round"}}]})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    seen = world.shown("new.txt")
    assert "SEEN" not in seen
    assert world.token not in seen
    assert "HOME=" in seen, "the agent did look"


def test_an_agent_that_writes_outside_has_written_nothing(make: MakeWorld, tmp_path: Path) -> None:
    world = make(**CONFINED)
    outside = tmp_path / "outside"
    outside.mkdir()
    world.play({"steps": [{"run": f"echo x > {outside}/planted || true"}, *works()]})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    assert list(outside.iterdir()) == []


def test_what_an_unconfined_agent_made_waits_for_a_person_who_is_told_once(make: MakeWorld) -> None:
    world = make(sandbox="off", merge_without_sandbox=False)
    world.issue()
    for _ in range(4):
        world.round()
    assert world.place() == "review"
    assert [p["merged"] for p in world.pulls()] == [False]
    told = [r for r in world.events(EventKind.ALERT) if r.data.get("alert") == AlertKind.MANUAL_ACTION.value]
    assert len(told) == 1
    assert "without a sandbox" in str(told[0].data)


def test_with_the_operators_word_it_merges(make: MakeWorld) -> None:
    world = make(sandbox="off", merge_without_sandbox=True)
    world.issue()
    world.rounds(lambda: world.place() == "done")
    assert [a.sandbox for a in world.task().attempts] == ["none"]


def test_a_retry_in_the_sandbox_does_not_wash_off_what_ran_without(make: MakeWorld) -> None:
    """The unconfined run's commits are still in the branch."""
    world = make(sandbox="off", merge_without_sandbox=False)
    world.play(
        {
            "when": {"attempt": 1},
            "steps": [*works("one.txt")[:1], *says("partial", "missing_context", next_step="go on")],
        },
        {"steps": works("two.txt")},
    )
    world.issue()
    world.dispatch()
    assert attempt.work(world.services, TaskId("app-1"))
    world.config["projects"]["main"]["repos"][0] |= CONFINED
    world.build()
    for _ in range(4):
        world.round()
    levels = [(a.sandbox, a.status) for a in world.task().attempts]
    assert (levels[0][0], levels[-1]) == ("none", ("bubblewrap", Status.COMPLETE))
    assert [p["merged"] for p in world.pulls()] == [False]


def test_required_and_none_here_runs_no_agent_and_says_why(make: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make(**CONFINED)
    probes = tuple(
        Probe(level=level, holds=level is Level.NONE, why="" if level is Level.NONE else "taken away by a test")
        for level in Level
    )
    monkeypatch.setattr(sandbox, "probe", lambda kept=None: probes)
    world.issue()
    for _ in range(3):
        world.round()
    task = world.task()
    assert world.place() in ("blocked", "escalated", "inbox")
    assert all(not a.spent for a in task.attempts)
    assert "sandbox" in task.reason
    assert "taken away by a test" in task.reason
    assert not world.has_branch(task.branch)
    assert shutil.which("bwrap")
