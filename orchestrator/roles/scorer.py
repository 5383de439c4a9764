"""Measures what has come due and keeps the scores, every hour; writes the week's findings, every Monday. Opens no
issue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from orchestrator.model.findings import Finding
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.pipeline import observing
from orchestrator.planning import measuring, scoring
from orchestrator.policy import attribute
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services

EVERY = "0 * * * *"


def watched(services: Services) -> list[Path]:
    return []


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """One repository's trouble keeps neither the others nor the week from being scored."""
    now = services.now()
    if dry_run:
        return Ticked(did=tuple(_would(services, now)))
    did: list[str] = []
    for repo in services.settings.repos:
        if observing.observed(repo) and services.switches.of(repo=repo.key) is None:
            did += observing.say(services, "scorer", repo, _due(services, repo))
    for repo in _measured(services):
        with fence(services, None, f"{repo.key}: measuring", repo=repo.name):
            if repo.outcome_attribution.enabled and (taken := measuring.measure(services, repo)):
                did.append(f"{repo.key}: {attribute.counted(services.outcomes.measured(repo.name)[-taken:])}")
    found = business(services)
    with fence(services, None, "scoring the week"):
        if scoring.due(services, now):
            week = scoring.score_week(services, now, found)
            did.append(f"the week is scored: {len(week.scores)} scores, {len(week.findings)} findings")
    return Ticked(did=tuple(did))


def business(services: Services) -> list[Finding]:
    """Each objective scored and its history kept; a finding for each that went down."""
    found: list[Finding] = []
    for repo in _measured(services):
        with fence(services, None, f"{repo.key}: scoring", repo=repo.name):
            if (finding := scoring.regressed(services, repo)) is not None:
                found.append(finding)
    return found


def _measured(services: Services) -> Iterator[RepoSettings]:
    """None that is switched off or in observe: what is measured there is measured when it is on again."""
    full = (r for r in services.settings.repos if r.automation_mode is not AutomationMode.DISPATCHER_ONLY)
    return (r for r in full if not services.stopped(r))


def _due(services: Services, repo: RepoSettings) -> list[str]:
    lines: list[str] = []
    with fence(services, None, f"{repo.key}: measuring", repo=repo.name):
        if due := measuring.due(services, repo):
            lines.append(f"measure {due} outcome{'s' if due != 1 else ''}")
    return lines


def _would(services: Services, now: datetime) -> Iterator[str]:
    for repo in _measured(services):
        with fence(services, None, f"{repo.key}: measuring", repo=repo.name):
            if due := measuring.due(services, repo):
                yield f"{repo.key}: {due} outcome{'s are' if due != 1 else ' is'} due"
    if scoring.due(services, now):
        yield "would score the week"
