"""The scorer's week: found from what was recorded, written once a Monday, also when there is nothing to write."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import yaml

from orchestrator.cli import ticking
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.objective import Interpretation
from orchestrator.model.outcome import Measured
from orchestrator.model.result import BlockerCode, Status
from orchestrator.model.times import parse, stamp
from orchestrator.planning import scoring
from orchestrator.policy.slots import latest
from orchestrator.state.findings import Findings
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, says
from tests.policy.builders import attempt, task

WEEK = timedelta(days=7)


def go_to(world: World, at: datetime) -> None:
    assert world.clock.file is not None
    world.clock.file.write_text(f"{world.clock.offset() + (at - world.clock.now()).total_seconds()}\n")


def next_monday(world: World) -> datetime:
    """Goes to the next slot, a minute into it."""
    slot = latest(scoring.SLOT, world.clock.now()) + WEEK
    go_to(world, slot + timedelta(minutes=1))
    return slot


def tick(world: World) -> list[str]:
    return ticking.once(world.services, "scorer")


def findings(world: World) -> Findings:
    return Findings(runtime=world.settings.runtime)


def written(world: World) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(findings(world).path.read_text())
    return found


def ids(world: World) -> list[str]:
    return [f.id for f in findings(world).read(world.clock.now())]


def ran(world: World, agent: str, good: int, bad: int, code: BlockerCode = BlockerCode.QUOTA_LIMITED) -> None:
    """Runs of an hour ago, as the metrics tell them."""
    for n in range(good + bad):
        work = task(id=TaskId(f"app-{agent}-{n}"), repo=RepoName(REPO))
        failed: dict[str, Any] = {} if n < good else {"status": Status.BLOCKED, "blocker_code": code}
        world.services.metrics.attempt(work, attempt(agent=agent, **failed))


def objective(world: World) -> None:
    metric = {"id": "conversion", "weight": 1, "outcome_check": {"type": "file", "path": "x.yaml"}}
    world.settings.objectives_dir.mkdir(exist_ok=True)
    text = yaml.safe_dump({"primary_outcome": "Earn.", "metrics": [metric]})
    (world.settings.objectives_dir / "app.yaml").write_text(text)


def measured(world: World, pull: int, what: Interpretation) -> None:
    value = Measured(
        repo=RepoName(REPO),
        task=f"app-{pull}",
        issue=pull,
        pull=pull,
        check="conversion",
        direction="type:implementation",
        interpretation=what,
        movement=-0.1,
        at=stamp(world.clock.now() - timedelta(hours=1)),
    )
    world.services.outcomes.measure(value)


def test_on_monday_what_the_agents_did_is_found_once_and_no_issue_is_opened(make: MakeWorld) -> None:
    world = make(agents=("anna",), max_attempts=1)
    tick(world)
    world.play({"steps": says("blocked", "missing_credentials")})
    for n in range(4):
        world.issue(f"Task {n}")
    world.dispatch()
    world.work()
    assert tick(world) == [], "not before the slot"
    slot = latest(scoring.SLOT, world.clock.now()) + WEEK
    go_to(world, slot - timedelta(minutes=1))
    assert tick(world) == [], "nor a minute before it"
    go_to(world, slot)
    before = world.admin.snapshot()
    assert tick(world) == ["the week is scored: 3 scores, 1 findings"]
    (found,) = findings(world).read(world.clock.now())
    assert found.id == f"agent_remediation:anna:{REPO}:authentication"
    assert (found.tasks, found.failures, found.rate, len(found.evidence)) == (4, 4, 0.0, 4)
    lines = (world.settings.runtime / "metrics" / "agent_stats.jsonl").read_text().splitlines()
    assert {e.removeprefix("run:") for e in found.evidence} <= {json.loads(line)["key"] for line in lines}
    assert f"`{found.id}`" in findings(world).report.read_text()
    assert tick(world) == [], "the slot is done"
    assert world.admin.snapshot() == before, "nothing on GitHub changed"
    told = [e.data for e in world.events(EventKind.SCORED) if e.data["what"] == "week"]
    assert [t["findings"] for t in told] == [[], [found.id]]
    assert told[1]["agents"] == [{"agent": "anna", "tasks": 4, "successes": 0, "merged": 0}]
    assert world.crashes() == []


def test_d30_an_empty_week_writes_an_empty_and_dated_file(world: World) -> None:
    ran(world, "anna", 1, 4)
    tick(world)
    assert ids(world) == [f"agent_remediation:anna:{REPO}:quota"]
    next_monday(world)
    week_after = next_monday(world)
    tick(world)
    assert parse(written(world)["generated_at"]) >= week_after
    assert (written(world)["scores"], written(world)["findings"]) == ([], [])
    assert "No agent ran." in findings(world).report.read_text()


def test_findings_nobody_renewed_are_not_read(world: World) -> None:
    ran(world, "anna", 1, 4)
    tick(world)
    for days, read in ((7.9, 1), (0.2, 0)):
        world.clock.advance(days * 86400)
        assert len(ids(world)) == read
    world.clock.advance(-17 * 86400)
    assert ids(world) == [], "written by a clock that stood ahead"


def test_d14_an_objective_that_nothing_shipped_against_has_not_regressed(world: World) -> None:
    objective(world)
    tick(world)
    assert ids(world) == []
    measured(world, 1, Interpretation.REGRESSED)
    measured(world, 2, Interpretation.IMPROVED)
    next_monday(world)
    tick(world)
    assert ids(world) == []
    measured(world, 3, Interpretation.REGRESSED)
    measured(world, 4, Interpretation.REGRESSED)
    next_monday(world)
    tick(world)
    (found,) = findings(world).read(world.clock.now())
    assert (found.id, found.score, found.coverage) == (f"business_objective:{REPO}", -0.5, 1.0)
    assert set(found.evidence) == {f"outcome:app-{n}/conversion" for n in (1, 3, 4)}


def test_a_dispatcher_only_repository_is_not_scored(make: MakeWorld) -> None:
    world = make(automation_mode="dispatcher_only")
    objective(world)
    measured(world, 1, Interpretation.REGRESSED)
    tick(world)
    assert ids(world) == []
    assert written(world)["findings"] == []


def test_killed_before_the_slot_was_noted_it_writes_the_same_again_and_tells_it_once(world: World) -> None:
    ran(world, "anna", 1, 4)
    tick(world)
    first = written(world)
    (world.settings.runtime / "state" / "slots.json").unlink()
    assert tick(world) == ["the week is scored: 3 scores, 1 findings"]
    assert {**written(world), "generated_at": ""} == {**first, "generated_at": ""}
    assert len(world.events(EventKind.SCORED)) == 1


def test_a_machine_that_slept_for_weeks_scores_one_week(world: World) -> None:
    tick(world)
    world.clock.advance(31 * 86400)
    assert [bool(tick(world)) for _ in range(3)] == [True, False, False]


def test_one_repositorys_trouble_keeps_nobody_from_being_scored(world: World) -> None:
    (world.settings.runtime / "metrics" / "outcome_attribution.jsonl").mkdir(parents=True)
    objective(world)
    ran(world, "anna", 1, 4)
    tick(world)
    assert ids(world) == [f"agent_remediation:anna:{REPO}:quota"]
    assert len(world.crashes()) == 1


def test_a_peer_in_the_same_repository_is_named(world: World) -> None:
    ran(world, "anna", 1, 4, BlockerCode.TIMEOUT)
    ran(world, "ben", 4, 0)
    week = scoring.score_week(world.services, world.clock.now())
    assert [(f.cause.value, f.peer) for f in week.findings] == [("model_selection", "ben")]
    assert week == findings(world).week()
    assert week.whole
