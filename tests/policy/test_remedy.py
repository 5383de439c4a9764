"""Signals that tell of one trouble become one draft; what a draft is about is never a model's to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.embedding import lexical
from orchestrator.model.backlog import Signal
from orchestrator.model.findings import Cause, Finding, FindingKind
from orchestrator.model.names import RepoName
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import Priority
from orchestrator.policy import dedupe, remedy
from orchestrator.policy.remedy_words import CODES, KINDS
from tests.policy.builders import WEB

SPIKE = Signal(
    id="blocker_spike:acme/web:timeout", kind="blocker_spike", repo=WEB, summary="timeout stopped 3 tasks",
    evidence=("run:web-1/1/x", "run:web-2/1/x"), severity=0.6, advice="Find out why.",
)  # fmt: skip
GIVEN_UP = Signal(
    id="escalations:acme/web:timeout", kind="escalations", repo=WEB, summary="3 tasks were given up",
    evidence=("ledger:4", "ledger:9", "ledger:12"), severity=0.9, advice="Look at what they have in common.",
)  # fmt: skip
ALIAS = {
    "run:web-1/1/x": "task:web-1", "run:web-2/1/x": "task:web-2", "ledger:4": "task:web-1", "ledger:9": "task:web-2",
    "ledger:12": "task:web-3",
}  # fmt: skip


def groups(*signals: Signal) -> list[list[str]]:
    return [[s.kind for s in (first, *others)] for first, others in remedy.merged(signals, ALIAS)]


def test_facts_of_the_same_tasks_are_one_trouble_and_the_gravest_names_it() -> None:
    assert groups(SPIKE, GIVEN_UP) == groups(GIVEN_UP, SPIKE) == [["escalations", "blocker_spike"]]
    elsewhere = replace(SPIKE, repo=RepoName("acme/api"))
    assert groups(elsewhere, GIVEN_UP) == [["escalations"], ["blocker_spike"]]
    about_us = replace(SPIKE, repo=None)
    assert groups(about_us, GIVEN_UP) == [["escalations"], ["blocker_spike"]]
    other = replace(SPIKE, id="blocker_spike:acme/web:test_failure", evidence=("run:web-1/1/x", "run:web-7/1/x"))
    assert groups(other, GIVEN_UP) == [["escalations"], ["blocker_spike"]], "they overlap, and neither holds the other"


def test_one_title_is_one_trouble() -> None:
    again = replace(GIVEN_UP, evidence=("ledger:99",))
    assert groups(SPIKE, again) == [["escalations", "blocker_spike"]]


def test_the_draft_cites_every_fact_of_the_trouble_once_and_a_model_may_only_word_it() -> None:
    draft = remedy.draft(GIVEN_UP, (SPIKE, SPIKE), repo=WEB, key="k", by="log_analyzer")
    assert draft.evidence == (*GIVEN_UP.evidence, *SPIKE.evidence)
    assert draft.evidence_text[:2] == (GIVEN_UP.summary, SPIKE.summary)
    assert draft.priority is Priority.HIGH
    told = remedy.worded(draft, title=" A\n better title ", goal="", criteria=["", "it\nholds"], reasoning="  ")
    assert (told.title, told.goal, told.criteria) == ("A better title", draft.goal, ("it holds",))
    kept = ("key", "repo", "evidence", "evidence_text", "constraints", "labels", "type", "priority", "reasoning")
    assert all(getattr(told, name) == getattr(draft, name) for name in kept)


def test_titles_carry_no_figures_so_that_the_next_week_has_the_same() -> None:
    worse = replace(SPIKE, count=99, summary="timeout stopped 99 tasks", severity=0.9)
    assert remedy.title(worse) == remedy.title(SPIKE)
    assert remedy.title(replace(SPIKE, kind="new_kind")) == "Look into new kind"


def finding(**changes: Any) -> Finding:
    good = Finding(
        id="agent_remediation:codex:acme/web:environment", kind=FindingKind.EXECUTION_DEGRADED, cause=Cause.ENVIRONMENT,
        repo=WEB, summary="codex ended 1 of 5 tasks well", agent="codex", rate=0.2, tasks=5, failures=4,
        evidence=("task:web-1",),
    )  # fmt: skip
    return replace(good, **changes)


def test_a_finding_of_the_scorer_is_one_signal_that_cites_itself_and_its_facts() -> None:
    signal = remedy.of_finding(finding())
    assert signal.evidence == ("finding:agent_remediation:codex:acme/web:environment", "task:web-1")
    assert (signal.repo, remedy.title(signal)) == (WEB, "Help codex to end its tasks well again (environment)")
    everywhere = remedy.of_finding(finding(id="agent_remediation:codex::quota", repo="", cause=Cause.QUOTA))
    assert everywhere.repo is None
    worse = finding(id="business_objective:web", kind=FindingKind.BUSINESS_REGRESSED, cause=Cause.OBJECTIVE, score=-0.5)
    assert remedy.of_finding(worse).severity > remedy.of_finding(replace(worse, score=-0.2)).severity


def test_different_troubles_of_one_repository_do_not_look_alike_without_a_model_either() -> None:
    signals = [replace(SPIKE, id=f"blocker_spike:acme/web:{code}", summary=f"{code}: 3 tasks") for code in CODES]
    signals += [replace(SPIKE, id=f"{kind}:acme/web", kind=kind, summary=f"{kind}: 3 of acme/web") for kind in KINDS]
    drafts = [remedy.draft(s, (), repo=WEB, key=s.id, by="log_analyzer") for s in signals]
    texts = [dedupe.text(d.title, "\n".join([d.goal, *d.evidence_text, d.reasoning, *d.criteria])) for d in drafts]
    bags = lexical.Bags(texts)
    for n, text in enumerate(texts):
        scores = bags.cosines(text)
        assert max(score for m, score in enumerate(scores) if m != n) < dedupe.LEXICAL.ask_from, drafts[n].title
    assert set(CODES) == {code.value for code in BlockerCode} - {"none"}
