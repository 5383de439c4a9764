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
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import Priority, TaskType
from orchestrator.model.times import parse

FEWEST, MOST = 3, 5
"""New issues of one grooming (ORIGIN 1A.8)."""
KNOWN = "known issues"
"""The heading of a CODEBASE.md under which known faults stand."""
_WORDS = 12
_LONGEST = 600
_REASON = 80
"""Characters of why a task stands still: the same for many tasks, so it must not be what they are compared by."""
_NAMED = 20
"""Tasks, and stale issues, that one issue names."""
_CODES = frozenset(code.value for code in BlockerCode)


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


_AIM = "says what the product is for"
DOCUMENTS = (
    ("README.md", f"{_AIM} under `## Goal`"),
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
    lines: tuple[str, ...] = ()
    """The same with each fact on a line of its own; empty = `text` is all."""
    title: str = ""
    """What the issue is called; empty = by the text."""


RECURS = frozenset({Kind.BLOCKED, Kind.STALE})
"""What may be there again long after its issue was closed, and is a new one then."""


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
    strangers: frozenset[int] = frozenset()
    """Numbers of those of nobody whose word counts: what they say is no ticket of ours."""
    documents: dict[str, str]
    """Name to text of those of DOCUMENTS that are there."""
    risks: Sequence[Risk] = ()
    stopped: Sequence[Stopped] = ()
    stale_days: float = 30
    now: datetime


def signals(facts: Facts) -> tuple[Signal, ...]:
    """Everything that speaks for a new issue, what matters most first."""
    found = [
        *_blocked(facts), *(s for s, ticket in _told(facts) if ticket is None), *_missing(facts), *_stale(facts)
    ]  # fmt: skip
    return tuple({s.key: s for s in reversed(found)}.values())[::-1]


def ticketed(facts: Facts) -> tuple[tuple[Signal, Issue], ...]:
    """What would be a signal, but for an open issue that says it already."""
    return tuple((signal, ticket) for signal, ticket in _told(facts) if ticket is not None)


def key(signal: Signal) -> str:
    """The draft's. Work that stands still for one reason is one trouble, whoever found it."""
    return signal.key if signal.kind is Kind.BLOCKED else f"groom/{signal.key}"


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
    """One signal for all that stand still for one reason."""
    groups: dict[str, list[Stopped]] = {}
    for one in facts.stopped:
        groups.setdefault(_why(one.reason), []).append(one)
    for why, group in groups.items():
        lines = [f"{one.title} ({_call(one)}): {one.reason[:_REASON]}" for one in group[:_NAMED]]
        text = lines[0]
        if len(group) > 1:
            named = "; ".join(f"{one.title} ({_call(one)})" for one in group)
            text = f"{len(group)} tasks stand still ({group[0].reason.partition(':')[0][:_REASON]}): {named}"
        yield Signal(
            kind=Kind.BLOCKED,
            key=f"stopped/{why}",
            text=text[:_LONGEST],
            evidence=tuple(f"task:{one.task}" for one in group[:_NAMED]),
            lines=tuple(lines),
        )


def _call(one: Stopped) -> str:
    return f"#{one.issue}" if one.issue else one.task


def _why(reason: str) -> str:
    """The blocker's code; else the reason's words without what differs from task to task."""
    code = reason.partition(":")[0].strip()
    if code in _CODES:
        return code
    return "-".join(word for word in _words(reason) if word.isalpha())[:_REASON] or "unknown"


def _told(facts: Facts) -> Iterable[tuple[Signal, Issue | None]]:
    """Known issues and risks, each with the open issue that says it."""
    evidence = (f"file:{facts.sha}:CODEBASE.md",)
    for item in known_issues(facts.documents.get("CODEBASE.md", "")):
        yield (
            Signal(kind=Kind.KNOWN_ISSUE, key=f"known/{_key(item)}", text=item, evidence=evidence),
            _ticket(facts, item),
        )
    for risk in facts.risks:
        yield (
            Signal(
                kind=Kind.RISK,
                key=f"risk/{_key(risk.text)}",
                text=risk.text[:_LONGEST],
                evidence=(f"task:{risk.task}",),
            ),
            _ticket(facts, risk.text),
        )


def _missing(facts: Facts) -> Iterable[Signal]:
    """One signal for all that is missing: they are written from the same reading of the repository."""
    lacks: dict[str, str] = {}
    for name, purpose in DOCUMENTS:
        there = facts.documents.get(name, "").strip()
        if not there:
            lacks[name] = f"there is no {name}, which {purpose}"
        elif name == "README.md" and "## goal" not in there.casefold():
            lacks[name] = f"{name} has no section `## Goal`, which {_AIM}"
    absent = [name for name in lacks if not facts.documents.get(name, "").strip()]
    if lacks:
        told = "; ".join(lacks.values())
        yield Signal(
            kind=Kind.MISSING_DOCUMENT,
            key=f"documents/{'+'.join(lacks)}",
            text=f"{told[0].upper()}{told[1:]}.",
            evidence=(f"commit:{facts.sha}",),
            title=_wanted(absent, readme="README.md" in lacks),
        )


def _wanted(absent: Sequence[str], *, readme: bool) -> str:
    """`write STRATEGY.md and CODEBASE.md, and give README.md a section Goal`"""
    parts = []
    if absent:
        parts.append(f"write {' and '.join(filter(None, (', '.join(absent[:-1]), absent[-1])))}")
    if readme and "README.md" not in absent:
        parts.append("give README.md a section Goal")
    return ", and ".join(parts)


def _stale(facts: Facts) -> Iterable[Signal]:
    before = facts.now - timedelta(days=facts.stale_days)
    stale = sorted(i.number for i in facts.issues if i.updated_at and parse(i.updated_at) < before)
    if stale:
        numbers = ", ".join(f"#{n}" for n in stale[:_NAMED])
        more = f" and {len(stale) - _NAMED} more" if len(stale) > _NAMED else ""
        yield Signal(
            kind=Kind.STALE,
            key="stale",
            text=f"Nobody touched these issues for more than {facts.stale_days:g} days: {numbers}{more}.",
            evidence=tuple(f"issue:{facts.repo}#{n}" for n in stale[:_NAMED]),
        )


def _ticket(facts: Facts, text: str) -> Issue | None:
    """The open issue that the text names, or that says it word for word. The rest is for similarity to find."""
    said, numbers = f" {' '.join(_words(text))} ", _numbers(text)
    for issue in facts.issues:
        if str(issue.number) in numbers:
            return issue
        if issue.number not in facts.strangers and said in f" {' '.join(_words(f'{issue.title} {issue.body}'))} ":
            return issue
    return None


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


@dataclass(frozen=True, kw_only=True)
class _Wording:
    """What an issue of one kind says beside its finding. Short: texts of one form look alike to whoever compares."""

    head: str
    ask: str
    criterion: str
    type: TaskType
    priority: Priority


_WORDING = {
    Kind.BLOCKED: _Wording(
        head="Unblock: ",
        ask="Find out why, and mend it.",
        criterion="It moves again, or what a person must do stands there.",
        type=TaskType.DEBUGGING,
        priority=Priority.HIGH,
    ),
    Kind.KNOWN_ISSUE: _Wording(
        head="Known issue: ",
        ask="Mend it, and take its line out of CODEBASE.md.",
        criterion="A test shows that it is mended.",
        type=TaskType.DEBUGGING,
        priority=Priority.NORMAL,
    ),
    Kind.RISK: _Wording(
        head="Risk: ",
        ask="Look whether it is real, and remove it if it is.",
        criterion="A test shows that it cannot happen.",
        type=TaskType.IMPLEMENTATION,
        priority=Priority.NORMAL,
    ),
    Kind.MISSING_DOCUMENT: _Wording(
        head="Document: ",
        ask="Write it from what the repository shows; invent nothing.",
        criterion="It stands at the top of the repository.",
        type=TaskType.DOCS,
        priority=Priority.NORMAL,
    ),
    Kind.STALE: _Wording(
        head="Triage stale issues: ",
        ask="Propose for each in a comment there to close, keep or split it. Close none: their authors decide.",
        criterion="Each named issue has a comment with a proposal and its reason.",
        type=TaskType.RESEARCH,
        priority=Priority.LOW,
    ),
}

FORM = frozenset(line.casefold() for form in _WORDING.values() for line in (form.ask, form.criterion)) | frozenset(
    f"the groomer found it: {kind.value.replace('_', ' ')}." for kind in Kind
)
"""Lines that every issue of a kind has, lower case: they say nothing about which one it is."""


def draft(repo: RepoName, signal: Signal, *, key_: str = "") -> Draft:
    """The issue in our own words, for a day without a model. `key_`: another than the signal's own."""
    form, said = _WORDING[signal.kind], " ".join((signal.title or signal.text).split())
    return Draft(
        key=key_ or key(signal),
        repo=repo,
        title=f"{form.head}{said[:100].rstrip()}{'…' if len(said) > 100 else ''}",
        goal=form.ask,
        criteria=(form.criterion,),
        evidence=signal.evidence,
        evidence_text=signal.lines or (signal.text,),
        reasoning=f"The groomer found it: {signal.kind.value.replace('_', ' ')}.",
        type=form.type,
        priority=form.priority,
        by="groomer",
    )
