"""One thing to take away, close or leave, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Act(Enum):
    REMOVE = "remove"
    CLOSE = "close"
    """It stays to be read; GitHub deletes no issue or pull request for us."""
    LEAVE = "leave"


@dataclass(frozen=True, kw_only=True)
class Removal:
    act: Act
    what: str
    """`label ready of ada/app`."""
    why: str = ""
    """Why it is left, or what happens with it."""
    do: Callable[[], object] | None = None
    """Raises GitHubError, GitError, OSError, Told. None for what is left."""
    last: bool = False
    """Only when nothing before it failed: without it nobody could call the uninstall again."""


def remove(what: str, do: Callable[[], object], why: str = "", *, last: bool = False) -> Removal:
    return Removal(act=Act.REMOVE, what=what, why=why, do=do, last=last)


def close(what: str, do: Callable[[], object], why: str = "") -> Removal:
    return Removal(act=Act.CLOSE, what=what, why=why, do=do)


def leave(what: str, why: str) -> Removal:
    return Removal(act=Act.LEAVE, what=what, why=why)
