"""Both spellings of the file in one form, each part with its place, and the list in which problems are gathered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from orchestrator.config.schema import Config, Project
from orchestrator.config.schema_shared import Shared
from orchestrator.model.issue import BoardStatus
from orchestrator.yamlread.lines import Document
from orchestrator.yamlread.problems import At, Problem


@dataclass(frozen=True, kw_only=True)
class PlacedRepo:
    at: At
    shared: Shared
    name: str
    name_at: At
    key: str | None = None
    path: str | None = None
    objective: str | None = None
    verify: str | None = None
    """A command given in an older place."""
    seed: bool = False
    """Older spelling: a missing verification is a warning, not an error."""


@dataclass(frozen=True, kw_only=True)
class PlacedProject:
    at: At
    key: str
    shared: Shared
    owner: str
    number: int | None
    statuses: dict[BoardStatus, str]
    """Only the names that were said."""
    repos: tuple[PlacedRepo, ...]


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What resolving found; values once made are used only when `problems` stayed empty."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def bad(self, at: At, expected: str, value: object = "") -> None:
        problem = self.document.problem(at, expected, value)
        if problem not in self.problems:
            self.problems.append(problem)

    def block(self, name: str, levels: Iterable[At]) -> tuple[dict[str, Any], dict[str, At]]:
        """A block taken key by key from the levels, outermost first, with the place that each key came from."""
        tree: dict[str, Any] = {}
        places: dict[str, At] = {}
        for at in levels:
            for key, value in (self.document.get((*at, name)) or {}).items():
                if value is not None:
                    tree[key], places[key] = value, (*at, name, key)
        return tree, places

    def warn(self, at: At, text: str) -> None:
        from orchestrator.yamlread.problems import dotted

        note = f"{self.document.file}:{self.document.line(at)}: {dotted(at)}: {text}"
        if note not in self.warnings:
            self.warnings.append(note)


def projects(config: Config) -> tuple[PlacedProject, ...]:
    """The projects of the present spelling."""
    return tuple(_project(key, p) for key, p in (config.projects or {}).items())


def _project(key: str, project: Project) -> PlacedProject:
    at: At = ("projects", key)
    names = project.statuses
    said = {s: n for s in BoardStatus if names is not None and (n := getattr(names, s.value)) is not None}
    repos = tuple(
        PlacedRepo(
            at=(*at, "repos", n),
            shared=repo,
            name=repo.repo,
            name_at=(*at, "repos", n, "repo"),
            key=repo.key,
            path=repo.path,
            objective=repo.objective,
        )
        for n, repo in enumerate(project.repos)
    )
    return PlacedProject(
        at=at, key=key, shared=project, owner=project.owner, number=project.number, statuses=said, repos=repos
    )
