"""Foreign text is cut between words: what the redactor sees later holds no half secret."""

from __future__ import annotations

import pytest

from orchestrator.model import cutting
from orchestrator.output import Kept

SECRET = "q7" * 20


@pytest.mark.parametrize("at", range(90, 135))
def test_a_cut_leaves_a_secret_whole_or_nothing_of_it(at: int) -> None:
    text = "a " * 48 + SECRET + " b" * 48
    for kept in (cutting.head(text, at), cutting.tail(text, at)):
        assert len(kept) <= at
        assert kept.count("q7") in (0, 20)
    assert cutting.head(text, 500) == cutting.tail(text, 500) == text


def test_a_text_of_one_word_is_cut_all_the_same() -> None:
    assert len(cutting.head("x" * 50_000, 20_000)) == 20_000 - cutting.WORD
    assert len(cutting.tail("x" * 50_000, 20_000)) == 20_000 - cutting.WORD


@pytest.mark.parametrize("before", range(60, 110, 3))
def test_the_gap_in_a_long_output_cuts_no_secret_in_two(before: int) -> None:
    kept = Kept(200)
    for part in (b"y" * 20 + b" ", b"a " * (before // 2), SECRET.encode(), b" b" * 300, SECRET.encode(), b" c" * 40):
        kept.add(part)
    text = kept.text()
    assert b"bytes left out" in text
    assert text.count(b"q7") in (0, 20, 40)
