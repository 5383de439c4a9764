"""The labels that people set and that we set, in each repository."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, named, ok, warn
from orchestrator.github.labels import Label
from orchestrator.model.errors import Told
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.operations import provision
from orchestrator.state.made import Made


def look(given: Given) -> Iterator[Finding]:
    gh = given.services().github
    for repo in given.repos():
        missing = [label.name for label in provision.lacking_labels(gh, repo.name, _wanted(repo))]
        if not missing:
            yield ok(f"all {len(_wanted(repo))} labels are there", repo.key)
            continue
        boardless = given.settings.project(repo.project).number is None
        yield (fail if boardless and repo.ready_label in missing else warn)(
            f"missing: {named(missing, 8)}",
            "agent-os doctor --fix makes them",
            repo.key,
            fixable=repo.automation_mode is not AutomationMode.OBSERVE,
        )


def mend(given: Given, finding: Finding) -> str:
    repo = given.settings.repo(finding.subject)
    if repo is None:
        raise Told(f"{finding.subject} is not in the configuration")
    services = given.services()
    made = Made(root=services.settings.runtime / "state", clock=services.clock)
    lines = provision.make_labels(services.github, made, repo.name, _wanted(repo))
    new = [line.what for line in lines if line.outcome is provision.Outcome.MADE]
    return f"{repo.name}: made {named(new, 99) or 'nothing: they were there by now'}"


def _wanted(repo: RepoSettings) -> tuple[Label, ...]:
    return provision.labels(repo.ready_label, repo.review.label)


CHECK = Check(
    name="labels",
    why="Work is asked for and shown by labels.",
    look=look,
    needs=("repositories",),
    seconds=8,
    mend=mend,
)
