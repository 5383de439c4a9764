"""Findings, remedies and twins to the letter: who is degraded, what an issue about it says, what texts are compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.backlog import Signal
from orchestrator.model.findings import Cause, Finding, FindingKind
from orchestrator.model.objective import MetricScore, Score
from orchestrator.model.task import Priority, TaskType
from orchestrator.model.times import stamp
from orchestrator.policy import dedupe, degrade, explore, remedy, remedy_words
from tests.policy.builders import NOW, WEB
from tests.policy.test_degrade import run, score, some
from tests.policy.test_remedy import GIVEN_UP, SPIKE, finding

# --- degraded


def test_the_worst_rate_comes_first_and_not_the_most_failures() -> None:
    runs = [*some(0, 4, agent="codex"), *some(10, 10, agent="claude")]
    found = degrade.findings(runs, degrade.scores(runs, ()))
    assert [(f.agent, f.rate, f.failures) for f in found] == [("codex", 0.0, 4), ("claude", 0.5, 10)]


def test_where_nothing_went_wrong_nothing_is_named_and_money_is_told_to_a_millionth() -> None:
    found = score([run("a", usd=0.12345651), run("b", usd=1.0), run("c")])
    assert (found.blocker, found.blocked, found.usd, found.unpriced) == ("", 0, 1.123457, 1)


def test_what_did_not_move_is_not_named_among_what_went_wrong() -> None:
    lines = [("a", -0.1), ("b", 0.0), ("c", None), ("d", 0.5)]
    metrics = tuple(MetricScore(id=id, name=id, weight=0.25, value=v, snapshots=1, why="") for id, v in lines)
    told = Score(repo="web", at=stamp(NOW), total=-0.2, coverage=1.0, metrics=metrics)
    assert degrade.business(told, "acme/web", [], told.at).summary.endswith("; a -0.10 (weight 25%)")


def test_who_ran_just_now_is_known_whatever_others_did_before() -> None:
    runs = {
        "codex": (run("a", hours=9), run("b", hours=0)),
        "claude": (run("c", hours=5, agent="claude"), run("d", hours=0, agent="claude")),
    }
    assert explore.tasks_since("codex", runs, NOW) == 0
    assert explore.tasks_since("codex", runs | {"codex": (run("a", hours=9),)}, NOW) == 2


# --- a finding as a signal


@pytest.mark.parametrize(
    ("changes", "severity"),
    [({"rate": 0.2}, 0.72), ({"rate": 0.0}, 0.8), ({"rate": 0.5}, 0.6), ({"rate": None}, 0.4), ({"rate": -1.0}, 0.85)],
)
def test_the_fewer_tasks_end_well_the_graver(changes: dict[str, Any], severity: float) -> None:
    assert remedy.of_finding(finding(**changes)).severity == pytest.approx(severity)


def business(score: float | None, cause: Cause = Cause.OBJECTIVE) -> Finding:
    return finding(
        id="business_objective:web", kind=FindingKind.BUSINESS_REGRESSED, cause=cause, score=score, failures=0
    )


@pytest.mark.parametrize(("total", "severity"), [(-0.5, 0.8), (-1.0, 0.9), (-0.15, 0.66), (None, 0.6)])
def test_the_worse_the_objective_the_graver(total: float | None, severity: float) -> None:
    signal = remedy.of_finding(business(total))
    assert signal.severity == pytest.approx(severity)
    assert signal.advice == (
        "Look at what shipped against this objective, and take back or change what moved it the wrong way."
    )


def test_the_cause_tells_what_kind_of_work_it_is() -> None:
    signal = remedy.of_finding(finding(cause=Cause.MODEL_SELECTION))
    assert (signal.type, signal.count) == (TaskType.RESEARCH, 4)
    assert signal.advice == "The likely cause is model selection: confirm it in the runs named, then mend it."
    assert remedy.of_finding(finding()).type is TaskType.DEBUGGING
    assert remedy.of_finding(business(-0.5, Cause.ENVIRONMENT)).type is TaskType.RESEARCH
    assert remedy.of_finding(business(-0.5)).count == 1


# --- an issue about it


def test_an_analysis_files_three_and_an_issue_cites_twenty() -> None:
    many = replace(SPIKE, evidence=tuple(f"run:web-{n}/1/x" for n in range(30)))
    draft = remedy.draft(many, (), repo=WEB, key="k", by="log_analyzer")
    assert remedy.MOST == 3
    assert draft.evidence == many.evidence[:20]


@pytest.mark.parametrize(("severity", "priority"), [(0.8, Priority.HIGH), (0.79, Priority.NORMAL)])
def test_a_grave_trouble_has_high_priority(severity: float, priority: Priority) -> None:
    draft = remedy.draft(replace(SPIKE, severity=severity), (), repo=WEB, key="k", by="log_analyzer")
    assert draft.priority is priority
    assert draft.reasoning == f"Severity {severity:.2f} of 1 by 1 recorded facts."


def test_a_draft_says_what_else_rests_on_its_facts_and_what_to_do() -> None:
    draft = remedy.draft(SPIKE, (GIVEN_UP, SPIKE), repo=WEB, key="k", by="log_analyzer")
    assert draft.reasoning == "Severity 0.60 of 1 by 1 recorded facts. 2 more findings rest on the same facts."
    assert draft.goal.startswith("Measure where the minutes go")
    assert draft.criteria == ("Verification takes less than half of the time limit.",)
    plain = remedy.draft(replace(SPIKE, kind="quota", id="quota:codex"), (), repo=WEB, key="k", by="log_analyzer")
    assert plain.goal == "Find out why."


def test_a_models_words_are_bounded() -> None:
    draft = remedy.draft(SPIKE, (), repo=WEB, key="k", by="log_analyzer")
    told = remedy.worded(
        draft, title="t" * 121, goal="g" * 2001, criteria=["c" * 301, " ", *"abcdef"], reasoning="r" * 2001
    )
    assert (told.title, told.goal, told.reasoning) == ("t" * 120, "g" * 2000, "r" * 2000)
    assert told.criteria == ("c" * 300, "a", "b", "c", "d")
    none = remedy.worded(draft, title=" ", goal=" ", criteria=[" "], reasoning=" ")
    assert none == draft


@pytest.mark.parametrize(
    ("kind", "id", "title", "done"),
    [
        (
            "business_objective_regressed",
            "business_objective:acme/web",
            "Turn round what made the objective of acme/web worse",
            "The cause of the movement is named, and taken back or changed.",
        ),
        (
            "escalations",
            "escalations:acme/web:odd",
            "Remove the reason why tasks are given up with odd",
            "What the given-up tasks have in common is gone.",
        ),
        (
            "execution_degraded",
            "agent_remediation:codex:acme/web:model_selection",
            "Help codex to end its tasks well again (model selection)",
            "The runs of codex that are cited would end well today.",
        ),
        (
            "over_budget",
            "over_budget:acme/web",
            "Lower the cost of acme/web",
            "An estimate shows the same work below the ceiling.",
        ),
        (
            "quota",
            "quota:codex",
            "Keep codex within its quota",
            "A week's usual work leaves codex below its limit.",
        ),
        (
            "repeated_crash",
            "repeated_crash:tick:queue:KeyError",
            "Mend the repeated KeyError in tick queue",
            "A test raises this KeyError before, and none after.",
        ),
        (
            "stalled_planner",
            "stalled:planner:acme/web",
            "Mend the planner of acme/web, which stalls",
            "The planner of acme/web runs again when it is due.",
        ),
        (
            "blocker_spike",
            "blocker_spike:acme/web:no_diff_produced",
            "Sort out issues that need no change",
            "Every cited issue is closed with a reason or has a checkable goal.",
        ),
        (
            "quota",
            "quota:timeout",
            "Keep timeout within its quota",
            "A week's usual work leaves timeout below its limit.",
        ),
        ("some_kind", "some_kind:x", "Look into some kind", "The cause of some kind is named and gone."),
    ],
)
def test_each_trouble_is_named_by_what_it_is_about(kind: str, id: str, title: str, done: str) -> None:
    words = remedy_words.of(Signal(id=id, kind=kind, repo=WEB, summary="s", evidence=(), severity=0.5))
    assert (words.title, words.done) == (title, done)


# --- what texts are compared


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Dates are parsed.", "Dates are parsed."),
        ("<!-- x -->a", "a"),
        ("<!--x-->a<!--y-->b", "ab"),
        ("<!--->a<!-- b -->c", "c"),
        ("<!---->b", "b"),
        ("a<!--b", "a"),
        ("a<!--", "a"),
        ("  # A\n\n - b \n", "- b"),
        ("b" * 2001, "b" * 2000),
        ("\n" * 7999 + "xy", "x"),
    ],
)
def test_a_body_without_its_form(body: str, found: str) -> None:
    assert dedupe.text("t", body) == f"t\n{found}"


def test_a_title_has_three_hundred_characters() -> None:
    assert dedupe.text("t" * 301, "") == "t" * 300
    assert dedupe.text("", "") == ""
