"""A ceiling of money or tokens is reached on several days of the week."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import RepoName
from orchestrator.model.task import TaskType
from orchestrator.signals.facts import CITED, Facts, event

DAYS = 3


def find(facts: Facts) -> tuple[Signal, ...]:
    reached: dict[tuple[RepoName | None, str], list[Record]] = defaultdict(list)
    for record in facts.of(EventKind.OVER_BUDGET):
        repo = facts.slug(record.repo) if record.repo else None
        subject = str(record.data.get("subject") or "")
        if subject and (repo is not None or not record.repo):
            reached[repo, subject].append(record)
    return tuple(
        _signal(repo, subject, records)
        for (repo, subject), records in reached.items()
        if len({r.at[:10] for r in records}) >= DAYS
    )


def _signal(repo: RepoName | None, subject: str, records: list[Record]) -> Signal:
    days = len({r.at[:10] for r in records})
    return Signal(
        id=f"over_budget:{subject.casefold()}",
        kind="over_budget",
        repo=repo,
        summary=f"{subject} reached its ceiling on {days} days of the week (cap {records[-1].data.get('cap')})",
        evidence=tuple(event(r) for r in records[-CITED:]),
        severity=min(0.7, 0.3 + 0.05 * days),
        count=len(records),
        at=records[-1].at,
        advice="Find out which work costs most and make it cheaper: smaller tasks, another agent, less to read.",
        type=TaskType.RESEARCH,
    )
