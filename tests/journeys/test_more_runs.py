"""Dispatch, runs and ends once more: who is asked, what is judged where, and what is told how often."""

from __future__ import annotations

import shutil

from orchestrator.model.event import EventKind
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import AttemptKind, Folder, Phase
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import BOT, FILES, REPO, World, says, works


def test_row_1_only_what_stands_ready_is_taken_up(world: World) -> None:
    world.issue("Not yet", ready=False)
    world.round()
    assert (world.places(), world.runs()) == ({}, 0)


def test_a_strangers_comment_with_our_marker_does_not_stand_for_ours(world: World) -> None:
    number = world.issue()
    world.hub.faults.add({"method": "POST", "path": r"/comments$", "times": 1}, {"status": 502})
    world.dispatch()
    world.admin.comment(REPO, number, "hello <!-- agent-os:key=app-1/dispatched -->", actor="mallory")
    world.dispatch()
    assert sum(c.author == BOT and "dispatched as task" in c.body for c in world.comments(number)) == 1


def test_our_comment_is_found_again_behind_more_than_a_page_of_others(world: World) -> None:
    number = world.issue()
    for n in range(101):
        world.admin.comment(REPO, number, f"me too {n}", actor="ada")
    world.hub.faults.add({"method": "POST", "path": r"/comments$", "times": 1}, {"status": 502, "when": "after"})
    world.dispatch()
    world.dispatch()
    assert sum("dispatched as task" in c.body for c in world.comments(number)) == 1


def test_row_5_work_starts_from_the_base_as_it_stands_now(world: World) -> None:
    world.issue("One")
    world.rounds(lambda: world.place("app-1") == "done")
    world.admin.push(REPO, "main", {"base.txt": "fresh\n"}, author="ada")
    world.settle()
    world.clock.advance(60)
    world.play({"steps": [{"run": "cp base.txt seen.txt"}, *works("two.txt")]})
    number = world.issue("Two")
    world.dispatch()
    world.work()
    assert world.shown("seen.txt", f"agent/app-{number}") == "fresh\n"


def test_a_repair_goes_on_from_the_pushed_branch_when_the_workspace_is_gone(make: MakeWorld) -> None:
    world = make(ci={"slow": "test -f good.txt"})
    world.play({"when": {"kind": "ci"}, "steps": works("good.txt")}, {"steps": works("kept.txt", "k")})
    world.issue()
    world.round()
    shutil.rmtree(world.settings.worktrees / "app" / "app-1")
    world.work()
    assert world.place() == "review"
    assert world.shown("kept.txt", "agent/app-1") == "k"


def test_row_8_the_verdict_stands_in_the_task_before_anything_acts_on_it(world: World) -> None:
    world.issue()
    world.dispatch()
    world.hub.faults.add({"path": "git-receive-pack"}, {"status": 503})
    world.work()
    task = world.task()
    assert (world.place(), task.phase) == ("processing", Phase.JUDGED)
    assert task.verdict is not None
    assert task.pushed_sha is None
    world.hub.faults.clear()
    world.work()
    assert (world.place(), world.runs(), len(world.events(EventKind.VERDICT))) == ("review", 1, 1)


def test_what_git_ignores_in_the_agents_folder_does_not_help_the_verification(make: MakeWorld) -> None:
    world = make(
        verify="test -f built.txt", files={**FILES, ".gitignore": "built.txt\n"}, agents=("anna",), max_corrections=1
    )
    world.play({"steps": [{"write": {"path": "built.txt", "text": "b"}}, *works("try-{n}.txt", "{n}")]})
    world.issue()
    world.round()
    assert world.pulls() == []
    assert {a.blocker_code for a in world.task().attempts} == {BlockerCode.TEST_FAILURE}


def test_an_escalation_that_was_interrupted_is_told_once(world: World) -> None:
    world.play({"steps": says("blocked", "missing_credentials")})
    number = world.issue()
    world.dispatch()
    world.hub.faults.add({"operation": "^Move"}, {"status": 502})
    world.work()
    assert (world.place(), world.task().phase) == ("processing", Phase.CLOSING)
    world.hub.faults.clear()
    world.work()
    assert (world.place(), world.column(number)) == ("escalated", "Blocked")
    assert len(world.events(EventKind.ESCALATED)) == 1
    assert sum("Status: escalated" in c.body for c in world.comments(number)) == 1
    assert [r.data["alert"] for r in world.events(EventKind.ALERT)].count("escalated") == 1


def test_an_agent_that_its_provider_refuses_is_charged_nothing_and_left_to_cool_down(world: World) -> None:
    world.play(
        {"when": {"agent": "anna"}, "steps": [{"quota": {"reset_in": 3600}}]}, {"steps": works("{task}.txt", "x")}
    )
    world.issue("One")
    world.dispatch()
    world.work()
    assert [(a.agent, a.spent) for a in world.task().attempts] == [("anna", False), ("ben", True)]
    number = world.issue("Two")
    world.dispatch()
    world.work()
    assert [a.agent for a in world.task(f"app-{number}").attempts] == ["ben"]


def test_a_command_that_fails_is_told_to_the_same_agent_word_for_word(make: MakeWorld) -> None:
    world = make(verify="test ! -f bad.txt || { echo the moon is full; exit 1; }")
    prompt = world.tmp / "prompt"
    world.play(
        {
            "when": {"kind": "correction"},
            "steps": [{"keep_prompt": {"file": str(prompt)}}, {"delete": "bad.txt"}, *works()],
        },
        {"steps": works("bad.txt")},
    )
    world.issue()
    world.dispatch()
    world.work()
    assert [(a.agent, a.kind) for a in world.task().attempts] == [
        ("anna", AttemptKind.ATTEMPT),
        ("anna", AttemptKind.CORRECTION),
    ]
    assert "the moon is full" in prompt.read_text()
    assert world.place() == "review"


def test_a_second_escalation_after_a_persons_retry_is_told_again(make: MakeWorld) -> None:
    world = make()
    world.config["agents"] = {n: {"adapter": "shell", "command": ["not-installed-anywhere"]} for n in world.agents}
    world.build()
    number = world.issue()
    world.dispatch()
    world.work()
    assert world.place() == "escalated"
    world.clock.advance(60)
    world.hand_move("app-1", Folder.ESCALATED, Folder.INBOX)
    world.work()
    assert world.place() == "escalated"
    assert len(world.events(EventKind.ESCALATED)) == 2
    assert sum("Status: escalated" in c.body for c in world.comments(number)) == 2
    assert [r.data["alert"] for r in world.events(EventKind.ALERT)].count("escalated") == 2


def test_a_pull_request_of_a_repository_taken_out_of_the_configuration_is_left_and_told_once(world: World) -> None:
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    world.admin.repo("ada/other", files=FILES, ci={}, collaborators={BOT: "admin"})
    world.config["projects"]["main"]["repos"] = [{"key": "other", "repo": "ada/other", "verify": "none"}]
    world.build()
    for _ in range(3):
        world.monitor()
    assert (world.place(), world.pulls()[0]["merged"], world.crashes()) == ("review", False, [])
    assert [r.data["alert"] for r in world.events(EventKind.ALERT)].count("manual_action") == 1
