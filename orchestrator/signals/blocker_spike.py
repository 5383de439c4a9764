"""One blocker stops several tasks of a repository on one day."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.names import RepoName
from orchestrator.model.times import stamp
from orchestrator.signals.facts import CITED, CODES, Facts, Run, day

SPIKE = 3
"""Tasks in a day (ORIGIN: analyzer)."""
QUOTA = "quota_limited"
"""Told by a signal of its own."""
OURS_TO_MEND = frozenset({"runner_failure", "invalid_result_contract"})
"""What agents' programs do wrong rather than the code they work on: it weighs less for the repository."""


def find(facts: Facts) -> tuple[Signal, ...]:
    days: dict[tuple[RepoName, str, str], dict[str, Run]] = defaultdict(dict)
    for run in facts.runs:
        repo = facts.slug(run.repo)
        if repo is not None and run.code in CODES - {QUOTA}:
            days[repo, run.code, day(run.at)][run.task] = run
    spikes: dict[tuple[RepoName, str], list[Run]] = defaultdict(list)
    for (repo, code, _), by_task in sorted(days.items()):
        if len(by_task) >= SPIKE:
            spikes[repo, code] += by_task.values()
    return tuple(_signal(repo, code, runs) for (repo, code), runs in spikes.items())


def _signal(repo: RepoName, code: str, runs: list[Run]) -> Signal:
    runs = sorted(runs, key=lambda r: r.at, reverse=True)
    tasks = len({r.task for r in runs})
    days = sorted({day(r.at) for r in runs})
    return Signal(
        id=f"blocker_spike:{repo.casefold()}:{code}",
        kind="blocker_spike",
        repo=repo,
        summary=f"{code}: {tasks} tasks of {repo} on {', '.join(days)}",
        evidence=tuple(r.id for r in runs[:CITED]),
        severity=min(0.9, (0.3 if code in OURS_TO_MEND else 0.45) + 0.05 * tasks),
        count=len(runs),
        at=stamp(runs[0].at),
        advice=f"Find out why runs end with {code} and remove the cause, in the code or in how the work is described.",
    )
