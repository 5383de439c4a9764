"""From findings to remedies: what is the same trouble becomes one issue, the gravest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.model.backlog import Draft, Signal
from orchestrator.model.findings import Cause, Finding, FindingKind
from orchestrator.model.names import RepoName
from orchestrator.model.task import Priority, TaskType
from orchestrator.policy import remedy_words

MOST = 3
"""Issues of one analysis (ORIGIN: analyzer, top N)."""
CITED = 20
"""Ids one issue cites at most."""
GRAVE = 0.8
"""From this severity on the issue has high priority."""
CONSTRAINTS = ("Weaken no check, test or limit to get there.",)


def of_finding(finding: Finding) -> Signal:
    """A finding of the scorer as one signal among the others. About an agent everywhere, it is about the program."""
    business = finding.kind is FindingKind.BUSINESS_REGRESSED
    if business:
        severity = min(0.9, 0.6 + abs(finding.score or 0.0) * 0.4)
        advice = "Look at what shipped against this objective, and take back or change what moved it the wrong way."
    else:
        severity = min(0.85, 0.4 + 0.4 * (1 - (finding.rate if finding.rate is not None else 1)))
        advice = (
            f"The likely cause is {finding.cause.value.replace('_', ' ')}: confirm it in the runs named, then mend it."
        )
    return Signal(
        id=finding.id,
        kind=finding.kind.value,
        repo=RepoName(finding.repo) if finding.repo else None,
        summary=finding.summary,
        evidence=(f"finding:{finding.id}", *finding.evidence),
        severity=severity,
        count=finding.failures or 1,
        at=finding.at,
        advice=advice,
        type=TaskType.DEBUGGING if not business and finding.cause is Cause.ENVIRONMENT else TaskType.RESEARCH,
    )


def merged(signals: Sequence[Signal], alias: Mapping[str, str]) -> tuple[tuple[Signal, tuple[Signal, ...]], ...]:
    """The troubles, the gravest first, each with the other signals that tell of the same one.

    The same trouble: of one repository, and of two lists of evidence one holds the other, or both have one title.
    `alias` names the fact behind an id where several ids tell of it (a run and an event of one task).
    """
    kept: list[tuple[Signal, list[Signal]]] = []
    for signal in sorted(signals, key=lambda s: (-s.severity, s.id)):
        same = next((others for first, others in kept if _same(first, signal, alias)), None)
        if same is None:
            kept.append((signal, []))
        else:
            same.append(signal)
    return tuple((first, tuple(others)) for first, others in kept)


def _same(a: Signal, b: Signal, alias: Mapping[str, str]) -> bool:
    if (a.repo or "").casefold() != (b.repo or "").casefold():
        return False
    mine, others = ({alias.get(id, id) for id in s.evidence} for s in (a, b))
    return key(a) == key(b) or mine <= others or others <= mine or _normal(title(a)) == _normal(title(b))


def key(signal: Signal) -> str:
    """What its issue is filed under. Tasks that one blocker stopped are one trouble, by whatever sign it is seen; the
    groomer calls it the same (`policy.groom.key`)."""
    if signal.kind in ("blocker_spike", "escalations"):
        return f"stopped/{signal.id.rpartition(':')[2]}"
    return signal.id


def _normal(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def title(signal: Signal) -> str:
    """Without figures: the same cause has the same title in every week."""
    return remedy_words.of(signal).title


def draft(signal: Signal, others: Sequence[Signal], *, repo: RepoName, key: str, by: str) -> Draft:
    """The issue, in words that need no model."""
    every = (signal, *others)
    ids = tuple(dict.fromkeys(id for s in every for id in s.evidence))
    words = remedy_words.of(signal)
    also = f" {len(others)} more findings rest on the same facts." if others else ""
    return Draft(
        key=key,
        repo=repo,
        title=words.title,
        goal=words.advice or signal.advice,
        criteria=(words.done,),
        constraints=CONSTRAINTS,
        evidence=ids[:CITED],
        evidence_text=tuple(s.summary for s in every),
        reasoning=f"Severity {signal.severity:.2f} of 1 by {signal.count} recorded facts.{also}",
        type=signal.type,
        priority=Priority.HIGH if signal.severity >= GRAVE else Priority.NORMAL,
        labels=frozenset({"self-found"}),
        by=by,
    )


def worded(draft: Draft, *, title: str, goal: str, criteria: Sequence[str], reasoning: str) -> Draft:
    """The draft in a model's words. What it is about, its evidence, its key and its limits stay ours."""
    told = [" ".join(c.split())[:300] for c in criteria if c.strip()][:5]
    return replace(
        draft,
        title=" ".join(title.split())[:120] or draft.title,
        goal=goal.strip()[:2_000] or draft.goal,
        criteria=tuple(told) or draft.criteria,
        reasoning=reasoning.strip()[:2_000] or draft.reasoning,
    )
