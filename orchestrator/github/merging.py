"""What a base branch's rules say about a merge: up to date first, or through the repository's own merge queue."""

from __future__ import annotations

from orchestrator.github import documents
from orchestrator.github.client import GitHub
from orchestrator.model.pull import Pull


def behind_by_rule(gh: GitHub, pull: Pull) -> bool:
    """Whether the base branch's protection refuses this head for not being up to date. One request."""
    owner, _, name = pull.repo.partition("/")
    data = gh.graphql(documents.load("landing"), {"owner": owner, "name": name, "number": pull.number})
    return data.one("repository").one("pullRequest").text("mergeStateStatus") == "BEHIND"
