"""Each board, and the columns that the configuration names."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor import scopes
from orchestrator.doctor.base import Check, Finding, Given, fail, named, ok, unknown
from orchestrator.github import projects
from orchestrator.github.errors import Forbidden, Misconfigured
from orchestrator.model.errors import Told
from orchestrator.model.settings import ProjectSettings
from orchestrator.operations import provision
from orchestrator.services import Services
from orchestrator.state.made import Made


def look(given: Given) -> Iterator[Finding]:
    services = given.services()
    for project in given.settings.projects:
        if project.number is None:
            yield ok("no board: work is asked for by label", project.key)
        elif scopes.lacks(given, "project"):
            yield unknown("not looked at: it needs the scope project", project.key)
        else:
            yield _one(services, project, project.number)


def _one(services: Services, project: ProjectSettings, number: int) -> Finding:
    name = f"{project.owner}/{number}"
    try:
        found = projects.read(services.github, project.owner, number)
    except (Misconfigured, Forbidden) as why:
        mend = "correct owner and number in config.yaml, or give the token access to projects"
        return fail(str(why), mend, project.key)
    if found.closed:
        return fail(f"board {name} is closed", "open it again on GitHub", project.key)
    if missing := provision.lacking_options(found, project.statuses):
        there = named([option.name for option in found.options], 8) or "none"
        return fail(
            f"board {name} has no column {named(missing)}; its columns: {there}",
            "agent-os doctor --fix adds it; was one renamed, say so under `statuses` instead",
            project.key,
            fixable=found.writable,
        )
    if not found.writable:
        return fail(f"board {name} may not be changed with this token", "give its account write access", project.key)
    return ok(f"board {name} has all {len(project.statuses.names)} columns", project.key)


def mend(given: Given, finding: Finding) -> str:
    services = given.services()
    project = next((p for p in services.settings.projects if p.key == finding.subject), None)
    if project is None or project.number is None:
        raise Told(f"{finding.subject} has no board")
    made = Made(root=services.settings.runtime / "state", clock=services.clock)
    lines = provision.make_options(services.github, made, project.owner, project.number, project.statuses)
    new = [line.what for line in lines if line.outcome is provision.Outcome.MADE]
    return f"board {project.owner}/{project.number}: made {named(new, 99) or 'nothing: they were there by now'}"


CHECK = Check(
    name="board",
    why="A card's column says what may start; a column that is not there stops every dispatch.",
    look=look,
    needs=("token", "scopes"),
    seconds=8,
    mend=mend,
    asks=True,
)
