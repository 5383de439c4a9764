"""What a cron role is, and the fence round one task in its tick."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click

from orchestrator.model.errors import Stopped
from orchestrator.model.task import Task
from orchestrator.pipeline import crash
from orchestrator.services import Services


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """One pass of a role."""

    did: tuple[str, ...] = ()
    """What was done, or would be, one line each."""
    settled: bool = False
    """Nothing was to do, and nothing will be until something of `watched`, or GitHub's answer, changes (see `idle`)."""


class Role(Protocol):
    """One module per role, listed in ROLES."""

    @property
    def EVERY(self) -> str:
        """Its line in the crontab: five fields."""

    def watched(self, services: Services) -> list[Path]:
        """Files and folders whose change may give it something to do."""

    def tick(self, services: Services, *, dry_run: bool = False) -> Ticked:
        """One pass over what there is to do."""


@contextlib.contextmanager
def fence(services: Services, task: Task | None, where: str, *, repo: str = "") -> Iterator[list[str]]:
    """One bad task must not stop the others. Recorded, told on standard error, and tried again by the next tick.

    Yields a list that holds the error's words afterwards, and stays empty when all went well.
    """
    failed: list[str] = []
    try:
        yield failed
    except Stopped as why:
        failed.append(str(why))  # a person wants it so: no failure, and nothing to be told of
    except Exception as error:  # noqa: BLE001 - the fence: one of the two places that catch everything
        failed.append(crash.note(services, task, where, error, repo=repo))
        # At every tick: the record of the hour is not where a person looks who has just mistyped a token.
        click.echo(services.redact(f"{where}: {failed[0]}"), err=True)
