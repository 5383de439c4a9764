"""An agent runs out of quota in the middle of its work: nothing is lost, nothing is charged, it comes back in time."""

from __future__ import annotations

from typing import Any

from orchestrator.model.event import EventKind
from orchestrator.model.result import FailureClass
from orchestrator.model.task import AttemptKind
from orchestrator.model.times import parse
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import World, works

LISTS = {
    "done": ["parsed the header", "wrote the reader, with `code` and *stars*"],
    "blockers": ["the quota ran out"],
    "decisions": ["one pass is enough", "keep the old name"],
    "risks": ["big files were not tried"],
    "attempted_approaches": ["a regular expression: too slow"],
    "tests_run": ["sh check.sh: green"],
    "manual_steps": ["none yet"],
    "next_step": "write the second half",
}


def refused_half_way(**quota: Any) -> list[dict[str, Any]]:
    """Commits half of the work, reports it, and meets its limit."""
    return [
        {"write": {"path": "half.txt", "text": "first half\n"}},
        {"commit": "half of it"},
        {"result": {"status": "partial", "blocker_code": "quota_limited", "summary": "half is done", **LISTS}},
        {"quota": quota or {"reset_in": 3600}},
    ]


def test_the_second_agent_finishes_from_the_firsts_commits_and_the_first_is_used_again_after_the_reset(
    world: World,
) -> None:
    prompt = world.tmp / "prompt"
    world.play(
        {"when": {"agent": "anna"}, "steps": refused_half_way()},
        {
            "steps": [
                {"keep_prompt": {"file": str(prompt)}},
                {"run": "cp half.txt whole.txt && echo second half >> whole.txt"},
                *works("end.txt"),
            ]
        },
    )
    world.issue("Write it whole")
    world.rounds(lambda: world.place() == "done")

    task = world.task()
    assert [(a.agent, a.failure, a.spent) for a in task.attempts] == [
        ("anna", FailureClass.QUOTA, False),
        ("ben", FailureClass.NONE, True),
    ]
    assert task.count(AttemptKind.ATTEMPT) == task.attempt == 1, "only the agent that could work was charged"
    assert world.shown("whole.txt") == "first half\nsecond half\n"
    told = prompt.read_text()
    for held in LISTS.values():
        for item in [held] if isinstance(held, str) else held:
            assert f"> - {item}\n" in told
    assert "+first half" in told, "the work so far"

    second = f"app-{world.issue('While it cools')}"
    world.play({"steps": works("{task}.txt", "x")})
    world.rounds(lambda: world.place(second) == "done")
    assert [a.agent for a in world.task(second).attempts] == ["ben"]
    choice = world.events(EventKind.ROUTED)[-1].data
    reasons = {r["agent"]: r for r in choice["reasons"]}  # type: ignore[attr-defined]
    assert (choice["agent"], reasons["anna"]["why"]) == ("ben", "cooling")

    world.clock.advance(3700)
    third = f"app-{world.issue('After the reset')}"
    world.rounds(lambda: world.place(third) == "done")
    assert [a.agent for a in world.task(third).attempts] == ["anna"]


def test_where_the_repository_waits_the_task_comes_back_at_the_told_time_to_the_same_agent(make: MakeWorld) -> None:
    world = make(on_quota="wait")
    world.play({"when": {"agent": "anna", "attempt": 1}, "steps": refused_half_way(reset_in=7200)}, {"steps": works()})
    world.issue()
    world.dispatch()
    world.work()
    task = world.task()
    assert (world.place(), [a.agent for a in task.attempts]) == ("inbox", ["anna"])
    told = (parse(task.not_before) - parse(task.attempts[0].ended)).total_seconds()
    assert 7100 < told < 7300, "the provider's own reset time"
    world.work()
    assert world.runs() == 1, "nothing runs before"
    world.clock.advance(7300)
    world.rounds(lambda: world.place() == "done")
    task = world.task()
    assert [(a.agent, a.spent) for a in task.attempts] == [("anna", False), ("anna", True)]
    assert world.shown("half.txt") == "first half\n"


def test_an_agent_whose_key_is_refused_costs_no_attempt_and_the_operator_is_told_once(world: World) -> None:
    world.play(
        {"when": {"agent": "anna"}, "steps": [{"error": {"class": "auth", "text": "401"}}]},
        {"steps": works("{task}.txt", "x")},
    )
    world.issue("One")
    world.dispatch()
    world.work()
    assert [(a.agent, a.spent) for a in world.task().attempts] == [("anna", False), ("ben", True)]
    second = world.issue("Two")
    world.dispatch()
    world.work()
    assert [a.agent for a in world.task(f"app-{second}").attempts] == ["anna", "ben"], "one refusal opens no breaker"
    told = [r for r in world.events(EventKind.ALERT) if r.data["subject"] == "agent:anna"]
    assert len(told) == 1


def test_an_agent_that_fails_five_times_in_an_hour_is_left_alone_and_then_probed_once(world: World) -> None:
    world.play(
        {"when": {"agent": "anna"}, "steps": [{"error": {"class": "server", "text": "503"}}]},
        {"steps": works("{task}.txt", "x")},
    )
    wanted = "Please.\n\n## Agent Preference\n\nanna\n"  # whoever is named goes first, however it did lately
    ids = []
    for n in range(6):
        ids.append(f"app-{world.issue(f'Number {n}', wanted)}")
        world.dispatch()
        world.work()
    tried = [[a.agent for a in world.task(id).attempts] for id in ids]
    assert tried == [["anna", "ben"]] * 5 + [["ben"]]
    choice = world.events(EventKind.ROUTED)[-1].data
    assert {r["agent"]: r["why"] for r in choice["reasons"]} == {"anna": "breaker", "ben": "chosen"}  # type: ignore[attr-defined]

    world.clock.advance(3700)
    world.play({"steps": works("{task}.txt", "x")})
    probe = f"app-{world.issue('The probe', wanted)}"
    world.dispatch()
    world.work()
    assert [a.agent for a in world.task(probe).attempts] == ["anna"], "it is asked again, and works: the breaker closes"
