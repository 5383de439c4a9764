"""What a sprint takes up: the terms of a candidate, an agent's word in its bounds, and what is expected of an item."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.objective import Check, Direction, Metric, Objective, Source
from orchestrator.model.outcome import Expected
from orchestrator.model.plan import Candidate, Term
from orchestrator.model.planning import OutcomeCheck, SourceType
from orchestrator.model.task import Priority
from orchestrator.policy import plan
from orchestrator.policy.attribute import Credit
from orchestrator.policy.hypothesis import Wanted
from orchestrator.policy.plan import Facts, Seen, Word
from tests.policy.builders import NOW, ago, issue

WEIGHTS = ((Priority.HIGH, 30.0), (Priority.NORMAL, 10.0), (Priority.LOW, 0.0))
CHECK = Check(source=Source(path="x.yaml"), window_days=14)


def earned(mean: float, n: float) -> Credit:
    return Credit(mean=mean, n=n, last=ago(days=1))


def facts(**changes: Any) -> Facts:
    return replace(Facts(now=NOW, size=3, weights=WEIGHTS), **changes)


def seen(number: int, direction: str = "area:web", **changes: Any) -> Seen:
    labels = changes.pop("labels", frozenset())
    good = Seen(issue=issue(number=number, labels=labels, card=None, title=f"Wish {number}"), direction=direction)
    return replace(good, **changes)


def term(one: Candidate, name: str) -> Term:
    return next(t for t in one.terms if t.name == name)


def candidate(number: int, score: float, direction: str = "a") -> Candidate:
    return Candidate(
        issue=number, title=f"Wish {number}", direction=direction, terms=(Term(name="age", value=score, why="it is"),)
    )


OBJECTIVE = Objective(
    file=Path("web.yaml"),
    repo="web",
    primary_outcome="More sales.",
    metrics=(
        Metric(id="conversion", weight=3, outcome_check=CHECK, dead_band=0.03),
        Metric(id="latency", weight=1, direction=Direction.DECREASE, outcome_check=CHECK),
    ),
)


def test_what_an_objective_punished_ranks_lower_and_the_term_says_why() -> None:
    paid, hurt = earned(0.6, 4), earned(-0.6, 4)
    found = plan.candidates(
        [seen(1, "area:speed"), seen(2, "area:ads"), seen(3, "area:new")],
        facts(credit={"area:speed": hurt, "area:ads": paid}),
    )
    assert [c.issue for c in found] == [2, 3, 1]
    assert term(found[2], "outcome").value == -15.0
    assert "area:speed was punished: -0.60 over 4.0 measurements" in term(found[2], "outcome").why
    assert term(found[1], "outcome").value == 0


def test_the_objectives_weight_of_the_named_metrics_scales_what_was_earned() -> None:
    known = facts(objective=OBJECTIVE, credit={"area:web": earned(0.4, 4)})
    by = {c.issue: term(c, "outcome").value for c in plan.candidates(
        [seen(1, checks=("conversion",)), seen(2, checks=("latency",)), seen(3), seen(4, checks=("elsewhere",))], known
    )}  # fmt: skip
    assert by == {1: 15.0, 2: 5.0, 3: 10.0, 4: 10.0}


def test_age_rises_slowly_and_ends() -> None:
    old = [
        seen(n, issue=issue(number=n, created_at=ago(days=days), card=None)) for n, days in ((1, 0), (2, 7), (3, 900))
    ]
    by = {c.issue: term(c, "age").value for c in plan.candidates(old, facts())}
    assert by == {1: 0.0, 2: 1.0, 3: 5.0}


def test_what_was_tried_little_is_explored_a_little() -> None:
    found = plan.candidates([seen(1, "area:a"), seen(2, "area:b")], facts(credit={"area:a": earned(0.0, 50)}))
    assert [c.issue for c in found] == [2, 1]
    assert 0 < term(found[1], "exploration").value < term(found[0], "exploration").value <= plan.MOST_EXPLORED
    nothing = plan.candidates([seen(1)], facts())
    assert term(nothing[0], "exploration").value == 0


def test_an_agents_word_orders_but_does_not_overturn_what_was_measured() -> None:
    found = plan.candidates(
        [seen(1, "area:ads"), seen(2, "area:speed"), seen(3, "area:ads")],
        facts(credit={"area:ads": earned(0.6, 4), "area:speed": earned(-0.6, 4)}),
    )
    ordered = plan.merge_answer(found, Word(promote=("2", "#3", "3", "99", "x"), rationales=("a", "b", "c", "d", "e")))
    assert [c.issue for c in ordered.candidates] == [3, 1, 2]
    assert term(ordered.candidates[0], "planner").value == 4.0
    assert ordered.ignored == ("99", "x")
    assert ordered.rationales == {2: "a", 3: "b"}


def test_rationales_that_belong_to_nobody_are_not_used() -> None:
    found = [candidate(1, 5)]
    ordered = plan.merge_answer(found, Word(promote=("1",), rationales=("a", "b")))
    (item,) = plan.items(ordered.candidates, ordered.rationales, facts(), "planner")
    assert item.rationale == "Score 13.0: age +5.0 (it is); planner +8.0 (named 1 of 1 by the agent)"


def test_one_direction_leaves_room_for_another_one() -> None:
    rich = [candidate(n, 100 - n) for n in range(1, 9)]
    other = candidate(9, 1, "b")
    assert [c.issue for c in plan.deterministic([*rich, other], 5)] == [1, 2, 3, 4, 9]
    assert [c.issue for c in plan.deterministic(rich, 5)] == [1, 2, 3, 4, 5]


def test_an_item_expects_its_metric_to_get_better_by_twice_the_dead_band() -> None:
    known = facts(objective=OBJECTIVE, checks=(OutcomeCheck(id="nps", type=SourceType.FILE),), main={"b": "latency"})
    one, two, three, four = plan.items(
        [
            replace(candidate(1, 1), checks=("elsewhere", "conversion")),
            candidate(2, 1, "b"),
            replace(candidate(3, 1), checks=("nps",)),
            candidate(4, 1),
        ],
        {},
        known,
        "planner",
    )
    assert one.hypothesis
    assert two.hypothesis
    assert three.hypothesis
    assert (one.metric, one.hypothesis.expected, one.hypothesis.size) == ("conversion", Expected.UP, 0.06)
    assert (two.metric, two.hypothesis.expected, two.hypothesis.window_days) == ("latency", Expected.DOWN, 14)
    assert (three.metric, three.hypothesis.expected, three.hypothesis.window_days) == ("nps", Expected.UP, 7)
    assert (four.metric, four.hypothesis) == ("", None)


def test_what_a_person_expects_stands() -> None:
    wanted = Wanted(metric="conversion", expected=Expected.DOWN, size=0.5, window_days=None)
    (item,) = plan.items([candidate(1, 1)], {}, facts(objective=OBJECTIVE, written={1: wanted}), "planner")
    assert item.hypothesis
    assert (item.metric, item.hypothesis.expected, item.hypothesis.size) == ("conversion", Expected.DOWN, 0.5)
    assert (item.hypothesis.window_days, item.hypothesis.by) == (14, "the issue")


@pytest.mark.parametrize(
    ("after", "order", "circle"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, ("c", "b", "a"), ()),
        ({"a": [], "b": [], "c": ["a"]}, ("a", "b", "c"), ()),
        ({"a": ["b"], "b": ["a"], "c": []}, ("c", "a", "b"), ("a", "b")),
        ({"a": ["a", "elsewhere"]}, ("a",), ()),
    ],
)
def test_repositories_are_planned_after_those_they_depend_on(
    after: dict[str, list[str]], order: tuple[str, ...], circle: tuple[str, ...]
) -> None:
    assert plan.repo_order(after) == (order, circle)


def test_a_strategy_names_what_it_depends_on() -> None:
    text = "# Strategy\n\napp first\n\n## Dependencies\n\n- Acme/Api, and `app`.\n- elsewhere\n\n## Vision\n\nweb\n"
    assert plan.named_dependencies(text, {"acme/api": "api", "app": "app", "web": "web"}) == ("api", "app")


# --- whatever comes in

DIRECTIONS = st.sampled_from(["area:a", "area:b", "area:c"])
CANDIDATES = st.lists(
    st.builds(candidate, st.integers(1, 40), st.floats(-50, 80), DIRECTIONS), max_size=20, unique_by=lambda c: c.issue
)
WORDS = st.builds(
    Word,
    promote=st.lists(st.one_of(st.integers(-5, 60).map(str), st.text(max_size=5)), max_size=12).map(tuple),
    rationales=st.lists(st.text(max_size=20), max_size=12).map(tuple),
)


@given(CANDIDATES, st.one_of(st.none(), WORDS), st.integers(0, 8), st.randoms(use_true_random=False))
def test_never_more_than_the_size_only_candidates_each_once_in_whatever_order(
    found: list[Candidate], word: Word | None, size: int, random: Any
) -> None:
    ordered = plan.merge_answer(found, word)
    chosen = plan.deterministic(ordered.candidates, size)
    numbers = [c.issue for c in chosen]
    assert len(numbers) == len(set(numbers)) == min(size, len(found))
    assert set(numbers) <= {c.issue for c in found}
    assert set(ordered.rationales) <= {c.issue for c in found}
    mixed = list(found)
    random.shuffle(mixed)
    again = plan.deterministic(plan.merge_answer(mixed, word).candidates, size)
    assert [c.issue for c in again] == numbers


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 50), st.integers(1, 2))
def test_all_else_equal_the_better_direction_never_ranks_lower(one: float, two: float, n: float, first: int) -> None:
    known = facts(credit={"area:1": earned(one, n), "area:2": earned(two, n)})
    found = plan.candidates([seen(first, "area:1"), seen(3 - first, "area:2")], known)
    if abs(one - two) > 1e-6:
        assert found[0].direction == ("area:1" if one > two else "area:2")


@given(CANDIDATES, WORDS)
def test_an_agent_moves_no_candidate_by_more_than_its_bound(found: list[Candidate], word: Word) -> None:
    before = {c.issue: c.score for c in found}
    for one in plan.merge_answer(found, word).candidates:
        assert -1e-9 <= one.score - before[one.issue] <= plan.PLANNER + 1e-9
