"""Fragments of merged tasks become entries of the managed repository's CODEBASE.md.

One commit for all fragments that wait, and only while no pull request of the repository is open: each commit on the
base makes every open pull request stale, and memory is not worth a round of CI for each. After an hour it is folded
anyway.
"""

from __future__ import annotations

from datetime import timedelta

from orchestrator.git import Pushed, Repository
from orchestrator.github import pulls
from orchestrator.memory import Fragment
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.settings import MemoryMode, RepoSettings
from orchestrator.model.times import parse, stamp
from orchestrator.services import Services

FILE = "CODEBASE.md"
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
            services.memory.folded(repo.key, waiting, tip)
            return
        message = services.redact(f"Remember {len(waiting)} merged task{'s' * (len(waiting) > 1)} in {FILE}")
        sha = repository.write_file_commit(tip, FILE, str(services.redact(new)).encode(), message, services.now())
        if repo.memory is MemoryMode.COMMIT and _push(services, repo, repository, base, sha, tip, waiting):
            return
        if _propose(services, repo, repository, base, sha, waiting):
            return


def _due(services: Services, waiting: tuple[Fragment, ...], open_pulls: int) -> bool:
    oldest = min(parse(f.at) for f in waiting)
    return open_pulls == 0 or services.now() - oldest >= PATIENCE


def _push(
    services: Services,
    repo: RepoSettings,
    repository: Repository,
    base: str,
    sha: Sha,
    tip: Sha,
    waiting: tuple[Fragment, ...],
) -> bool:
    if not isinstance(repository.push_base(base, sha, expect=tip), Pushed):
        return False
    services.memory.folded(repo.key, waiting, sha)
    services.record(EventKind.FOLDED, repo=repo.name, sha=sha, tasks=[f.task for f in waiting])
    return True


def _propose(
    services: Services, repo: RepoSettings, repository: Repository, base: str, sha: Sha, waiting: tuple[Fragment, ...]
) -> bool:
    """The same commit as a pull request, where the branch refuses a direct one. One open at a time."""
    branch = f"agent/memory-{repo.key}"
    held = repository.remote_head(branch)
    if pulls.find(services.github, repo.name, branch, state="open"):
        return True
    if not isinstance(repository.push(branch, sha, expect=held), Pushed):
        return False
    title = services.redact(f"Remember {len(waiting)} merged tasks ({stamp(services.now())[:10]})")
    text = services.redact("Entries for CODEBASE.md from merged work. Nothing else is changed.")
    opened = pulls.open(services.github, repo.name, branch, base, title, text)
    services.memory.folded(repo.key, waiting, sha)
    services.record(EventKind.FOLDED, repo=repo.name, sha=sha, tasks=[f.task for f in waiting], pull=opened.number)
    return True
