"""What a base branch's rules say about a merge: up to date first, or through the repository's own merge queue."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.github import documents
from orchestrator.github.client import GitHub
from orchestrator.github.words import Json
from orchestrator.model.names import Sha
from orchestrator.model.pull import Pull


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the base branch is reached, and where the pull request stands on the way."""

    behind: bool
    """Protection refuses this head for not being up to date."""
    queue: bool
    """The base branch has a merge queue: nothing else leads there."""
    queued: bool = False
    """It waits in that queue."""
    removed_at: str = ""
    """When it was last taken out of the queue without landing; empty = never."""
    removed_why: str = ""
    """GitHub's words for it."""


def rules(gh: GitHub, pull: Pull) -> Rules:
    """One request."""
    owner, _, name = pull.repo.partition("/")
    said: dict[str, Json] = {"owner": owner, "name": name, "number": pull.number, "branch": pull.base_ref}
    there = gh.graphql(documents.load("landing"), said).one("repository")
    node = there.one("pullRequest")
    removed = node.one("timelineItems").many("nodes")
    return Rules(
        behind=node.text("mergeStateStatus") == "BEHIND",
        queue=there.maybe("mergeQueue") is not None,
        queued=node.maybe("mergeQueueEntry") is not None,
        removed_at=removed[-1].text("createdAt") if removed else "",
        removed_why=removed[-1].text_or_none("reason") if removed else "",
    )


def behind_by_rule(gh: GitHub, pull: Pull) -> bool:
    """Whether the base branch's protection refuses this head for not being up to date. One request."""
    return rules(gh, pull).behind


def enqueue(gh: GitHub, pull: Pull, sha: Sha) -> None:
    """To the end of the base branch's merge queue, exactly at head `sha`. Raises PartialAnswer when GitHub refuses."""
    gh.graphql(documents.load("enqueue"), {"pull": pull.node_id, "head": sha}, repo=pull.repo)


def dequeue(gh: GitHub, pull: Pull) -> None:
    """Out of the base branch's merge queue. Raises PartialAnswer when it is not there, or the token may not."""
    gh.graphql(documents.load("dequeue"), {"pull": pull.node_id}, repo=pull.repo)
