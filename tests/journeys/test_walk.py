"""One issue's way, row by row of the architecture's table, and what happens when a tick dies there."""

from __future__ import annotations

import hashlib
import json

from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder, Phase
from tests.journeys.conftest import MakeWorld
from tests.journeys.steps import killed_once
from tests.journeys.world import REPO, World, says, works


def test_an_issue_set_ready_becomes_a_merged_pull_request_and_is_remembered(make: MakeWorld) -> None:
    world = make(memory="commit")
    number = world.issue("Add new.txt", "## Goal\n\nA file new.txt.\n\n## Success Criteria\n\n- It exists")
    world.rounds(lambda: world.place() == "done")
    issue = world.state(number)
    assert (issue["state"], world.column(number)) == ("closed", "Done")
    assert world.shown("new.txt") == "new\n"
    assert "[app-1]" in world.shown("CODEBASE.md")
    assert world.runs() == 1
    assert world.crashes() == []
    assert not world.has_branch("agent/app-1")
    assert not (world.settings.worktrees / "app" / "app-1").exists()


def test_row_2_a_tick_that_dies_after_the_file_dispatches_once(world: World) -> None:
    number = world.issue()
    world.hub.faults.add({"method": "POST", "path": r"/comments$", "times": 1}, {"status": 502})
    world.dispatch()
    assert world.places() == {"inbox": 1}
    world.dispatch()
    world.dispatch()
    dispatched = [c for c in world.comments(number) if "dispatched as task" in c.body]
    assert len(dispatched) == 1
    assert (world.places(), world.column(number)) == ({"inbox": 1}, "In Progress")
    assert len(world.events(EventKind.DISPATCHED)) == 1


def test_row_2_a_comment_that_was_written_although_the_answer_was_lost_is_not_written_again(world: World) -> None:
    number = world.issue()
    world.hub.faults.add({"method": "POST", "path": r"/comments$", "times": 1}, {"status": 502, "when": "after"})
    world.dispatch()
    world.dispatch()
    world.round()
    assert sum("dispatched as task" in c.body for c in world.comments(number)) == 1


def test_row_3_a_dead_workers_task_is_healed_by_the_next_tick(world: World) -> None:
    world.issue()
    world.dispatch()
    [id] = world.services.mailbox.ids(Folder.INBOX)
    with world.services.mailbox.claim(id) as claim:
        assert claim is not None
        world.services.mailbox.move(claim, claim.task, Folder.PROCESSING)
    world.work()
    assert world.place() == "review"
    assert len(world.events(EventKind.HEALED)) == 1


def test_row_4_a_task_that_somebody_holds_is_left_to_them(world: World) -> None:
    world.issue()
    world.dispatch()
    [id] = world.services.mailbox.ids(Folder.INBOX)
    with world.services.mailbox.claim(id) as claim:
        assert claim is not None
        world.work()
        assert world.runs() == 0
    world.work()
    assert (world.runs(), world.place()) == (1, "review")


def test_row_5_and_6_a_worker_killed_while_its_agent_runs_is_followed_by_one_that_ends_the_task(world: World) -> None:
    ran = world.tmp / "runs"
    world.play(
        {"when": {"attempt": 1}, "steps": [{"count": {"file": str(ran)}}, {"sleep": 0.6}, *works()]},
    )
    world.issue()
    world.dispatch()
    killed_once(world, ran.exists, seconds=20)
    assert world.task().phase is Phase.RUNNING
    world.work()
    assert world.place() == "review"
    assert world.task().recoveries == 1
    assert len(world.task().attempts) == 1


def test_row_7_a_run_without_a_result_is_a_fact_and_not_an_error(world: World) -> None:
    world.play({"when": {"kind": "resume"}, "steps": works()}, {"steps": [{"say": "I did nothing"}]})
    world.issue()
    world.dispatch()
    world.work()
    assert [a.kind.value for a in world.task().attempts] == ["attempt", "resume"]
    assert (world.place(), world.crashes()) == ("review", [])


def test_row_8_github_is_down_when_the_pull_request_opens_and_the_agent_is_not_run_again(world: World) -> None:
    world.issue()
    world.dispatch()
    world.hub.faults.add({"method": "POST", "path": r"/pulls$"}, {"status": 503})
    world.work()
    assert (world.place(), world.task().phase) == ("processing", Phase.JUDGED)
    assert world.task().verdict is not None
    world.hub.faults.clear()
    world.work()
    assert (world.place(), world.runs()) == ("review", 1)


