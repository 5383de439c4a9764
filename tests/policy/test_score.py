"""The business score (DECISIONS D7): the worked values of ORIGIN 4.11, windows, coverage, and properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.objective import SCORES, Check, Interpretation, Metric, Objective, Source
from orchestrator.model.outcome import Measured, Shipped
from orchestrator.policy.score import regressed, score, weights
from tests.policy.builders import NOW, WEB, ago

IMPROVED, UNCHANGED = Interpretation.IMPROVED, Interpretation.UNCHANGED
REGRESSED, INCONCLUSIVE = Interpretation.REGRESSED, Interpretation.INCONCLUSIVE
CHECK = Check(source=Source(path="x.yaml"), window_days=7)
SEED = {"traffic": 0.20, "conversion": 0.35, "retention": 0.25, "arpu": 0.20}


def objective(of: dict[str, float] = SEED, **changes: Any) -> Objective:
    metrics = tuple(Metric(id=id, name=id, weight=w, outcome_check=CHECK) for id, w in of.items())
    return replace(Objective(file=Path("o.yaml"), repo="web", primary_outcome="Grow", metrics=metrics), **changes)


def measured(check: str, found: Interpretation, days: float = 1, pull: int = 1) -> Measured:
    return Measured(
        repo=WEB, task=f"web-{pull}", issue=pull, pull=pull, check=check, direction="type:implementation",
        interpretation=found, movement=None, merged_at=ago(days=days + 7), at=ago(days=days),
    )  # fmt: skip


def shipped(*checks: str, days: float = 11, pull: int = 1, event: str = "merged") -> Shipped:
    return Shipped(
        event=event, repo=WEB, task=f"web-{pull}", issue=pull, pull=pull, checks=checks,
        direction="type:implementation", at=ago(days=days),
    )  # fmt: skip


def all_of(found: Interpretation) -> list[Measured]:
    return [measured(id, found) for id in SEED]


WORKED = [
    ("all improved", all_of(IMPROVED), 1.0),
    ("all regressed", all_of(REGRESSED), -1.0),
    ("only conversion improved", [measured("conversion", IMPROVED)], 0.1225),
    (
        "conversion improved, then regressed",
        [measured("conversion", IMPROVED, 5, 1), measured("conversion", REGRESSED, 2, 2)],
        -0.2275,
    ),
    ("all unchanged", all_of(UNCHANGED), 0.0),
    ("nothing measured, everything shipped", [], -0.35),
]


@pytest.mark.parametrize(("name", "snapshots", "total"), WORKED, ids=[w[0] for w in WORKED])
def test_the_worked_values_of_the_origin_where_work_shipped_against_every_metric(
    name: str, snapshots: list[Measured], total: float
) -> None:
    found = score(objective(), snapshots, [shipped(*SEED)], NOW)
    assert abs(found.total - total) < 1e-9
    assert abs(found.coverage - 1) < 1e-9
    assert regressed(found) is (total <= -0.15)


def test_without_data_there_is_no_coverage_and_no_finding() -> None:
    """D14: an objective that nothing shipped against is not a regressed one."""
    found = score(objective(), [], [], NOW)
    assert (found.total, found.coverage, regressed(found)) == (0.0, 0.0, False)
    assert all(m.value is None and m.why == "nothing shipped against it yet" for m in found.metrics)


def test_what_nothing_shipped_against_is_left_out_and_lowers_the_coverage() -> None:
    found = score(objective(), [measured("conversion", IMPROVED)], [shipped("conversion")], NOW)
    assert (found.total, round(found.coverage, 9)) == (1.0, 0.35)


def test_a_merge_that_is_still_looked_at_again_is_unmeasured_until_four_days_after_its_window() -> None:
    def at(days: float) -> tuple[float | None, int]:
        line = score(objective(), [], [shipped("traffic", days=days)], NOW).metrics[0]
        return line.value, line.retried

    assert at(6.999) == (None, 0)
    assert at(7) == (None, 1)
    assert at(10.999) == (None, 1)
    assert at(11) == (-0.35, 0)


def test_a_snapshot_that_is_still_tried_again_is_told_so() -> None:
    line = score(objective(), [], [shipped("traffic", days=8)], NOW).metrics[0]
    assert line.why == "1 merge shipped against it, its window has passed, and its snapshot is still tried again"


def test_nothing_is_a_finding_before_something_was_interpreted_or_every_try_is_over() -> None:
    given_up, waits = measured("traffic", INCONCLUSIVE), shipped("conversion", days=8, pull=2)
    assert not regressed(score(objective(), [given_up], [waits], NOW)), "conversion may still be read"
    assert regressed(score(objective(), [given_up], [], NOW)), "every try is over"
    assert regressed(score(objective(), [given_up, measured("arpu", REGRESSED)], [waits], NOW)), "one was interpreted"


def test_which_values_only_say_that_nothing_could_be_told_is_known() -> None:
    snapshots = [measured("traffic", INCONCLUSIVE), measured("arpu", UNCHANGED), measured("arpu", INCONCLUSIVE)]
    found = score(objective(), snapshots, [shipped("retention", days=30)], NOW)
    assert {m.id: (m.interpreted, m.inconclusive) for m in found.metrics} == {
        "traffic": (0, True), "conversion": (0, False), "retention": (0, True), "arpu": (1, False),
    }  # fmt: skip


def test_an_opened_pull_request_has_not_shipped() -> None:
    assert score(objective(), [], [shipped("traffic", event="opened")], NOW).coverage == 0


def test_measured_work_that_has_grown_old_is_unmeasured_and_not_punished_for_resting() -> None:
    snapshots = [measured("traffic", IMPROVED, days=40)]
    line = score(objective(), snapshots, [shipped("traffic", days=47)], NOW).metrics[0]
    assert (line.value, line.why) == (None, "nothing measured in 28 days")


def test_work_that_was_never_measured_stays_inconclusive_beside_what_was() -> None:
    snapshots = [measured("traffic", IMPROVED, days=40, pull=1)]
    line = score(objective(), snapshots, [shipped("traffic", pull=1), shipped("traffic", pull=2)], NOW).metrics[0]
    assert line.value == -0.35
    assert line.why.startswith("1 merge shipped against it")


@pytest.mark.parametrize(("days", "counts"), [(0, True), (28, True), (28.001, False), (-0.001, False)])
def test_a_snapshot_counts_by_its_own_time(days: float, counts: bool) -> None:
    found = score(objective(), [measured("traffic", IMPROVED, days)], [], NOW)
    assert (found.metrics[0].value is not None) is counts


def test_ids_are_compared_without_case() -> None:
    found = score(objective(), [measured("TRAFFIC", IMPROVED)], [shipped("Conversion")], NOW)
    assert [m.value for m in found.metrics] == [1.0, -0.35, None, None]


def test_what_each_verdict_counts_can_be_said_otherwise() -> None:
    mine = objective(scores=tuple({**dict(SCORES), INCONCLUSIVE: 0.0, IMPROVED: 0.5}.items()))
    found = score(mine, [measured("traffic", IMPROVED), measured("arpu", INCONCLUSIVE)], [], NOW)
    assert abs(found.total - 0.25) < 1e-9


@pytest.mark.parametrize(
    ("given_", "shares"),
    [
        ((1, 1, 2), (0.25, 0.25, 0.5)),
        ((0, 0), (0.5, 0.5)),
        ((-3, 1), (0.0, 1.0)),
        ((-3, -1), (0.5, 0.5)),
        ((1e-300, 1e-300), (0.5, 0.5)),
        ((1.7e308, 1.7e308), (0.5, 0.5)),
        ((), ()),
    ],
)
def test_weights_are_clamped_and_shared_out(given_: tuple[float, ...], shares: tuple[float, ...]) -> None:
    assert weights([Metric(id=f"m{n}", weight=w) for n, w in enumerate(given_)]) == pytest.approx(shares)


IDS = ("a", "b", "c")
weight = st.floats(-2, 10, allow_nan=False)
snapshots_ = st.lists(
    st.builds(
        measured,
        st.sampled_from((*IDS, "other", "")),
        st.sampled_from(Interpretation),
        st.floats(-3, 60, allow_nan=False),
        st.integers(1, 9),
    ),
    max_size=12,
)
ships = st.lists(
    st.builds(
        lambda checks, days, pull, event: shipped(*checks, days=days, pull=pull, event=event),
        st.lists(st.sampled_from(IDS), max_size=3),
        st.floats(0, 60, allow_nan=False),
        st.integers(1, 9),
        st.sampled_from(("merged", "opened")),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(st.tuples(weight, weight, weight), snapshots_, ships, st.floats(0.01, 1000), st.randoms())
def test_the_score_is_bounded_and_neither_order_nor_the_scale_of_weights_matters(
    of: tuple[float, float, float], snapshots: list[Measured], merges: list[Shipped], scale: float, chance: Any
) -> None:
    wanted = objective(dict(zip(IDS, of)))
    found = score(wanted, snapshots, merges, NOW)
    assert -1 <= found.total <= 1
    assert 0 <= found.coverage <= 1
    assert abs(sum(m.weight for m in found.metrics) - 1) < 1e-9
    assert all(m.value is None or -1 <= m.value <= 1 for m in found.metrics)
    assert (found.coverage > 0) or (found.total == 0 and not regressed(found))
    mixed, moved = list(snapshots), list(merges)
    chance.shuffle(mixed)
    chance.shuffle(moved)
    assert score(wanted, mixed, moved, NOW) == found
    scaled = score(objective(dict(zip(IDS, (w * scale for w in of)))), snapshots, merges, NOW)
    assert scaled.total == pytest.approx(found.total, abs=1e-9)
    assert scaled.coverage == pytest.approx(found.coverage, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(snapshots_, ships)
def test_only_what_lies_in_the_window_and_names_a_metric_moves_the_score(
    snapshots: list[Measured], merges: list[Shipped]
) -> None:
    wanted = objective(dict.fromkeys(IDS, 1.0))
    since = NOW - timedelta(days=28)
    inside = [m for m in snapshots if since.isoformat() <= m.at.replace("Z", "+00:00") <= NOW.isoformat()]
    found = {m.id: m for m in score(wanted, snapshots, merges, NOW).metrics}
    for id in IDS:
        mine = [dict(SCORES)[m.interpretation] for m in inside if m.check == id]
        assert found[id].snapshots == len(mine)
        if mine:
            assert found[id].value == pytest.approx(sum(mine) / len(mine))
        else:
            assert found[id].value in (None, -0.35)


@settings(max_examples=60, deadline=None)
@given(snapshots_, st.integers(0, 2))
def test_one_verdict_better_never_lowers_the_score(snapshots: list[Measured], which: int) -> None:
    wanted = objective(dict.fromkeys(IDS, 1.0))
    worse = [*snapshots, measured(IDS[which], REGRESSED, 1, 99)]
    better = [*snapshots, measured(IDS[which], IMPROVED, 1, 99)]
    assert score(wanted, better, [], NOW).total > score(wanted, worse, [], NOW).total
