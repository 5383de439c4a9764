"""The objective of a repository and its score, as the roles use them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from orchestrator import notify
from orchestrator.config import objective as objective_file
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.objective import Objective, Score
from orchestrator.model.settings import RepoSettings
from orchestrator.policy import score as scoring
from orchestrator.services import Services
from orchestrator.state.scores import Scores
from orchestrator.yamlread.problems import ConfigError


def file_of(services: Services, repo: RepoSettings) -> Path:
    """Where the repository's objective stands, or would."""
    return repo.objective or services.settings.objectives_dir / f"{repo.key}.yaml"


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
