"""Where each repository stands in the file: what a form or a command changes there."""

from __future__ import annotations

from orchestrator.config import placed, seed
from orchestrator.config.placed import Notes
from orchestrator.config.schema import Config
from orchestrator.yamlread.explain import ONE_AT_A_TIME, typed
from orchestrator.yamlread.lines import read
from orchestrator.yamlread.problems import At


def of_repos(text: str, file: str) -> dict[str, At]:
    """By owner/name in lower case. Raises ConfigError for a text of another shape."""
    document = read(text, file)
    with ONE_AT_A_TIME:
        config = typed(document, Config)
    notes = Notes(document=document)
    projects = (*placed.projects(config), *seed.projects(config, notes))
    return {repo.name.casefold(): repo.at for project in projects for repo in project.repos}
