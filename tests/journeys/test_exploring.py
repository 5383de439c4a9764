"""What the metrics tell reaches the choice of the agent, and the ledger says why somebody went out of turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.result import BlockerCode, Status, Usage
from orchestrator.model.task import Task, TaskType
from orchestrator.pipeline import choosing
from orchestrator.policy import explore
from orchestrator.policy.route import Route
from orchestrator.state.week import Weeks
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World
from tests.policy.builders import attempt, task

LUCKY = next(n for n in range(1, 99) if explore.chosen(f"app-{n}"))
PLAIN = next(n for n in range(1, 99) if not explore.chosen(f"app-{n}"))
LOST: dict[str, Any] = {"status": Status.BLOCKED, "blocker_code": BlockerCode.TEST_FAILURE}


def ran(world: World, agent: str, count: int, *, usd: float | None = None, of: str = "old", **changes: Any) -> None:
    for n in range(count):
        work = new(f"{of}-{agent}-{n}")
        world.services.metrics.attempt(work, attempt(agent=agent, usage=Usage(cost_usd=usd), **changes))


def new(id: str, **changes: Any) -> Task:
    return task(id=TaskId(id), repo=RepoName(REPO), **changes)


def choose(world: World, n: int, **changes: Any) -> Route:
    repo = world.settings.repos[0]
    got = choosing.choose(world.services, new(f"app-{n}", **changes), repo, {"anna": "", "ben": ""})
    assert isinstance(got, Route), got
    return got


def test_a_tenth_of_the_tasks_goes_to_who_is_little_known_and_the_ledger_says_so(world: World) -> None:
    ran(world, "anna", explore.SETTLED)
    while world.issue(ready=False) < LUCKY - 1:
        pass
    assert world.issue() == LUCKY
    world.dispatch()
    world.work()
    (routed,) = world.events(EventKind.ROUTED)
    told = {r["agent"]: r for r in routed.data["reasons"]}  # type: ignore[attr-defined]
    assert (routed.data["agent"], told["ben"]["why"], told["anna"]["why"]) == ("ben", "explored", "after")
    assert "0 runs in a week, anna 5" in told["ben"]["words"]
    assert choose(world, LUCKY, type=TaskType.DOCS).agent == "anna", "nothing is known of docs"


def test_who_does_badly_is_put_back_and_probed_once_the_others_had_twenty_tasks(world: World) -> None:
    ran(world, "anna", 9, **LOST)
    world.clock.advance(60)
    ran(world, "ben", explore.PROBE_AFTER - 1)
    assert choose(world, PLAIN).agent == "ben"
    ran(world, "ben", 1, of="one-more")
    assert choose(world, PLAIN).agent == "anna"
    world.clock.advance(60)
    ran(world, "anna", 1, of="probe", **LOST)
    assert choose(world, PLAIN).agent == "ben", "the probe failed"


def test_money_counts_where_it_is_paid_and_not_where_a_subscription_only_names_it(make: MakeWorld) -> None:
    world = make()
    ran(world, "anna", 6, usd=0.9)
    ran(world, "ben", 6, usd=0.3)
    assert choose(world, PLAIN).agent == "ben"
    world.config["agents"]["anna"]["login"] = str(world.tmp)
    world.build()
    assert choose(world, PLAIN).agent == "anna"


def test_what_the_gate_refused_stands_in_the_metrics(world: World) -> None:
    ran(world, "anna", 1, findings=("size_budget: too large",))
    ran(world, "ben", 1)
    now = world.clock.now()
    runs = Weeks(runtime=world.settings.runtime).between(now - timedelta(days=1), now).runs
    assert [(r.agent, r.refused) for r in runs] == [("anna", True), ("ben", False)]
    assert replace(runs[0], refused=False).status is Status.COMPLETE
