"""Whoever only looks sees what would be done, and leaves nothing behind: no alert, no event, no issue, no question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import app, here, plans, ticking
from orchestrator.model.event import EventKind
from orchestrator.operations import plans as orders
from tests.journeys.conftest import MakeWorld
from tests.journeys.test_groomer import WHOLE, groom, ours
from tests.journeys.test_outcomes import SALES, after, at, evidence, objective, ship
from tests.journeys.test_planner import planned, tick
from tests.journeys.world import World

CACHES = ("repos", "etags", "locks", "idle", "accounts", "state/filed")
"""What is only remembered of GitHub, and what nobody reads."""


def standing(world: World) -> dict[str, bytes]:
    files = [p for p in world.settings.runtime.rglob("*") if p.is_file()]
    told = {str(p.relative_to(world.settings.runtime)): p for p in files}
    return {name: Path(p).read_bytes() for name, p in told.items() if not any(c in name for c in CACHES)}


def look(world: World, role: str) -> list[str]:
    return ticking.once(world.services, role, dry_run=True)


def test_plan_now_dry_writes_nothing_also_where_there_is_much_to_tell(make: MakeWorld) -> None:
    """A broken objective is an alert, and feedback that is old is read anew and told, when it is for real."""
    gone = {"name": "Gone", "type": "file", "path": "gone.md", "signal_class": "analytics"}
    world = planned(make, production_feedback={"enabled": True, "inputs": [gone]})
    world.settings.objectives_dir.mkdir(parents=True, exist_ok=True)
    (world.settings.objectives_dir / "app.yaml").write_text("metrics: none\n")
    number = world.issue("Wish", ready=False)
    before = standing(world)
    did = orders.now(world.services, "app", "olga", dry_run=True)
    assert did.plan is not None
    assert [i.issue for i in did.plan.items] == [number]
    look(world, "planner")
    assert standing(world) == before

    orders.now(world.services, "app", "olga")
    assert world.events(EventKind.FED) != []
    assert any(a.data["subject"] == "objective:app" for a in world.events(EventKind.ALERT))


def test_a_dry_tick_of_the_planner_says_which_plan_waits(make: MakeWorld) -> None:
    world = planned(make, plan_approval="required")
    world.issue("Wish", ready=False)
    assert look(world, "planner") == ["ada/app: would be planned"]
    tick(world)
    pending = world.services.plans.pending("app")
    assert pending is not None
    assert look(world, "planner") == [f"ada/app: a plan waits: {pending.id}, until {pending.expires}"]
    assert f"a plan waits: {pending.id}" in orders.now(world.services, "app", "olga", dry_run=True).words


def test_the_scorer_says_how_many_outcomes_are_due_and_then_what_came_of_them(make: MakeWorld) -> None:
    world = make(outcome_attribution={"enabled": True}, planner_agents=["anna"])
    objective(world, SALES)
    ship(world, 7, -8, "sales", baseline=(("sales", 100.0),))
    ship(world, 8, -8, "typo")
    ship(world, 9, -1, "sales")
    evidence(world, "sales_post_merge.yaml", value=120, observed_at=at(world))
    before = standing(world)
    assert look(world, "scorer") == ["app: 2 outcomes are due", "would score the week"]
    assert standing(world) == before
    did = ticking.once(world.services, "scorer")
    assert did[0] == "app: 2 outcomes: 1 improved, 1 inconclusive (missing_config)"
    assert look(world, "scorer") == []
    after(world, 7)
    (world.settings.evidence_dir / "app" / "sales_post_merge.yaml").unlink()
    assert look(world, "scorer")[0] == "app: 1 outcome is due"
    ticking.once(world.services, "scorer")
    assert not [line for line in look(world, "scorer") if "due" in line], "it is tried again in six hours"


def test_the_groomer_says_what_it_would_draft_and_asks_no_model(make: MakeWorld) -> None:
    world = make(files=WHOLE, planner_agents=["anna"])
    before = standing(world)
    assert look(world, "groomer") == [
        "ada/app: would draft: Known issue: Sums of halves are rounded down",
        "ada/app: would draft: Known issue: The importer drops rows",
    ]
    assert standing(world) == before
    assert ours(world) == []
    assert [world.events(kind) for kind in (EventKind.ASKED, EventKind.NOT_FILED, EventKind.GROOMED)] == [[], [], []]
    groom(world)
    assert len(ours(world)) == 2
    world.clock.advance(7 * 86_400)
    assert look(world, "groomer") == ["ada/app: would be groomed; nothing to draft"]


def test_status_tells_which_plan_waits_and_which_objective_cannot_be_used(
    make: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = planned(make, plan_approval="required")
    monkeypatch.setattr(app, "services", lambda kind, id: world.services)
    quiet = CliRunner().invoke(app.main, ["status"], catch_exceptions=False).output
    assert quiet.splitlines()[0] == "no tasks yet"
    assert len(quiet.splitlines()) == 2, quiet
    world.issue("Wish", ready=False)
    tick(world)
    world.settings.objectives_dir.mkdir(parents=True, exist_ok=True)
    (world.settings.objectives_dir / "app.yaml").write_text("metrics: none\n")
    told = CliRunner().invoke(app.main, ["status"], catch_exceptions=False).output
    pending = world.services.plans.pending("app")
    assert pending is not None
    assert f"ada/app: a plan waits: {pending.id}, until {pending.expires}" in told
    assert "ada/app: objective app.yaml:1: metrics" in told
    assert "nothing" not in told
    seen = json.loads(CliRunner().invoke(app.main, ["status", "--json"], catch_exceptions=False).output)
    assert len(seen["plans"]) == 1
    assert seen["objectives"] != []


def test_why_a_person_rejects_a_plan_is_kept_with_it(make: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = planned(make, plan_approval="required")
    world.issue("Wish", ready=False)
    tick(world)
    pending = world.services.plans.pending("app")
    assert pending is not None
    monkeypatch.setattr(here, "services", lambda kind, id: world.services)
    words = ["reject", pending.id, "--why", "Not before\n the release."]
    assert CliRunner().invoke(plans.commands, words, catch_exceptions=False).exit_code == 0
    kept = world.services.plans.get(pending.id)
    assert kept is not None
    assert kept.note.endswith("rejected: Not before the release.")
    (order,) = world.events(EventKind.ORDER)
    assert order.data["why"] == "Not before the release."
    assert "rejected: Not before" in CliRunner().invoke(plans.commands, ["show"], catch_exceptions=False).output
