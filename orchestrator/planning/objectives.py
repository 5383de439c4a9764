"""The objective of a repository and its score, as the roles use them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from orchestrator import notify
from orchestrator.config import objective as objective_file
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.objective import Objective, Score
from orchestrator.model.settings import RepoSettings, Settings
from orchestrator.policy import score as scoring
from orchestrator.services import Services
from orchestrator.state.scores import Scores
from orchestrator.yamlread.problems import ConfigError


def file_of(services: Services, repo: RepoSettings) -> Path:
    """Where the repository's objective stands, or would."""
    return repo.objective or _usual(services.settings, repo)


def faults(settings: Settings, env: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the objectives of all repositories: (what is wrong in them, files that the configuration names and that are
    not there). Without a file in the usual place a repository has no objective, which is no fault."""
    wrong: list[str] = []
    missing: list[str] = []
    for repo in settings.repos:
        path = repo.objective or _usual(settings, repo)
        if not os.path.lexists(path):
            if path != _usual(settings, repo):
                missing.append(f"{repo.name}: its objective {path} is not there: it is planned without one")
            continue
        try:
            objective_file.load(path, repo=repo.key, env=env)
        except ConfigError as error:
            wrong += [f"{repo.name}: objective {line}" for line in str(error).splitlines()]
    return tuple(wrong), tuple(missing)


def _usual(settings: Settings, repo: RepoSettings) -> Path:
    return settings.objectives_dir / f"{repo.key}.yaml"


def of(services: Services, repo: RepoSettings) -> Objective | None:
    """None when there is no file; also when it is wrong, which a person is told once per wrong state of it."""
    path = file_of(services, repo)
    if not os.path.lexists(path):
        return None
    try:
        return objective_file.load(path, repo=repo.key, env=os.environ)
    except ConfigError as error:
        state = hashlib.sha256(str(error).encode()).hexdigest()[:16]
        text = services.redact(f"{repo.name}: its objective cannot be used, so it is planned without one.\n{error}")
        action = f"correct {path.name}; `agent-os objective check {repo.key}` reads it"
        notify.alert(
            services,
            Alert(kind=AlertKind.SYSTEM, subject=f"objective:{repo.key}", state=state, text=text, action=action),
        )
        return None


def score(services: Services, repo: RepoSettings, objective: Objective) -> Score:
    """As of now, from what shipped and what was measured."""
    outcomes = services.outcomes
    return scoring.score(objective, outcomes.measured(repo.name), outcomes.shipped(repo.name), services.now())


def scored(services: Services, repo: RepoSettings) -> Score | None:
    """The score, also kept in the history; None without an objective. Raises Busy, OSError."""
    objective = of(services, repo)
    if objective is None:
        return None
    found = score(services, repo, objective)
    Scores(runtime=services.settings.runtime).keep(found)
    return found
