"""How a commit of a branch fares."""

from __future__ import annotations

from orchestrator.github import wire
from orchestrator.github.client import GitHub
from orchestrator.github.repos import path
from orchestrator.model.names import RepoName, Sha
from orchestrator.model.pull import CheckState


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
