"""A person's word about a head, wherever it was given: one record, one commit status."""

from __future__ import annotations

from orchestrator.model.governance import Approval
from orchestrator.model.pull import Pull
from orchestrator.model.task import Task
from orchestrator.services import Services


def standing(services: Services, task: Task, pull: Pull) -> Approval | None:
    """The newest word of a trusted person about the pull request's present head; recorded on first sight."""
    return None


def show(services: Services, task: Task, pull: Pull) -> None:
    """Our verdict about the present head as the commit status `agent-os/review`; set again only when it changed."""
