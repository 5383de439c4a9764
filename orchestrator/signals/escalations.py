"""Several tasks of a repository were given up for one and the same reason."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import RepoName
from orchestrator.signals.facts import CITED, CODES, Facts, event

FEWEST = 2


def find(facts: Facts) -> tuple[Signal, ...]:
    same: dict[tuple[RepoName, str], dict[str, Record]] = defaultdict(dict)
    for record in facts.of(EventKind.ESCALATED):
        repo = facts.slug(record.repo)
        code, _, _ = str(record.data.get("why") or "").partition(":")
        if repo is not None and code in CODES:
            same[repo, code][record.task] = record
    return tuple(_signal(repo, code, list(t.values())) for (repo, code), t in same.items() if len(t) >= FEWEST)


def _signal(repo: RepoName, code: str, records: list[Record]) -> Signal:
    records.sort(key=lambda r: r.seq)
    tasks = ", ".join(r.task for r in records[-CITED:])
    return Signal(
        id=f"escalations:{repo.casefold()}:{code}",
        kind="escalations",
        repo=repo,
        summary=f"{len(records)} tasks of {repo} were given up with {code}: {tasks}",
        evidence=tuple(event(r) for r in records[-CITED:]),
        severity=min(0.95, 0.55 + 0.05 * len(records)),
        count=len(records),
        at=records[-1].at,
        advice="Look at what the tasks have in common and remove it: a fault in the code, missing context, or a way "
        "of working that agents cannot follow.",
    )
