"""What the loop asks models: within budgets, of nobody who could not run now, and no more than so often a day."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator import consult
from orchestrator.backlog import similar
from orchestrator.cli import ticking
from orchestrator.consult import Answer, NoAnswer
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.result import Usage
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Attempt, Task
from orchestrator.model.times import parse, stamp
from orchestrator.pipeline import asked
from orchestrator.planning import analysis, grooming, prose, wording
from orchestrator.state.asks import Asks
from orchestrator.state.store import CorruptState
from tests.journeys.conftest import MakeWorld
from tests.journeys.test_analyzer import failed
from tests.journeys.world import REPO, World, works

YES: dict[str, Any] = {"when": {"kind": "ask"}, "steps": [{"answer": {"ok": True}}]}


@pytest.fixture
def planned(make: MakeWorld) -> World:
    world = make(planner_agents=["anna", "ben"], board=False)
    world.play(YES, {"steps": works()})
    return world


def app(world: World) -> RepoSettings:
    found = world.settings.repo("app")
    assert found is not None
    return found


def ask(world: World, purpose: str = "plan") -> Answer | NoAnswer:
    return asked.ask(world.services, app(world), "Well?", {"ok": "flag"}, purpose=purpose)


def why(world: World) -> str:
    answer = ask(world)
    assert isinstance(answer, NoAnswer)
    return answer.reason


def whom(world: World) -> list[str]:
    return [str(r.data["agent"]) for r in world.events(EventKind.ASKED)]


def spent(world: World, agent: str, tokens: int) -> None:
    run = Attempt(n=1, agent=agent, started=stamp(world.services.now()))
    task = Task(id=TaskId("app-9"), repo=RepoName(REPO), title="t")
    world.services.spend.note(task, run, Usage(input_tokens=tokens), end=True)


def test_the_first_who_could_run_now_is_asked_and_of_the_others_nothing_is_recorded(planned: World) -> None:
    world = planned
    assert (ask(world), whom(world)) == (Answer(data={"ok": True}, agent="anna"), ["anna"])
    world.services.cooldowns.set("anna", stamp(world.services.now() + timedelta(hours=1)))
    assert (ask(world), whom(world)) == (Answer(data={"ok": True}, agent="ben"), ["anna", "ben"])
    world.clock.advance(3700)
    ask(world)
    assert whom(world) == ["anna", "ben", "anna"]


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"paused": True}, "anna: is paused by the operator"),
        ({"budget": {"day_tokens": 100}}, "anna: budget: anna spent 500 tokens of 100 tokens (agent day)"),
        ({"budget": {"window_tokens": 100, "window_hours": 5}}, "anna: budget: anna spent 500 tokens of 50 tokens"),
    ],
)
def test_nobody_is_asked_who_is_paused_or_over_budget(planned: World, setting: dict[str, Any], reason: str) -> None:
    world = planned
    world.config["agents"]["anna"] |= setting
    world.config["projects"]["main"]["repos"][0]["planner_agents"] = ["anna"]
    world.build()
    spent(world, "anna", 500)
    assert why(world).startswith(reason)
    assert whom(world) == []


def test_nobody_is_asked_over_the_repositorys_budget(planned: World) -> None:
    world = planned
    world.config["projects"]["main"]["repos"][0]["budgets"] = {"day_tokens": 100}
    world.build()
    spent(world, "ben", 500)
    assert "ada/app spent" in why(world)
    assert whom(world) == []


def test_an_answer_that_did_not_fit_may_use_up_the_budget(planned: World) -> None:
    world = planned
    world.config["projects"]["main"]["repos"][0]["budgets"] = {"day_tokens": 100}
    world.build()
    world.play({"when": {"kind": "ask"}, "steps": [{"usage": {"input": 200}}, {"answer": {"no": 1}}]})
    assert "ada/app spent" in why(world)
    assert whom(world) == ["anna"]


def test_a_limit_met_by_a_question_cools_the_agent_as_one_met_by_a_run_does(planned: World) -> None:
    world = planned
    world.play({"when": {"kind": "ask", "agent": "anna"}, "steps": [{"quota": {"reset_in": 7200}}]}, YES)
    assert ask(world) == Answer(data={"ok": True}, agent="ben")
    until = parse(world.services.cooldowns.until("anna")) - world.services.now()
    assert timedelta(seconds=7100) < until < timedelta(seconds=7300)
    ask(world)
    assert whom(world) == ["anna", "ben", "ben"]


def test_a_refused_key_met_by_a_question_is_the_operators_to_mend(planned: World) -> None:
    world = planned
    world.play({"when": {"kind": "ask"}, "steps": [{"error": {"class": "auth", "text": "401"}}]})
    answer = ask(world)
    assert isinstance(answer, NoAnswer)
    assert "anna: auth" in answer.reason
    assert "ben: auth" in answer.reason
    ask(world)
    told = [r.data["subject"] for r in world.events(EventKind.ALERT)]
    assert told == ["agent:anna", "agent:ben"], "once each"


def test_a_question_that_always_fails_is_asked_so_many_times_a_day_and_no_more(
    planned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = planned
    monkeypatch.setattr(asked, "MOST_A_DAY", 3)
    world.play({"when": {"kind": "ask"}, "steps": [{"answer": {"no": 1}}]})
    reasons = [why(world) for _ in range(3)]
    assert whom(world) == ["anna", "ben", "anna"], "each agent that is asked counts"
    assert reasons[1].endswith("; asked 3 times today")
    assert reasons[2] == "asked 3 times today"
    assert isinstance(ask(world, "groom"), NoAnswer)
    assert whom(world)[3:] == ["anna", "ben"], "each purpose for itself"
    world.clock.advance(24 * 3600)
    why(world)
    assert len(whom(world)) == 7


def test_nobody_is_asked_where_nobody_is_named(planned: World) -> None:
    repo = app(planned)
    nobody = replace(repo, cadence=replace(repo.cadence, planner_agents=()))
    answer = asked.ask(planned.services, nobody, "Well?", {"ok": "flag"}, purpose="plan")
    assert answer == NoAnswer(reason="no planner_agents")


def test_questions_noted_by_a_clock_that_was_set_back_hold_nobody_up(planned: World) -> None:
    asks, now = Asks(root=planned.settings.runtime / "state"), planned.services.now()
    assert asks.take("app", "plan", 1, now + timedelta(days=30))
    assert asks.take("App", "plan", 1, now)
    assert not asks.take("app", "plan", 1, now)
    (asks.root / "asks.json").write_text('{"app/plan": [7]}')
    with pytest.raises(CorruptState, match=r"asks\.json: app/plan"):
        asks.take("app", "plan", 1, now)


def test_five_idle_repositories_ask_once_a_cadence_at_most_though_every_question_fails(make: MakeWorld) -> None:
    """Three days of hourly ticks. What nobody answered is done without, once, and not asked again by the next tick."""
    repos = [REPO, *(f"ada/{name}" for name in "bcde")]
    cadences: dict[str, Any] = {"groomer_cadence_days": 1, "sprint_cadence_days": 1}
    world = make(more_repos=repos[1:], planner_agents=["anna"], board=False, **cadences)
    world.play({"when": {"kind": "ask"}, "steps": [{"error": {"class": "server", "text": "503"}}]})
    for n, repo in enumerate(repos):
        world.issue("Add a", ready=False, repo=repo)
        world.issue("Wish", "by a stranger", author="mallory", ready=False, repo=repo)
        failed(world, *range(10 * n, 10 * n + 3), repo=repo)
    days = []
    for hour in range(72):
        for role in ("scorer", "log_analyzer", "groomer", "planner"):
            ticking.once(world.services, role)
        world.clock.advance(3600)
        if hour % 24 == 23:
            days.append(Counter((r.data["purpose"], r.repo) for r in world.events(EventKind.ASKED)))
    asks = days[-1]
    assert {purpose for purpose, _ in asks} == {"plan", "groom", "analyze"}
    assert max(days[0].values()) == 1, "on the first day each once"
    assert all(n <= 3 for n in asks.values()), asks
    assert all(n == 1 for (purpose, _), n in asks.items() if purpose == "analyze"), "the analyzer's cadence is the week"
    assert world.crashes() == []


def test_what_an_agent_says_in_place_of_an_answer_stands_in_the_reason(planned: World) -> None:
    world = planned
    world.config["agents"]["tool"] = {"adapter": "shell", "command": "echo Which repository do you mean?"}
    world.config["projects"]["main"]["repos"][0]["planner_agents"] = ["tool"]
    world.build()
    assert why(world) == "tool: no JSON object in it; it said: Which repository do you mean?"
    assert world.events(EventKind.ASKED)[-1].data["why"] == why(world)


def test_what_the_page_tells_a_shell_agent_to_answer_is_taken(planned: World) -> None:
    page = (Path(__file__).parents[2] / "docs" / "planning.md").read_text()
    assert consult.check(page.partition("```json\n")[2].partition("```")[0], wording.SCHEMA) == {
        "promote": ["12", "7"],
        "rationales": ["Half of the visitors leave there.", "Errors hide the rest."],
        "focus": "The checkout.",
    }
    for schema in (wording.SCHEMA, grooming.SCHEMA, analysis.SCHEMA, similar.SCHEMA, prose.SCHEMA):
        (row,) = [line for line in page.splitlines() if all(f"`{key}` {kind}" in line for key, kind in schema.items())]
        assert row.startswith("| ")
    world = planned
    script = world.tmp / "agent.sh"
    script.write_text(page.partition("```sh\n")[2].partition("```")[0])
    world.config["agents"]["tool"] = {"adapter": "shell", "command": f"sh {script}"}
    world.config["projects"]["main"]["repos"][0]["planner_agents"] = ["tool"]
    world.build()
    answer = asked.ask(world.services, app(world), "Plan.", wording.SCHEMA, purpose="plan")
    assert answer == Answer(data={"promote": [], "rationales": [], "focus": ""}, agent="tool")
    assert why(world).startswith("tool: unknown exit code 3")
