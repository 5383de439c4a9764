"""From findings to remedies: what is the same trouble becomes one issue, the gravest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from orchestrator.model.backlog import Draft, Signal
from orchestrator.model.findings import Cause, Finding, FindingKind
from orchestrator.model.names import RepoName
from orchestrator.model.task import Priority, TaskType

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
    return a.id == b.id or mine <= others or others <= mine or _normal(title(a)) == _normal(title(b))


def _normal(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def title(signal: Signal) -> str:
    """Without figures: the same cause has the same title in every week."""
    parts = signal.id.split(":")
    word = TITLES.get(signal.kind)
    return word(parts) if word else f"Look into {signal.kind.replace('_', ' ')}"


TITLES: Mapping[str, Callable[[Sequence[str]], str]] = {
    "blocker_spike": lambda id: f"Remove the cause of repeated {id[-1]} blockers",
    "broken_invariant": lambda id: "Close the way by which an untested tree was merged",
    "business_objective_regressed": lambda id: f"Turn round what made the objective of {id[-1]} worse",
    "ci_rounds_exhausted": lambda id: "Mend what keeps checks red through every repair",
    "escalations": lambda id: f"Remove the reason why tasks are given up with {id[-1]}",
    "execution_degraded": lambda id: f"Help {id[1]} to end its tasks well again ({id[-1].replace('_', ' ')})",
    "failing_tasks": lambda id: "Find out why most tasks end without a merge",
    "over_budget": lambda id: f"Lower the cost of {id[-1]}",
    "quota": lambda id: f"Keep {id[-1]} within its quota",
    "red_base": lambda id: "Keep the base branch green after merges",
    "repeated_crash": lambda id: f"Mend the repeated {id[-1]} in {' '.join(id[1:-1])}",
    "stalled_planner": lambda id: f"Mend the {id[1]} of {id[-1]}, which stalls",
    "verification_flaky": lambda id: "Make verification say the same of the same commit",
}


def draft(signal: Signal, others: Sequence[Signal], *, repo: RepoName, key: str, by: str) -> Draft:
    """The issue, in words that need no model."""
    every = (signal, *others)
    ids = tuple(dict.fromkeys(id for s in every for id in s.evidence))
    also = f" {len(others)} more findings rest on the same facts and are listed as evidence." if others else ""
    return Draft(
        key=key,
        repo=repo,
        title=title(signal),
        goal=f"{signal.summary}.\n\n{signal.advice}",
        criteria=(
            "The pull request names the cause, with what shows it.",
            "What caused it is gone, and a test or a check would find it again.",
        ),
        constraints=CONSTRAINTS,
        evidence=ids[:CITED],
        evidence_text=tuple(s.summary for s in every),
        reasoning=f"Found in recorded events of the last 7 days ({signal.kind}, {signal.count} times, severity "
        f"{signal.severity:.2f} of 1). Left alone it goes on costing runs.{also}",
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
