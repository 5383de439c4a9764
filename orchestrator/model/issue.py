"""Issues, the board, comments, as GitHub told us."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.names import RepoName


class BoardStatus(Enum):
    """The columns of the sprint board; config names what each is called on GitHub."""

    BACKLOG = "backlog"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    DONE = "done"


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something an account did to an issue: set it Ready, or changed its title or body."""

    by: str = ""
    """Login; empty for a deleted account, and where GitHub does not say."""
    id: int = 0
    """The account's number, which outlives its name; 0 where GitHub does not say."""
    at: str = ""
    """GitHub's time, ISO 8601 UTC in whole seconds."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A label was put on."""

    label: str
    act: Act


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One entry of an issue's history."""

    kind: str
    """GitHub's word: closed, reopened, labeled, unlabeled, ..."""
    act: Act
    label: str = ""
    """Of one that is about a label."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """An issue's item on a board."""

    item_id: str
    status: str
    """The option's name as it stands on the board; empty = none set."""
    set_by: str = ""
    """Login of who set the status, empty when GitHub does not say."""
    set_by_id: int = 0
    set_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Issue:
    repo: RepoName
    number: int
    node_id: str
    title: str
    body: str
    author: str
    """Login; empty for a deleted account."""
    author_id: int = 0
    editor: str = ""
    """Login of the last editor of title or body, empty when never edited."""
    edited_at: str = ""
    edits: tuple[Act, ...] = ()
    """Every known change of title or body, in no order. Where there are more than were read, one by nobody known stands
    at the time of the last."""
    labelled: tuple[Labelled, ...] = ()
    """The last times that labels were put on, oldest first."""
    url: str = ""
    open: bool = True
    state_reason: str = ""
    labels: frozenset[str] = frozenset()
    created_at: str = ""
    updated_at: str = ""
    closed_at: str = ""
    """Empty while it is open, and where only GraphQL told of it."""
    card: Card | None = None


@dataclass(frozen=True, kw_only=True)
class Comment:
    id: int
    author: str
    body: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Board:
    """Where a project's items live, and the ids a write needs."""

    project_id: str
    status_field_id: str
    options: tuple[tuple[str, str], ...]
    """(option name, option id)."""

    def option(self, name: str) -> str | None:
        return next((i for n, i in self.options if n.casefold() == name.casefold()), None)


@dataclass(frozen=True, kw_only=True)
class ReadyList:
    """The answer to the dispatcher's one question about one board and its repositories."""

    board: Board | None
    ready: tuple[Issue, ...]
    """Open issues that stand Ready by board or by label, each once."""
    updated_at: str = ""
