"""Stories of what people took into their own hands: the planner sets none of it Ready until they say so."""

from __future__ import annotations

import pytest

from orchestrator.model.task import Folder
from tests.journeys.conftest import MakeWorld
from tests.journeys.test_planner import later, planned, ready, tick
from tests.journeys.world import BOT, REPO, World


def shipped(world: World, *, title: str = "Add new.txt") -> int:
    """An issue whose work stands in an open pull request."""
    number = world.issue(title)
    world.dispatch()
    world.work()
    world.ci()
    assert world.place(f"app-{number}") == "review"
    return number


def refused(world: World) -> int:
    """An issue whose pull request a person closed."""
    number = shipped(world)
    world.admin.close_pull(REPO, world.pull_number(), actor="ada")
    world.monitor()
    assert world.place() == "done"
    return number


def left_out(world: World, number: int) -> str:
    """Why it is no part of a plan, as the newest one tells; a plan is made of another issue for that."""
    other = world.issue("Another wish", ready=False)
    tick(world)
    plan = world.services.plans.of("app")[0]
    assert (ready(world, number), plan.promoted) == ([], (other,))
    return {one.issue: one.why for one in plan.left_out}[number]


def forget(world: World, number: int) -> None:
    """The done file is gone, as after its retention."""
    (world.services.mailbox.root / "done" / f"app-{number}.md").unlink()


@pytest.mark.parametrize("kept", [True, False], ids=["known", "file gone"])
def test_a_closed_pull_request_is_a_no_also_after_a_comment_and_an_edit(make: MakeWorld, kept: bool) -> None:
    world = planned(make, planner_allow_early_refresh=True)
    number = refused(world)
    later(world, hours=1)
    world.admin.comment(REPO, number, "No, we do not want this.", actor="ada")
    world.admin.edit_issue(REPO, number, body="Please, but not so.", actor="ada")
    if not kept:
        forget(world, number)
    later(world, days=8)
    tick(world)
    assert ready(world, number) == []
    assert "set it Ready" in left_out(world, number)
    world.dispatch()
    assert world.place(f"app-{number}-g2") == "nowhere"


def test_who_says_no_may_say_yes_again(make: MakeWorld) -> None:
    world = planned(make)
    number = refused(world)
    later(world, days=8)
    world.ready(number)
    world.dispatch()
    assert world.place(f"app-{number}-g2") == "inbox"


def test_a_task_withdrawn_by_hand_stays_withdrawn(make: MakeWorld) -> None:
    world = planned(make)
    number = world.issue("Wish")
    world.dispatch()
    world.hand_move("app-1", Folder.INBOX, Folder.DONE)
    world.work()
    world.monitor()
    later(world, days=8)
    world.admin.comment(REPO, number, "Not now.", actor="ada")
    assert "app-1" in left_out(world, number)


@pytest.mark.parametrize(("who", "again"), [("ada", True), ("mallory", False), (BOT, False)])
def test_only_a_trusted_persons_reopening_brings_it_back(make: MakeWorld, who: str, again: bool) -> None:
    world = planned(make, plan_size=1)
    number = shipped(world)
    world.rounds(lambda: world.place(f"app-{number}") == "done")
    later(world, hours=2)
    forget(world, number)
    world.admin.reopen(REPO, number, actor=who)
    world.admin.set_status(REPO, number, "Backlog", actor="ada")
    world.admin.unlabel(REPO, number, "done", actor="ada")
    tick(world)
    assert ready(world, number) == ([number] if again else [])


def test_a_reopening_is_used_up_by_the_next_refusal(make: MakeWorld) -> None:
    world = planned(make, plan_size=1)
    number = refused(world)
    later(world, hours=1)
    world.admin.close(REPO, number, actor="ada")
    world.admin.reopen(REPO, number, actor="ada")
    later(world, hours=1)
    tick(world)
    assert ready(world, number) == [number]
    world.dispatch()
    world.work()
    world.ci()
    world.admin.close_pull(REPO, world.pull_number(f"app-{number}-g2"), actor="ada")
    world.monitor()
    later(world, days=8)
    world.admin.comment(REPO, number, "Once more: no.", actor="ada")
    assert f"app-{number}-g2" in left_out(world, number)


def test_what_a_person_took_out_of_ready_is_not_put_back(make: MakeWorld) -> None:
    world = planned(make, planner_allow_early_refresh=True, plan_size=1)
    number = world.issue("Wish", ready=False)
    tick(world)
    assert ready(world, number) == [number]
    later(world, hours=1)
    world.admin.set_status(REPO, number, "Backlog", actor="ada")
    later(world, days=8)
    assert "took it back" in left_out(world, number)


def test_what_a_person_has_in_hand_is_left_to_them(make: MakeWorld) -> None:
    world = planned(make, plan_size=5)
    hers = world.issue("Hers", ready=False, assignees=["ada"])
    ours = world.issue("Ours", ready=False, assignees=[BOT])
    at_work = world.issue("In a pull request", ready=False)
    hidden = world.issue("Only quoted", ready=False)
    world.admin.push(REPO, "ada-work", {"a.txt": "a\n"}, author="ada", base="main")
    body = f"Fixes {REPO}#{at_work}\n\n<!-- closes #{hidden} --> `closes #{ours}`, closes ada/other#{ours}"
    pull = world.admin.open_pull(REPO, "ada-work", title="Mine", body=body, author="ada")
    tick(world)
    assert ready(world, hers, ours, at_work, hidden) == [ours, hidden]
    out = {one.issue: one.why for one in world.services.plans.of("app")[0].left_out}
    assert out[hers] == "it is assigned to ada"
    assert out[at_work] == f"pull request #{pull} of ada says that it closes it"


def test_what_is_taken_up_while_a_plan_waits_is_left_out_when_it_is_approved(make: MakeWorld) -> None:
    from orchestrator.operations import plans as orders

    world = planned(make, plan_approval="required")
    number, other = world.issue("Wish", ready=False), world.issue("Another", ready=False)
    tick(world)
    plan = world.services.plans.pending("app")
    assert plan is not None
    world.admin.push(REPO, "ada-work", {"a.txt": "a\n"}, author="ada", base="main")
    world.admin.open_pull(REPO, "ada-work", body=f"Resolves #{number}", author="ada")
    applied = orders.approve(world.services, plan.id, "ada")
    assert (applied.promoted, [one.issue for one in applied.left_out]) == ((other,), [number])


def test_one_pull_request_does_not_claim_the_whole_backlog(make: MakeWorld) -> None:
    world = planned(make, plan_size=20)
    numbers = [world.issue(f"Wish {n}", ready=False) for n in range(12)]
    world.admin.push(REPO, "spam", {"a.txt": "a\n"}, author="ada", base="main")
    body = "\n".join(f"Closes #{n}" for n in numbers)
    world.admin.open_pull(REPO, "spam", body=body, author="ada")
    tick(world)
    assert ready(world, *numbers) == numbers[10:]
