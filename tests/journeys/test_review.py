"""What an adversarial reading found: deaths between two lines, people between two calls, what would never end."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cli import ticking
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder
from tests.journeys.conftest import MakeWorld
from tests.journeys.steps import published
from tests.journeys.world import REPO, World, says, works

BLOCKED = says("blocked", "missing_credentials")


# --- what would go on for ever


def test_a_task_whose_worker_always_fails_is_escalated_after_its_recoveries(world: World) -> None:
    world.hub.faults.add({"method": "POST", "path": r"/pulls$"}, {"status": 422})
    world.issue()
    world.dispatch()
    for _ in range(6):
        world.work()
    assert (world.place(), world.runs()) == ("escalated", 1)
    assert len(world.crashes()) <= 4
    assert "422" in world.task().reason


def test_an_outage_of_any_length_escalates_nothing_and_is_recorded_once(world: World) -> None:
    rule = world.hub.faults.add({"method": "POST", "path": r"/pulls$"}, {"status": 500})
    world.issue()
    world.dispatch()
    for _ in range(8):
        world.work()
    assert world.place() == "processing"
    assert len(world.crashes()) <= 2, "one an hour"
    world.hub.faults.remove(rule)
    world.work()
    assert world.place() == "review"


@pytest.mark.parametrize(("path", "scene"), [(r"/pulls$", works()), (r"/comments$", BLOCKED), (r"/comments$", works())])
def test_a_night_without_github_fills_no_ledger(world: World, path: str, scene: list[dict[str, Any]]) -> None:
    world.play({"steps": scene})
    world.issue()
    world.dispatch()
    rule = world.hub.faults.add({"method": "POST", "path": path}, {"status": 500})
    world.work()
    before = world.services.ledger.head()[0]
    for _ in range(6):
        world.work()
    assert world.services.ledger.head()[0] - before <= 2
    world.hub.faults.remove(rule)
    world.work()
    assert world.place() == ("escalated" if scene is BLOCKED else "review")


def test_dispatcher_only_is_never_escalated_also_when_no_agent_can_run(make: MakeWorld) -> None:
    world = make(automation_mode="dispatcher_only")
    world.config["agents"] = {n: {"adapter": "shell", "command": ["not-installed-anywhere"]} for n in world.agents}
    world.build()
    world.issue()
    world.dispatch()
    world.work()
    assert world.place() == "blocked"
    assert not list(world.services.mailbox.root.glob("*/*.escalation.md"))


def test_an_issue_that_vanished_while_its_task_waited_ends_the_task(world: World) -> None:
    world.issue()
    world.dispatch()
    vanish(world)
    for _ in range(6):
        world.work()
    assert (world.place(), world.runs()) == ("blocked", 0)
    assert world.crashes() == []


def test_an_issue_that_vanished_in_review_does_not_keep_its_task_from_landing(world: World) -> None:
    published(world)
    vanish(world)
    for _ in range(3):
        world.monitor()
    assert (world.place(), world.pulls()[0]["merged"]) == ("done", True)


def vanish(world: World) -> None:
    """The issue was deleted or transferred: GitHub answers as if it had never been there."""
    world.hub.faults.add({"path": r"/issues/1(/|$)"}, {"status": 404})
    gone = {"type": "NOT_FOUND", "path": ["r0", "issueOrPullRequest"], "message": "Could not resolve to an issue"}
    world.hub.faults.add({"operation": "^Issues"}, {"graphql": [gone]})


def test_one_time_that_nobody_can_read_does_not_stop_the_queue(world: World) -> None:
    inbox = world.services.mailbox.root / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "odd.md").write_text(f"---\nrepo: {REPO}\ntitle: Odd\nnot_before: tomorrow\n---\n# Goal\n\nOdd.\n")
    world.issue()
    world.dispatch()
    world.work()
    assert world.place("app-1") == "review"


def test_a_daily_job_that_fails_does_not_stop_the_queue(world: World) -> None:
    world.issue()
    world.dispatch()
    (world.services.settings.runtime / "state" / "cadence.json").write_text("{")
    world.work()
    assert world.place() == "review"


def test_a_tick_that_fails_does_not_end_the_program_that_runs_all_roles(world: World) -> None:
    (world.services.settings.runtime / "state" / "locks" / "role-queue.lock").mkdir(parents=True)
    said: list[str] = []
    ticking.up(lambda _: world.services, seconds=None, say=lambda line: said.append(str(line)), stop=lambda: True)
    assert [line.split()[1:3] for line in said if "role-queue.lock" in line] == [["queue:", "failed,"]]


def test_a_hand_move_while_its_worker_still_runs_is_carried_out_afterwards(world: World) -> None:
    world.issue()
    world.dispatch()
    world.hand_move("app-1", Folder.INBOX, Folder.HOLD)
    world.work()

    with world.services.mailbox.claim(TaskId("app-1")):
        world.hand_move("app-1", Folder.HOLD, Folder.INBOX)
        world.work()
    world.work()
    assert world.place() == "review"
