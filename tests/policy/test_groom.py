"""What a backlog lacks: signals in their order, and drafts that name their evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.issue import Issue
from orchestrator.model.names import RepoName
from orchestrator.model.times import stamp
from orchestrator.policy import groom
from orchestrator.policy.groom import Facts, Kind, Risk, Stopped

NOW = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
WHOLE = {
    "README.md": "# app\n\n## Goal\n\nAdd numbers.\n",
    "STRATEGY.md": "# Strategy\n",
    "PLANNING_PRINCIPLES.md": "# Principles\n",
    "CODEBASE.md": "# CODEBASE\n\n## Known Issues / Gotchas\n\n(none yet)\n",
}


def issue(number: int, title: str = "Something", *, body: str = "", days: float = 1) -> Issue:
    at = stamp(NOW - timedelta(days=days))
    return Issue(
        repo=RepoName("ada/app"), number=number, node_id=str(number), title=title, body=body, author="ada",
        updated_at=at, created_at=at,
    )  # fmt: skip


def facts(**changed: object) -> Facts:
    good = Facts(repo=RepoName("ada/app"), sha="a" * 40, issues=(), documents=WHOLE, now=NOW)
    return replace(good, **changed)  # type: ignore[arg-type]


def kinds(given: Facts) -> list[Kind]:
    return [s.kind for s in groom.signals(given)]


def test_a_repository_that_lacks_nothing_gives_no_signal() -> None:
    assert groom.signals(facts(issues=[issue(1)])) == ()


def test_a_known_issue_without_a_ticket_becomes_a_draft_with_its_file_as_evidence() -> None:
    text = "## Known Issues / Gotchas\n\n- Rounding is wrong for halves\n- (placeholder)\n\n## Recent\n\n- not one\n"
    (signal,) = groom.signals(facts(documents={**WHOLE, "CODEBASE.md": text}))

    draft = groom.draft(RepoName("ada/app"), signal)
    assert draft.title == "Known issue: Rounding is wrong for halves"
    assert draft.evidence == (f"file:{'a' * 40}:CODEBASE.md",)
    assert draft.evidence_text == ("Rounding is wrong for halves",)


@pytest.mark.parametrize(
    ("title", "item"),
    [
        ("Fix: rounding is WRONG for halves!", "Rounding is wrong for halves"),
        ("Anything", "Rounding is wrong (#7, see there)"),
    ],
)
def test_a_known_issue_with_a_ticket_gives_none(title: str, item: str) -> None:
    documents = {**WHOLE, "CODEBASE.md": f"## Known issues\n\n- {item}\n"}

    assert groom.signals(facts(documents=documents, issues=[issue(7, title)])) == ()
    assert kinds(facts(documents=documents, issues=[issue(8, "Halves")])) == [Kind.KNOWN_ISSUE]


def test_what_stands_in_a_code_block_is_no_known_issue() -> None:
    text = "## Known Issues\n\n```\n- an example\n# x\n```\n- a real one\n"

    assert groom.known_issues(text) == ("a real one",)


def test_issues_that_nobody_touched_for_longer_than_the_limit_are_named_in_one_draft_and_none_is_closed() -> None:
    given = facts(issues=[issue(3, days=31), issue(4, days=29), issue(5, days=90)])
    (signal,) = groom.signals(given)

    assert signal.kind is Kind.STALE
    assert signal.evidence == ("issue:ada/app#3", "issue:ada/app#5")
    assert "Close none" in groom.draft(RepoName("ada/app"), signal).goal


def test_the_stale_ones_are_one_trouble_in_every_month() -> None:
    now, later = facts(issues=[issue(3, days=40)]), facts(issues=[issue(3, days=40)], now=NOW + timedelta(days=33))

    assert [s.key for s in groom.signals(now)] == [s.key for s in groom.signals(later)]


def test_missing_documents_and_a_readme_without_a_goal_are_told() -> None:
    found = groom.signals(facts(documents={"README.md": "# app\n"}))

    assert [s.key for s in found] == ["documents/README.md+STRATEGY.md+PLANNING_PRINCIPLES.md+CODEBASE.md"]
    assert found[0].text.startswith("README.md has no section `## Goal`, which says what the product is for")
    assert "there is no STRATEGY.md, which says where the product is going" in found[0].text
    assert groom.draft(facts().repo, found[0]).title == (
        "Document: write STRATEGY.md, PLANNING_PRINCIPLES.md and CODEBASE.md, and give README.md a section Goal"
    )


@pytest.mark.parametrize(
    ("there", "title"),
    [
        ({"STRATEGY.md", "PLANNING_PRINCIPLES.md", "CODEBASE.md", "README.md"}, "give README.md a section Goal"),
        (
            {"README.md", "STRATEGY.md", "CODEBASE.md"},
            "write PLANNING_PRINCIPLES.md, and give README.md a section Goal",
        ),
        ({"STRATEGY.md", "PLANNING_PRINCIPLES.md", "CODEBASE.md"}, "write README.md"),
    ],
)
def test_the_title_names_what_is_to_be_written(there: set[str], title: str) -> None:
    (found,) = groom.signals(facts(documents=dict.fromkeys(there, "# x\n")))
    assert groom.draft(facts().repo, found).title == f"Document: {title}"


def test_standing_work_and_risks_come_first_with_their_tasks_as_evidence() -> None:
    given = facts(
        documents={},
        risks=[
            Risk(task="app-2", text="The cache is never emptied"),
            Risk(task="app-3", text="The cache is never emptied"),
        ],
        stopped=[Stopped(task="app-9", issue=9, title="Add tax", reason="no agent could run")],
    )
    found = groom.signals(given)

    assert [s.kind for s in found][:2] == [Kind.BLOCKED, Kind.RISK]
    assert found[0].evidence == ("task:app-9",)
    assert sum(s.kind is Kind.RISK for s in found) == 1, "the same risk in two tasks is one"


def test_tasks_that_stand_still_for_one_reason_are_one_signal_that_cites_them_all() -> None:
    long = "missing_context: no new diff: ben (run {n}) left the very files that anna left, and no more"
    given = facts(
        stopped=[
            Stopped(task="app-1", issue=1, title="Connect the payment provider", reason=long.format(n=1)),
            Stopped(task="app-2", issue=2, title="Add dark mode", reason=long.format(n=2)),
            Stopped(task="app-3", issue=3, title="Add tax", reason="waits for #7 since 3 days"),
            Stopped(task="app-4", issue=4, title="Add dates", reason="waits for #8 since 4 days"),
            Stopped(task="app-5", issue=5, title="Export invoices", reason="timeout: 90 minutes"),
        ]
    )
    found = groom.signals(given)

    assert [(s.key, s.evidence) for s in found] == [
        ("stopped/missing_context", ("task:app-1", "task:app-2")),
        ("stopped/waits-for-since-days", ("task:app-3", "task:app-4")),
        ("stopped/timeout", ("task:app-5",)),
    ]
    draft = groom.draft(RepoName("ada/app"), found[0])
    assert draft.title.startswith(
        "Unblock: 2 tasks stand still (missing_context): Connect the payment provider (#1); Add"
    )
    assert draft.evidence_text[1] == f"Add dark mode (#2): {long.format(n=2)[:80]}"
    assert draft.key == "stopped/missing_context", "the analyzer's too"


def test_what_a_stranger_says_is_no_ticket_and_what_we_name_by_number_is() -> None:
    documents = {**WHOLE, "CODEBASE.md": "## Known Issues\n\n- Rounding is wrong\n- Dates are wrong (#8)\n"}
    given = facts(documents=documents, issues=[issue(7, "Rounding is wrong"), issue(8, "Dates")])

    assert [(s.text, i.number) for s, i in groom.ticketed(given)] == [
        ("Rounding is wrong", 7), ("Dates are wrong (#8)", 8),
    ]  # fmt: skip
    given = replace(given, strangers=frozenset({7, 8}))
    assert [(s.text, i.number) for s, i in groom.ticketed(given)] == [("Dates are wrong (#8)", 8)]
    assert [s.text for s in groom.signals(given)] == ["Rounding is wrong"]


@given(st.integers(min_value=0, max_value=40))
def test_a_grooming_aims_at_three_to_five(found: int) -> None:
    assert 3 <= groom.number(found) <= 5
    assert groom.number(4) == 4


@given(st.text(max_size=300), st.text(max_size=300))
def test_hostile_words_in_documents_and_risks_raise_nothing(document: str, risk: str) -> None:
    given = facts(documents={"CODEBASE.md": f"## Known Issues\n- {document}"}, risks=[Risk(task="app-1", text=risk)])

    for signal in groom.signals(given):
        assert len(groom.draft(RepoName("ada/app"), signal).title) <= 122
