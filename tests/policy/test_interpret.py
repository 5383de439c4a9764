"""Numbers before and after a merge: what they say, when it is too early, and when they say nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.evidence import Point, Snapshot
from orchestrator.model.objective import Direction, Interpretation, Metric, Objective
from orchestrator.model.times import stamp
from orchestrator.policy.interpret import MOST, Reading, apply_guards, read

IMPROVED, UNCHANGED, REGRESSED = Interpretation.IMPROVED, Interpretation.UNCHANGED, Interpretation.REGRESSED
MERGED = datetime(2026, 11, 1, 12, tzinfo=UTC)
DUE = MERGED + timedelta(days=7)
METRIC = Metric(id="conversion", dead_band=0.05)


def at(days: float) -> str:
    return stamp(MERGED + timedelta(days=days))


def point(value: float, start: float, end: float) -> Point:
    """A value from so many days after the merge to so many."""
    return Point(value=value, start=at(start), end=at(end))


def series(*parts: tuple[float, float, float]) -> Snapshot:
    return Snapshot(file="f", series=tuple(point(*p) for p in parts))


def judged(snapshot: Snapshot, *, now: datetime = DUE, known: float | None = None, **metric: Any) -> Reading:
    return read(replace(METRIC, **metric), snapshot, merged_at=stamp(MERGED), window_days=7, now=now, baseline=known)


@pytest.mark.parametrize(
    ("before", "after", "direction", "found"),
    [
        (100, 110, Direction.INCREASE, IMPROVED),
        (100, 90, Direction.INCREASE, REGRESSED),
        (100, 110, Direction.DECREASE, REGRESSED),
        (100, 90, Direction.DECREASE, IMPROVED),
        (100, 105, Direction.INCREASE, UNCHANGED),
        (1.0, 1.05, Direction.INCREASE, UNCHANGED),
        (100, 95, Direction.DECREASE, UNCHANGED),
        (100, 105.1, Direction.INCREASE, IMPROVED),
        (-100, -90, Direction.INCREASE, IMPROVED),
        (-100, -110, Direction.INCREASE, REGRESSED),
        (0, 0.04, Direction.INCREASE, UNCHANGED),
        (0, 3, Direction.INCREASE, IMPROVED),
        (0, 3, Direction.DECREASE, REGRESSED),
        (0, -3, Direction.INCREASE, REGRESSED),
        (0, 0, Direction.INCREASE, UNCHANGED),
    ],
)
def test_direction_dead_band_and_sign(before: float, after: float, direction: Direction, found: Interpretation) -> None:
    got = judged(series((before, -7, 0), (after, 0, 7)), direction=direction)
    assert got.interpretation is found
    assert got.movement is not None
    assert (got.movement > 0) is (after > before and (before != 0 or found is not UNCHANGED))


def test_the_mean_is_weighted_by_time_and_a_point_across_the_merge_is_on_neither_side() -> None:
    got = judged(series((10, -7, -1), (40, -1, 0), (900, 0, 1), (20, 1, 4), (20, 4, 7)))
    after = (900 + 20 * 6) / 7
    assert got.movement == pytest.approx((after - 100 / 7) / (100 / 7))
    across = judged(series((10, -7, -1), (9999, -1, 1), (10, 1, 7)))
    assert (across.interpretation, across.movement) == (UNCHANGED, 0)


def test_only_the_part_inside_of_the_windows_counts() -> None:
    got = judged(series((1000, -30, -8), (10, -8, 0), (20, 0, 7), (5000, 7, 30)))
    assert got.movement == pytest.approx(1.0)
    wide = judged(series((10, -14, 0), (20, 0, 14)))
    assert wide.movement == pytest.approx(1.0)


@pytest.mark.parametrize("now", [MERGED, DUE - timedelta(seconds=1)])
def test_before_the_window_has_passed_it_is_early_whatever_the_file_says(now: datetime) -> None:
    for snapshot in (series((10, -7, 0), (20, 0, 7)), Snapshot(file="f", summary="great"), Snapshot(file="f")):
        got = judged(snapshot, now=now)
        assert (got.interpretation, got.early) == (None, True)


@pytest.mark.parametrize(
    ("snapshot", "early"),
    [
        (series((10, -7, 0), (20, 0, 3.4)), True),
        (series((10, -7, 0), (20, 0, 3.5)), False),
        (series((10, -7, 0)), True),
        (Snapshot(file="f", value=20, observed_at=at(-1)), True),
        (Snapshot(file="f", value=20, observed_at=at(1)), True),
        (Snapshot(file="f", value=20, observed_at=at(6)), False),
        (Snapshot(file="f", value=20, period=(at(-1), at(6)), observed_at=at(6)), True),
        (Snapshot(file="f", value=20, period=(at(0), at(7))), False),
        (Snapshot(file="f", value=20, period=(at(-7), at(0))), True),
    ],
)
def test_data_that_does_not_reach_far_enough_is_early(snapshot: Snapshot, early: bool) -> None:
    got = judged(snapshot, known=10)
    assert got.early is early
    assert (got.interpretation is None) is early


@pytest.mark.parametrize(
    "snapshot",
    [
        Snapshot(file="f", value=20, observed_at=at(14.1)),
        Snapshot(file="f", value=20, period=(at(7), at(15))),
        Snapshot(file="f", value=20, observed_at=at(100), series=(point(10, -7, 0), point(20, 60, 100))),
    ],
)
def test_a_value_from_later_than_two_windows_is_not_what_the_merge_did(snapshot: Snapshot) -> None:
    got = judged(snapshot, now=MERGED + timedelta(days=101), known=10)
    assert (got.interpretation, got.early) == (None, False)
    assert "too long after the merge" in got.why


def test_it_tells_until_when_it_read() -> None:
    assert judged(Snapshot(file="f", value=20, observed_at=at(14)), known=10).until == at(14)
    assert judged(Snapshot(file="f", value=20, period=(at(2), at(6))), known=10).until == at(6)
    assert judged(series((10, -7, 0), (20, 0, 30))).until == at(7)
    assert judged(series((10, -7, 0))).until == ""


def test_what_came_before_is_the_series_else_the_baseline_else_the_value_at_the_merge() -> None:
    bare = Snapshot(file="f", value=20, observed_at=at(7))
    assert judged(bare, known=10).movement == 1
    told = replace(bare, baseline=point(16, -14, -7))
    assert judged(told, known=10).movement == 0.25
    both = replace(told, series=(point(40, -7, 0),))
    assert judged(both, known=10).movement == -0.5
    late = replace(bare, baseline=point(16, -1, 1))
    assert judged(late, known=10).movement == 1, "a baseline that reaches past the merge is none"
    got = judged(bare)
    assert (got.interpretation, got.early, got.prose) == (None, False, False)
    assert got.why == "nothing tells the value before the merge"


@pytest.mark.parametrize(
    ("snapshot", "why"),
    [
        (Snapshot(file="f", value=20), "the file does not tell when its value was measured"),
        (Snapshot(file="f", metric="arpu", value=20, observed_at=at(7)), "the file is about arpu, not conversion"),
        (
            Snapshot(file="f", unit="EUR", value=20, observed_at=at(7)),
            "the file counts in EUR, the objective in percent",
        ),
    ],
)
def test_a_file_about_something_else_is_of_no_use(snapshot: Snapshot, why: str) -> None:
    got = judged(snapshot, known=10, unit="percent")
    assert got == Reading(interpretation=None, why=why)


def test_prose_is_for_a_model() -> None:
    got = judged(Snapshot(file="f", summary="Sign-ups doubled."))
    assert (got.interpretation, got.prose, got.early) == (None, True, False)


def guards(**guarded: bool) -> Objective:
    metrics = tuple(Metric(id=id, guard=guard) for id, guard in guarded.items())
    return Objective(file=Path("o"), repo="web", primary_outcome="x", metrics=metrics)


def test_a_guard_that_got_worse_takes_what_improved_with_it() -> None:
    readings = {
        "errors": Reading(interpretation=REGRESSED, movement=0.5, why="e"),
        "sales": Reading(interpretation=IMPROVED, movement=0.5, why="s"),
        "load": Reading(interpretation=REGRESSED, movement=0.5, why="l"),
        "later": Reading(interpretation=None, why="early", early=True),
    }
    got = apply_guards(readings, guards(errors=True, sales=False, load=False))
    assert got["sales"].interpretation is UNCHANGED
    assert got["sales"].movement == 0.5
    assert "guard errors got worse" in got["sales"].why
    assert {k: v for k, v in got.items() if k != "sales"} == {k: v for k, v in readings.items() if k != "sales"}
    assert apply_guards(readings, guards(errors=False, sales=True, load=False)) == readings


numbers = st.floats(-1e30, 1e30, allow_nan=False)


@settings(max_examples=200, deadline=None)
@given(numbers, numbers, st.floats(0, 1), st.sampled_from(Direction))
def test_any_two_numbers_have_a_finite_movement_and_turning_the_direction_round_turns_the_verdict(
    before: float, after: float, band: float, direction: Direction
) -> None:
    snapshot = series((before, -7, 0), (after, 0, 7))
    got = judged(snapshot, dead_band=band, direction=direction)
    assert got.movement is not None
    assert math.isfinite(got.movement)
    assert abs(got.movement) <= MOST
    other = Direction.DECREASE if direction is Direction.INCREASE else Direction.INCREASE
    turned = judged(snapshot, dead_band=band, direction=other)
    assert {IMPROVED: REGRESSED, REGRESSED: IMPROVED, UNCHANGED: UNCHANGED}[got.interpretation or UNCHANGED] is (
        turned.interpretation
    )
    if before and abs(after - before) <= band * abs(before):
        assert got.interpretation is UNCHANGED


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(numbers, st.floats(-20, 20), st.floats(0.01, 9)), max_size=8), st.randoms())
def test_points_in_any_order_and_at_any_time_are_read_alike(
    parts: list[tuple[float, float, float]], chance: Any
) -> None:
    points = [point(value, start, start + length) for value, start, length in parts]
    mixed = list(points)
    chance.shuffle(mixed)
    one = judged(Snapshot(file="f", series=tuple(points), value=1, observed_at=at(7)), known=2)
    two = judged(Snapshot(file="f", series=tuple(mixed), value=1, observed_at=at(7)), known=2)
    assert one.interpretation is two.interpretation or one.movement == pytest.approx(two.movement)
