"""Is the backlog worth a look? Where nothing could be planned, not again before something changed, or a day went by.

A look reads every open issue and the whole board; whether something changed is one small request, which costs nothing
while the answer stays the same. What no issue's time tells (a card that was moved, a permission, another repository's
issue that was waited for) is seen with the look of the day.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from orchestrator.github import issues
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import parse
from orchestrator.services import Services

JOB = "planner-look"
DAYS = 1.0
_FRESH = timedelta(minutes=1)
"""GitHub's times are whole seconds: after a change so young another one might bear the same time."""


def state(services: Services, repo: RepoSettings, *, early: bool) -> str:
    """What a look depends on, read before it; empty when it is too fresh to tell. Raises what asking GitHub raises."""
    newest = issues.newest(services.github, repo.name)
    if newest and parse(newest) > services.now() - _FRESH:
        return ""
    words = repr((newest, early, len(services.outcomes.measured(repo.name)), repo))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def idle(services: Services, repo: RepoSettings, state: str) -> bool:
    """Did the last look find nothing to plan in just this state, less than a day ago? Raises CorruptState."""
    return (
        bool(state)
        and not services.cadence.due(JOB, repo.key, DAYS, services.now())
        and services.signatures.seen(_subject(repo), state)
    )


def fruitless(services: Services, repo: RepoSettings, state: str) -> None:
    """This state held nothing to plan."""
    services.cadence.ran(JOB, repo.key, DAYS, services.now())
    services.signatures.remember(_subject(repo), state)


def _subject(repo: RepoSettings) -> str:
    return f"plan-look:{repo.key}"
