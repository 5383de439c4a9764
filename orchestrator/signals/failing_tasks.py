"""Most tasks of a repository end without a merge."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.names import RepoName
from orchestrator.model.times import stamp
from orchestrator.signals.facts import CITED, End, Facts

FEWEST = 5
"""Ended tasks in the week, below which a share says nothing."""
SHARE = 0.5
BAD = frozenset({"blocked", "escalated", "failed"})


def find(facts: Facts) -> tuple[Signal, ...]:
    last: dict[RepoName, dict[str, End]] = defaultdict(dict)
    for end in facts.ends:
        if (repo := facts.slug(end.repo)) is not None:
            last[repo][end.task] = end
    return tuple(s for repo, tasks in last.items() if (s := _signal(repo, list(tasks.values()))))


def _signal(repo: RepoName, ends: list[End]) -> Signal | None:
    bad = [e for e in ends if e.ending in BAD]
    if len(ends) < FEWEST or len(bad) <= SHARE * len(ends):
        return None
    return Signal(
        id=f"failing_tasks:{repo.casefold()}",
        kind="failing_tasks",
        repo=repo,
        summary=f"{len(bad)} of {len(ends)} tasks of {repo} ended without a merge this week",
        evidence=tuple(e.id for e in bad[-CITED:]),
        severity=0.4 + 0.4 * len(bad) / len(ends),
        count=len(bad),
        at=stamp(bad[-1].at),
        advice="Look at what stopped most of them: a broken build, missing context, or issues too large to finish.",
    )
