"""How an agent did lately: when that moves it in the chain, and when it is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.task import AttemptKind
from orchestrator.policy.health import (
    FAILURES,
    TROUBLE,
    UNSAID,
    Breaker,
    Record,
    Run,
    breaker,
    ranked,
    record,
    success,
)
from tests.policy.builders import NOW


def before(minutes: float, failure: FailureClass = FailureClass.NONE, **changes: object) -> Run:
    good = {"status": Status.COMPLETE} if failure is FailureClass.NONE else {"status": Status.BLOCKED}
    return Run(agent="codex", at=NOW - timedelta(minutes=minutes), failure=failure, **(good | changes))  # type: ignore[arg-type]


def failures(*minutes: float, failure: FailureClass = FailureClass.SERVER) -> list[Run]:
    return [before(m, failure) for m in minutes]


# --- the circuit breaker ------------------------------------------------------------------------------------------


def test_five_failures_in_an_hour_open_it_for_an_hour_and_four_do_not() -> None:
    assert breaker(failures(50, 40, 30, 20), NOW) == Breaker()
    assert breaker(failures(50, 40, 30, 20, 10), NOW) == Breaker(open_until=NOW + timedelta(minutes=50))


def test_five_failures_over_more_than_an_hour_do_not_open_it() -> None:
    assert breaker(failures(70, 50, 40, 30, 10), NOW) == Breaker()


@pytest.mark.parametrize("failure", sorted(TROUBLE, key=str))
def test_every_trouble_of_its_own_counts(failure: FailureClass) -> None:
    assert breaker(failures(*range(5), failure=failure), NOW).open_until is not None


@pytest.mark.parametrize("failure", [f for f in FailureClass if f not in TROUBLE])
def test_what_is_the_tasks_or_nobodys_does_not(failure: FailureClass) -> None:
    assert breaker(failures(*range(9), failure=failure), NOW) == Breaker()


def test_after_the_hour_one_probe_decides() -> None:
    opened = failures(130, 128, 126, 124, 122)  # open until 62 minutes ago
    assert breaker(opened, NOW) == Breaker(half=True)
    assert breaker([*opened, before(5)], NOW) == Breaker(), "the probe worked"
    assert breaker([*opened, before(5, FailureClass.WALL_TIME)], NOW) == Breaker(), "it works; the task was too much"
    again = breaker([*opened, *failures(5)], NOW)
    assert again == Breaker(open_until=NOW + timedelta(minutes=55)), "one failure is enough to open it again"
    assert breaker([*opened, *failures(5, failure=FailureClass.QUOTA)], NOW) == Breaker(half=True)


def test_runs_that_were_under_way_when_it_opened_change_nothing() -> None:
    opened = failures(50, 40, 30, 20, 10)
    assert breaker([*opened, *failures(5), before(4)], NOW) == breaker(opened, NOW)


@given(st.lists(st.tuples(st.floats(0, 10_000), st.sampled_from([*TROUBLE, FailureClass.NONE, *UNSAID])), max_size=60))
def test_it_never_stays_open_longer_than_an_hour_after_the_last_run(told: list[tuple[float, FailureClass]]) -> None:
    runs = [before(m, f) for m, f in told]
    seen = breaker(runs, NOW)
    assert not (seen.half and seen.open_until)
    if seen.open_until is not None:
        assert NOW < seen.open_until <= NOW + timedelta(hours=1)
        assert sum(1 for _, f in told if f in TROUBLE) >= FAILURES
    assert breaker(list(reversed(runs)), NOW) == breaker(sorted(runs, key=lambda r: r.at), NOW)


# --- the place in the chain ---------------------------------------------------------------------------------------


def of(wins: int, losses: int, *, days: float = 0) -> Record:
    age = days * 24 * 60
    lost: dict[str, Any] = {"status": Status.COMPLETE, "code": BlockerCode.TEST_FAILURE}
    return record([*(before(age) for _ in range(wins)), *(before(age, **lost) for _ in range(losses))], NOW)


def test_what_says_nothing_of_an_agent_is_not_counted() -> None:
    assert success(before(1)) is True
    assert success(before(1, FailureClass.CRASHED)) is False
    assert success(before(1, status=Status.PARTIAL)) is False
    assert success(before(1, kind=AttemptKind.RESUME)) is None
    for failure in UNSAID:
        assert success(before(1, failure)) is None
    for code in (BlockerCode.MISSING_CONTEXT, BlockerCode.DEPENDENCY_BLOCKED):
        assert success(before(1, status=Status.BLOCKED, code=code)) is None


def test_nothing_known_has_the_widest_interval() -> None:
    assert (Record().low, Record().high) == (0.0, 1.0)
    assert of(3, 3).low < 0.5 < of(3, 3).high


def test_the_operators_order_stands_until_the_evidence_is_clear() -> None:
    names = ("codex", "claude", "gemini")
    assert [n for n, _ in ranked(names, {})] == list(names)
    slight = {"codex": of(2, 2), "claude": of(4, 0)}
    assert [n for n, _ in ranked(names, slight)] == list(names), "a slight difference moves nobody"
    clear = {"codex": of(1, 9), "claude": of(9, 1)}
    assert ranked(names, clear) == (("claude", ""), ("gemini", ""), ("codex", "claude"))


def test_an_untried_agent_is_never_put_back_and_goes_before_one_that_is_clearly_worse() -> None:
    order = [n for n, _ in ranked(("codex", "new", "claude"), {"codex": of(0, 9), "claude": of(9, 0)})]
    assert order == ["new", "claude", "codex"]


def test_of_two_that_are_put_back_the_one_with_more_hope_goes_first() -> None:
    records = {"a": of(0, 9), "b": of(0, 5), "c": of(20, 0)}
    assert [n for n, _ in ranked(("a", "b", "c"), records)] == ["c", "b", "a"]


def test_nobody_starves_evidence_fades_and_one_that_was_put_back_comes_back() -> None:
    """The other one goes on winning; still the first is asked again within a week, for its evidence fades."""
    waited = [
        day
        for day in range(1, 8)
        if ranked(("bad", "good"), {"bad": of(0, 6, days=day), "good": of(9, 0)})[0][0] == "bad"
    ]
    assert waited, "it never came back"
    assert 1 < waited[0] <= 5


@given(st.dictionaries(st.sampled_from("abcde"), st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1))
def test_ranking_loses_nobody_and_never_puts_one_behind_without_naming_who_is_better(
    told: dict[str, tuple[int, int]],
) -> None:
    names = tuple("abcde")
    records = {name: of(*counts) for name, counts in told.items()}
    order = ranked(names, records)
    assert sorted(n for n, _ in order) == sorted(names)
    known = {name: records.get(name, Record()) for name in names}
    for name, by in order:
        assert not by or known[by].low > known[name].high
    unmoved = [name for name, by in order if not by]
    assert unmoved == sorted(unmoved), "those that nobody outdoes keep the operator's order"
    assert order == ranked(names, records), "the same facts, the same order"


def test_what_lies_in_the_future_of_a_clock_set_back_counts_for_nothing() -> None:
    later: datetime = NOW + timedelta(hours=2)
    runs = [Run(agent="codex", at=later, failure=FailureClass.SERVER)] * 9
    assert record(runs, NOW) == Record()
    assert breaker(runs, NOW) == Breaker()


# --- each side of every edge --------------------------------------------------------------------------------------


def test_an_hour_is_an_hour_to_the_second() -> None:
    assert breaker(failures(60, 40, 30, 20, 0), NOW) == Breaker(), "the first is an hour old, so there are four"
    assert breaker(failures(59.9, 40, 30, 20, 0), NOW).open_until == NOW + timedelta(hours=1)
    opened = failures(64, 63, 62, 61, 60)
    assert breaker(opened, NOW) == Breaker(half=True)
    assert breaker([*opened, before(0, FailureClass.SERVER)], NOW).open_until == NOW + timedelta(hours=1)
    assert breaker([*opened, before(0.1, FailureClass.SERVER)], NOW) == Breaker(half=True), "it was under way"


def test_what_is_known_is_said_with_its_bounds() -> None:
    assert Record(wins=0.04, runs=0.04).words == "nothing known lately"
    assert Record(wins=0.05, runs=0.05).words.startswith("success 100% lately")
    assert Record(wins=4.0, runs=8.0).words == "success 50% lately, between 22% and 78%"
    assert (Record().low, Record().high) == (0.0, 1.0)
    assert 0.0 < Record(wins=0.5, runs=0.5).low < 0.15


def test_a_failed_run_is_no_success_whatever_it_said() -> None:
    odd = before(1, FailureClass.SERVER, status=Status.COMPLETE)
    assert success(odd) is False
    lacking = before(1, FailureClass.SERVER, code=BlockerCode.MISSING_CONTEXT)
    assert success(lacking) is False


def test_only_a_clear_difference_moves_anybody() -> None:
    same = {"a": Record(wins=0, runs=0), "b": Record(wins=3, runs=3)}
    assert ranked(("a", "b"), same) == (("a", ""), ("b", ""))
    clear = {"a": Record(wins=0, runs=40), "b": Record(wins=40, runs=40), "c": Record(wins=39, runs=40)}
    assert ranked(("a", "c", "b"), clear) == (("c", ""), ("b", ""), ("a", "b"))


def test_a_day_halves_what_a_run_says() -> None:
    assert record([before(24 * 60)], NOW) == Record(wins=0.5, runs=0.5)
