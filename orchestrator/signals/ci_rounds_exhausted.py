"""Pull requests whose checks stayed red until no repair was left."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.event import EventKind, Record
from orchestrator.model.names import RepoName
from orchestrator.signals.facts import CITED, Facts, event

UNMENDED = "rounds of repair did not mend it"
"""How `policy.merge` words that a pull request is handed over because no repair is left."""


def find(facts: Facts) -> tuple[Signal, ...]:
    given_up: dict[RepoName, dict[str, Record]] = defaultdict(dict)
    for record in facts.of(EventKind.PULL_DECIDED):
        repo = facts.slug(record.repo)
        if repo is not None and UNMENDED in str(record.data.get("why") or ""):
            given_up[repo][record.task] = record
    return tuple(_signal(repo, sorted(t.values(), key=lambda r: r.seq)) for repo, t in given_up.items())


def _signal(repo: RepoName, records: list[Record]) -> Signal:
    tasks = ", ".join(r.task for r in records[-CITED:])
    return Signal(
        id=f"ci_rounds_exhausted:{repo.casefold()}",
        kind="ci_rounds_exhausted",
        repo=repo,
        summary=f"Pull requests of {repo} stayed red or in conflict through every repair: {tasks}",
        evidence=tuple(event(r) for r in records[-CITED:]),
        severity=min(0.9, 0.5 + 0.1 * len(records)),
        count=len(records),
        at=records[-1].at,
        advice="Make what CI runs runnable before the push (`verify`), or make its failures tell their cause.",
    )
