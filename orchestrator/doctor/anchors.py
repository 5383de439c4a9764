"""Does another installation work on the same repository: its ledger's anchors stand beside ours."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, named, ok, warn
from orchestrator.github import health
from orchestrator.ledger.anchor import label
from orchestrator.pipeline import anchoring


def look(given: Given) -> Iterator[Finding]:
    services = given.services()
    ours = {label(services.ledger.name), *services.ledger.heads()}
    others: list[str] = []
    for repo in given.repos():
        there = health.refs(services.github, repo.name, anchoring.REFS)
        if strange := [ref for ref in there if ref.rsplit("/", 1)[-1] not in ours]:
            others.append(repo.key)
            yield warn(
                f"{repo.name} holds anchors of another installation: {named(strange)}",
                "stop one of the two; or, if the other is gone, delete those refs",
                repo.key,
            )
    if not others:
        yield ok("no trace of another installation")


CHECK = Check(
    name="installations",
    why="Two installations on one repository take each other's work.",
    look=look,
    needs=("repositories",),
    seconds=8,
)
