"""From the raw shape to `Settings`: repository over project over file, applied once, here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.config import evidence, governance, hosts, placed, planning, seed
from orchestrator.config.agents import Roster
from orchestrator.config.level import Level
from orchestrator.config.placed import Notes, PlacedProject
from orchestrator.config.schema import Config, Retention
from orchestrator.model import settings as model
from orchestrator.model.names import RepoName
from orchestrator.model.operators import Operator, Right
from orchestrator.model.task import Priority
from orchestrator.yamlread.problems import At, ConfigError, near

KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})")
_REPO = re.compile(_OWNER.pattern + r"/[A-Za-z0-9._-]{1,100}")
_AS_THEY_ARE = (
    "automation_mode", "default_task_type", "on_quota", "ready_label", "max_attempts", "max_corrections",
    "max_ci_rounds", "max_recoveries", "max_runs", "max_runtime_minutes", "verify_minutes", "checks",
    "no_checks_grace_minutes", "memory", "merge", "sandbox", "merge_without_sandbox", "max_parallel",
    "max_open_pull_requests", "merge_batch", "auto_revert",
)  # fmt: skip
"""Shared keys that RepoSettings takes under the same name and type; unsaid ones keep its defaults."""


def settings(
    config: Config,
    notes: Notes,
    *,
    path: Path,
    root: Path,
    env: Mapping[str, str],
    known_agents: frozenset[str],
    adapters: frozenset[str],
) -> model.Settings:
    """Raises ConfigError with every problem found."""
    base = path.parent
    github = hosts.github(config.github, base=base, env=env, notes=notes)
    telegram = hosts.telegram(config, env=env, notes=notes)
    roster = Roster(config=config, notes=notes, known=known_agents, adapters=adapters, folder=base, env=env)
    projects = (*placed.projects(config), *seed.projects(config, notes))
    if not any(p.repos for p in projects):
        notes.bad(("projects",), "at least one project with a repository (example.config.yaml shows one)")
    folders = _folders(config, base=base, root=root, env=env, notes=notes)
    keys = _keys(projects, notes)
    blocks = evidence.Blocks(notes=notes)
    repos = []
    for project in projects:
        for repo in project.repos:
            level = Level(config=config, project=project, repo=repo)
            made = _repo(level, keys, github.web_url, roster, blocks, notes)
            made["readable"] = governance.readable(level, base=base, env=env, notes=notes)
            repos.append(made | _files(level, keys[repo.at], folders, env=env, base=base, notes=notes))
    secret = frozenset({github.token_env, telegram.token_env, "GITHUB_TOKEN", "GH_TOKEN"})
    agents = roster.settings(secret)
    _references(config, projects, keys, notes)
    boards = tuple(_project(p, keys, notes) for p in projects)
    whole = _whole(config, notes)
    if len({p.key for p in boards}) < len(boards):
        notes.bad(("repos",), "no project called main beside the flat one")
    if notes.problems:
        raise ConfigError(sorted(notes.problems, key=lambda p: p.line))
    return model.Settings(
        root=root,
        config_file=path,
        github=github,
        telegram=telegram,
        projects=boards,
        repos=tuple(model.RepoSettings(**r) for r in repos),
        agents=agents,
        max_parallel_workers=config.max_parallel_workers or 0,
        min_free_memory_mb=model.Settings.min_free_memory_mb
        if config.min_free_memory_mb is None
        else config.min_free_memory_mb,
        autopull=config.autopull or model.Autopull.OFF,
        self_repo=config.self_repo or "",
        ledger_anchor=config.ledger_anchor or "",
        ledger_anchor_minutes=model.Settings.ledger_anchor_minutes
        if config.ledger_anchor_minutes is None
        else config.ledger_anchor_minutes,
        retention=msgspec.convert(_given(config.retention), model.Retention),
        warnings=tuple(notes.warnings),
        **whole,
        **dict[str, Any](folders),
    )


def _said(config: Config, *names: str) -> dict[str, Any]:
    """Keys of the whole installation that go over as they are."""
    return {n: v for n in names if (v := getattr(config, n)) is not None}


def _whole(config: Config, notes: Notes) -> dict[str, Any]:
    """Keys of the whole installation that need no more than a look at themselves."""
    said = _said(config, "operator", "self_issues_per_day", "similarity_model", "digest_hour")
    port = None if config.web is None else config.web.port
    return said | {"operators": _people(config, notes)} | ({} if port is None else {"web_port": port})


def _people(config: Config, notes: Notes) -> tuple[Operator, ...]:
    """Who may look and give orders."""
    found: list[Operator] = []
    for n, one in enumerate(config.operators or ()):
        login = one.github.lstrip("@")
        if any(o.github.casefold() == login.casefold() for o in found):
            notes.bad(("operators", n, "github"), "each person once", login)
        if one.telegram is not None and any(o.telegram == one.telegram for o in found):
            notes.bad(("operators", n, "telegram"), "a Telegram id that nobody else has", str(one.telegram))
        may = frozenset(Right) if one.may is None else frozenset(one.may) | {Right.SEE}
        found.append(Operator(github=login, telegram=one.telegram, may=may))
    return tuple(found)


def _given(block: Retention | None) -> dict[str, Any]:
    return {} if block is None else {k: v for k, v in msgspec.structs.asdict(block).items() if v is not None}


def _folders(config: Config, *, base: Path, root: Path, env: Mapping[str, str], notes: Notes) -> dict[str, Path]:
    def place(name: str, default: Path, start: Path) -> Path:
        said = getattr(config, name)
        return default if said is None else hosts.expand(said, base=start, env=env, at=(name,), notes=notes)

    return {
        "runtime": place("runtime_dir", root / "runtime", root),
        "worktrees": place("worktrees_dir", hosts.default_worktrees(root, env), root),
        "objectives_dir": place("objectives_dir", base / "objectives", base),
        "evidence_dir": place("evidence_dir", hosts.data_dir(env) / "evidence", base),
    }


def _keys(projects: Iterable[PlacedProject], notes: Notes) -> dict[At, str]:
    """The key of each repository by its place; names and keys are checked to be unique."""
    keys: dict[At, str] = {}
    names: dict[str, At] = {}
    taken: dict[str, At] = {}
    for repo in (r for p in projects for r in p.repos):
        key = repo.key if repo.key is not None else _slug(repo.name)
        keys[repo.at] = key
        if not _REPO.fullmatch(repo.name) or repo.name.endswith(".git"):
            notes.bad(repo.name_at, "owner/name as on GitHub", repo.name)
        elif repo.name.casefold() in names:
            line = notes.document.line(names[repo.name.casefold()])
            notes.bad(repo.name_at, f"each repository once; it stands on line {line} already", repo.name)
        elif not KEY.fullmatch(key):
            notes.bad((*repo.at, "key"), "a key of at most 40 of [a-z0-9-]", key)
        elif key in taken:
            line = notes.document.line(taken[key])
            notes.bad((*repo.at, "key"), f"a key of its own; the repository on line {line} has this one", key)
        names.setdefault(repo.name.casefold(), repo.name_at)
        taken.setdefault(key, repo.at)
    return keys


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.rsplit("/", 1)[-1].lower()).strip("-")[:40].rstrip("-")


def _project(project: PlacedProject, keys: Mapping[At, str], notes: Notes) -> model.ProjectSettings:
    if not KEY.fullmatch(project.key):
        notes.bad(project.at, "as key of a project [a-z0-9-]", project.key)
    if project.owner and not _OWNER.fullmatch(project.owner):
        notes.bad((*project.at, "owner"), "the login of a user or organization", project.owner)
    names = {status: project.statuses.get(status, default) for status, default in model.Statuses().names}
    if len({n.casefold() for n in names.values()}) < len(names):
        notes.bad((*project.at, "statuses"), "five different column names", ", ".join(names.values()))
    return model.ProjectSettings(
        key=project.key,
        owner=project.owner,
        number=project.number,
        statuses=model.Statuses(names=tuple(names.items())),
        repos=tuple(keys[r.at] for r in project.repos),
    )


def _repo(
    level: Level, keys: Mapping[At, str], web_url: str, roster: Roster, blocks: evidence.Blocks, notes: Notes
) -> dict[str, Any]:
    """The fields of RepoSettings but its files."""
    name = level.repo.name
    authors = level.find("trusted_authors")[0] or ()
    trusted = {*authors, level.project.owner, name.split("/", 1)[0], level.config.operator or ""} - {""}
    found = blocks.resolve(level.places)
    fallbacks, at = level.find("agent_fallbacks")
    values = level.said(_AS_THEY_ARE)
    if level.config.default_max_attempts is not None:
        values.setdefault("max_attempts", level.config.default_max_attempts)
    if level.config.test_timeout_minutes is not None:
        values.setdefault("verify_minutes", level.config.test_timeout_minutes)
    default, default_at = level.find("default_agent")
    if default not in (None, "auto"):
        roster.check_one(default_at, default)
    formatter, formatter_at = level.find("formatter_agent")
    if formatter:
        roster.check_one(formatter_at, formatter)
    return values | {
        "key": keys[level.repo.at],
        "name": RepoName(name),
        "project": level.project.key,
        "clone_url": f"{web_url}/{name}.git",
        "trusted_authors": frozenset(a.lower().lstrip("@") for a in trusted),
        "chains": roster.chains(at, fallbacks),
        "default_agent": default or "auto",
        "formatter_agent": formatter or "",
        "excluded_labels": frozenset(level.find("excluded_labels")[0] or ()),
        "required_labels": frozenset(level.find("required_labels")[0] or ()),
        "hosts": hosts.patterns(level.find("hosts"), notes),
        "gate": governance.gate(level, notes),
        "review": governance.review(level, roster, notes),
        "priority_weights": _weights(level, notes),
        "cadence": planning.cadence(level, roster, keys, notes),
        "similarity": planning.similarity(level, notes),
        "planning_research": found.research,
        "production_feedback": found.feedback,
        "outcome_attribution": found.outcomes,
        "budget": found.budget,
    } | _verification(level, notes)  # fmt: skip


def _verification(level: Level, notes: Notes) -> dict[str, Any]:
    """A command, or the word none. Silence is an error; in the older spelling, where silence was usual, a warning."""
    said, at = level.find("verify")
    command = said or level.repo.verify or level.config.test_command
    if command == "none":
        return {"verify": "", "verify_none": True}
    if command and command.strip():
        return {"verify": command.strip(), "verify_none": False}
    if not level.repo.seed:
        notes.bad(
            at,
            "the command to run on every candidate (verify: make test), "
            "or verify: none to say that there is nothing to run",
        )
    else:
        notes.warn(level.repo.at, f"no test_command for {level.repo.name}: nothing of ours is run before publishing")
    return {"verify": "", "verify_none": True}


def _weights(level: Level, notes: Notes) -> tuple[tuple[Priority, float], ...]:
    weights = dict(model.RepoSettings.priority_weights)
    said, at = level.find("priority_weights")
    for key, value in (said or {}).items():
        name = key.removeprefix("prio:")
        if name not in (p.value for p in Priority):
            choice = [p.value for p in Priority]
            notes.bad((*at, key), f"one of {', '.join(choice)} as key{near(name, choice)}", key)
        else:
            weights[Priority(name)] = value
    return tuple(weights.items())


def _files(
    level: Level, key: str, folders: Mapping[str, Path], *, env: Mapping[str, str], base: Path, notes: Notes
) -> dict[str, Path | None]:
    repo = level.repo
    wanted = {repo.name.casefold(), repo.name.rsplit("/", 1)[-1].casefold(), key}
    said, at = repo.objective, (*repo.at, "objective")
    for name, file in (level.config.repo_objectives or {}).items():
        if said is None and name.casefold() in wanted:
            said, at = file, ("repo_objectives", name)
    path = repo.path
    return {
        "path": hosts.expand(path, base=base, env=env, at=(*repo.at, "path"), notes=notes) if path else None,
        "objective": hosts.expand(said, base=base, env=env, at=at, notes=notes)
        if said
        else folders["objectives_dir"] / f"{key}.yaml",
    }


def _references(config: Config, projects: Iterable[PlacedProject], keys: Mapping[At, str], notes: Notes) -> None:
    """Every repository named elsewhere must be one of those worked on."""
    names = {r.name for p in projects for r in p.repos}
    known = {n.casefold() for n in names} | set(keys.values())
    short = {n.rsplit("/", 1)[-1].casefold() for n in names}
    choice = sorted(names | set(keys.values()))
    if config.self_repo and config.self_repo.casefold() not in known:
        hint = near(config.self_repo, choice) or f": {', '.join(choice)}"
        notes.bad(("self_repo",), f"a repository of this file{hint}", config.self_repo)
    if config.ledger_anchor and config.ledger_anchor.casefold() not in known:
        hint = near(config.ledger_anchor, choice) or f": {', '.join(choice)}"
        notes.bad(("ledger_anchor",), f"a repository of this file{hint}", config.ledger_anchor)
    for name in config.repo_objectives or {}:
        if name.casefold() not in known | short:
            hint = near(name, choice) or f": {', '.join(choice)}"
            notes.bad(("repo_objectives", name), f"a repository of this file{hint}", name)
