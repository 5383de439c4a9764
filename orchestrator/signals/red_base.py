"""A base branch went red after merges of ours though their heads were green."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import RepoName
from orchestrator.signals.facts import CITED, Facts, event


def find(facts: Facts) -> tuple[Signal, ...]:
    red: dict[RepoName, list[Record]] = defaultdict(list)
    for record in facts.of(EventKind.REVERTED):
        if (repo := facts.slug(record.repo)) is not None:
            red[repo].append(record)
    return tuple(_signal(repo, records) for repo, records in red.items())


def _signal(repo: RepoName, records: list[Record]) -> Signal:
    pulls = ", ".join(dict.fromkeys(f"#{r.data.get('pull')}" for r in records[-CITED:]))
    return Signal(
        id=f"red_base:{repo.casefold()}",
        kind="red_base",
        repo=repo,
        summary=f"The base branch of {repo} went red after {pulls} landed with green checks",
        evidence=tuple(event(r) for r in records[-CITED:]),
        severity=min(0.95, 0.75 + 0.05 * len(records)),
        count=len(records),
        at=records[-1].at,
        advice="Make the checks of a pull request find what the base branch's checks found.",
    )
