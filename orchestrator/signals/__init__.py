"""Operational findings, one class per file, found in recorded facts alone. To add one: one file, one line in SIGNALS.

Each `find(facts)` gives the signals of its class; the same cause gives the same id in every week, and every signal
names the recorded facts it rests on. A signal without a repository is about the program itself.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.model.backlog import Signal
from orchestrator.signals import (
    blocker_spike,
    broken_invariant,
    ci_rounds_exhausted,
    escalations,
    failing_tasks,
    over_budget,
    quota,
    red_base,
    repeated_crash,
    stalled_planner,
    verification_flaky,
)
from orchestrator.signals.facts import Facts

SIGNALS: tuple[Callable[[Facts], tuple[Signal, ...]], ...] = (
    broken_invariant.find,
    repeated_crash.find,
    stalled_planner.find,
    red_base.find,
    escalations.find,
    verification_flaky.find,
    blocker_spike.find,
    ci_rounds_exhausted.find,
    failing_tasks.find,
    over_budget.find,
    quota.find,
)


def find(facts: Facts) -> tuple[Signal, ...]:
    """All of them, the gravest first; equally grave ones the newest first."""
    found = [signal for one in SIGNALS for signal in one(facts)]
    return tuple(sorted(sorted(found, key=lambda s: (s.at, s.id), reverse=True), key=lambda s: -s.severity))
