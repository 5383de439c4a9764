"""Sprint plans, repository by repository: what is due is planned, what waits for a person is looked after."""

from __future__ import annotations

from pathlib import Path

from orchestrator.pipeline import observing
from orchestrator.planning import planner
from orchestrator.planning.applying import JOB
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services

EVERY = "0 * * * *"


def watched(services: Services) -> list[Path]:
    """Nothing: an hourly role looks at the clock, which nothing tells."""
    return []


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """Each repository behind its own fence; `dispatcher_only` ones are not planned."""
    did: list[str] = []
    for repo in planner.order(services.looking() if dry_run else services):
        if services.switches.of(repo=repo.key) is not None:
            continue
        with fence(services, None, f"plan of {repo.name}", repo=repo.name):
            if dry_run:
                days = repo.cadence.sprint_cadence_days
                if held := planner.waits(services, repo):
                    did.append(f"{repo.name}: {held}")
                elif services.cadence.due(JOB, repo.key, days, services.now()):
                    did.append(f"{repo.name}: would be planned")
                continue
            if observing.observed(repo):
                did += observing.say(services, "planner", repo, planner.would(services, repo))
                continue
            if words := planner.tick(services, repo).words:
                did.append(f"{repo.name}: {words}")
    return Ticked(did=tuple(did))
