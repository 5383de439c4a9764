"""What a repository's backlog lacks: signals from its issues, its documents and its recent work, and drafts from them.

Nothing here closes or changes an issue. What a person opened and nobody touched is named in one issue of ours, with a
proposal; the decision stays theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from orchestrator.model.backlog import Draft
from orchestrator.model.issue import Issue
from orchestrator.model.names import RepoName
from orchestrator.model.task import Priority, TaskType
from orchestrator.model.times import parse

FEWEST, MOST = 3, 5
"""New issues of one grooming (ORIGIN 1A.8)."""
KNOWN = "known issues"
"""The heading of a CODEBASE.md under which known faults stand."""
_WORDS = 12
_LONGEST = 600


class Kind(Enum):
    """Why an issue is proposed, what matters most first."""

    BLOCKED = "blocked"
    """Work of ours stands still and waits for something that can be worked on."""
    KNOWN_ISSUE = "known_issue"
    """CODEBASE.md tells of a fault, and no issue does."""
    RISK = "risk"
    """An agent flagged it in work that has ended."""
    MISSING_DOCUMENT = "missing_document"
    """Planning and agents read it, and it is not there."""
    STALE = "stale"
    """Open issues that nobody touched for long."""


DOCUMENTS = (
    ("README.md", "says what the product is for under `## Goal`"),
    ("STRATEGY.md", "says where the product is going: vision, current focus, sprint history"),
    ("PLANNING_PRINCIPLES.md", "says what planning should optimize for over time"),
    ("CODEBASE.md", "says what stands where in the code, and its known issues"),
)
"""What planning and agents read, and what each is for."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    kind: Kind
    key: str
    """The same cause gives the same key: it becomes an issue once."""
    text: str
    """Foreign words may be in it."""
    evidence: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Risk:
    """What an agent flagged in a task that has ended."""

    task: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A task of ours that stands still."""

    task: str
    issue: int | None
    title: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    repo: RepoName
    sha: str
    """The base branch's commit that the documents were read from."""
    issues: Sequence[Issue]
    """All open ones."""
    documents: dict[str, str]
    """Name to text of those of DOCUMENTS that are there."""
    risks: Sequence[Risk] = ()
    stopped: Sequence[Stopped] = ()
    stale_days: float = 30
    now: datetime


def signals(facts: Facts) -> tuple[Signal, ...]:
    """Everything that speaks for a new issue, what matters most first."""
    found = [*_blocked(facts), *_known(facts), *_risks(facts), *_missing(facts), *_stale(facts)]
    return tuple({s.key: s for s in reversed(found)}.values())[::-1]


def number(found: int) -> int:
    """How many issues a grooming aims at."""
    return min(MOST, max(FEWEST, found))


def known_issues(text: str) -> tuple[str, ...]:
    """The bullets under the heading Known Issues; placeholder lines that begin with `(` are none (ORIGIN 4.15)."""
    found: list[str] = []
    inside = fenced = False
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and bare.startswith("#"):
            inside = KNOWN in bare.casefold()
        elif inside and not fenced and bare[:2] in ("- ", "* ", "+ "):
            item = bare[2:].strip()
            if item and not item.startswith("("):
                found.append(item[:_LONGEST])
    return tuple(dict.fromkeys(found))


def _blocked(facts: Facts) -> Iterable[Signal]:
    for one in facts.stopped:
        about = f"issue #{one.issue}" if one.issue else f"task {one.task}"
        yield Signal(
            kind=Kind.BLOCKED,
            key=f"blocked/{one.task}",
            text=f"{about} ({one.title}) stands still: {one.reason}"[:_LONGEST],
            evidence=(f"task:{one.task}",),
        )


def _known(facts: Facts) -> Iterable[Signal]:
    evidence = (f"file:{facts.sha}:CODEBASE.md",)
    for item in known_issues(facts.documents.get("CODEBASE.md", "")):
        if not any(_about(issue, item) for issue in facts.issues):
            yield Signal(kind=Kind.KNOWN_ISSUE, key=f"known/{_key(item)}", text=item, evidence=evidence)


def _risks(facts: Facts) -> Iterable[Signal]:
    for risk in facts.risks:
        if not any(_about(issue, risk.text) for issue in facts.issues):
            yield Signal(
                kind=Kind.RISK,
                key=f"risk/{_key(risk.text)}",
                text=risk.text[:_LONGEST],
                evidence=(f"task:{risk.task}",),
            )


