"""Where an issue stands before it is work: backlog or Ready. By column where there is a board, else by label."""

from __future__ import annotations

from orchestrator.github import issues
from orchestrator.model.issue import BoardStatus, Issue
from orchestrator.model.settings import RepoSettings
from orchestrator.pipeline import desk
from orchestrator.services import Services


def backlog(services: Services, repo: RepoSettings, issue: Issue) -> None:
    """Into the Backlog column, unless a person put it into another meanwhile; without a board an issue without the
    ready label stands there already. Repeatable."""
    desk.place(services, repo, issue, BoardStatus.BACKLOG, new=True)


def ready(services: Services, repo: RepoSettings, issue: Issue) -> None:
    """Into the Ready column, or with the ready label. Repeatable. It vouches for nobody's text (DECISIONS D13)."""
    if services.settings.project(repo.project).number is not None:
        desk.place(services, repo, issue, BoardStatus.READY)
    elif repo.ready_label.casefold() not in {label.casefold() for label in issue.labels}:
        issues.add_labels(services.github, repo.name, issue.number, [repo.ready_label])
