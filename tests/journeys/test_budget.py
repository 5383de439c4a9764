"""Money: a runaway is stopped at its cap with its work kept, and a day that is spent starts nothing more."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from orchestrator import operations, wiring
from orchestrator.github import pulls
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.result import FailureClass, Status, Usage
from orchestrator.model.task import Attempt, Folder, Task
from orchestrator.model.times import stamp
from orchestrator.operations import money
from orchestrator.pipeline import attempt, guard
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works

RUNAWAY = [
    {"write": {"path": "half.txt", "text": "first half\n"}},
    {"commit": "half of it"},
    {"spend": {"steps": 600, "every": 0.05, "input": 1000, "cost": 0.01}},
    *works("never.txt"),
]


def costs(usd: float, tokens: int = 1000, path: str = "{task}.txt") -> list[dict[str, Any]]:
    return [{"usage": {"input": tokens, "output": 0, "cost": usd}}, *works(path, "x")]


def midnight(world: World) -> None:
    """Two minutes into the next UTC day."""
    now = world.services.now().astimezone(UTC)
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=2, second=0, microsecond=0)
    world.clock.advance((tomorrow - now).total_seconds())


def alerts(world: World, word: str) -> list[str]:
    return [str(r.data["text"]) for r in world.events(EventKind.ALERT) if word in str(r.data["subject"])]


def test_a_runaway_is_stopped_at_its_cap_once_and_another_agent_finishes_its_work(make: MakeWorld) -> None:
    world = make(budgets={"run_usd": 0.1})
    world.play({"when": {"agent": "anna"}, "steps": RUNAWAY}, {"steps": [{"run": "test -f half.txt"}, *works()]})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    anna, ben = world.task().attempts
    assert (anna.agent, anna.failure, anna.status, anna.spent) == ("anna", FailureClass.BUDGET, Status.PARTIAL, True)
    assert "of 0.10 USD (run)" in anna.summary
    assert anna.usage.cost_usd is not None
    assert 0.1 < anna.usage.cost_usd < 3, "stopped soon after its cap, of 6 USD that it would have spent"
    assert (ben.agent, ben.failure) == ("ben", FailureClass.NONE)
    assert world.shown("half.txt") == "first half\n", "what it had done is kept, and merged"
    assert len([r for r in world.events(EventKind.AGENT_ENDED) if r.data["failure"] == "budget"]) == 1


def test_a_task_that_has_spent_its_budget_is_escalated_once_for_that_and_its_work_is_kept(make: MakeWorld) -> None:
    world = make(budgets={"run_usd": 0.1, "task_usd": 0.11})
    world.play({"steps": RUNAWAY})
    world.issue()
    for _ in range(3):
        world.round()
    task = world.task()
    assert (world.place(), len(task.attempts)) == ("escalated", 1)
    assert "budget: app-1 spent" in task.reason
    assert "(task)" in task.reason
    assert len(world.events(EventKind.ESCALATED)) == 1
    assert task.candidate_sha is not None
    kept = world.services.repository(world.settings.repos[0]).read(task.candidate_sha, "half.txt")
    assert kept == b"first half\n"


def test_a_day_that_is_spent_dispatches_and_claims_nothing_says_so_once_and_the_next_day_goes_on(
    make: MakeWorld,
) -> None:
    world = make(budgets={"day_usd": 1.0})
    world.play({"steps": costs(1.2)})
    number = world.issue("Dear")
    world.dispatch()
    world.work()
    waiting = world.issue("Waits in the inbox")
    (world.services.mailbox.root / "inbox" / "by-hand.md").write_text(
        "---\nrepo: ada/app\ntitle: By hand\n---\n\nGo.\n"
    )
    claimed = len(world.events(EventKind.CLAIMED))
    for _ in range(3):
        world.round()
    assert world.place(f"app-{number}") == "done", "what is paid for is published and merged all the same"
    assert world.place(f"app-{waiting}") == "nowhere"
    assert world.column(waiting) == "Ready"
    assert (world.place("by-hand"), world.runs(), len(world.events(EventKind.CLAIMED))) == ("inbox", 1, claimed)
    told = alerts(world, "budget:repository day")
    assert len(told) == 1
    assert "ada/app spent 1.20 USD of 1.00 USD" in told[0]
    assert len(world.events(EventKind.OVER_BUDGET)) == 1
    assert "budget: ada/app spent" in operations.status(world.services).waits
    assert len([r for r in world.events(EventKind.NOT_DISPATCHED) if r.data["reason"] == "over_budget"]) == 1

    midnight(world)
    world.play({"steps": costs(0.1)})
    world.rounds(lambda: {world.place(f"app-{waiting}"), world.place("by-hand")} <= {"done", "review"})
    assert operations.status(world.services).waits == ""


def test_what_other_workers_spend_meanwhile_stops_a_run_too(make: MakeWorld) -> None:
    world = make(budgets={"day_usd": 5.0, "run_usd": 0, "task_usd": 0})
    other = at_work(world, "app-9")
    world.services.spend.note(other, other.attempts[0], usage(4.9))
    repo, anna = world.settings.repos[0], world.settings.agents[0]
    watch = guard.guard(world.services, at_work(world, "app-1"), repo, anna, every=0)
    assert watch(usage(0.05)) == ""
    world.services.spend.note(other, other.attempts[0], usage(5.2))
    assert watch(usage(0.06)) == "budget"


def test_a_subscriptions_share_is_left_alone_until_its_window_has_passed(make: MakeWorld) -> None:
    world = make(budgets={"subscription_share": 0.5})
    world.config["agents"]["anna"]["budget"] = {"window_tokens": 2000, "window_hours": 5}
    world.build()
    world.play({"steps": [{"usage": {"input": 1200, "output": 0}}, *works("{task}.txt", "x")]})
    first, second = f"app-{world.issue('One')}", f"app-{world.issue('Two')}"
    world.dispatch()
    world.work()
    assert [[a.agent for a in world.task(id).attempts] for id in (first, second)] == [["anna"], ["ben"]]
    choice = world.events(EventKind.ROUTED)[-1].data
    assert {r["agent"]: r["why"] for r in choice["reasons"]} == {"anna": "budget", "ben": "chosen"}  # type: ignore[attr-defined]
    world.clock.advance(5.5 * 3600)
    third = f"app-{world.issue('Three')}"
    world.dispatch()
    world.work()
    assert [a.agent for a in world.task(third).attempts] == ["anna"]


def test_an_agents_own_day_is_told_once_and_the_others_work_on(make: MakeWorld) -> None:
    world = make()
    world.config["agents"]["anna"]["budget"] = {"day_usd": 1.0}
    world.build()
    world.play({"steps": costs(1.5)})
    ids = [f"app-{world.issue(f'Number {n}')}" for n in range(3)]
    world.dispatch()
    world.work()
    assert [[a.agent for a in world.task(id).attempts] for id in ids] == [["anna"], ["ben"], ["ben"]]
    (told,) = alerts(world, "budget:agent day:anna")
    assert "It is passed over until then." in told
    assert operations.status(world.services).waits.startswith("budget: anna spent 1.50 USD of 1.00 USD (agent day)")


def test_a_paused_agent_is_passed_over(make: MakeWorld) -> None:
    world = make()
    world.config["agents"]["anna"]["paused"] = True
    world.build()
    world.issue()
    world.dispatch()
    world.work()
    assert [a.agent for a in world.task().attempts] == ["ben"]


def test_a_cap_of_one_run_holds_though_several_workers_choose_at_once(make: MakeWorld) -> None:
    world = make()
    world.config["agents"]["anna"]["max_parallel"] = 1
    world.build()
    world.play({"steps": [{"sleep": 1.5}, *works("{task}.txt", "x")]})
    ids = [f"app-{world.issue(f'Number {n}')}" for n in range(4)]
    world.dispatch()

    def work(id: str) -> None:
        mine = wiring.build(world.settings, world.env, kind="worker", id=id)
        attempt.work(mine, TaskId(id))
        mine.github.close()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, ids))
    assert sorted(world.task(id).attempts[0].agent for id in ids) == ["anna", "ben", "ben", "ben"]


def test_who_waits_for_an_agent_at_its_cap_is_back_in_the_inbox_and_charged_nothing(make: MakeWorld) -> None:
    world = make(agents=("anna",))
    world.config["agents"]["anna"]["max_parallel"] = 1
    world.build()
    world.issue()
    world.dispatch()
    other = at_work(world, "app-9")
    world.services.mailbox.put(other, Folder.HOLD)
    with world.services.mailbox.claim(other.id) as claim:
        assert claim is not None
        world.services.spend.note(other, replace(other.attempts[0], agent="anna"), Usage())
        world.work()
        assert (world.place(), world.runs()) == ("inbox", 0)
        assert "1 of at most 1 runs of it are under way" in world.task().reason
    world.clock.advance(70)
    world.work()
    assert world.place() == "review", "its worker is gone, so is its run"


def test_estimate_and_cost_stand_in_the_pull_request_and_the_ledger_and_unknown_is_said(make: MakeWorld) -> None:
    world = make()
    world.play({"steps": costs(0.5, 2000)})
    ids = [f"app-{world.issue(f'Number {n}')}" for n in range(5)]
    world.rounds(lambda: all(world.place(id) == "done" for id in ids), most=30)
    bodies = [str(p["body"]) for p in world.pulls()]
    assert "Cost: 0.50 USD (no estimate: only 0 tasks of its kind finished so far)" in bodies[0]
    world.play({"steps": [{"usage": {"input": 900, "output": 100}}, *works("{task}.txt", "x")]})
    last = f"app-{world.issue('The sixth')}"
    world.rounds(lambda: world.place(last) == "done")
    body = str(world.pulls()[-1]["body"])
    assert "Cost: unknown, 1,000 tokens (estimated 0.50 to 0.50 from 5 tasks of its kind, 67% sure)" in body
    events = [r.data for r in world.events(EventKind.ESTIMATED) if r.task == last]
    assert [e["usd_low"] for e in events] == ["0.5", "0.5"]
    assert (events[-1]["ending"], events[-1]["held"], events[-1]["tokens"]) == ("merged", "below", "1000")


def test_repairs_are_settled_in_the_pull_request_and_what_a_person_wrote_there_stays(make: MakeWorld) -> None:
    world = make(ci={"slow": "test -f good.txt"})
    world.play({"when": {"kind": "ci"}, "steps": costs(0.25, path="good.txt")}, {"steps": costs(0.5)})
    world.issue()
    world.round()
    (pull,) = world.pulls()
    assert "Cost: 0.50 USD (no estimate" in pull["body"]
    number = world.pull_number()
    mine = pulls.body(world.services.github, RepoName(REPO), number)
    text = world.services.redact(f"Ada says: mind the gap. Cost: my nerves.\n\n{mine}")
    pulls.edit(world.services.github, RepoName(REPO), number, body=text)
    world.rounds(lambda: world.place() == "done")
    body = str(world.pulls()[0]["body"])
    assert body == str(text).replace("Cost: 0.50 USD", "Cost: 0.75 USD")
    assert any("- Cost: 0.75 USD" in c.body for c in world.comments(1)), "the issue is told, too"


def test_cost_is_told_by_task_issue_agent_repository_and_day_and_per_merged_pull_request(make: MakeWorld) -> None:
    world = make()
    world.play({"when": {"title": "Blocked"}, "steps": [{"usage": {"input": 10, "output": 5, "cost": 0.5}}, *works()]},
               {"steps": costs(1.0)})  # fmt: skip
    one, two = world.issue("One"), world.issue("Two")
    world.rounds(lambda: world.place(f"app-{one}") == world.place(f"app-{two}") == "done")
    by = {each: money.cost(world.services, by=each) for each in money.By}
    assert [(line.name, line.usd) for line in by[money.By.TASK].lines] == [(f"app-{one}", 1.0), (f"app-{two}", 1.0)]
    assert [line.name for line in by[money.By.ISSUE].lines] == [f"ada/app#{one}", f"ada/app#{two}"]
    assert [(line.name, line.usd, line.runs) for line in by[money.By.AGENT].lines] == [("anna", 2.0, 2)]
    assert [line.name for line in by[money.By.REPO].lines] == ["ada/app"]
    today = f"{world.services.now():%Y-%m-%d}"
    assert [line.name for line in by[money.By.DAY].lines] == [today]
    assert (by[money.By.DAY].merged, by[money.By.DAY].usd_per_merged) == (2, 1.0)
    lines = (world.settings.runtime / "state" / "spend").glob("????-??.jsonl")
    shown = [json.loads(line) for file in lines for line in file.read_text().splitlines()]
    assert {line["end"] for line in shown} == {False, True}, "a line at the start, one at the end, for people to read"


def usage(usd: float, tokens: int = 1) -> Usage:
    return Usage(input_tokens=tokens, cost_usd=usd, source="provider")


def at_work(world: World, id: str) -> Task:
    """A task that some worker has."""
    first = Attempt(n=1, agent="ben", started=stamp(world.services.now()))
    return Task(id=TaskId(id), repo=RepoName("ada/app"), title="t", attempts=(first,))
