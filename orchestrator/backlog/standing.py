"""Does an issue stand for a trouble that may come back: it is open, or was closed too lately to be filed again.

A key is filed once, ever. So a trouble that is there again long after its issue was closed gets the next key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from orchestrator.backlog import filing
from orchestrator.github import issues
from orchestrator.model.issue import Issue
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import parse
from orchestrator.services import Services

REFUSED = frozenset({"not_planned", "duplicate"})
"""Closed by a person who does not want it."""
LONGER = 4
"""So many times `closed_days` such an issue is left alone."""


def key(services: Services, repo: RepoSettings, first: str, also: Sequence[str] = ()) -> tuple[str, bool]:
    """The key that a draft about `first` has now, and whether an issue of it stands. Of `also`, which are other keys of
    the same facts, only an open issue counts. Raises what `filing.number` raises."""
    now, last = _chain(services, repo, first)
    found = {other: number for other in also if (number := _chain(services, repo, other)[1]) is not None}
    wanted = [(repo.name, number) for number in {*found.values(), *([last] if last is not None else [])}]
    there = issues.state_of(services.github, wanted) if wanted else {}
    if last is not None and _lately(services, repo, there.get((repo.name, last))):
        return now, True
    return now, any((issue := there.get((repo.name, n))) is not None and issue.open for n in found.values())


def _chain(services: Services, repo: RepoSettings, first: str) -> tuple[str, int | None]:
    """The first key that was never filed, and the issue of the one before it."""
    key, n = first, 1
    last: int | None = None
    while (number := filing.number(services, repo, key)) is not None:
        last, n = number, n + 1
        key = f"{first}#{n}"
    return key, last


def _lately(services: Services, repo: RepoSettings, issue: Issue | None) -> bool:
    """Open, or closed not long ago; where a person deleted it, it is not filed again."""
    if issue is None or issue.open or not issue.updated_at:
        return True
    days = repo.similarity.closed_days * (LONGER if issue.state_reason in REFUSED else 1)
    return parse(issue.updated_at) > services.now() - timedelta(days=days)
