"""Which merges the base branch took back, by its own messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policy import reverts

SHA, BACK, AGAIN = "a" * 40, "b" * 40, "c" * 40
GIT = f'Revert "Add x (#7)"\n\nThis reverts commit {SHA}.'


@pytest.mark.parametrize(
    ("message", "taken"),
    [
        (GIT, True),
        (f"Undo it\n\nThis reverts commit {SHA[:9]}, after which main went red.", True),
        ('Revert "Add x" (#9)\n\nReverts acme/web#7', True),
        ('Revert "Add x" (#9)\n\n* Revert "Add x"\n\n  This reverts commit ' + SHA, True),
        ("Nobody reverts commit " + SHA, False),
        ("Reverts acme/web#77", False),
        ("This reverts commit aaaaaa", False),
        ("This reverts commit deadbeef", False),
        ("Mend what #7 broke", False),
    ],
)
def test_a_message_says_what_it_takes_back(message: str, taken: bool) -> None:
    assert reverts.by([(BACK, message)], SHA, 7) == (BACK if taken else "")


def test_what_is_brought_back_stands_and_can_be_taken_back_again() -> None:
    back, again = (BACK, GIT), (AGAIN, f"Reapply\n\nThis reverts commit {BACK}.")
    third = ("d" * 40, f"No\n\nThis reverts commit {AGAIN}.")
    assert reverts.by([again, back], SHA, 7) == ""
    assert reverts.by([third, again, back], SHA, 7) == BACK
    by_number = (AGAIN, 'Revert "Revert"\n\nReverts acme/web#9')
    assert reverts.by([by_number, (BACK, "Revert (#9)\n\nReverts acme/web#7")], SHA, 7) == ""


@given(st.lists(st.tuples(st.text("ab", min_size=40, max_size=40), st.text(max_size=100)), max_size=20))
def test_foreign_words_never_raise(log: list[tuple[str, str]]) -> None:
    assert reverts.by(log, SHA, 7) in {"", *(sha for sha, _ in log)}
