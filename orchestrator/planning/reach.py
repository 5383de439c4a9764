"""What evidence of a repository may be read: which folders, which hosts, how much."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.model.settings import RepoSettings, Settings
from orchestrator.services import Services
from orchestrator.sources import Rules


def rules(services: Services, repo: RepoSettings, *, domains: Sequence[str], most_chars: int) -> Rules:
    """Files in the user's checkout, those that a path names beside it, and where evidence and objectives are kept.
    Never the program's own state, its configuration, or a file that holds a key."""
    settings = services.settings
    own = settings.evidence_dir / repo.key
    return Rules(
        hosts=tuple(domains),
        roots=(*((repo.path,) if repo.path else ()), own, settings.evidence_dir, settings.objectives_dir),
        beside=_beside(repo),
        denied=tuple(_denied(settings)),
        start=repo.path or own,
        env=os.environ,
        redact=services.redact,
        most_chars=most_chars,
    )


def _beside(repo: RepoSettings) -> Path | None:
    """The folder that the checkout stands in, for `../shared/x.md`; not where that is the whole machine."""
    beside = repo.path.parent if repo.path else None
    return beside if beside != Path("/") else None


def _denied(settings: Settings) -> Iterator[Path]:
    yield from (settings.runtime, settings.worktrees, settings.config_file)
    base = settings.config_file.parent
    github = settings.github
    keys = (github.token_file, github.app_private_key_file)
    theirs = (each for agent in settings.agents for each in (agent.secrets_file, agent.login))
    yield from (base / each for each in (*keys, *theirs, "secrets.json") if each)
