"""What can go wrong with GitHub, named by what the caller must do.

`uncertain` is True when a write may have been applied although no good answer came: the caller looks before it tries
again. It is False when GitHub refused, or when the request never left.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime


class GitHubError(Exception):
    """Base of all; by itself a refusal that no other name fits."""

    def __init__(self, message: str, *, uncertain: bool = False, status: int = 0) -> None:
        super().__init__(message)
        self.uncertain = uncertain
        self.status = status
        """The HTTP status that said so; 0 when there was none."""


class NotFound(GitHubError):
    """It does not exist, or the token may not see it; GitHub does not tell the two apart."""


class Forbidden(GitHubError):
    """The token lacks a permission; the message names the one that GitHub says is accepted, if it says so."""


class Unauthorized(GitHubError):
    """There is no token, or it is unknown or expired."""


class HeadMoved(GitHubError):
    """The head of the pull request is another commit than the caller named. Read it again and judge anew."""


class NotMergeable(GitHubError):
    """GitHub will not merge it now: conflict, closed, merged already, or a rule of the branch stands against it."""


class Invalid(GitHubError):
    """GitHub refuses the values (422). `errors` holds its words, one per fault."""

    def __init__(self, message: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class RateLimited(GitHubError):
    """No request before `until`. Nothing was written."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class Unavailable(GitHubError):
    """A 5xx, a dropped or truncated answer, a timeout. Reads were repeated already; a write may have been applied."""


class Malformed(GitHubError):
    """The answer came whole but is not what GitHub documents: what it says is unknown."""

    def __init__(self, where: str, what: str, *, uncertain: bool = False) -> None:
        super().__init__(f"{where}: {what}", uncertain=uncertain)
        self.where, self.what = where, what


@contextmanager
def after_write() -> Iterator[None]:
    """Around the reading of a write's good answer: when it cannot be read, the write was applied all the same."""
    try:
        yield
    except Malformed as unread:
        unread.uncertain = True
        raise


class Incomplete(GitHubError):
    """There is more than we are willing to read; a list is never cut silently."""


class Misconfigured(GitHubError):
    """The configuration names something that is not there; the message says what was looked for and what is there."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One entry of `errors` in a GraphQL answer."""

    type: str
    """GitHub's own word (NOT_FOUND, FORBIDDEN, ...); empty when it gave none."""
    path: tuple[str, ...]
    message: str


class PartialAnswer(GitHubError):
    """A GraphQL answer with `errors`: absent is not empty, so nothing in it is used."""

    def __init__(self, message: str, faults: tuple[Fault, ...] = (), *, uncertain: bool = False) -> None:
        super().__init__(message, uncertain=uncertain)
        self.faults = faults

    def only_missing(self) -> bool:
        """Whether all that is wrong is that named things do not exist."""
        return bool(self.faults) and all(f.type == "NOT_FOUND" and f.path for f in self.faults)
