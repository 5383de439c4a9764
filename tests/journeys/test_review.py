"""What an adversarial reading found: deaths between two lines, people between two calls, what would never end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli import ticking
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder, Phase
from orchestrator.operations import OrderRefused, hold, retry
from orchestrator.state.alerts import Outbox
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, says, works

BLOCKED = says("blocked", "missing_credentials")


def published(world: World) -> World:
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    assert world.place() == "review"
    return world


def alerts(world: World, kind: str) -> list[str]:
    return [str(r.data["text"]) for r in world.events(EventKind.ALERT) if r.data["alert"] == kind]


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


# --- people between two of our steps


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


# --- deaths between two of our lines


def behind(make: MakeWorld) -> World:
    """A published pull request whose base moved on."""
    world = published(make())
    world.admin.push(REPO, "main", {"theirs.txt": "theirs\n"}, author="ada", message="theirs")
    world.ci()
    return world


def brought_up_to_date(world: World) -> str:
    first = world.task().pushed_sha
    for _ in range(3):
        if world.task().pushed_sha == first:
            world.monitor()
    now = world.task().pushed_sha
    assert now is not None
    assert now != first
    return now


def test_a_death_after_the_push_of_an_update_is_no_strangers_commit(make: MakeWorld) -> None:
    world = behind(make)
    before = world.services.mailbox.path(TaskId("app-1"), Folder.REVIEW).read_bytes()
    updated = brought_up_to_date(world)
    # As a death between the push and the next save leaves it: the branch moved, the file did not.
    world.services.mailbox.path(TaskId("app-1"), Folder.REVIEW).write_bytes(before)
    assert world.task().pushed_sha != updated
    world.ci()
    for _ in range(2):
        world.monitor()
        world.ci()
    assert world.place() == "done"
    assert alerts(world, "manual_action") == []


def test_a_merge_whose_answer_was_lost_is_compared_all_the_same(world: World) -> None:
    published(world)
    world.hub.faults.add({"method": "PUT", "path": "/merge$", "times": 1}, {"status": 502, "when": "after"})
    for _ in range(2):
        world.monitor()
    assert world.place() == "done"
    assert [r.data["by"] for r in world.events(EventKind.MERGED)] == ["agent-os"]


def test_an_outage_of_the_git_host_is_no_death_of_a_worker(world: World) -> None:
    world.issue()
    world.dispatch()
    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        claim = world.services.mailbox.move(claim, claim.task, Folder.PROCESSING)
    world.play({"steps": works()})
    lost_run(world)
    rule = world.hub.faults.add({"path": r"\.git/"}, {"status": 503})
    for _ in range(5):
        world.work()
    assert world.place() == "processing"
    world.hub.faults.remove(rule)
    world.work()
    assert (world.place(), world.task().recoveries) == ("review", 1)


def lost_run(world: World) -> None:
    """The task as a worker leaves it that was killed while its agent ran."""
    from orchestrator.model.task import Attempt, Session

    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        run = Attempt(n=1, agent="anna", started=claim.task.created, session=Session(workspace=str(world.tmp / "no")))
        world.services.mailbox.save(claim, replace(claim.task, attempts=(run,), attempt=1, phase=Phase.RUNNING))


def test_our_own_push_that_github_does_not_show_yet_is_no_strangers_commit(make: MakeWorld) -> None:
    world = behind(make)
    brought_up_to_date(world)
    repair = world.task()
    stale = world.services.repository(world.services.repo(repair)).parent(repair.pushed_sha)  # type: ignore[arg-type]
    assert stale is not None
    from orchestrator.github import pulls
    from orchestrator.pipeline import shepherd

    seen = pulls.watch(world.services.github, [(repair.repo, world.pull_number())])[repair.repo, world.pull_number()]
    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        shepherd.look(world.services, claim, replace(seen, head_sha=stale), turn=True)
    assert alerts(world, "manual_action") == []


def test_an_alert_whose_file_was_torn_by_a_kill_is_told_by_the_next_try(tmp_path: Path) -> None:
    outbox = Outbox(root=tmp_path)
    outbox.add("one", "text")
    name = next((tmp_path / "pending").glob("*.json")).name
    (tmp_path / "pending" / name).write_text("")
    assert outbox.pending() == ()
    assert outbox.add("one", "text") is True
    assert [w.text for w in outbox.pending()] == ["text"]
