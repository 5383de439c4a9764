"""Work that stands on this machine and nowhere else: what an uninstall may not take away unasked."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.git import Repository
from orchestrator.git.run import GitError, text
from orchestrator.git.trees import KEPT, TASKS
from orchestrator.model.settings import RepoSettings
from orchestrator.services import Services
from orchestrator.state import retention

_JOINED = "Kept before a deletion"
"""The subject of a commit of ours that only joins two kept ones."""


@dataclass(frozen=True, kw_only=True)
class Work:
    repo: str
    task: str
    what: str
    """In words."""


def find(services: Services, repo: RepoSettings) -> tuple[Work, ...]:
    """Kept commits and workspaces of one repository whose content GitHub has under no ref. Raises GitError,
    GitUnreachable: what cannot be compared is not taken for pushed."""
    repository = services.repository(repo)
    if not (repository.path / "HEAD").exists():
        return ()
    remote = _remote(repository)
    found = [_kept(repository, repo.name, line, remote) for line in _refs(repository)]
    folder = services.settings.worktrees / repo.key
    found += [_open(repository, repo.name, task, remote) for task in retention.names(folder)]
    return tuple(work for work in found if work is not None)


def _remote(repository: Repository) -> frozenset[str]:
    """Every commit that a ref of the remote points at, pull requests' heads among them."""
    listed = text(repository.git("ls-remote", "--", repository.url, network=True, timeout=120))
    return frozenset(line.split("\t")[0] for line in listed.splitlines() if "\t" in line)


def _refs(repository: Repository) -> list[str]:
    return text(repository.git("for-each-ref", "--format=%(objectname) %(refname)", KEPT)).splitlines()


def _kept(repository: Repository, repo: str, line: str, remote: frozenset[str]) -> Work | None:
    sha, _, ref = line.partition(" ")
    if not (new := _commits(repository, sha, remote)):
        return None
    return Work(repo=repo, task=ref.rpartition("/")[2], what=f"{new} kept commits that GitHub has not")


def _commits(repository: Repository, sha: str, remote: frozenset[str]) -> int:
    """Commits of `sha` that no commit of the remote contains, as far as we know those."""
    asked = "\n".join([sha, *(f"^{there}" for there in sorted(remote))]) + "\n"
    words = ("rev-list", "--ignore-missing", "--no-commit-header", "--format=%s", "--stdin")
    subjects = text(repository.git(*words, stdin=asked.encode())).splitlines()
    return sum(subject != _JOINED for subject in subjects)


def _open(repository: Repository, repo: str, task: str, remote: frozenset[str]) -> Work | None:
    """A workspace with files that neither its start nor a pushed commit has."""
    try:
        tree = repository.snapshot(task).tree
    except (GitError, OSError):
        return None  # no whole workspace: a killed worker's half, with nothing an agent did in it
    candidate = repository.resolve(f"{TASKS}/{task}")
    known = [candidate, *(repository.resolve(ref) for ref in (f"refs/heads/agent/{task}", f"{KEPT}/{task}"))]
    for sha in known:
        if sha is not None and repository.tree_of(sha) == tree:
            return None if not _commits(repository, sha, remote) else Work(
                repo=repo, task=task, what="commits that were never pushed"
            )  # fmt: skip
    if any(repository.has(sha) and repository.tree_of(sha) == tree for sha in remote):
        return None
    return Work(repo=repo, task=task, what="uncommitted files in its workspace")
