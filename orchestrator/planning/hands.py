"""What is open in a repository, and what of it somebody has in hand already: assigned, or in an open pull request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.github import pulls, wire
from orchestrator.github.repos import path
from orchestrator.github.words import Words
from orchestrator.model.settings import RepoSettings
from orchestrator.policy import sections
from orchestrator.services import Services

MOST_CLAIMED = 10
"""Issues that one pull request may say it closes and be believed: a text of all numbers stops nothing."""


@dataclass(frozen=True, kw_only=True)
class Hands:
    issues: tuple[int, ...]
    """All open ones."""
    pulls: tuple[int, ...]
    """Open pull requests of ours that are somebody's work."""
    taken: Mapping[int, str]
    """Issues that somebody has in hand, and how that shows."""


def read(services: Services, repo: RepoSettings) -> Hands:
    """Read to the end of the last page. Raises what asking GitHub raises."""
    found: list[int] = []
    ours: list[int] = []
    taken: dict[int, str] = {}
    for one in services.github.pages(f"{path(repo.name)}/issues", {"state": "open"}):
        number = one.number("number")
        if not one.has("pull_request"):
            found.append(number)
            if others := _others(services, one):
                taken[number] = f"it is assigned to {', '.join(others)}"
            continue
        by = wire.login(one.maybe("user"))
        if services.github.is_me(by):
            ours.append(number)
        for issue in sections.closes(repo.name, one.text_or_none("body"), MOST_CLAIMED):
            taken.setdefault(issue, f"pull request #{number} of {by or 'somebody'} says that it closes it")
    # The one that keeps CODEBASE.md may wait for a person for weeks; it is nobody's work.
    kept = {p.number for p in pulls.find(services.github, repo.name, f"agent/memory-{repo.key}")} if ours else set()
    return Hands(issues=tuple(found), pulls=tuple(n for n in ours if n not in kept), taken=taken)


def _others(services: Services, issue: Words) -> list[str]:
    """Who it is assigned to, besides us."""
    names = [wire.login(who) for who in issue.many("assignees")]
    return sorted(name for name in names if not services.github.is_me(name))
