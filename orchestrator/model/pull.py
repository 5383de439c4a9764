"""A pull request as GitHub told us."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.names import RepoName, Sha


class CheckState(Enum):
    PENDING = "pending"
    GREEN = "green"
    """success, neutral or skipped, as the required-check rule of the repository counts them."""
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class CheckRun:
    name: str
    state: CheckState
    conclusion: str = ""
    """GitHub's own word, lower case."""
    required: bool = False
    app: str = ""
    """Slug of the app that reported it; empty for a commit status."""
    url: str = ""
    summary: str = ""
    id: int | None = None


class Mergeable(Enum):
    YES = "mergeable"
    CONFLICT = "conflicting"
    UNKNOWN = "unknown"
    """GitHub is still computing: wait, never decide on it."""


@dataclass(frozen=True, kw_only=True)
class Pull:
    repo: RepoName
    number: int
    node_id: str
    url: str
    title: str
    author: str
    head_ref: str
    head_sha: Sha
    head_repo: str
    """`owner/name` of the head; differs for a fork, empty when deleted."""
    base_ref: str
    base_sha: Sha
    """Tip of the base branch as GitHub knew it when it answered."""
    open: bool
    merged: bool
    draft: bool = False
    mergeable: Mergeable = Mergeable.UNKNOWN
    behind: bool = False
    """The base has commits the head lacks."""
    merge_sha: Sha | None = None
    closed_by: str = ""
    checks: tuple[CheckRun, ...] = ()
    labels: frozenset[str] = frozenset()
