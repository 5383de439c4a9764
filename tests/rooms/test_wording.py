"""An event's data in words: what the program wrote down for itself is told as people say it."""

from __future__ import annotations

import pytest

from orchestrator.model.result import BlockerCode
from orchestrator.model.steps import Correct, Escalate, Publish
from orchestrator.operations.wording import plainly, words


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Publish(), "publish"),
        (
            Escalate(why="it's late · no <b>", code=BlockerCode.MISSING_CREDENTIALS),
            "escalate: why it's late · no <b>, code missing_credentials",
        ),
        (
            Correct(agent="anna", findings=("1 test fails", "a (b)")),
            "correct: agent anna, findings 1 test fails, a (b)",
        ),
    ],
)
def test_a_decision_is_told_in_words_once(step: object, told: str) -> None:
    why = str(getattr(step, "why", ""))
    assert words({"step": type(step).__name__, "detail": repr(step), "why": why}) == told


@pytest.mark.parametrize(
    "text",
    ["Fixed(bug) in (x)", "Merge(sha='ab", "Foo(bar)", "F(__import__('os').getcwd())", "F(**{'a': 1})",
     "F(" * 3000 + ")" * 3000],
)  # fmt: skip
def test_what_is_nothing_of_ours_stays_as_it_is(text: str) -> None:
    assert plainly(text) == text


def test_other_values_are_read_as_words() -> None:
    assert words({"offline": True, "tasks": ["a-1", "a-2"], "n": 3, "empty": "", "map": {"k": 1, "l": ""}}) == (
        "offline yes · tasks a-1, a-2 · n 3 · map k 1"
    )
    assert words({"reasons": [{"agent": "anna", "why": "used"}, {"agent": "ben"}]}) == (
        "reasons agent anna, why used; agent ben"
    )
    assert words({"text": "x" * 400}, limit=20) == "text " + "x" * 14 + "…"
