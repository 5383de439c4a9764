"""What a cron role is, and the fence round one task in its tick."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

from orchestrator.model.event import EventKind
from orchestrator.model.task import Task
from orchestrator.services import Services


class Role(Protocol):
    """One module per role, listed in ROLES."""

    EVERY: str
    """Its line in the crontab: five fields."""

    def tick(self, services: Services, *, dry_run: bool = False) -> list[str]:
        """One pass over what there is to do. Returns what was done (or would be), one line each."""


@contextlib.contextmanager
def fence(services: Services, task: Task | None, where: str, *, repo: str = "") -> Iterator[None]:
    """One bad task must not stop the others. Recorded, and tried again by the next tick."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the fence: one of the two places that catch everything
        services.record(EventKind.CRASH, task, repo=repo, where=where, error=f"{type(error).__name__}: {error}")
