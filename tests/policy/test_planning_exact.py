"""Plans, strategies, backlogs and the day's summary, to the letter and to the boundary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from orchestrator.model.plan import Term
from orchestrator.model.planning import OutcomeCheck, SourceType
from orchestrator.policy import digest, groom, plan, strategy
from orchestrator.policy.digest import Standing
from orchestrator.policy.groom import Kind, Risk, Stopped
from orchestrator.policy.plan import Seen, Word
from tests.policy.builders import ago, issue
from tests.policy.test_digest import record
from tests.policy.test_groom import WHOLE
from tests.policy.test_groom import facts as backlog
from tests.policy.test_groom import issue as ticket
from tests.policy.test_plan import OBJECTIVE, candidate, earned, facts, seen
from tests.policy.test_strategy import PERSON, sprint

APP = RepoName("ada/app")

# --- the terms of a candidate


def terms(one: Seen, **known: object) -> tuple[Term, ...]:
    return plan.candidates([one], facts(**known))[0].terms


@pytest.mark.parametrize(
    ("seconds", "value", "why"),
    [
        (75600, 0.12, "open for 1 days"),
        (81648, 0.13, "open for 1 days"),
        (226800, 0.38, "open for 3 days"),
        (35 * 86400, 5.0, "open for 35 days"),
        (900 * 86400, 5.0, "open for 900 days"),
    ],
)
def test_a_week_of_age_is_a_point(seconds: float, value: float, why: str) -> None:
    old = Seen(issue=issue(created_at=ago(seconds=seconds)), direction="a")
    assert terms(old)[1] == Term(name="age", value=value, why=why)


def test_an_issue_that_tells_no_age_has_none() -> None:
    odd = Seen(issue=issue(created_at="yesterday"), direction="a")
    assert terms(odd)[1] == Term(name="age", value=0.0, why="nothing tells its age")


@pytest.mark.parametrize(
    ("mean", "n", "value", "why"),
    [
        (0.5, 0.0, 0.0, "nothing of area:web was measured yet"),
        (1 / 3, 2.0, 8.333333, "area:web paid: +0.33 over 2.0 measurements, times 1.00"),
        (0.0, 2.0, 0.0, "area:web changed nothing: +0.00 over 2.0 measurements, times 1.00"),
        (-1 / 3, 0.5, -8.333333, "area:web was punished: -0.33 over 0.5 measurements, times 1.00"),
        (7.0, 1.0, 25.0, "area:web paid: +1.00 over 1.0 measurements, times 1.00"),
        (-7.0, 1.0, -25.0, "area:web was punished: -1.00 over 1.0 measurements, times 1.00"),
    ],
)
def test_what_measuring_said_of_its_kind_is_worth_and_told(mean: float, n: float, value: float, why: str) -> None:
    assert terms(seen(1), credit={"area:web": earned(mean, n)})[2] == Term(name="outcome", value=value, why=why)


def test_the_metrics_that_an_issue_names_are_told_with_how_much_they_matter() -> None:
    known = {"objective": OBJECTIVE, "credit": {"area:web": earned(0.4, 4)}}
    one = terms(seen(1, checks=("Latency", "conversion")), **known)[2]
    assert one.value == 20.0
    assert one.why == "area:web paid: +0.40 over 4.0 measurements, times 2.00 for conversion, latency"


@pytest.mark.parametrize(("direction", "n"), [("area:a", 50.0), ("area:b", 2.0), ("area:c", 0.0)])
def test_exploration_is_what_the_formula_says(direction: str, n: float) -> None:
    credit = {"area:a": earned(0.0, 50), "area:b": earned(0.0, 2)}
    value = min(6.0, 3 * math.sqrt(math.log(53) / (1 + n)))
    found = terms(seen(1, direction), credit=credit)[3]
    assert found == Term(name="exploration", value=round(value, 6), why=f"{n:.1f} of 52.0 measurements are of its kind")


def test_a_candidate_shows_its_priority_its_feedback_and_its_title() -> None:
    (one,) = plan.candidates(
        [seen(1, labels=frozenset({"prio:high"}), feedback=(1.23456789, "checkout, in sales"))], facts()
    )
    assert one.title == "Wish 1"
    assert one.terms[0] == Term(name="priority", value=30.0, why="prio:high")
    assert one.terms[4] == Term(name="feedback", value=1.234568, why="checkout, in sales")
    (bare,) = plan.candidates([Seen(issue=issue(number=5, title="<!-- x -->"), direction="a")], facts())
    assert (bare.title, bare.terms[4].why) == ("Issue #5", "nothing speaks for it")


def test_scores_that_differ_by_less_than_a_billionth_are_equal() -> None:
    near = [candidate(2, 1.0), candidate(1, 1.0 - 3e-10)]
    apart = [candidate(2, 1e-9), candidate(3, 3e-9), candidate(1, 2e-9)]
    assert [c.issue for c in plan.deterministic(near, 2)] == [1, 2]
    assert [c.issue for c in plan.deterministic(apart, 3)] == [3, 1, 2]


# --- an agent's word, and the items


def test_what_the_agent_named_is_worth_its_place_and_told() -> None:
    found = [candidate(n, 0) for n in range(1, 5)]
    ordered = plan.merge_answer(found, Word(promote=("3", "1", "2")))
    assert {c.issue: c.terms[-1] for c in ordered.candidates} == {
        3: Term(name="planner", value=8.0, why="named 1 of 3 by the agent"),
        1: Term(name="planner", value=5.333333, why="named 2 of 3 by the agent"),
        2: Term(name="planner", value=2.666667, why="named 3 of 3 by the agent"),
        4: Term(name="planner", value=0.0, why="not named by the agent"),
    }
    assert plan.merge_answer(found, None).candidates == tuple(found)


def test_long_reasons_and_long_nonsense_are_cut() -> None:
    word = Word(promote=("1", "y" * 50), rationales=("z" * 400, ""))
    ordered = plan.merge_answer([candidate(1, 5)], word)
    assert ordered.rationales == {1: "z" * 300}
    assert ordered.ignored == ("y" * 40,)


def test_a_plan_of_no_size_takes_nothing() -> None:
    found = [candidate(1, 5), candidate(2, 4)]
    assert plan.deterministic(found, 0) == ()
    assert plan.deterministic(found, -1) == ()


def test_an_item_keeps_its_score_and_says_what_moves_it() -> None:
    (item,) = plan.items([candidate(1, 1.23456789)], {}, facts(), "planner")
    assert (item.score, item.rationale) == (1.234568, "Score 1.2: age +1.2 (it is)")
    assert plan.sentence(candidate(1, 0)) == "Score 0.0: no term speaks for or against it"


def test_the_first_check_that_is_measured_is_the_items_metric() -> None:
    checks = (OutcomeCheck(id="nps", type=SourceType.FILE), OutcomeCheck(id="visits", type=SourceType.FILE))
    known = facts(objective=OBJECTIVE, checks=checks)
    assert plan.metric_of(replace(candidate(1, 1), checks=("no", "nps", "conversion")), known) == "nps"
    found = plan.expected("nps", known, "planner")
    assert found
    assert (found.size, found.window_days, found.by) == (0.04, 7, "planner")


def test_where_nothing_is_attributed_nothing_is_expected() -> None:
    one = replace(candidate(1, 1), checks=("conversion",))
    (item,) = plan.items([one], {}, facts(objective=OBJECTIVE, measuring=False), "planner")
    assert (item.metric, item.hypothesis) == ("conversion", None)


def test_only_the_section_names_dependencies() -> None:
    known = {"api": "api", "app": "app"}
    assert plan.named_dependencies("api first\n# Dependencies #\napp.\n", known) == ("app",)
    assert plan.named_dependencies("api\n", known) == ()


# --- STRATEGY.md


@pytest.mark.parametrize(
    ("before", "gap"), [("", ""), ("# Ours", "\n\n"), ("# Ours\n", "\n"), ("# Ours\n\n", ""), ("\n\n", "")]
)
def test_one_blank_line_before_a_history_that_is_begun(before: str, gap: str) -> None:
    block = strategy.block(sprint(1))
    assert strategy.add(before, sprint(1)) == f"{before}{gap}## Sprint History\n\n{block}"


def sprints(text: str) -> str:
    for n in (1, 2, 3):
        text = strategy.add(text, sprint(n))
    return text


def test_focus_areas_go_between_their_comments_and_change_nothing_else() -> None:
    text = sprints(strategy.FOCUS_OPEN + "\n\n## Sprint History\n")
    once = strategy.focus(text, ["area:web", "area:ads"])
    head, _, rest = text.partition("\n\n## Sprint")
    start = f"{head}\n\n- area:web\n- area:ads\n\n<!-- /auto-focus-areas "
    assert once.startswith(start)
    assert once.endswith(f" -->\n\n## Sprint{rest}")
    assert len(once) == len(start) + 12 + len(f" -->\n\n## Sprint{rest}")
    assert strategy.focus(once, []) == once


def test_without_the_comment_there_is_no_place_for_focus_areas() -> None:
    text = sprints("x" * 22 + "\n## Sprint History\n")
    assert strategy.focus(text, ["area:web"]) == text
    assert strategy.focus(sprints(PERSON), ["area:web"]) == sprints(PERSON)


def test_five_areas_with_what_measuring_said() -> None:
    given: Sequence[tuple[str, float | None]] = [
        ("area:a", 0.25),
        ("area:b", None),
        *[(f"area:{n}", 0.0) for n in "cdefg"],
    ]
    assert strategy.areas(given) == (
        "area:a: measured at +0.25", "area:b: not measured yet", "area:c: measured at +0.00",
        "area:d: measured at +0.00", "area:e: measured at +0.00",
    )  # fmt: skip


# --- the backlog


@pytest.mark.parametrize(("found", "wanted"), [(0, 3), (3, 3), (4, 4), (5, 5), (6, 5)])
def test_three_to_five_issues(found: int, wanted: int) -> None:
    assert groom.number(found) == wanted


def test_signals_say_in_words_what_is_the_matter() -> None:
    stopped = [
        Stopped(task="app-9", issue=9, title="Add tax", reason="no agent"),
        Stopped(task="app-x", issue=None, title="Loose", reason="r" * 700),
    ]
    purpose = dict(groom.DOCUMENTS)
    which = f"which {purpose['STRATEGY.md']}"
    readme = "README.md has no section `## Goal`, which says what the product is for"
    found = groom.signals(backlog(stopped=stopped, documents={**WHOLE, "README.md": "# a", "STRATEGY.md": " "}))
    assert [(s.kind, s.key, s.text) for s in found] == [
        (Kind.BLOCKED, "stopped/no-agent", "Add tax (#9): no agent"),
        (Kind.BLOCKED, "stopped/" + "r" * 80, "Loose (app-x): " + "r" * 80),
        (
            Kind.MISSING_DOCUMENT,
            "documents/README.md+STRATEGY.md",
            f"{readme}; there is no STRATEGY.md, {which}.",
        ),
    ]


def test_an_issue_is_stale_after_more_than_thirty_days() -> None:
    assert groom.signals(backlog(issues=[ticket(1, days=30)])) == ()
    (found,) = groom.signals(backlog(issues=[ticket(1, days=30.0001)]))
    assert found.text == "Nobody touched these issues for more than 30 days: #1."


@pytest.mark.parametrize(("count", "more"), [(20, ""), (21, " and 1 more"), (23, " and 3 more")])
def test_twenty_stale_issues_are_named_and_the_rest_counted(count: int, more: str) -> None:
    (found,) = groom.signals(backlog(issues=[ticket(n, days=40) for n in range(1, count + 1)]))
    named = ", ".join(f"#{n}" for n in range(1, 21))
    assert found.text == f"Nobody touched these issues for more than 30 days: {named}{more}."
    assert len(found.evidence) == 20


def test_a_number_names_an_issue_only_behind_its_sign() -> None:
    def known(item: str) -> int:
        documents = {**WHOLE, "CODEBASE.md": f"## Known Issues\n- {item}\n"}
        return len(groom.signals(backlog(documents=documents, issues=[ticket(7)])))

    assert [known("7 of 9 are slow"), known("9 of #7x are slow"), known("#70 is slow")] == [1, 0, 1]


def test_long_words_are_cut_and_a_cause_is_known_by_its_first_twelve() -> None:
    text = " ".join(f"w{n:03}" for n in range(200))
    documents = {**WHOLE, "CODEBASE.md": f"## Known Issues\n- {text}\n"}
    known, risk = groom.signals(backlog(documents=documents, risks=[Risk(task="app-1", text=f"Oh {text}")]))
    assert known.text == text[:600]
    assert known.key == "known/" + "-".join(f"w{n:03}" for n in range(12))
    assert risk.text == f"Oh {text}"[:600]
    assert risk.key == "risk/oh-" + "-".join(f"w{n:03}" for n in range(11))


@pytest.mark.parametrize(
    ("said", "title"), [("a" * 100, "a" * 100), ("a" * 101, "a" * 100 + "…"), ("a" * 99 + " b", "a" * 99 + "…")]
)
def test_a_draft_is_named_by_a_hundred_characters(said: str, title: str) -> None:
    signal = groom.Signal(kind=Kind.RISK, key="risk/a", text=said, evidence=("task:app-1",))
    found = groom.draft(APP, signal)
    assert found.title == f"Risk: {title}"


# --- the day


def test_a_message_has_at_most_thirty_nine_lines() -> None:
    standing = Standing(scores=[f"repo-{n} 0.5" for n in range(60)], tokens=1)
    assert digest.lines([], standing) == tuple(f"repo-{n} 0.5" for n in range(39))


def test_before_the_hour_yesterday_is_due() -> None:
    at = datetime(2026, 11, 26, 7, 59, tzinfo=UTC)
    assert digest.day(at, 8).isoformat() == "2026-11-25"
    assert digest.day(at + timedelta(minutes=1), 8).isoformat() == "2026-11-26"


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, " and 1 more")])
def test_five_are_named(count: int, more: str) -> None:
    records = [record(EventKind.MERGED, number=n) for n in range(count)]
    named = ", ".join(f"ada/app#{n}" for n in range(5))
    assert digest.lines(records, Standing(tokens=1234567)) == (
        f"Merged: {count} ({named}{more})",
        "Spent since yesterday: money unknown, 1,234,567 tokens",
    )
