"""Which measurements hang on a piece of work, and where each of them is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.model.objective import Metric, Objective, Source
from orchestrator.model.planning import OutcomeAttribution

MOST = 12
"""Measurements of one merge; what is named first stays."""


@dataclass(frozen=True, kw_only=True)
class Attached:
    """A measurement that the configuration or the objective knows."""

    id: str
    source: Source
    window_days: float
    name: str = ""
    comparison_window: str = ""
    metric: Metric | None = None
    """What tells which way is better; None where only the configuration knows the id."""


def find(id: str, attribution: OutcomeAttribution, objective: Objective | None) -> Attached | None:
    """The configuration's check wins over the objective's metric of the same id; None = nobody knows it."""
    id = id.casefold()
    metric = objective.metric(id) if objective else None
    for check in attribution.checks:
        if check.id.casefold() == id:
            source = Source(type=check.type, path=check.path, url=check.url)
            return Attached(
                id=id, source=source, window_days=check.measurement_window_days, name=check.name,
                comparison_window=check.comparison_window, metric=metric,
            )  # fmt: skip
    if metric is None or metric.outcome_check is None:
        return None
    how = metric.outcome_check
    return Attached(
        id=id, source=how.source, window_days=how.window_days, name=metric.name,
        comparison_window=how.comparison_window, metric=metric,
    )  # fmt: skip


def ids(named: Iterable[str], expected: Iterable[str], objective: Objective | None) -> tuple[str, ...]:
    """What is measured for one merge: what its issue names, what is expected of it, and every measured metric of the
    objective; lower case, each once, at most `MOST`."""
    own = [m.id for m in objective.metrics if m.outcome_check is not None] if objective else []
    found = dict.fromkeys(id.casefold() for id in (*named, *expected, *own) if id)
    return tuple(found)[:MOST]
