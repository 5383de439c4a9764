"""A provider refuses an agent on most days of the week: the work is planned beyond what the plan allows."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.model.backlog import Signal
from orchestrator.model.task import TaskType
from orchestrator.model.times import stamp
from orchestrator.signals.facts import CITED, Facts, Run, day

DAYS = 4


def find(facts: Facts) -> tuple[Signal, ...]:
    refused: dict[str, list[Run]] = defaultdict(list)
    for run in facts.runs:
        if run.failure == "quota" or run.code == "quota_limited":
            refused[run.agent].append(run)
    return tuple(_signal(a, runs) for a, runs in refused.items() if len({day(r.at) for r in runs}) >= DAYS)


def _signal(agent: str, runs: list[Run]) -> Signal:
    days = len({day(r.at) for r in runs})
    return Signal(
        id=f"quota:{agent}",
        kind="quota",
        repo=None,
        summary=f"{agent} was refused for quota on {days} days of the week ({len(runs)} runs)",
        evidence=tuple(r.id for r in runs[-CITED:]),
        severity=min(0.7, 0.3 + 0.05 * days),
        count=len(runs),
        at=stamp(runs[-1].at),
        advice=f"Give {agent} fewer kinds of work, put another agent before it, or raise its plan.",
        type=TaskType.RESEARCH,
    )
