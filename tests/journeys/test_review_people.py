"""What an adversarial reading found: people who act between two of our steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder
from orchestrator.operations import OrderRefused, retry
from orchestrator.operations.steer import hold
from tests.journeys.conftest import MakeWorld
from tests.journeys.steps import alerts, published
from tests.journeys.world import REPO, World, says, works

BLOCKED = says("blocked", "missing_credentials")


def test_a_pull_request_merged_while_its_repair_waits_is_booked_as_merged(world: World) -> None:
    world.config["projects"]["main"]["repos"][0]["verify"] = "none"
    world.build()
    world.admin.set_ci(REPO, {"test": "false"})
    published(world)
    world.monitor()
    assert world.place() == "inbox"
    world.admin.merge_pull(REPO, world.pull_number(), actor="ada")
    runs = world.runs()
    world.work()
    world.monitor()
    assert (world.place(), world.task().reason, world.runs()) == ("done", "merged", runs)
    assert world.column(1) == "Done"


def test_a_pull_request_closed_while_its_repair_waits_ends_the_task(world: World) -> None:
    world.admin.set_ci(REPO, {"test": "false"})
    published(world)
    world.monitor()
    world.admin.close_pull(REPO, world.pull_number(), actor="ada")
    runs = world.runs()
    world.work()
    assert (world.place(), world.runs()) == ("done", runs)
    assert "withdrawn" in world.task().reason


def test_a_retry_after_the_pull_request_was_closed_and_its_branch_deleted_opens_a_new_one(world: World) -> None:
    published(world)
    number = world.pull_number()
    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        world.services.mailbox.move(claim, replace(claim.task, reason="x"), Folder.ESCALATED)
    world.admin.close_pull(REPO, number, actor="ada")
    world.admin.delete_branch(REPO, "agent/app-1")
    world.clock.advance(60)
    world.hand_move("app-1", Folder.ESCALATED, Folder.INBOX)
    world.play({"steps": works("better.txt", "better\n")})
    world.rounds(lambda: world.place() == "done", most=3)
    assert [p["merged"] for p in world.pulls()] == [False, True]
    assert world.has_file("better.txt")


def test_a_retry_after_the_rounds_of_repair_knows_what_is_still_red(make: MakeWorld) -> None:
    world = make(max_ci_rounds=1, ci={"test": "test -f green.txt"})
    published(world)
    for n in range(2):
        world.play({"steps": works(f"more{n}.txt")})
        world.monitor()
        world.work()
        world.ci()
    world.monitor()
    assert world.place() == "escalated"
    assert [c.name for c in world.task().failed_checks] == ["test"]


def test_a_retry_after_a_conflict_that_stayed_begins_with_both_sides(make: MakeWorld) -> None:
    world = make(max_ci_rounds=0)
    world.play({"steps": works("calc.py", "def add(*n):\n    return sum(n)\n")})
    published(world)
    world.admin.push(REPO, "main", {"calc.py": "def add(a, b, c):\n    return a + b + c\n"}, author="ada", message="c")
    world.ci()
    for _ in range(3):
        world.monitor()
    assert (world.place(), world.task().conflict) == ("escalated", True)


def test_a_held_pull_request_goes_back_to_review_and_not_to_another_agent(world: World) -> None:
    published(world)
    hold(world.services, "app-1", person="ada")
    world.monitor()
    world.hand_move("app-1", Folder.HOLD, Folder.INBOX)
    world.work()
    assert (world.place(), world.runs()) == ("review", 1)
    hold(world.services, "app-1", person="ada")
    retry(world.services, "app-1", person="ada")
    world.work()
    world.monitor()
    assert (world.place(), world.runs()) == ("done", 1)


def test_a_pull_request_pointed_at_another_base_is_not_merged_into_it_unjudged(world: World) -> None:
    world.admin.push(REPO, "release", {"old.txt": "old\n"}, author="ada", message="release")
    world.admin.push(REPO, "main", {"later.txt": "later\n"}, author="ada", message="later")
    published(world)
    retarget(world, "release")
    for _ in range(3):
        world.monitor()
        world.ci()
    assert (world.place(), world.pulls()[0]["merged"]) == ("review", False)
    assert len(alerts(world, "manual_action")) == 1


def test_a_pull_request_follows_its_base_to_a_branch_that_holds_it(world: World) -> None:
    published(world)
    world.admin.push(REPO, "trunk", {"later.txt": "later\n"}, author="ada", message="renamed and went on")
    retarget(world, "trunk")
    for _ in range(4):
        world.monitor()
        world.ci()
    assert (world.place(), world.task().base) == ("done", "trunk")
    assert world.has_file("new.txt", "trunk")


def retarget(world: World, base: str) -> None:
    world.services.github.rest("PATCH", f"/repos/{REPO}/pulls/{world.pull_number()}", body={"base": base})


def test_a_merge_that_the_host_refuses_again_and_again_is_told_once(world: World) -> None:
    published(world)
    world.hub.faults.add({"path": "/merge$"}, {"status": 405, "message": "an approving review is required"})
    for _ in range(5):
        world.monitor()
    assert len(alerts(world, "manual_action")) == 1
    assert len([r for r in world.events(EventKind.PULL_DECIDED) if r.data["step"] == "refused"]) == 1


def test_done_moved_to_inbox_twice_is_two_more_generations(world: World) -> None:
    world.issue()
    for generation, path in ((1, "new.txt"), (2, "two.txt"), (3, "three.txt")):
        id = "app-1" if generation == 1 else f"app-1-g{generation}"
        world.play({"steps": works(path)})
        if generation > 1:
            world.clock.advance(60)
            world.admin.reopen(REPO, 1, actor="ada")
            world.hand_move("app-1", Folder.DONE, Folder.INBOX)
        world.rounds(lambda id=id: id in world.services.mailbox.ids(Folder.DONE), most=4)  # type: ignore[misc]
    assert world.has_file("three.txt")


def test_a_retry_of_a_done_task_whose_next_generation_is_under_way_is_refused(world: World) -> None:
    world.issue()
    world.rounds(lambda: world.place() == "done")
    retry(world.services, "app-1", person="ada")
    with pytest.raises(OrderRefused, match="app-1-g2"):
        retry(world.services, "app-1", person="ada")


def test_a_retry_during_an_outage_is_shown_on_the_board_by_the_worker(world: World) -> None:
    world.play({"steps": BLOCKED})
    world.issue()
    world.dispatch()
    world.work()
    rule = world.hub.faults.add({"path": "."}, {"status": 502})
    world.hand_move("app-1", Folder.ESCALATED, Folder.INBOX)
    world.work()
    world.hub.faults.remove(rule)
    world.play({"steps": works()})
    world.work()
    assert (world.place(), world.column(1)) == ("review", "In Progress")
    assert "blocked" not in world.state(1)["labels"]


def test_a_withdrawal_by_hand_during_an_outage_is_told_afterwards(world: World) -> None:
    world.issue()
    world.dispatch()
    rule = world.hub.faults.add({"path": "."}, {"status": 502})
    world.hand_move("app-1", Folder.INBOX, Folder.DONE)
    world.work()
    world.hub.faults.remove(rule)
    world.work()
    assert (world.place(), world.column(1)) == ("done", "Backlog")
