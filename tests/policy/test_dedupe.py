"""A draft and what is there: where a duplicate begins, whom an agent is asked about, and what is compared at all."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.planning import Similarity
from orchestrator.policy import dedupe
from orchestrator.policy.dedupe import Known, Method

BOUNDS = Similarity(threshold=0.75, ask_from=0.60)


def there(count: int) -> list[Known]:
    return [Known(label=f"acme/web#{n}", title="t", body="b") for n in range(count)]


@pytest.mark.parametrize(
    ("score", "duplicate", "asked"),
    [
        (1.0, True, False),
        (0.75, True, False),
        (math.nextafter(0.75, 0), False, True),
        (0.60, False, True),
        (math.nextafter(0.60, 0), False, False),
        (-1.0, False, False),
        (math.nan, False, False),
    ],
)
def test_the_threshold_itself_is_a_duplicate_and_the_lower_edge_of_the_band_is_asked(
    score: float, duplicate: bool, asked: bool
) -> None:
    judged = dedupe.judge(there(1), [score], BOUNDS)
    assert (judged.duplicate is not None, bool(judged.ask)) == (duplicate, asked)


def test_the_most_alike_is_the_twin_and_of_equals_the_first() -> None:
    judged = dedupe.judge(there(4), [0.80, 0.91, 0.70, 0.91], BOUNDS)
    assert judged.duplicate is not None
    assert (judged.duplicate.known.label, judged.duplicate.score, judged.ask) == ("acme/web#1", 0.91, ())


def test_an_agent_is_asked_about_three_at_most_the_most_alike_first() -> None:
    judged = dedupe.judge(there(6), [0.61, 0.74, 0.62, 0.70, 0.10, 0.66], BOUNDS)
    assert [each.known.label for each in judged.ask] == ["acme/web#1", "acme/web#3", "acme/web#5"]


@given(st.lists(st.floats(-1, 1), max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_what_is_above_the_threshold_is_never_put_off_and_what_is_below_the_band_never_asked(
    scores: list[float], threshold: float, ask_from: float
) -> None:
    judged = dedupe.judge(there(len(scores)), scores, Similarity(threshold=threshold, ask_from=ask_from))
    assert (judged.duplicate is not None) == any(score >= threshold for score in scores)
    assert all(ask_from <= each.score < threshold for each in judged.ask)
    assert not (judged.duplicate and judged.ask)


def test_scores_for_other_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="2 scores for 1"):
        dedupe.judge(there(1), [0.1, 0.2], BOUNDS)


def test_what_a_person_configures_are_cosines_of_the_model_words_have_bounds_of_their_own() -> None:
    strict = Similarity(threshold=0.9, ask_from=0.8)
    assert dedupe.rules(strict, Method.MODEL) == strict
    assert dedupe.rules(strict, Method.LEXICAL) == dedupe.LEXICAL


def test_headings_and_hidden_marks_are_not_compared_a_templates_issues_are_not_alike_for_its_sake() -> None:
    body = "## Goal\nDates are parsed.\n<!-- agent-os:key=1 -->\n## Evidence\n- ledger:4\n<!-- unclosed\nhidden"
    assert dedupe.text("  Parse\n dates ", body) == "Parse dates\nDates are parsed.\n- ledger:4"


def test_of_our_own_issues_ids_of_evidence_and_the_last_line_are_not_compared() -> None:
    body = "## Evidence\n> 4 of 9 runs failed\n>\n- `ledger:4`\n\nFiled by the log_analyzer of Agent OS.\n"
    assert dedupe.text("Runs fail", body) == "Runs fail\n4 of 9 runs failed"


def test_any_text_is_bounded_in_size_and_time() -> None:
    began = time.monotonic()
    text = dedupe.text("t" * 10**6, "<!--" * 500_000 + "x")
    assert len(text) <= dedupe.TITLE_CHARS + dedupe.BODY_CHARS + 1
    assert time.monotonic() - began < 1
