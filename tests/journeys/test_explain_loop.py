"""`explain` and `objective show` about the loop: what is expected, what is measured, and what that waits for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from orchestrator.cli import explaining
from orchestrator.model.event import EventKind
from orchestrator.operations import objectives
from orchestrator.operations.explain import explain
from tests.journeys.conftest import MakeWorld
from tests.journeys.test_outcomes import ERRORS, SALES, after, at, evidence, exported, measure, measured, ship
from tests.journeys.world import REPO, World

__all__ = ["measured"]
BARE = {"id": "mood", "direction": "increase"}


def hypothesis(world: World, number: int = 1) -> tuple[str, ...]:
    return explain(world.services, f"{REPO}#{number}").hypothesis


def outcomes(world: World, number: int = 1) -> tuple[str, ...]:
    return explain(world.services, f"{REPO}#{number}").outcomes


def wish(metric: str = "sales", expected: str = "up 5%") -> str:
    return f"## Goal\nx\n\n## Hypothesis\nmetric: {metric}\nexpected: {expected}\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (wish(), "sales is to go up; on record as soon as its task is made"),
        (wish(expected="better"), "not on record: `expected:` is not like `up 5%` or `down`"),
        (
            wish("sale"),
            "not on record: sale: neither the configuration nor the objective knows it (did you mean sales?)",
        ),
        (wish("mood"), "not on record: mood: the objective's metric mood has no outcome_check"),
    ],
)
def test_a_hypothesis_is_told_or_why_it_is_none(measured: Callable[..., World], body: str, said: str) -> None:
    world = measured(SALES, BARE)
    world.issue(body=body)
    assert hypothesis(world) == (said,)
    world.dispatch()
    assert world.place() == "inbox"
    if said.startswith("not"):
        assert hypothesis(world) == (said,)
    else:
        assert hypothesis(world)[0].startswith("sales goes up by at least 5 % within 7 days; written down ")


def test_without_the_switch_it_is_said_where_something_was_asked_for(make: MakeWorld) -> None:
    world = make()
    off = "nothing is measured here: outcome_attribution is off"
    world.issue(body=wish() + "\n## Outcome Checks\n- sales\n")
    world.issue("Other", "Plain.")
    assert (hypothesis(world), outcomes(world)) == ((f"not on record: {off}",), (off,))
    assert (hypothesis(world, 2), outcomes(world, 2)) == ((), ())


def test_checks_of_an_issue_are_told_with_the_unknown_and_what_is_no_id(
    measured: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = measured(SALES, ERRORS)
    world.issue(body="Do.\n\n## Outcome Checks\n- slaes\n- Visitors who sign up\n", ready=False)
    assert outcomes(world) == (
        '"Visitors who sign up" is no id, and is ignored: ids are single words',
        "slaes: neither the configuration nor the objective knows it (did you mean sales?)",
        "sales: is read from sales_post_merge.yaml 7 days after the merge",
        "errors: is read from errors_post_merge.yaml 7 days after the merge",
    )
    monkeypatch.setattr(explaining, "services", lambda kind, id: world.services)
    plain = CliRunner().invoke(explaining.explain, [f"{REPO}#1"], catch_exceptions=False).output
    assert "outcome: slaes: neither the configuration" in plain


def test_why_an_outcome_waits_from_the_merge_to_its_end(measured: Callable[..., World]) -> None:
    world = measured(SALES, ERRORS)
    number = world.issue(ready=False)
    ship(world, 7, 0, "sales", "errors", "typo", issue=number, baseline=(("sales", 100.0),))
    over = at(world, days=7)
    assert outcomes(world) == (
        f"sales: too early: it is measured from {over}",
        f"errors: too early: it is measured from {over}",
        "typo: neither the configuration nor the objective knows it; the scorer will note it so",
    )
    after(world, 7)
    assert outcomes(world)[0] == "sales: waits for the guard errors, which is not measured yet"
    assert outcomes(world)[1].endswith(": the scorer's next tick reads it")
    measure(world)
    sales, errors, typo = outcomes(world)
    assert sales == "sales: waits for the guard errors, which is not measured yet"
    assert errors.startswith("errors: tried 1 time: errors_post_merge.yaml: not there")
    assert f"; tried again after {at(world, hours=6)[:13]}" in errors
    assert objectives.show(world.services, "app").waiting == (f"#7 {sales}", f"#7 {errors}", f"#7 {typo}")
    events = len(world.events(EventKind.MEASURED))

    exported(world, "errors_post_merge.yaml", 10, 10)
    evidence(world, "sales_post_merge.yaml", value=120, observed_at=at(world))
    after(world, 0.3)
    measure(world)
    assert outcomes(world)[0].startswith("sales: improved (+20.0%), measured ")
    assert outcomes(world)[2].startswith("typo: inconclusive, measured ")
    assert outcomes(world)[2].endswith(": neither the configuration nor the objective knows it")
    assert objectives.show(world.services, "app").waiting == ()
    assert len(world.events(EventKind.MEASURED)) > events


def test_a_broken_objective_is_named_and_looking_tells_nobody(measured: Callable[..., World]) -> None:
    world = measured(SALES)
    number = world.issue(body="Do.\n\n## Outcome Checks\n- sales\n", ready=False)
    ship(world, 7, 0, "sales", issue=number)
    (world.settings.objectives_dir / "app.yaml").write_text("metrics: none\n")
    assert outcomes(world) == ("its objective cannot be used: `agent-os objective check app` says why",)
    assert world.events(EventKind.ALERT) == []
