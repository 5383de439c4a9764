"""Are there checks at all, where the configuration waits for them."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, named, ok, warn
from orchestrator.github import health
from orchestrator.model.settings import Checks, RepoSettings
from orchestrator.services import Services


def look(given: Given) -> Iterator[Finding]:
    services = given.services()
    for repo in given.repos():
        yield _one(services, repo)


def _one(services: Services, repo: RepoSettings) -> Finding:
    gh = services.github
    seen = sorted(health.checked_by(gh, repo.name, health.reach(gh, repo.name).branch))
    if seen and repo.checks is Checks.NONE:
        return warn(f"checks: none, and there are some: {named(seen)}", "checks: required", repo.key)
    if seen or repo.checks is not Checks.REQUIRED:
        return ok(f"seen: {named(seen)}" if seen else f"none, which `checks: {repo.checks.value}` allows", repo.key)
    if files := health.workflows(gh, repo.name):
        return warn(
            f"no commit has been checked yet; there is {named(files)}",
            "push a commit, and look whether its checks appear",
            repo.key,
        )
    return fail(
        "checks: required, and nothing ever checked a commit here: nothing would ever merge",
        "add CI to the repository, or say `checks: if_present` or `none`",
        repo.key,
    )


CHECK = Check(
    name="ci",
    why="Green means that something looked; without any check nothing merges.",
    look=look,
    needs=("repositories",),
    seconds=9,
)
