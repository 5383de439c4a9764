"""A repository in observe: what a role would do there stands in its log at every tick, in the ledger once per change.

Two things keep it from being written to: roles that only say, and the wall before every write of the client and every
push (`wiring`), which a role that forgot would meet.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.model.event import EventKind
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.services import Services

MOST = 50
"""Lines of one role and repository that the ledger keeps."""


def observed(repo: RepoSettings) -> bool:
    return repo.automation_mode is AutomationMode.OBSERVE


def say(services: Services, role: str, repo: RepoSettings, would: Iterable[str]) -> tuple[str, ...]:
    """What the role would do now, in words: recorded when it differs from what it said last. The lines of its log."""
    lines = tuple(would)
    subject, state = f"observe:{role}:{repo.key}", "\n".join(lines)
    if lines and not services.dry and not services.signatures.seen(subject, state):
        services.record(EventKind.OBSERVED, repo=repo.name, role=role, would=list(lines[:MOST]), of=len(lines))
        services.signatures.remember(subject, state)
    return tuple(f"{repo.name}: observe, would {line}" for line in lines)
