"""A pull request as GitHub told us."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.issue import Act, Labelled
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
    app_id: int | None = None
    """The app's number on GitHub; None for a commit status."""
    url: str = ""
    summary: str = ""
    id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Required:
    """A check that the branch's protection asks for. `app` is the id of the only app that may report it; None = any."""

    context: str
    app: int | None = None


class Mergeable(Enum):
    YES = "mergeable"
    CONFLICT = "conflicting"
    UNKNOWN = "unknown"
    """GitHub is still computing: wait, never decide on it."""


class ReviewState(Enum):
    """What a review says that says something. Plain comments and drafts are left out."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    DISMISSED = "dismissed"
    """Was one of the two until somebody took it back."""


@dataclass(frozen=True, kw_only=True)
class PullReview:
    """One submitted review with an opinion."""

    id: int
    act: Act
    """Who submitted it, and when."""
    state: ReviewState
    head_sha: str
    """The commit that was looked at; empty when it is gone."""
    body: str = ""


@dataclass(frozen=True, kw_only=True)
class ThreadComment:
    """One comment on a line. Foreign text."""

    id: int
    act: Act
    body: str


@dataclass(frozen=True, kw_only=True)
class Thread:
    """A conversation on a line of the change."""

    id: str
    """Node id: what an answer and a resolution name."""
    path: str
    line: int = 0
    """In the file; 0 = the file as a whole, or a line that is gone."""
    resolved: bool = False
    comments: tuple[ThreadComment, ...] = ()
    """The newest 50, oldest first."""
    earlier: int = 0
    """Comments before those, not read."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What people said on a pull request in the forms that count for something."""

    reviews: tuple[PullReview, ...] = ()
    """All with an opinion, oldest first."""
    threads: tuple[Thread, ...] = ()
    """All of them."""
    labelled: tuple[Labelled, ...] = ()
    """The newest 50 times that a label was put on, oldest first."""


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
    said: Said = Said()
    """Read by `github.pulls.watch` only."""
