"""A model's answer against the closed set, and tries under a clock that people set."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.model.objective import Direction, Interpretation, Metric
from orchestrator.planning.prose import answered
from orchestrator.state.tries import Key, Tries
from tests.policy.builders import NOW

UP, DOWN = Metric(id="sales"), Metric(id="errors", direction=Direction.DECREASE)


@pytest.mark.parametrize(
    ("metric", "word", "movement", "wanted", "change"),
    [
        (UP, "improved", "+12 %", Interpretation.IMPROVED, 0.12),
        (UP, " Improved. ", "", Interpretation.IMPROVED, None),
        (DOWN, "improved", "\N{MINUS SIGN}3.5%", Interpretation.IMPROVED, -0.035),
        (DOWN, "regressed", "a lot", Interpretation.REGRESSED, None),
        (UP, "unchanged", "0.4%", Interpretation.UNCHANGED, 0.004),
        (None, "regressed", "-4%", Interpretation.REGRESSED, -0.04),
        (UP, "improved", "-12 %", None, None),
        (DOWN, "regressed", "-12 %", None, None),
        (UP, "inconclusive", "", None, None),
        (UP, "approved", "+5%", None, None),
        (UP, "improved regressed", "", None, None),
        (UP, "", "", None, None),
    ],
)
def test_only_the_four_words_count_and_no_contradiction(
    metric: Metric | None, word: str, movement: str, wanted: Interpretation | None, change: float | None
) -> None:
    reading = answered(metric, word, movement, "It says so.")
    assert reading.interpretation is wanted
    assert reading.movement == (None if change is None else pytest.approx(change))


def test_a_try_waits_for_its_time_but_not_for_a_clock_that_was_set_back(tmp_path: Path) -> None:
    tries = Tries(root=tmp_path)
    key = Key(repo="ada/app", task="app-7", pull=7, check="sales")
    assert not tries.waits(key, NOW)
    tries.missed(key, "not there", NOW + timedelta(hours=6))
    assert tries.waits(key, NOW)
    assert not tries.waits(key, NOW + timedelta(hours=6))
    assert not tries.waits(key, NOW - timedelta(days=30)), "else it waited a month"
    assert tries.count(key) == 1


def test_what_is_owed_is_told_or_given_up_some_day(tmp_path: Path) -> None:
    tries = Tries(root=tmp_path)
    key = Key(repo="ada/app", task="app-7", pull=7, check="sales")
    tries.owe(key, "abc")
    assert tries.owed("Ada/App") == ((key, "abc"),)
    assert tries.owed("ada/web") == ()
    for _ in range(199):
        tries.untold(key)
    assert tries.owed("ada/app")
    tries.untold(key)
    assert tries.owed("ada/app") == ()
    tries.owe(key, "abc")
    tries.told(key)
    assert tries.owed("ada/app") == ()
