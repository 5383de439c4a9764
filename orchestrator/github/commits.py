"""How a commit of a branch fares, and what we filed about it."""

from __future__ import annotations

from orchestrator.github import wire
from orchestrator.github.client import GitHub
from orchestrator.github.repos import path
from orchestrator.model.names import RepoName, Sha
from orchestrator.model.pull import CheckState

NEWEST = 300
"""Issues, newest first, that are looked through for our own; what we filed minutes ago is among them."""


def state(gh: GitHub, repo: RepoName, sha: Sha) -> CheckState | None:
    """RED as soon as one check run or status is, else PENDING while one runs, else GREEN; None where none reported.

    A cancelled run tells nothing: where workflows cancel what a newer commit supersedes, each commit but the last of
    several that land together ends so.
    """
    states = []
    for run in gh.pages(f"{path(repo)}/commits/{sha}/check-runs", {"filter": "latest"}, key="check_runs"):
        if run.text_or_none("conclusion") != "cancelled":
            states.append(wire.check_state(run.text("status"), run.text_or_none("conclusion")))
    for status in gh.pages(f"{path(repo)}/commits/{sha}/status", key="statuses"):
        states.append(wire.check_state("", status.text("state")))
    for worst in (CheckState.RED, CheckState.PENDING, CheckState.GREEN):
        if worst in states:
            return worst
    return None


def filed(gh: GitHub, repo: RepoName, marker: str) -> int | None:
    """Number of our own newest issue that carries `marker`. Lists, for a search lags behind what was just filed."""
    listed = gh.pages(f"{path(repo)}/issues", {"state": "all", "sort": "created", "direction": "desc"})
    for seen, issue in enumerate(listed):
        if seen >= NEWEST:
            return None
        if marker in issue.text_or_none("body") and gh.is_me(wire.login(issue.maybe("user"))):
            return issue.number("number")
    return None
