"""The older spelling: `github_projects`, or one flat project with `github_owner`, `project_number` and `repos`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from orchestrator.config.placed import Notes, PlacedProject, PlacedRepo
from orchestrator.config.schema import Config
from orchestrator.config.schema_seed import SeedProject, SeedRepo
from orchestrator.config.schema_shared import Shared
from orchestrator.model.issue import BoardStatus
from orchestrator.yamlread.problems import At, near

_WITHOUT_EFFECT = {
    "formatter_model": "has no effect; name the model in agents.<name>.model",
    "planner_claude_model": "has no effect; name the model in agents.<name>.model",
    "decomposer_model": "has no effect; name the model in agents.<name>.model",
    "default_base_branch": "has no effect; the repository's real default branch is the base",
    "default_allow_push": "has no effect; merge: false opens the pull request and stops there",
    "root_dir": "has no effect; the environment variable ORCH_ROOT moves the root",
}


def projects(config: Config, notes: Notes) -> tuple[PlacedProject, ...]:
    """The projects of the older spelling; each use of it is a warning."""
    found = [_project(config, key, p, notes) for key, p in (config.github_projects or {}).items()]
    flat = _flat(config, notes)
    if flat is not None:
        found.append(flat)
    for key, text in _WITHOUT_EFFECT.items():
        if getattr(config, key) is not None:
            notes.warn((key,), text)
    for key, name in (("mailbox_dir", "mailbox"), ("logs_dir", "logs")):
        value = getattr(config, key)
        if value is not None and PurePath(value) != PurePath(config.runtime_dir or "runtime", name):
            notes.bad((key,), f"{PurePath(config.runtime_dir or 'runtime', name)}: it stands in runtime_dir", value)
    _allowed(config, found, notes)
    return tuple(found)


def _project(config: Config, key: str, project: SeedProject, notes: Notes) -> PlacedProject:
    at: At = ("github_projects", key)
    notes.warn(at, "older spelling of projects; docs/config.md shows the present one")
    owner = project.github_owner or config.github_owner
    if owner is None:
        notes.bad((*at, "github_owner"), "the login of the board's owner, here or at the top of the file")
    columns = {s: n for s in BoardStatus if (n := getattr(project, f"{s.value}_value")) is not None}
    return PlacedProject(
        at=at,
        key=key,
        shared=project,
        owner=owner or "",
        number=project.project_number or config.project_number,
        statuses=columns,
        repos=_repos(config, (*at, "repos"), project.repos, notes),
    )


def _flat(config: Config, notes: Notes) -> PlacedProject | None:
    """The repositories that stand at the top of the file, as one project called main."""
    listed = _repos(config, ("repos",), config.repos or (), notes)
    known = {r.name.casefold() for r in listed}
    for project in (config.github_projects or {}).values():
        known |= {r.github_repo.casefold() for r in project.repos}
    known |= {r.repo.casefold() for p in (config.projects or {}).values() for r in p.repos}
    extra = [
        PlacedRepo(at=at, shared=Shared(), name=name, name_at=at, verify=_test_command(config, name, None), seed=True)
        for n, name in enumerate(config.allowed_repos or ())
        if not is_path(name) and name.casefold() not in known
        for at in [("allowed_repos", n)]
    ]
    if not listed and not extra:
        return None
    at: At = ("repos",) if listed else ("allowed_repos",)
    notes.warn(at, "older spelling of projects; docs/config.md shows the present one")
    if config.github_owner is None:
        notes.bad(("github_owner",), "the login of the board's owner")
    return PlacedProject(
        at=(),
        key="main",
        shared=Shared(),
        owner=config.github_owner or "",
        number=config.project_number,
        statuses={},
        repos=(*listed, *extra),
    )


def _repos(config: Config, at: At, repos: Sequence[SeedRepo], notes: Notes) -> tuple[PlacedRepo, ...]:
    return tuple(
        PlacedRepo(
            at=(*at, n),
            shared=repo,
            name=repo.github_repo,
            name_at=(*at, n, "github_repo"),
            key=repo.key,
            path=repo.local_repo or repo.path,
            verify=repo.test_command or _test_command(config, repo.github_repo, repo.local_repo or repo.path),
            seed=True,
        )
        for n, repo in enumerate(repos)
    )


def _test_command(config: Config, name: str, path: str | None) -> str | None:
    """From `repo_configs`, whose keys are checkout paths, folder names or repositories."""
    wanted = {name.casefold(), name.rsplit("/", 1)[-1].casefold()}
    if path is not None:
        wanted |= {path.casefold().rstrip("/"), PurePath(path).name.casefold()}
    for key, entry in (config.repo_configs or {}).items():
        if key.casefold().rstrip("/") in wanted and entry.test_command:
            return entry.test_command
    return None


def is_path(text: str) -> bool:
    return text.startswith(("/", "~", ".", "$")) or text.count("/") != 1


def _allowed(config: Config, found: Sequence[PlacedProject], notes: Notes) -> None:
    """`allowed_repos` lists paths or names; a repository outside of it is refused, an entry without one is told."""
    repos = [r for p in found for r in p.repos]
    paths = {r.path.rstrip("/") for r in repos if r.path}
    allowed = [a.rstrip("/") for a in config.allowed_repos or ()]
    for n, entry in enumerate(allowed):
        if is_path(entry) and entry not in paths:
            hint = near(entry, paths)
            notes.bad(("allowed_repos", n), f"owner/name, or the local_repo of a repository listed here{hint}", entry)
    names = {a.casefold() for a in allowed}
    for repo in repos:
        if allowed and repo.name.casefold() not in names and (repo.path or "").rstrip("/") not in allowed:
            notes.bad(repo.name_at, "a repository of allowed_repos", repo.name)
    wanted = {w for r in repos for w in (r.name, r.name.rsplit("/", 1)[-1], r.path or "", PurePath(r.path or "").name)}
    for key in config.repo_configs or {}:
        if key.rstrip("/") not in {w.rstrip("/") for w in wanted}:
            notes.bad(
                ("repo_configs", key), f"the path, folder name or owner/name of a repository{near(key, wanted)}", key
            )
