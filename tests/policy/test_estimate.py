"""What a task will cost: an interval that holds, and honesty where too little is known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.names import RepoName
from orchestrator.model.result import Usage
from orchestrator.model.task import Estimate, TaskType
from orchestrator.policy.estimate import Cost, Past, cost, estimate, held, line
from tests.policy.builders import WEB, attempt

API = RepoName("acme/api")


def past(*usd: float | None, repo: RepoName = WEB, type: str = "implementation", tokens: int = 1000) -> list[Past]:
    return [Past(repo=repo, type=type, usd=each, tokens=tokens) for each in usd]


def of(*tasks: list[Past]) -> Estimate:
    return estimate([each for some in tasks for each in some], WEB, TaskType.IMPLEMENTATION)


@pytest.mark.parametrize("n", range(5))
def test_from_fewer_than_five_nothing_is_said(n: int) -> None:
    told = of(past(*[1.0] * n))
    assert (told.usd_low, told.usd_high, told.tokens_low, told.tasks) == (None, None, None, n)
    assert "only" in told.basis


def test_five_give_the_widest_there_is_and_say_how_sure_it_is() -> None:
    told = of(past(5, 1, 4, 2, 3))
    assert (told.usd_low, told.usd_high, told.basis) == (1, 5, "5 tasks of its kind, 67% sure")


def test_many_leave_the_extremes_out() -> None:
    told = of(past(*range(1, 20)))
    assert (told.usd_low, told.usd_high, told.basis) == (2, 18, "19 tasks of its kind")


def test_its_own_kind_goes_first_then_its_type_elsewhere_then_all() -> None:
    own, alike = past(*[1.0] * 9), past(*[2.0] * 9, repo=API)
    other = past(*[3.0] * 9, type="docs")
    assert of(own, alike, other).usd_high == 1.0
    few = of(own[:4], alike, other)
    assert (few.usd_high, few.tasks) == (2.0, 13)
    assert "of type implementation in all repositories" in few.basis
    least = of(own[:2], alike[:2], other)
    assert (least.usd_high, least.tasks) == (3.0, 13)
    assert "of all kinds" in least.basis


def test_unknown_money_leaves_the_tokens() -> None:
    told = of(past(*[None] * 9, tokens=5000))
    assert (told.usd_low, told.tokens_low, told.tokens_high) == (None, 5000, 5000)
    mostly = of(past(*[None] * 6, 1.0, 2.0, 3.0))
    assert mostly.usd_low is None, "three known sums say nothing"


def test_of_costs_drawn_alike_the_next_one_lies_inside_four_times_in_five() -> None:
    """The promise of order statistics, tried on a skewed distribution with samples of several sizes."""
    rng = random.Random(4)
    for n in (9, 19, 40):
        inside = 0
        for _ in range(2000):
            *seen, then = (rng.lognormvariate(0, 1) for _ in range(n + 1))
            told = of(past(*seen))
            assert told.usd_low is not None
            assert told.usd_high is not None
            inside += told.usd_low <= then <= told.usd_high
        assert 0.78 <= inside / 2000 <= 0.86, (n, inside)


@given(st.lists(st.floats(0, 100), min_size=5, max_size=60))
def test_the_ends_are_costs_that_were_seen_in_their_order(usd: list[float]) -> None:
    told = of(past(*usd))
    assert told.usd_low is not None
    assert told.usd_high is not None
    assert told.usd_low <= told.usd_high
    assert told.usd_low in {round(u, 4) for u in usd}


def test_the_line_tells_cost_and_estimate_and_unknown_as_unknown() -> None:
    guess = Estimate(usd_low=0.8, usd_high=2, tasks=14, basis="14 tasks of its kind")
    assert line(Cost(usd=1.2), guess) == "Cost: 1.20 USD (estimated 0.80 to 2.00 from 14 tasks of its kind)"
    tokens = Estimate(tokens_low=20_000, tokens_high=50_000, tasks=14, basis="14 tasks of its kind")
    assert line(Cost(tokens=31_000), tokens) == (
        "Cost: unknown, 31,000 tokens (estimated 20,000 to 50,000 tokens from 14 tasks of its kind)"
    )
    assert line(Cost(), None) == "Cost: unknown (no estimate was made)"
    assert line(Cost(usd=1.2, tokens=5, partly=True), None).startswith("Cost: at least 1.20 USD, 5 tokens")
    assert line(Cost(usd=0.0012), None).startswith("Cost: 0.0012 USD")


def test_runs_that_told_no_money_make_the_sum_a_least_one() -> None:
    told, untold = attempt(usage=Usage(input_tokens=10, cost_usd=0.5)), attempt(usage=Usage(output_tokens=7))
    assert cost((told,)) == Cost(usd=0.5, tokens=10)
    assert cost((told, untold)) == Cost(usd=0.5, tokens=17, partly=True)
    assert cost((untold,)) == Cost(tokens=7)
    assert cost((attempt(),)) == Cost()


def test_how_an_estimate_did() -> None:
    guess = Estimate(usd_low=1, usd_high=2, tokens_low=10, tokens_high=20)
    assert [held(Cost(usd=u), guess) for u in (0.5, 1, 2, 2.1)] == ["below", "within", "within", "above"]
    assert held(Cost(usd=1.5, tokens=30, partly=True), guess) == "above", "money is the least it can be: tokens decide"
    assert held(Cost(), guess) == "unknown"
    assert held(Cost(usd=1), Estimate()) == "unknown"


def test_money_and_tokens_each_speak_where_they_are_known_and_the_surer_one_says_how_sure() -> None:
    mixed = [
        Past(repo=WEB, type="implementation", usd=float(n) if n < 5 else None, tokens=n * 100 if n < 6 else None)
        for n in range(1, 8)
    ]
    told = estimate(mixed, WEB, TaskType.IMPLEMENTATION)
    assert (told.usd_low, told.usd_high) == (None, None), "four sums are too few"
    assert (told.tokens_low, told.tokens_high) == (100, 500)
    assert told.basis == "7 tasks of its kind, 67% sure"
    six = of(past(1, 2, 3, 4, 5, 6))
    assert six.basis == "6 tasks of its kind, 71% sure"
    assert of(past(*range(9))).basis == "9 tasks of its kind", "80 % sure is as sure as is promised"
    assert of(past(1, 2, 3, 4, 5, None, tokens=0)).basis == "6 tasks of its kind, 67% sure"


def test_a_kind_of_which_nothing_is_known_gives_way_to_the_next() -> None:
    silent = [Past(repo=WEB, type="implementation", usd=None, tokens=None)] * 6
    told = of(silent, past(*[2.0] * 9, type="docs"))
    assert (told.usd_high, told.basis) == (2.0, "15 tasks of all kinds")
    assert of(silent).basis == "only 6 tasks of its kind finished so far"


def test_how_many_finished_is_counted_in_the_repository_itself() -> None:
    assert of([]).basis == "only 0 tasks of its kind finished so far"
    assert of(past(1.0)).basis == "only 1 task of its kind finished so far"
    assert of(past(1.0, 2.0), past(1.0, repo=API)).basis == "only 2 tasks of its kind finished so far"


def test_sums_are_rounded_to_hundredths_of_a_cent_and_less() -> None:
    told = of(past(*[1.000049] * 9))
    assert (told.usd_low, told.usd_high) == (1.0, 1.0)
    runs = (attempt(usage=Usage(cost_usd=0.1000004)), attempt(usage=Usage(cost_usd=0.2)))
    assert cost(runs).usd == 0.3
    assert cost((attempt(usage=Usage(cost_usd=0.12345649)),)).usd == 0.123456


def test_half_an_estimate_is_none_and_a_cent_is_shown_as_one() -> None:
    half = Estimate(usd_low=1, tokens_low=5, tasks=1, basis="1 task")
    assert line(Cost(), half) == "Cost: unknown (no estimate: 1 task)"
    assert held(Cost(usd=1), half) == "unknown"
    assert held(Cost(tokens=1), half) == "unknown"
    assert held(Cost(usd=1), Estimate(usd_high=2, tokens_high=3)) == "unknown"
    assert held(Cost(usd=5, tokens=0), Estimate(tokens_low=10, tokens_high=20)) == "unknown"
    assert line(Cost(usd=0.01), None).startswith("Cost: 0.01 USD")
    assert line(Cost(usd=0.0), None).startswith("Cost: 0.00 USD")
