"""Git: mirrors, workspaces, trees, pushes with a lease, merges. `Git.of` gives the repository; the rest is on it.

repository = git.of("web", "https://host/owner/web.git")
repository.fetch()
workspace = repository.open_workspace("web-7", start=repository.head("main"), branch="agent/web-7")
tree = repository.snapshot("web-7").tree
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.clock import Clock
from orchestrator.git import names
from orchestrator.git.facts import Facts
from orchestrator.git.merge import Conflict, Merged, Merging
from orchestrator.git.push import Answer, LeaseLost, Publishing, Pushed, Refused
from orchestrator.git.run import GitError, GitUnreachable, Runner
from orchestrator.git.trees import Author
from orchestrator.git.workspace import Snapshot

__all__ = [
    "Answer",
    "Author",
    "Conflict",
    "Git",
    "GitError",
    "GitUnreachable",
    "LeaseLost",
    "Merged",
    "Pushed",
    "Refused",
    "Repository",
    "Snapshot",
]


@dataclass(frozen=True, kw_only=True)
class Repository(Publishing, Merging):
    """One remote and its mirror. Every method may run twice."""


@dataclass(frozen=True, kw_only=True)
class Git:
    root: Path
    """`runtime/repos`: mirrors and our notes on workspaces. No agent may write here."""
    worktrees: Path
    clock: Clock
    credentials: Callable[[str], str | None] = field(repr=False)
    """The token for an address, or None."""
    may_push: Callable[[str], None] = field(default=lambda url: None, repr=False, compare=False)
    """Raises `Stopped` where nothing is to be pushed; told the address."""
    facts: dict[str, Facts] = field(default_factory=dict, repr=False, compare=False)

    def of(self, key: str, url: str) -> Repository:
        """Raises ValueError for a key or an address that could be more than a name. Touches nothing."""
        mirror = self.root.absolute() / f"{names.key(key)}.git"
        facts = self.facts.setdefault(key, Facts())
        runner = Runner(
            mirror=mirror, url=names.url(url), clock=self.clock, credentials=self.credentials, may_push=self.may_push,
            facts=facts,
        )  # fmt: skip
        return Repository(key=key, url=url, root=self.root.absolute(), worktrees=self.worktrees.absolute(), git=runner)
