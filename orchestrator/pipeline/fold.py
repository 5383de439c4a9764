"""Fragments of merged tasks become entries of the managed repository's CODEBASE.md.

One commit for all fragments that wait, and only while no pull request of the repository is open: each commit on the
base makes every open pull request stale, and memory is not worth a round of CI for each. After an hour it is folded
anyway.
"""

from __future__ import annotations

from datetime import timedelta

from orchestrator.git import LeaseLost, Pushed, Refused, Repository
from orchestrator.memory import Fragment
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.settings import MemoryMode, RepoSettings
from orchestrator.model.times import parse
from orchestrator.pipeline import propose
from orchestrator.pipeline.propose import FILE
from orchestrator.services import Services

PATIENCE = timedelta(hours=1)
TRIES = 3


def fold(services: Services, repo: RepoSettings, *, open_pulls: int) -> None:
    """Folds what waits for one repository; nothing happens in local mode or without fragments."""
    if repo.memory is MemoryMode.LOCAL:
        return
    waiting = services.memory.pending(repo.key)
    if not waiting or not _due(services, waiting, open_pulls):
        return
    repository = services.repository(repo)
    for _ in range(TRIES):
        repository.fetch()
        base = repository.default_branch(ask=True)
        tip = repository.head(base)
        if tip is None:
            return
        old = (repository.read(tip, FILE) or b"").decode("utf-8", "replace")
        new = services.memory.fold(old, waiting)
        if new == old:
            _folded(services, repo, waiting, tip)
            return
        message = services.redact(f"Remember {len(waiting)} merged task{'s' * (len(waiting) > 1)} in {FILE}")
        # The newest fragment's time, not now: the same entries on the same base are the same commit.
        at = max(parse(f.at) for f in waiting)
        sha = repository.write_file_commit(tip, FILE, str(services.redact(new)).encode(), message, at)
        answer = _push(services, repo, repository, base, sha, tip)
        if isinstance(answer, Pushed):
            propose.tidy(services, repo, repository, sha)
            _folded(services, repo, waiting, sha)
            return
        if answer is None or isinstance(answer, Refused):
            propose.propose(services, repo, repository, base, sha, waiting)
            return


def _due(services: Services, waiting: tuple[Fragment, ...], open_pulls: int) -> bool:
    oldest = min(parse(f.at) for f in waiting)
    return open_pulls == 0 or services.now() - oldest >= PATIENCE


def _push(
    services: Services, repo: RepoSettings, repository: Repository, base: str, sha: Sha, tip: Sha
) -> Pushed | LeaseLost | Refused | None:
    """None where a direct commit is not asked for or not ours to make: it would be a merge without a person."""
    if repo.memory is not MemoryMode.COMMIT or not propose.ours_to_merge(services, repo):
        return None
    return repository.push_base(base, sha, expect=tip)


def _folded(services: Services, repo: RepoSettings, waiting: tuple[Fragment, ...], sha: Sha) -> None:
    services.memory.folded(repo.key, waiting, sha)
    services.record(EventKind.FOLDED, repo=repo.name, sha=sha, tasks=[f.task for f in waiting])
