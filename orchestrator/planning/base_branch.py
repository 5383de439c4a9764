"""Whether a merge still stands on its base branch when it is to be measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.model.names import Sha
from orchestrator.model.outcome import Shipped
from orchestrator.model.settings import RepoSettings
from orchestrator.policy import reverts
from orchestrator.services import Services

_FRESH = 600.0
_MOST = 2_000
"""Commits since the merge that speak of a revert; the newest count."""


@dataclass(kw_only=True)
class BaseBranch:
    """As seen by one tick over one repository: looked at once per merge, and not before it is asked for."""

    services: Services
    repo: RepoSettings
    known: dict[str, str] = field(default_factory=dict)

    def undone(self, shipped: Shipped) -> str:
        """How this merge was taken back, in words; empty while it stands, or nobody can tell. Raises GitError."""
        if not shipped.sha or not shipped.base:
            return ""
        if shipped.sha not in self.known:
            self.known[shipped.sha] = self._look(Sha(shipped.sha), shipped)
        return self.known[shipped.sha]

    def _look(self, sha: Sha, shipped: Shipped) -> str:
        repository = self.services.repository(self.repo)
        repository.fetch(max_age=_FRESH)
        tip = repository.head(shipped.base)
        if tip is None:  # renamed, or gone
            return ""
        if not repository.has(sha) or not repository.is_ancestor(sha, tip):
            return f"taken back: {sha[:12]} is not on {shipped.base}"
        log = repository.log(tip, f"^{sha}", grep=reverts.GREP, most=_MOST)
        by = reverts.by(((commit.sha, commit.message) for commit in log), sha, shipped.pull)
        return f"taken back on {shipped.base} by {by[:12]}" if by else ""
