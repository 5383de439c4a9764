"""What may be read and how much of it; and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

TYPES = (
    "text/*", "application/json", "application/xml", "application/yaml", "application/x-yaml",
    "application/*+json", "application/*+xml", "application/*+yaml",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Empty rules read nothing."""

    hosts: tuple[str, ...] = ()
    """`host`, `*.host` (what stands below it, not itself), with `:port` where that is not 443. An address that is none
    of the open internet is reached only where it is listed itself: `10.0.0.5` beside the name that leads to it."""
    roots: tuple[Path, ...] = ()
    """Folders that files may be read from, never what has a dot before its name below them. A path that lies in one of
    them by its words must end in the same one (the deepest) with links resolved."""
    beside: Path | None = None
    """The folder that the checkout stands in. What stands there may be read where a path names it: `../shared/x.md`
    ends below `shared`, and no link leads on from there."""
    denied: tuple[Path, ...] = ()
    """Files and folders that are not read though they lie below a root. A root inside of one is open all the same."""
    start: Path | None = None
    """Where relative paths begin; None = they are refused."""
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """For `~` and `$VARIABLE` in paths."""
    redact: Callable[[str], str] = str
    """Takes secrets out of the whole text, before it is cut."""
    most_chars: int = 4_000
    """Longer text is cut, and says so."""
    most_bytes: int = 2_000_000
    """What is larger is refused, before it is read or while it comes."""
    seconds: float = 20.0
    """For one web source, with its name looked up and all its redirects."""
    hops: int = 5
    """Redirects followed at most."""
    types: tuple[str, ...] = TYPES
    """Content types that are text to us."""


@dataclass(frozen=True, kw_only=True)
class Read:
    text: str
    """Redacted, at most `most_chars`; of HTML only what a reader sees. Foreign all the same."""
    where: str
    """Host of the last hop, or the file's name: for people."""
    cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Unread:
    why: str
    """One line, without what the address held in its query."""
    lasting: bool
    """It will not pass by itself: what is configured, or the source, has to change first."""
