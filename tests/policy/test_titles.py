"""Titles as first lines of commits and pull requests of ours: the same words, and none of them an order to the host."""

from __future__ import annotations

import re

import pytest

from orchestrator.policy import ci_words

ORDERS = re.compile(r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w.-]*/?[\w.-]*#\d|gh-\d|https?:)|@\w")


@pytest.mark.parametrize(
    "title",
    [
        "Do it, fixes #1", "Closes: #12 and resolved ada/app#3", "FIX GH-7", "close https://github.com/ada/app/issues/1",
        "for @victim and @ada/team", "@ada: fixed #1, closed #2",
    ],
)  # fmt: skip
def test_a_title_calls_nobody_and_closes_nothing(title: str) -> None:
    said = ci_words.title(title)
    assert ORDERS.search(title), "it would"
    assert not ORDERS.search(said)
    assert said.replace("\u2060", "") == title, "the words stay"


@pytest.mark.parametrize("title", ["Fix the parser", "Prefix #1", "mail a@b.example", "`@decorator` of #4", "See #12"])
def test_a_harmless_title_stays_as_it_is(title: str) -> None:
    assert ci_words.title(title) == title


def test_a_title_switches_no_check_off() -> None:
    assert "[skip ci]" not in ci_words.title("Docs [skip ci]")
