"""When a merge is measured, who shares a movement, what a direction earned, and what became of a hypothesis."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.names import RepoName
from orchestrator.model.objective import Check, Direction, Interpretation, Metric, Objective, Source
from orchestrator.model.outcome import Expected, Hypothesis, HypothesisVerdict, Measured, Shipped
from orchestrator.model.planning import OutcomeAttribution, OutcomeCheck, SourceType
from orchestrator.model.times import parse, stamp
from orchestrator.policy import attached, attribute, hypothesis
from tests.policy.builders import NOW

REPO = RepoName("acme/web")
START = NOW - timedelta(days=100)


def shipped(pull: int, day: float, *checks: str) -> Shipped:
    return Shipped(
        event="merged", repo=REPO, task=f"web-{pull}", issue=pull, pull=pull, checks=checks or ("sales",),
        direction="area:shop", at=stamp(START + timedelta(days=day)),
    )  # fmt: skip


def week(_: Shipped, check: str) -> float | None:
    return {"sales": 7.0, "visits": 7.0, "late": 14.0}.get(check)


def on(day: float) -> datetime:
    return START + timedelta(days=day)


def measured(pull: int = 1, check: str = "sales", **changes: object) -> Measured:
    good = Measured(
        repo=REPO, task=f"web-{pull}", issue=pull, pull=pull, check=check, direction="area:shop",
        interpretation=Interpretation.IMPROVED, movement=0.1, at=stamp(on(10)), source="sales_post_merge.yaml",
    )  # fmt: skip
    return replace(good, **changes)  # type: ignore[arg-type]


def test_a_merge_is_measured_when_its_window_is_over_and_once() -> None:
    one = shipped(1, 0)
    assert attribute.due([one], [], on(6.99), window=week) == ()
    (due,) = attribute.due([one], [], on(7), window=week)
    assert (due.check, due.window_days, due.since) == ("sales", 7.0, on(7))
    assert attribute.due([one], [measured()], on(8), window=week) == ()


def test_nothing_attached_and_an_unknown_id_have_nothing_to_wait_for() -> None:
    bare, odd = replace(shipped(1, 0), checks=()), shipped(2, 0, "typo")
    found = attribute.due([bare, odd], [], on(0), window=week)
    assert [(d.shipped.pull, d.check, d.window_days) for d in found] == [(1, "", None), (2, "typo", None)]


def test_what_is_guarded_waits_for_its_guard_which_goes_first() -> None:
    one = shipped(1, 0, "sales", "late")
    assert attribute.due([one], [], on(8), window=week, guards={"late"}) == ()
    found = attribute.due([one], [], on(14), window=week, guards={"late"})
    assert [d.check for d in found] == ["late", "sales"]


def test_windows_that_only_touch_share_nothing() -> None:
    one, other = shipped(1, 0), shipped(2, 7)
    assert attribute.share(one, "sales", [one, other], window=week) == 1.0
    assert attribute.share(one, "sales", [one, shipped(2, 6.9)], window=week) == 0.5
    assert attribute.share(one, "sales", [one, shipped(2, 1, "visits")], window=week) == 1.0


def test_the_rule_names_the_others() -> None:
    one, other = shipped(1, 0), shipped(2, 1)
    together = attribute.sharers(one, "sales", [other, one], window=week)
    assert attribute.rule(one, together) == "2 merges with overlapping windows share the movement equally, with #2"
    assert "its own" in attribute.rule(one, (one,))


merges = st.lists(st.integers(0, 60 * 24), min_size=1, max_size=12).map(
    lambda hours: [shipped(n, hour / 24) for n, hour in enumerate(hours, 1)]
)


@given(merges)
def test_the_shares_of_one_movement_make_one(all_: list[Shipped]) -> None:
    for one in all_:
        together = attribute.sharers(one, "sales", all_, window=week)
        assert one in together
        part = attribute.share(one, "sales", all_, window=week)
        assert part * len(together) == pytest.approx(1.0)


@given(merges)
def test_no_moment_is_claimed_more_than_once_in_all(all_: list[Shipped]) -> None:
    for moment in (parse(s.at) for s in all_):
        inside = [s for s in all_ if parse(s.at) <= moment < parse(s.at) + timedelta(days=7)]
        assert sum(attribute.share(s, "sales", all_, window=week) for s in inside) <= 1.0 + 1e-9


@given(merges, st.randoms(use_true_random=False))
def test_sharing_does_not_depend_on_the_order_of_the_records(all_: list[Shipped], random: object) -> None:
    mixed = list(all_)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    for one in all_:
        assert attribute.sharers(one, "sales", mixed, window=week) == attribute.sharers(one, "sales", all_, window=week)
    assert attribute.due(mixed, [], NOW, window=week) == attribute.due(all_, [], NOW, window=week)


@given(merges, st.lists(st.floats(0, 14), min_size=12, max_size=12), st.randoms(use_true_random=False))
def test_whatever_was_read_when_no_moment_is_claimed_more_than_once(
    all_: list[Shipped], read: list[float], random: object
) -> None:
    """In any order of measuring, with values from anywhere after the merge, and merges that become known only late."""
    todo = list(zip(all_, read))
    random.shuffle(todo)  # type: ignore[attr-defined]
    seen: list[Shipped] = []
    done: list[Measured] = []
    for one, days in todo:
        seen.append(one)
        claims = attribute.reach("sales", seen, done, window=week)
        until = claims[one.task, one.pull] = parse(one.at) + timedelta(days=days)
        part = attribute.share(one, "sales", seen, window=week, reach=claims, measured=done)
        assert part >= 0
        done.append(measured(one.pull, share=part, claimed_to=stamp(until)))
    ends = {m.pull: max(parse(m.claimed_to), parse(s.at) + timedelta(days=7)) for m in done for s in seen if _of(m, s)}
    for moment in (parse(s.at) for s in seen):
        inside = [m.share for m in done for s in seen if _of(m, s) and parse(s.at) <= moment < ends[m.pull]]
        assert sum(inside) <= 1.0 + 1e-6


def _of(one: Measured, merge: Shipped) -> bool:
    return one.pull == merge.pull


def test_who_may_yet_read_the_same_value_shares_it_and_who_read_its_own_does_not() -> None:
    one, other = shipped(1, 0), shipped(2, 8)
    claims = attribute.reach("sales", [one, other], [], window=week)
    assert attribute.share(other, "sales", [one, other], window=week, reach=claims) == 0.5
    own = measured(1, claimed_to=stamp(on(7)))
    claims = attribute.reach("sales", [one, other], [own], window=week)
    assert attribute.share(other, "sales", [one, other], window=week, reach=claims, measured=[own]) == 1.0


def test_who_is_seen_late_gets_what_is_left_and_the_rule_says_so() -> None:
    one, late = shipped(1, 0), shipped(2, 3)
    part = attribute.share(late, "sales", [one, late], window=week, measured=[measured(1, share=0.75)])
    assert part == 0.25
    said = attribute.rule(late, (one, late), part)
    assert said.endswith("with #1; others claimed already all but 25% of it")
    lost = measured(1, share=1.0, interpretation=Interpretation.INCONCLUSIVE)
    assert attribute.share(late, "sales", [one, late], window=week, measured=[lost]) == 0.5, "nothing was claimed"


records = st.lists(
    st.builds(
        measured,
        st.integers(1, 30),
        interpretation=st.sampled_from(list(Interpretation)),
        share=st.sampled_from([1.0, 0.5, 1 / 3]),
        direction=st.sampled_from(["area:shop", "type:docs"]),
        source=st.sampled_from(["a.yaml", attribute.NONE, attribute.MISSING]),
    ),
    max_size=15,
)


@given(records, st.randoms(use_true_random=False))
def test_credit_is_bounded_and_knows_no_order(all_: list[Measured], random: object) -> None:
    found = attribute.credit(all_)
    mixed = list(all_)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    again = attribute.credit(mixed)
    assert found.keys() == again.keys()
    for name, one in found.items():
        assert -1 < one.mean < 1
        assert one.n > 0
        assert again[name].mean == pytest.approx(one.mean)
        assert again[name].n == pytest.approx(one.n)


def test_credit_weighs_by_share_and_starts_from_nothing_known() -> None:
    assert attribute.credit([]) == {}
    assert attribute.credit([measured()])["area:shop"].mean == pytest.approx(1 / 2)
    four = [measured(n) for n in range(4)]
    assert attribute.credit(four)["area:shop"].mean == pytest.approx(4 / 5)
    shared = attribute.credit([measured(1, share=0.25), measured(2, interpretation=Interpretation.REGRESSED)])
    assert shared["area:shop"].mean == pytest.approx((0.25 - 1) / (1.25 + attribute.K))


def test_what_could_not_be_told_weighs_half_and_what_nobody_measures_nothing() -> None:
    unsure = measured(interpretation=Interpretation.INCONCLUSIVE, movement=None)
    found = attribute.credit([unsure])["area:shop"]
    assert found.mean == pytest.approx(-0.35 * 0.5 / 1.5)
    assert found.n == 0.5
    assert attribute.credit([replace(unsure, check="", source=attribute.NONE)]) == {}
    assert attribute.credit([replace(unsure, source=attribute.MISSING)]) == {}
    assert attribute.credit([replace(unsure, source=attribute.REVERTED), measured(share=0.0)]) == {}


@given(st.floats(0, 5), st.lists(st.floats(0, 3), min_size=10, max_size=10))
def test_it_is_given_up_after_five_tries_and_three_days_at_the_earliest(late: float, slow: list[float]) -> None:
    """However seldom anybody looks."""
    now = on(7) + timedelta(days=late)
    for tries, pause in enumerate(slow, 1):
        next = attribute.again(tries, on(7), now)
        if next is None:
            assert tries >= 5
            assert now >= on(10)
            return
        assert next > now
        now = next + timedelta(days=pause)
    raise AssertionError("never given up")


# --- what is attached


def objective(*metrics: Metric) -> Objective:
    return Objective(file=NOWHERE, repo="web", primary_outcome="Sell.", metrics=metrics)


NOWHERE = Path("objectives/web.yaml")
FILE = Source(path="sales_post_merge.yaml")
SALES = Metric(id="sales", name="Sales", outcome_check=Check(source=FILE, window_days=14))


def test_the_objective_injects_its_checks_and_twelve_are_kept() -> None:
    plain = Metric(id="visits")
    assert attached.ids(("Speed",), ("sales",), objective(plain, SALES)) == ("speed", "sales")
    assert attached.ids((), (), objective(SALES)) == ("sales",)
    assert len(attached.ids([f"c{n}" for n in range(20)], (), objective(SALES))) == 12


def test_the_configurations_check_wins_and_the_metric_still_tells_the_way() -> None:
    own = OutcomeCheck(id="sales", type=SourceType.WEB, url="https://x.example/s", measurement_window_days=3)
    found = attached.find("SALES", OutcomeAttribution(checks=(own,)), objective(SALES))
    assert found is not None
    assert (found.source.url, found.window_days, found.metric) == ("https://x.example/s", 3, SALES)
    found = attached.find("sales", OutcomeAttribution(), objective(SALES))
    assert found is not None
    assert (found.source, found.window_days) == (FILE, 14)
    assert attached.find("visits", OutcomeAttribution(), objective(SALES, Metric(id="visits"))) is None
    assert attached.find("sales", OutcomeAttribution(), None) is None


# --- hypotheses

UP5 = Hypothesis(metric="sales", expected=Expected.UP, size=0.05, window_days=14, at=stamp(NOW))
S, R, U = HypothesisVerdict.SUPPORTED, HypothesisVerdict.REFUTED, HypothesisVerdict.INCONCLUSIVE
IMPROVED, UNCHANGED, REGRESSED = Interpretation.IMPROVED, Interpretation.UNCHANGED, Interpretation.REGRESSED


@pytest.mark.parametrize(
    ("movement", "share", "wanted"),
    [(0.05, 1.0, S), (0.0499, 1.0, R), (-0.2, 1.0, R), (0.06, 0.5, U), (0.1, 0.5, S), (0.03, 0.5, R)],
)
def test_a_movement_decides_by_sign_size_and_share(movement: float, share: float, wanted: HypothesisVerdict) -> None:
    assert hypothesis.verdict(UP5, IMPROVED, movement, share=share) is wanted


def test_without_a_size_it_has_to_leave_the_dead_band_on_the_right_side() -> None:
    down = replace(UP5, expected=Expected.DOWN, size=0.0)
    assert hypothesis.verdict(down, REGRESSED, -0.03) is S, "a fall was expected, whatever it is worth"
    assert hypothesis.verdict(down, UNCHANGED, -0.01) is R
    assert hypothesis.verdict(down, IMPROVED, 0.03) is R


def test_words_decide_by_the_way_alone() -> None:
    any_ = replace(UP5, size=0.0)
    up, down = Direction.INCREASE, Direction.DECREASE
    assert hypothesis.verdict(any_, IMPROVED, None, direction=up) is S
    assert hypothesis.verdict(any_, IMPROVED, None, direction=down) is R
    assert hypothesis.verdict(any_, REGRESSED, None, direction=down) is S
    assert hypothesis.verdict(any_, UNCHANGED, None, direction=up) is R
    assert hypothesis.verdict(UP5, IMPROVED, None, direction=up) is U, "nobody told how much"
    assert hypothesis.verdict(any_, IMPROVED, None) is U
    assert hypothesis.verdict(UP5, Interpretation.INCONCLUSIVE, 0.5) is U


def test_a_hypothesis_is_read_from_an_issue() -> None:
    lines = "- metric: `Sales`\n- **expected**: up by 5%\n- window: 2 weeks\n\nSo I think.\n"
    body = f"## Goal\nSell.\n\n## Hypothesis\n{lines}"
    wanted = hypothesis.Wanted(metric="sales", expected=Expected.UP, size=0.05, window_days=14)
    assert hypothesis.read(body) == wanted
    assert hypothesis.read("## Hypothesis\nmetric: sales\nexpected: down") == hypothesis.Wanted(
        metric="sales", expected=Expected.DOWN, size=0.0, window_days=None
    )
    assert hypothesis.read("## Goal\nmetric: sales\nexpected: up") is None


@pytest.mark.parametrize(
    "text",
    [
        "It gets better.",
        "metric: sales",
        "metric: ../../etc\nexpected: up",
        "metric: sales\nexpected: up a lot",
        "metric: sales\nexpected: up -5%",
        "metric: sales\nexpected: up 5%\nwindow: 9999 days",
        "metric: sales\nexpected: up 5%\nwindow: 0 days",
        "metric: sales\nexpected: up 5%\nwindow: soon",
        "metric: sales\nmetric: visits\nexpected: up",
        "metric: sales\nexpected: up\n" + "x" * 3000,
    ],
)
def test_what_is_no_hypothesis_is_said_to_be_none(text: str) -> None:
    assert isinstance(hypothesis.read(f"## Hypothesis\n{text}"), hypothesis.Malformed)


@given(st.text(max_size=400))
def test_reading_never_raises(text: str) -> None:
    found = hypothesis.read(f"## Hypothesis\n{text}")
    if isinstance(found, hypothesis.Wanted):
        assert found.window_days is None or 1 <= found.window_days <= hypothesis.LONGEST
        assert 0 <= found.size < 10


def test_what_came_of_the_measurements_is_counted_with_the_plain_reasons() -> None:
    lost = Interpretation.INCONCLUSIVE
    both = [measured(interpretation=lost, source=s) for s in (attribute.MISSING, attribute.NONE, "sales.yaml")]
    assert attribute.counted([measured(), measured()]) == "2 outcomes: 2 improved"
    assert attribute.counted([measured(), both[0]]) == "2 outcomes: 1 improved, 1 inconclusive (missing_config)"
    assert attribute.counted(both) == "3 outcomes: 3 inconclusive (1 missing_config, 1 nothing attached)"
    assert attribute.counted([both[2]]) == "1 outcome: 1 inconclusive"
