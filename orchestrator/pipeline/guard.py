"""A run is watched while it spends: its own ceiling and its task's, and those of its repository and agent with all
that other workers spend meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from orchestrator.model.result import Usage
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.model.task import Task
from orchestrator.pipeline import funds
from orchestrator.policy import budget
from orchestrator.policy.budget import Over, Spent
from orchestrator.services import Services
from orchestrator.state.store import Busy, CorruptState

EVERY = 30.0
"""Seconds between two lines of one run in `state/spend`, and between two looks at what the others spend."""


def guard(
    services: Services, task: Task, repo: RepoSettings, settings: AgentSettings, *, every: float = EVERY
) -> Callable[[Usage], str]:
    """Told what the last attempt of `task` has used so far, answers `budget` once a ceiling is passed.

    Cheap enough to be asked every second or two. A disk that is full or a spoiled file ends no run: its own ceiling
    holds without them, and nothing new is started until they are mended.
    """
    attempt = task.attempts[-1]
    earlier = funds.of_task(services, task, before=attempt.n)
    looked = time.monotonic()
    noted = Usage()

    def watch(usage: Usage) -> str:
        nonlocal looked, noted
        if passed(repo, task, settings.name, earlier, usage) is not None:
            return "budget"
        if time.monotonic() - looked < every:
            return ""
        looked = time.monotonic()
        with contextlib.suppress(CorruptState, Busy, OSError):
            if usage != noted:
                services.spend.note(task, attempt, usage)
                noted = usage
            if funds.standing(services, repo, settings, passed=True) is not None:
                return "budget"
        return ""

    return watch


def passed(repo: RepoSettings, task: Task, agent: str, earlier: Spent, usage: Usage) -> Over | None:
    """The run's or the task's ceiling, `earlier` being what the task had spent before this run."""
    run = budget.used(usage)
    return budget.run_over(repo.budget, agent, run) or budget.task_over(repo.budget, task, earlier + run, passed=True)


def ended(services: Services, task: Task, usage: Usage) -> None:
    """The last line of the last attempt. Where it cannot be written, what the run brought is not lost for that."""
    with contextlib.suppress(Busy, OSError):
        services.spend.note(task, task.attempts[-1], usage, end=True)


def why(services: Services, task: Task, repo: RepoSettings, settings: AgentSettings, usage: Usage) -> str:
    """The ceiling that ended a run, in words."""
    earlier = funds.of_task(services, task, before=task.attempts[-1].n)
    over = passed(repo, task, settings.name, earlier, usage) or funds.standing(services, repo, settings, passed=True)
    return over.words if over else "budget"
