"""What shipped and what it did, to the letter and to the boundary: scores, readings, due times, credit, hypotheses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.model.evidence import Snapshot
from orchestrator.model.objective import Direction, Interpretation, Score
from orchestrator.model.outcome import Expected, Hypothesis, HypothesisVerdict
from orchestrator.model.times import stamp
from orchestrator.policy import attribute, hypothesis
from orchestrator.policy.direction import direction
from orchestrator.policy.hypothesis import Malformed, Wanted
from orchestrator.policy.interpret import Reading, apply_guards
from orchestrator.policy.score import regressed, score
from tests.policy import test_attribute as outcomes
from tests.policy import test_score as scores
from tests.policy.builders import NOW
from tests.policy.test_interpret import at, guards, judged, point, series

IMPROVED, UNCHANGED, REGRESSED = Interpretation.IMPROVED, Interpretation.UNCHANGED, Interpretation.REGRESSED
S, R, U = HypothesisVerdict.SUPPORTED, HypothesisVerdict.REFUTED, HypothesisVerdict.INCONCLUSIVE

# --- the score


@pytest.mark.parametrize(
    ("total", "coverage", "found"),
    [
        (-0.15, 1.0, True),
        (-0.15 + 1e-9, 1.0, True),
        (-0.1499, 1.0, False),
        (-0.15, 0.01, True),
        (-1.0, 0.0, False),
    ],
)
def test_a_score_is_a_finding_from_the_limit_down_and_never_without_coverage(
    total: float, coverage: float, found: bool
) -> None:
    assert regressed(Score(repo="web", at=stamp(NOW), total=total, coverage=coverage, metrics=())) is found


def test_every_line_of_the_table_says_where_its_value_comes_from() -> None:
    merges = [scores.shipped("conversion", days=3), scores.shipped("retention", pull=2)]
    merges += [scores.shipped("retention", pull=n) for n in (3, 3)]
    found = score(scores.objective(), [scores.measured("traffic", IMPROVED)], merges, NOW)
    assert {m.id: m.why for m in found.metrics} == {
        "traffic": "mean of 1 snapshot in 28 days",
        "conversion": "shipped against, and not yet due",
        "retention": "2 merges shipped against it, the time to measure has passed, and nothing was measured",
        "arpu": "nothing shipped against it yet",
    }
    two = [scores.measured("traffic", IMPROVED), scores.measured("traffic", REGRESSED, 3, 2)]
    (line, *_) = score(scores.objective(), two, [], NOW).metrics
    assert (line.why, line.value, line.snapshots) == ("mean of 2 snapshots in 28 days", 0.0, 2)


# --- numbers


def test_the_dead_band_belongs_to_what_is_unchanged() -> None:
    assert judged(series((2, -7, 0), (3, 0, 7)), dead_band=0.5 - 1e-9).interpretation is UNCHANGED
    assert judged(series((2, -7, 0), (3, 0, 7)), dead_band=0.4999).interpretation is IMPROVED
    assert judged(series((0, -7, 0), (1e-9, 0, 7)), dead_band=0).interpretation is UNCHANGED
    assert judged(series((0, -7, 0), (0.5, 0, 7))).movement == 1.0
    assert judged(series((0, -7, 0), (-0.5, 0, 7))).movement == -1.0


def test_a_reading_tells_its_numbers() -> None:
    got = judged(series((10, -7, 0), (12, 0, 7)))
    assert got.why == (
        "conversion 10 before the merge to 12 after the merge: +20.0%, dead band 5.0%, increase is better"
    )
    told = Snapshot(file="f", value=10.1, observed_at=at(7), baseline=point(10, -14, 0))
    assert judged(told).why == "conversion 10 (the file's baseline) to 10.1 after the merge: +1.0%, dead band 5.0%"
    bare = replace(told, baseline=None)
    assert judged(bare, known=10).why.startswith("conversion 10 (at the merge) to 10.1 after the merge")


@pytest.mark.parametrize(
    ("snapshot", "why"),
    [
        (
            Snapshot(file="f", value=1, period=(at(-1), at(6))),
            "the file's period began before the merge",
        ),
        (
            Snapshot(file="f", value=1, period=(at(-7), at(0))),
            "the file's value is from before the merge or too soon after it",
        ),
        (
            Snapshot(file="f", value=1, observed_at=at(3.4)),
            "the file's value is from before the merge or too soon after it",
        ),
        (series((1, 0, 3)), "the series does not reach far enough into the window after the merge"),
    ],
)
def test_what_is_too_early_says_why(snapshot: Snapshot, why: str) -> None:
    got = judged(snapshot, known=1)
    assert (got.why, got.early, got.interpretation) == (why, True, None)


def test_half_of_the_window_is_enough_and_what_only_touches_a_window_is_outside() -> None:
    assert judged(Snapshot(file="f", value=20, observed_at=at(3.5)), known=10).movement == 1
    assert judged(series((5, -14, -7), (20, 0, 7)), known=10).movement == 1
    assert judged(Snapshot(file="f", value=20, period=(at(0), at(7)), baseline=point(5, -7, 0)), known=10).movement == 3


def test_a_guard_that_got_worse_is_named_to_what_it_took() -> None:
    bad = Reading(interpretation=REGRESSED, movement=0.5, why="e")
    good = Reading(interpretation=IMPROVED, movement=0.5, why="s")
    got = apply_guards({"errors": bad, "load": bad, "sales": good}, guards(errors=True, load=True, sales=False))
    assert got["sales"].why == "s; counted as unchanged because the guard errors, load got worse"


# --- due, and again


@pytest.mark.parametrize(("tries", "hours"), [(0, 6), (1, 6), (2, 12), (3, 24), (4, 48)])
def test_the_pauses_between_tries(tries: int, hours: float) -> None:
    assert attribute.again(tries, NOW, NOW) == NOW + timedelta(hours=hours)


def test_after_the_last_pause_it_waits_for_the_third_day_and_no_longer() -> None:
    third = NOW + timedelta(days=3)
    assert attribute.again(5, NOW, NOW) == third
    assert attribute.again(5, NOW, third - timedelta(seconds=1)) == third
    assert attribute.again(5, NOW, third) is None


def test_windows_that_touch_share_nothing_seen_from_either_side() -> None:
    one, other = outcomes.shipped(1, 0), outcomes.shipped(2, 7)
    assert attribute.sharers(other, "sales", [one, other], window=outcomes.week) == (other,)
    assert attribute.sharers(one, "sales", [one, other], window=outcomes.week) == (one,)


@pytest.mark.parametrize(
    ("others", "named"),
    [
        (8, "with #2, #3, #4, #5, #6, #7, #8, #9"),
        (9, "with #2, #3, #4, #5, #6, #7, #8, #9 and 1 more"),
        (11, "with #2, #3, #4, #5, #6, #7, #8, #9 and 3 more"),
    ],
)
def test_the_rule_names_eight_and_counts_the_rest(others: int, named: str) -> None:
    together = [outcomes.shipped(n, 0) for n in range(1, others + 2)]
    said = attribute.rule(together[0], together)
    assert said == f"{others + 1} merges with overlapping windows share the movement equally, {named}"


# --- hypotheses


def hypothesis_of(*lines: str) -> Wanted | Malformed | None:
    return hypothesis.read("## Hypothesis\n" + "\n".join(lines))


def test_a_section_of_two_thousand_characters_is_read_and_one_more_is_not() -> None:
    head = "metric: sales\nexpected: up\n"
    assert isinstance(hypothesis_of(head + "x" * (2000 - len(head))), Wanted)
    assert hypothesis_of(head + "x" * (2001 - len(head))) == Malformed(
        why="## Hypothesis is longer than 2000 characters"
    )


def test_what_stands_beside_its_lines_is_prose() -> None:
    found = hypothesis_of(
        "metric", "metric: sales", "expected: up", "why: so", "why: again", "http://a.b", "http://c.d"
    )
    assert found == Wanted(metric="sales", expected=Expected.UP, size=0.0, window_days=None)


@pytest.mark.parametrize(
    ("window", "days"),
    [("1 day", 1), ("14 d", 14), ("365 days", 365), ("366 days", 0), ("0 d", 0), ("52 w", 364), ("53 weeks", 0)],
)
def test_a_window_is_between_a_day_and_a_year(window: str, days: float) -> None:
    found = hypothesis_of("metric: sales", "expected: up 5%", f"window: {window}")
    if days:
        assert found == Wanted(metric="sales", expected=Expected.UP, size=0.05, window_days=days)
    else:
        assert found == Malformed(why="`window:` is not between 1 and 365 days")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("metric: a b", "expected: up"), "`metric:` is not the id of a metric"),
        (("metric: sales", "expected: better"), "`expected:` is not like `up 5%` or `down`"),
        (("metric: sales", "expected: up", "window: soon"), "`window:` is not like `14 days`"),
        (("metric: sales", "metric: sales", "expected: up"), "`metric:` stands in it twice"),
    ],
)
def test_what_is_wrong_with_a_hypothesis_is_said(lines: Sequence[str], why: str) -> None:
    assert hypothesis_of(*lines) == Malformed(why=why)


def test_a_hypothesis_in_words() -> None:
    up = Hypothesis(metric="sales", expected=Expected.UP, size=0.05, window_days=14, at=stamp(NOW))
    assert hypothesis.words(up) == "sales goes up by at least 5 % within 14 days"
    down = replace(up, expected=Expected.DOWN, size=0.0, window_days=1.5)
    assert hypothesis.words(down) == "sales goes down within 1.5 days"


@pytest.mark.parametrize(
    ("size", "movement", "share", "found"),
    [
        (0.0, 0.02, 1.0, R),
        (0.0, 0.0201, 1.0, S),
        (0.25 + 1e-9, 0.25, 1.0, S),
        (0.25 + 1e-9, 0.5, 0.5, S),
        (0.5, 0.99, 0.5, U),
        (0.0, 0.03, 0.5, U),
        (0.0, 0.05, 0.5, S),
    ],
)
def test_the_boundaries_of_a_verdict(size: float, movement: float, share: float, found: HypothesisVerdict) -> None:
    up = Hypothesis(metric="sales", expected=Expected.UP, size=size, window_days=14, at=stamp(NOW))
    assert hypothesis.verdict(up, IMPROVED, movement, share=share) is found


def test_what_did_not_change_refutes_whatever_way_was_expected() -> None:
    down = Hypothesis(metric="sales", expected=Expected.DOWN, size=0, window_days=14, at=stamp(NOW))
    for way in (None, Direction.INCREASE, Direction.DECREASE):
        for expected in Expected:
            assert hypothesis.verdict(replace(down, expected=expected), UNCHANGED, None, direction=way) is R


# --- what kind of work


@pytest.mark.parametrize(
    ("labels", "checks", "found"),
    [
        (("bug", "area:Web", "AREA:ads", "zone"), ("sales",), "area:ads"),
        (("bug",), ("Sales", "visits"), "check:sales"),
        (("bug", "my area:x"), (), "type:docs"),
    ],
)
def test_credit_goes_to_an_area_else_to_a_check_else_to_the_type(
    labels: Sequence[str], checks: Sequence[str], found: str
) -> None:
    assert direction(labels, checks, "docs") == found
