"""Who merged a pull request and when, in GitHub's own word: what a commit says is chosen by whoever made it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.github import wire
from orchestrator.github.client import GitHub
from orchestrator.github.errors import NotFound
from orchestrator.github.repos import path
from orchestrator.github.words import object_of
from orchestrator.model.names import RepoName


@dataclass(frozen=True, kw_only=True)
class Merge:
    sha: str
    """The commit on the base branch."""
    by: str
    """Login of who merged; empty for a deleted account."""
    at: str
    """When. UTC, ISO 8601."""


def of(gh: GitHub, repo: RepoName, number: int) -> Merge | None:
    """None when there is no such pull request or it is not merged. Raises GitHubError."""
    try:
        words = object_of(gh.rest("GET", f"{path(repo)}/pulls/{number}").data, f"{repo}#{number}")
    except NotFound:
        return None
    if not words.flag("merged"):
        return None
    return Merge(
        sha=words.text_or_none("merge_commit_sha"),
        by=wire.login(words.maybe("merged_by")),
        at=words.text_or_none("merged_at"),
    )
