"""Each repository: there, ours to push to, under the name we know."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor import scopes
from orchestrator.doctor.base import Check, Finding, Given, fail, ok, unknown, warn
from orchestrator.github import health
from orchestrator.github.errors import GitHubError, NotFound, RateLimited, Unavailable
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.services import Services


def look(given: Given) -> Iterator[Finding]:
    services = given.services()
    if scopes.lacks(given, "repo"):
        yield unknown("not looked at: it needs the scope repo")
        return
    for repo in given.settings.repos:
        yield _one(services, repo)


def _one(services: Services, repo: RepoSettings) -> Finding:
    try:
        found = health.reach(services.github, repo.name)
    except NotFound:
        return fail(
            f"{repo.name} is not there, or this token may not see it",
            f"give the token access to {repo.name}, or correct the name",
            repo.key,
        )
    except (RateLimited, Unavailable) as why:
        return unknown(f"{repo.name}: {why}", repo.key, mend="try again later")
    except GitHubError as why:
        return fail(f"{repo.name}: {why}", "correct the name in config.yaml", repo.key)
    if found.name.casefold() != repo.name.casefold():
        return warn(f"{repo.name} is now called {found.name}", "correct the name in config.yaml", repo.key)
    if found.archived:
        return fail(
            f"{repo.name} is archived: nothing can be pushed", "unarchive it, or take it out of config.yaml", repo.key
        )
    if not found.push and repo.automation_mode is not AutomationMode.OBSERVE:
        return fail(
            f"this token may not push to {repo.name}", f"give its account write access to {repo.name}", repo.key
        )
    return ok(
        f"{repo.name} can be reached and pushed to" if found.push else f"{repo.name} can be read (observe)", repo.key
    )


CHECK = Check(
    name="repositories",
    why="Branches are pushed and pull requests opened there.",
    look=look,
    needs=("configuration", "token", "scopes"),
    seconds=9,
)
