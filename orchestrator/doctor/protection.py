"""What GitHub asks of a merge into the default branch, against what can ever be there."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, named, ok, warn
from orchestrator.github import checks, health
from orchestrator.model.settings import Checks, RepoSettings
from orchestrator.services import Services


def look(given: Given) -> Iterator[Finding]:
    services = given.services()
    for repo in given.repos():
        yield _one(services, repo)


def _one(services: Services, repo: RepoSettings) -> Finding:
    gh, branch = services.github, health.reach(services.github, repo.name).branch
    required = [r.context for r in checks.required(gh, repo.name, branch)]
    wanted = required or repo.checks is Checks.REQUIRED
    seen = health.checked_by(gh, repo.name, branch) if wanted else frozenset()
    never = [name for name in required if name not in seen]
    if never and seen:
        return fail(
            f"{branch} requires {named(never)}, which no recent commit was checked by: nothing would ever merge",
            f"correct the required checks of {branch} on GitHub; seen are: {named(sorted(seen))}",
            repo.key,
        )
    if never:
        return warn(
            f"{branch} requires {named(never)}, and no commit has been checked yet",
            "push a commit, and look whether its checks appear",
            repo.key,
        )
    if not required and repo.checks is Checks.REQUIRED and seen:
        return warn(
            f"{branch} requires no check: GitHub lets anybody merge what is red",
            f"protect {branch} on GitHub and require the checks that count",
            repo.key,
        )
    return ok(
        f"{branch} requires {named(required)}"
        if required
        else f"{branch} requires no check, nor does the configuration",
        repo.key,
    )


CHECK = Check(
    name="protection",
    why="A required check that never comes stops every merge.",
    look=look,
    needs=("repositories",),
    seconds=9,
)
