"""Which waiting task goes next: priority and age inside a repository, fairness between repositories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Priority, Task
from orchestrator.model.times import parse


def score(task: Task, weights: Mapping[Priority, float], now: datetime) -> float:
    """Priority weight plus one per hour waiting (the seed's rule)."""
    try:
        waited = (now - parse(task.created)).total_seconds() / 3600 if task.created else 0.0
    except ValueError:  # a file by hand may say a day only: it waits from now on, and stops no other
        waited = 0.0
    return weights.get(task.priority, 0.0) + max(0.0, waited)


def runnable(task: Task, now: datetime) -> bool:
    return not task.not_before or parse(task.not_before) <= now


def queue(
    tasks: Sequence[Task],
    repos: Mapping[str, RepoSettings],
    *,
    running: Mapping[str, int],
    now: datetime,
    served: Mapping[str, str] | None = None,
) -> tuple[Task, ...]:
    """All runnable tasks, in the order to try them.

    Round-robin over repositories: the n-th task of a repository is preceded by the n-th of every other one that waits,
    counting those that run already, and of two the one served longer ago goes first (`served`: lower-case repository to
    ISO time of its last claim). So a backlog of a hundred here never starves one issue there, also with one worker.
    Inside a round the higher score goes first; ties go by id, so that the order is the same on every host. A repository
    with a `max_parallel` gets no more tasks than it has room for beside those that run.
    """
    lanes: dict[str, list[Task]] = {}
    for task in tasks:
        if runnable(task, now):
            lanes.setdefault(task.repo.casefold(), []).append(task)
    ranked: list[tuple[int, str, float, str, Task]] = []
    for lane, waiting in lanes.items():
        weights = dict(repos[lane].priority_weights) if lane in repos else {}
        scores = {t.id: score(t, weights, now) for t in waiting}
        waiting.sort(key=lambda t: (-scores[t.id], t.id))
        if lane in repos and (most := repos[lane].max_parallel):
            del waiting[max(0, most - running.get(lane, 0)) :]
        last = (served or {}).get(lane, "")
        ranked += [(running.get(lane, 0) + n, last, -scores[t.id], t.id, t) for n, t in enumerate(waiting)]
    return tuple(t for *_, t in sorted(ranked, key=lambda r: r[:4]))
