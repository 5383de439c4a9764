"""Grooms every backlog at its own cadence: what it lacks becomes a few issues, each with its evidence.

Source files that merges made too long are filed at every tick, whatever the cadence.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.model.backlog import Filed
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.pipeline import observing
from orchestrator.planning import grooming, oversized
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services

EVERY = "20 * * * *"


def watched(services: Services) -> list[Path]:
    return []


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """Each repository that is due. One that fails keeps its cadence and is tried again by the next tick."""
    did: list[str] = []
    for repo in services.settings.repos:
        if observing.observed(repo) and services.switches.of(repo=repo.key) is None:
            did += _observed(services.looking() if dry_run else services, repo)
        if services.stopped(repo):
            continue
        if repo.automation_mode is AutomationMode.FULL and not dry_run:
            with fence(services, None, f"follow-ups of {repo.key}", repo=repo.name):
                did += [
                    f"{repo.name}: filed #{o.number}: {o.draft.title}"
                    for o in oversized.file(services, repo)
                    if isinstance(o, Filed)
                ]
        with fence(services, None, f"grooming {repo.key}", repo=repo.name):
            if repo.automation_mode is not AutomationMode.FULL or not grooming.due(services, repo):
                continue
            if dry_run:
                drafts = [f"{repo.name}: would draft: {d.title}" for d in grooming.drafts(services, repo)]
                did += drafts or [f"{repo.name}: would be groomed; nothing to draft"]
                continue
            outcomes = grooming.groom(services, repo)
            services.cadence.ran(grooming.JOB, repo.key, repo.cadence.groomer_cadence_days, services.now())
            if outcomes:
                filed = [f"#{o.number}" for o in outcomes if isinstance(o, Filed)]
                did.append(f"{repo.name}: {', '.join(filed) or 'nothing new'} of {len(outcomes)} drafts")
    return Ticked(did=tuple(did))


def _observed(services: Services, repo: RepoSettings) -> tuple[str, ...]:
    lines: list[str] = []
    with fence(services, None, f"grooming {repo.key}", repo=repo.name):
        if grooming.due(services, repo):
            lines = [f"file: {d.title}" for d in grooming.drafts(services, repo)]
    return observing.say(services, "groomer", repo, lines)