def _missing(facts: Facts) -> Iterable[Signal]:
    for name, purpose in DOCUMENTS:
        there = facts.documents.get(name, "").strip()
        lacks_goal = name == "README.md" and there and "## goal" not in there.casefold()
        if there and not lacks_goal:
            continue
        what = f"{name} has no section `## Goal`" if lacks_goal else f"There is no {name}"
        yield Signal(
            kind=Kind.MISSING_DOCUMENT,
            key=f"document/{name}",
            text=f"{what}; it {purpose}.",
            evidence=(f"commit:{facts.sha}",),
        )


def _stale(facts: Facts) -> Iterable[Signal]:
    before = facts.now - timedelta(days=facts.stale_days)
    stale = sorted(i.number for i in facts.issues if i.updated_at and parse(i.updated_at) < before)
    if stale:
        numbers = ", ".join(f"#{n}" for n in stale[:20])
        more = f" and {len(stale) - 20} more" if len(stale) > 20 else ""
        yield Signal(
            kind=Kind.STALE,
            key=f"stale/{facts.now:%Y-%m}",
            text=f"Nobody touched these issues for more than {facts.stale_days:g} days: {numbers}{more}.",
            evidence=tuple(f"issue:{facts.repo}#{n}" for n in stale[:20]),
        )


def _about(issue: Issue, text: str) -> bool:
    """Does the issue say it word for word, or does the text name the issue? The rest is for similarity to find."""
    said = " ".join(_words(text))
    return f" {said} " in f" {' '.join(_words(f'{issue.title} {issue.body}'))} " or str(issue.number) in _numbers(text)


def _key(text: str) -> str:
    return "-".join(_words(text)[:_WORDS])


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()


def _numbers(text: str) -> set[str]:
    """What stands behind a `#`."""
    found = set()
    for part in text.split("#")[1:]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        found.add(digits)
    return found - {""}


_WORDING: dict[Kind, tuple[str, str, tuple[str, ...], TaskType, Priority]] = {
    Kind.BLOCKED: (
        "Unblock: ",
        "Work stands still. Find what it waits for, and mend that or say what a person must do.",
        ("The cause is named and removed, or what a person must do stands in the issue.",),
        TaskType.DEBUGGING,
        Priority.HIGH,
    ),
    Kind.KNOWN_ISSUE: (
        "Known issue: ",
        "CODEBASE.md tells of a known issue that no ticket is open for. Mend it, and take the line out.",
        ("The fault does not occur any more, and a test shows it.", "Its line under Known Issues is gone."),
        TaskType.DEBUGGING,
        Priority.NORMAL,
    ),
    Kind.RISK: (
        "Risk: ",
        "An agent flagged a risk in work that has since ended. Look whether it is real, and mend it if it is.",
        ("The risk is shown not to exist, or is removed, with a test.",),
        TaskType.IMPLEMENTATION,
        Priority.NORMAL,
    ),
    Kind.MISSING_DOCUMENT: (
        "Document: ",
        "A document that planning and agents read is missing. Write it from what the repository shows; invent nothing.",
        ("The document stands at the top of the repository and says what it is for.",),
        TaskType.DOCS,
        Priority.NORMAL,
    ),
    Kind.STALE: (
        "Triage stale issues",
        ("Go through these issues and propose for each in a comment there: close it, keep it, or split it. Close none: "
        "that is for the people who opened them."),
        ("Each named issue has a comment with a proposal and its reason.",),
        TaskType.RESEARCH,
        Priority.LOW,
    ),
}


def draft(repo: RepoName, signal: Signal) -> Draft:
    """The issue in our own words, for a day without a model."""
    head, goal, criteria, type, priority = _WORDING[signal.kind]
    said = " ".join(signal.text.split())
    title = head if signal.kind is Kind.STALE else f"{head}{said[:100].rstrip()}{'…' if len(said) > 100 else ''}"
    return Draft(
        key=f"groom/{signal.key}",
        repo=repo,
        title=title,
        goal=goal,
        criteria=criteria,
        evidence=signal.evidence,
        evidence_text=(signal.text,),
        reasoning=f"Found while grooming the backlog: {signal.kind.value.replace('_', ' ')}.",
        type=type,
        priority=priority,
        by="groomer",
    )
