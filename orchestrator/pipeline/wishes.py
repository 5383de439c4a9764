"""What people ask for on a pull request becomes input of the task's next run, once per new fact."""

from __future__ import annotations

from orchestrator.model.governance import Request
from orchestrator.model.pull import Pull
from orchestrator.model.task import Task
from orchestrator.services import Services


def fresh(services: Services, task: Task, pull: Pull) -> tuple[Request, ...]:
    """Reviews that request changes and unresolved comments by trusted people that no run has worked on yet."""
    return ()


def answer(services: Services, task: Task) -> None:
    """After a push: each wish that the last run worked on is answered in its thread, and the thread resolved."""