def test_row_9_a_blocked_agent_hands_over_everything_to_the_next_one(world: World) -> None:
    prompt = world.tmp / "prompt"
    told = {
        "blockers": ["the moon is full"],
        "attempted_approaches": ["howling at it"],
        "decisions": ["wait for the sun"],
    }
    world.play(
        {"when": {"agent": "anna"}, "steps": says("blocked", "environment_failure", **told)},
        {"when": {"agent": "ben"}, "steps": [{"keep_prompt": {"file": str(prompt)}}, *works()]},
    )
    world.issue()
    world.dispatch()
    world.work()
    assert [a.agent for a in world.task().attempts] == ["anna", "ben"]
    assert world.place() == "review"
    text = prompt.read_text()
    assert all(line in text for line in ("the moon is full", "howling at it", "wait for the sun"))


def test_row_10_a_pull_request_that_was_opened_although_the_answer_was_lost_is_found(world: World) -> None:
    world.issue()
    world.dispatch()
    world.hub.faults.add({"method": "POST", "path": r"/pulls$", "times": 1}, {"drop": "after"})
    world.work()
    world.work()
    assert world.place() == "review"
    assert len(world.pulls()) == 1


def test_row_11_what_a_person_merged_is_only_booked(world: World) -> None:
    number = world.issue()
    world.dispatch()
    world.work()
    world.ci()
    world.admin.merge_pull(REPO, world.pull_number(), actor="ada")
    world.monitor()
    assert (world.place(), world.column(number)) == ("done", "Done")
    assert [r.data["by"] for r in world.events(EventKind.MERGED)] == ["seen"]


def test_row_12_the_file_moves_last_and_the_books_are_closed_again_until_it_has(world: World) -> None:
    number = world.issue()
    world.dispatch()
    world.work()
    world.ci()
    world.hub.faults.add({"operation": "(?i)updateProjectV2ItemFieldValue|move"}, {"status": 502})
    world.monitor()
    assert (world.place(), world.task().phase) == ("review", Phase.MERGED)
    world.hub.faults.clear()
    world.monitor()
    assert (world.place(), world.column(number)) == ("done", "Done")
    assert world.state(number)["state"] == "closed"
    assert len([c for c in world.comments(number) if "Status: merged" in c.body]) == 1


def test_row_13_memory_is_kept_after_the_merge_and_folded_once(make: MakeWorld) -> None:
    world = make(memory="commit")
    world.issue("First")
    world.play({"steps": works("first.txt", decisions=["files are cheap"])})
    world.dispatch()
    world.work()
    world.ci()
    assert not world.has_file("CODEBASE.md")
    world.monitor()
    world.monitor()
    text = world.shown("CODEBASE.md")
    assert text.count("[app-1]") == 1
    assert "files are cheap" in text


def test_two_ready_issues_are_worked_side_by_side_and_both_land(world: World) -> None:
    world.play(
        {"when": {"title": "One"}, "steps": works("one.txt", "1\n")},
        {"when": {"title": "Two"}, "steps": works("two.txt", "2\n")},
    )
    world.issue("One")
    world.issue("Two")
    world.rounds(lambda: world.places() == {"done": 2})
    assert (world.shown("one.txt"), world.shown("two.txt")) == ("1\n", "2\n")
    assert world.events(EventKind.MERGE_TREE_DIFFERS) == []


def test_a_label_is_enough_where_there_is_no_board(make: MakeWorld) -> None:
    world = make(board=False)
    number = world.issue()
    world.rounds(lambda: world.place() == "done")
    assert "ready" not in world.state(number)["labels"]


def test_row_10_a_worker_that_died_after_the_pull_request_was_noted_still_owes_the_result_comment(world: World) -> None:
    number = world.issue()
    world.dispatch()
    world.hub.faults.add({"method": "POST", "path": r"/comments$"}, {"status": 503})
    world.work()
    assert (world.place(), world.task().phase) == ("processing", Phase.PUBLISHED)
    world.hub.faults.clear()
    world.work()
    assert world.place() == "review"
    assert sum("PR: #2" in c.body for c in world.comments(number)) == 1


def test_what_an_agent_was_told_and_what_held_at_dispatch_are_on_record_by_their_hashes(world: World) -> None:
    told = world.tmp / "prompt"
    world.play({"steps": [{"keep_prompt": {"file": str(told)}}, *works()]})
    world.issue()
    world.dispatch()
    world.work()
    [started] = world.events(EventKind.AGENT_STARTED)
    assert started.hashes == {"prompt": hashlib.sha256(told.read_bytes()).hexdigest()}
    assert world.task().config_hash == hashlib.sha256(
        json.dumps(world.task().config_snapshot, sort_keys=True).encode()
    ).hexdigest()  # fmt: skip
