"""What shipped is written down, once when its pull request is opened and once when it is merged.

Only where `outcome_attribution.enabled`. Nothing that evidence or an objective file may hold stops a publication or the
end of a task: the record is then made without it, and the ledger says why. Safe to repeat.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta

from orchestrator import evidence, sources
from orchestrator.config import objective as objective_file
from orchestrator.github import issues, merges
from orchestrator.github.errors import NotFound
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from orchestrator.model.objective import Metric, Objective
from orchestrator.model.outcome import Shipped
from orchestrator.model.planning import SourceType
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Task
from orchestrator.model.times import parse, stamp
from orchestrator.policy import attached, direction, interpret
from orchestrator.services import Services
from orchestrator.yamlread.problems import ConfigError

LATE = timedelta(days=1)
"""A merge seen later has no baseline."""

Baseline = tuple[tuple[str, float], ...]


def opened(services: Services, task: Task, number: int) -> None:
    """Raises GitHubError (the issue's labels are read), Busy, OSError; tried again by whoever publishes again."""
    repo = services.repo(task)
    if not repo.outcome_attribution.enabled or _written(services, task, "opened", number):
        return
    notes: list[str] = []
    objective = _objective(services, repo, notes)
    shipped = Shipped(
        event="opened",
        repo=task.repo,
        task=task.id,
        issue=task.issue,
        pull=number,
        checks=_checks(services, task, objective),
        direction=_direction(services, task),
        at=stamp(services.now()),
    )
    _write(services, task, shipped, notes)


def merged(services: Services, task: Task) -> None:
    """Also of a merge that a person made. What it was opened with stays; what the objective measures by now is added.

    Raises as `opened`.
    """
    repo, number = services.repo(task), task.pull_request
    if not repo.outcome_attribution.enabled or number is None or _written(services, task, "merged", number):
        return
    notes: list[str] = []
    objective = _objective(services, repo, notes)
    merge = merges.of(services.github, RepoName(task.repo), number)
    at = _when(merge, services.now(), notes)
    before = [s for s in services.outcomes.shipped(repo.name, "opened") if s.task == task.id or s.pull == number]
    first = max(before, key=lambda s: s.at, default=None)
    checks = attached.ids(first.checks, (), objective) if first else _checks(services, task, objective)
    shipped = Shipped(
        event="merged",
        repo=task.repo,
        task=task.id,
        issue=task.issue,
        pull=number,
        checks=checks,
        direction=first.direction if first else _direction(services, task),
        at=stamp(at),
        baseline=_baseline(services, repo, objective, checks, notes) if _fresh(at, services.now(), notes) else (),
        sha=task.merge_sha or (merge.sha if merge else ""),
        base=task.base,
    )
    _write(services, task, shipped, notes)


def _when(merge: merges.Merge | None, now: datetime, notes: list[str]) -> datetime:
    """We may have been asleep when a person merged; what is measured begins when it landed all the same."""
    with contextlib.suppress(ValueError):
        if merge is not None:
            return parse(merge.at)
    notes.append("GitHub does not tell when it was merged: taken is when we saw it")
    return now


def _fresh(at: datetime, now: datetime, notes: list[str]) -> bool:
    """What the metrics say now is no baseline of a merge that has worked on them for days."""
    if now - at <= LATE:
        return True
    notes.append(f"no baseline: the merge was seen {(now - at).total_seconds() / 86400:.3g} days after it")
    return False


def _written(services: Services, task: Task, event: str, number: int) -> bool:
    return services.effects.of(task.id).result(_key(event, number)) is not None


def _write(services: Services, task: Task, shipped: Shipped, notes: list[str]) -> None:
    if not services.outcomes.ship(shipped):  # a worker died after it: what stands written is told
        known = services.outcomes.shipped(shipped.repo, shipped.event)
        shipped = next(s for s in known if s.pull == shipped.pull)
    services.record(
        EventKind.SHIPPED,
        task,
        event=shipped.event,
        number=shipped.pull,
        checks=list(shipped.checks),
        direction=shipped.direction,
        baseline=dict(shipped.baseline),
        why=str(services.redact("; ".join(notes))),
    )
    services.effects.of(task.id).done(_key(shipped.event, shipped.pull), {})


def _key(event: str, number: int) -> str:
    return f"shipped:{event}:{number}"


def _checks(services: Services, task: Task, objective: Objective | None) -> tuple[str, ...]:
    known = services.outcomes.hypotheses(task.repo) if task.issue is not None else ()
    return attached.ids(task.outcome_checks, [h.hypothesis.metric for h in known if h.issue == task.issue], objective)


def _direction(services: Services, task: Task) -> str:
    """By its issue's labels and what that names itself: what the objective injects says nothing about the work."""
    labels: frozenset[str] = frozenset()
    if task.issue is not None:
        with contextlib.suppress(NotFound):  # deleted or transferred meanwhile
            labels = issues.read(services.github, RepoName(task.repo), task.issue).labels
    return direction.direction(labels, task.outcome_checks, task.type.value)


def _objective(services: Services, repo: RepoSettings, notes: list[str]) -> Objective | None:
    path = repo.objective or services.settings.objectives_dir / f"{repo.key}.yaml"
    if not os.path.lexists(path):
        return None
    try:
        return objective_file.load(path, repo=repo.key, env=os.environ)
    except ConfigError as why:
        notes.append(f"the objective could not be read: {str(why)[:300]}")
        return None


def _baseline(
    services: Services, repo: RepoSettings, objective: Objective | None, checks: tuple[str, ...], notes: list[str]
) -> Baseline:
    """What the planning sources in the evidence directory say of these metrics now."""
    found: list[tuple[str, float]] = []
    rules = _rules(services, repo)
    for metric in objective.metrics if objective else ():
        if metric.id in checks and metric.source is not None and metric.source.type is SourceType.FILE:
            value = _value(metric, rules, notes.append)
            if value is not None:
                found.append((metric.id, value))
    return tuple(found)


def _rules(services: Services, repo: RepoSettings) -> sources.Rules:
    """Only what exporters write: of that no more than a number is kept."""
    settings = services.settings
    own = settings.evidence_dir / repo.key
    return sources.Rules(
        roots=(settings.evidence_dir, own),
        denied=(settings.runtime, settings.config_file),
        start=repo.path or own,
        env=os.environ,
    )


def _value(metric: Metric, rules: sources.Rules, note: Callable[[str], None]) -> float | None:
    assert metric.source is not None
    place = sources.confined(metric.source.path, rules)
    if isinstance(place, sources.Unread):
        note(f"no baseline of {metric.id}: {place.why}")
        return None
    try:
        snapshot = evidence.read(place)
    except (evidence.EvidenceError, OSError) as why:
        note(f"no baseline of {metric.id}: {str(why)[:200]}")
        return None
    if snapshot.metric and snapshot.metric != metric.id:
        note(f"no baseline of {metric.id}: the file is about {snapshot.metric}")
        return None
    if other := interpret.other_unit(metric, snapshot):
        note(f"no baseline of {metric.id}: {other}")
        return None
    return snapshot.value
