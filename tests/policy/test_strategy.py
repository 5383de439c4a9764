"""STRATEGY.md: what a sprint adds, and that people's words stay as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policy import strategy
from orchestrator.policy.strategy import Sprint

PERSON = "# Ours\r\n\n## Product Vision\n\nFast.   \n\n## Sprint History\n\nOld words.\n"


def sprint(n: int) -> Sprint:
    return Sprint(plan=f"app-2026112{n}-1", day=f"2026-11-2{n}", retrospective=(f"{n} merged",), plan_lines=(f"#{n}",))


def test_the_newest_sprint_stands_first_and_is_written_once() -> None:
    text = strategy.add(strategy.add(PERSON, sprint(1)), sprint(2))
    assert strategy.ids(text) == ("app-20261122-1", "app-20261121-1")
    assert strategy.add(text, sprint(1)) == text
    assert "### Sprint 2026-11-22\n\n#### Retrospective\n\n- 2 merged\n\n#### Plan\n\n- #2\n" in text


def test_a_history_is_begun_where_there_is_none() -> None:
    assert "## Sprint History\n\n<!-- agent-os:sprint=app-20261121-1 -->" in strategy.add("# Ours", sprint(1))
    assert strategy.add(strategy.EMPTY, sprint(1)).startswith("# Strategy\n\n## Product Vision\n")


@given(st.text(alphabet=st.sampled_from("#\r\n ab<!->"), max_size=80))
def test_peoples_words_are_kept_byte_for_byte(before: str) -> None:
    text = f"{before}\n## Sprint History\n\nWords.\n"
    added = strategy.add(strategy.add(text, sprint(1)), sprint(2))
    for n in (1, 2):
        added = added.replace("\n" + strategy.block(sprint(n)), "", 1)
    assert added == text


def test_what_people_changed_goes_on_with_the_sprints_it_lacks() -> None:
    ours = strategy.add(strategy.add(PERSON, sprint(1)), sprint(2))
    theirs = strategy.add(PERSON, sprint(1)).replace("Fast.", "Fast and small.")
    carried = strategy.carried(theirs, ours)
    assert strategy.ids(carried) == ("app-20261122-1", "app-20261121-1")
    assert "Fast and small." in carried


def test_focus_areas_are_ours_after_three_sprints_and_until_somebody_edits_them() -> None:
    text = strategy.EMPTY
    for n in (1, 2):
        text = strategy.add(text, sprint(n))
    assert strategy.focus(text, ["area:web"]) == text
    text = strategy.add(text, sprint(3))
    once = strategy.focus(text, ["area:web"])
    assert "<!-- auto-focus-areas -->\n\n- area:web\n\n<!-- /auto-focus-areas " in once
    again = strategy.focus(once, ["area:ads"])
    assert "- area:ads" in again
    assert "- area:web" not in again
    edited = once.replace("- area:web", "- area:web, and calm")
    assert strategy.focus(edited, ["area:ads"]) == edited
    taken = once.replace("<!-- auto-focus-areas -->", "")
    assert strategy.focus(taken, ["area:ads"]) == taken
    own = text.replace("<!-- auto-focus-areas -->\n", "<!-- auto-focus-areas -->\n\nOurs.\n")
    assert strategy.focus(own, ["area:ads"]) == own
