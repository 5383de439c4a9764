"""An issue's labels and its card on the board, kept in step with its task."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.github import board, issues
from orchestrator.github.errors import GitHubError
from orchestrator.model.issue import Board, BoardStatus, Issue
from orchestrator.model.settings import ProjectSettings, RepoSettings
from orchestrator.model.task import Task
from orchestrator.pipeline import effect
from orchestrator.services import Services

IN_PROGRESS, DISPATCHED, BLOCKED, DONE = "in-progress", "agent-dispatched", "blocked", "done"
NEEDS_VOUCHING = "needs-vouching"
"""On an issue that is Ready by nobody whose word counts; it goes when one's does."""
OURS = frozenset({IN_PROGRESS, DISPATCHED, BLOCKED, DONE, NEEDS_VOUCHING})


def show(services: Services, task: Task, status: BoardStatus, *, why: str, seen: Issue | None = None) -> None:
    """Sets the card's column and our labels to what `status` means. Repeatable; a task without an issue has none.

    `seen` is the issue as this very tick read it, with its card; without it, it is read now.
    """
    if task.issue is None:
        return
    wanted = {
        BoardStatus.IN_PROGRESS: frozenset({IN_PROGRESS, DISPATCHED}),
        BoardStatus.BLOCKED: frozenset({BLOCKED}),
        BoardStatus.DONE: frozenset({DONE}),
        BoardStatus.BACKLOG: frozenset[str](),
        BoardStatus.READY: frozenset[str](),
    }[status]
    with effect.unless_gone(services, task):
        effect.repeatable(
            services, task, f"show:{status.value}", f"#{task.issue} shown as {status.value}: {why}",
            lambda: _show(services, task, status, wanted, seen),
        )  # fmt: skip


def _show(services: Services, task: Task, status: BoardStatus, wanted: frozenset[str], seen: Issue | None) -> None:
    assert task.issue is not None
    gh, repo = services.github, services.repo(task)
    issue = seen or issues.read(gh, task.repo, task.issue)
    # The ready label goes last: while it stands, a tick that died before this line is repeated by the next one.
    # GitHub compares labels without case: asked for `blocked` it puts on the `Blocked` that a person made.
    there = {label.casefold(): label for label in issue.labels}
    if missing := wanted - there.keys():
        issues.add_labels(gh, task.repo, task.issue, missing)
    place(services, repo, issue, status)
    for label in sorted((there.keys() & OURS) - wanted):
        issues.remove_label(gh, task.repo, task.issue, there[label])
    if status is not BoardStatus.READY and (ready := there.get(repo.ready_label.casefold())):
        issues.remove_label(gh, task.repo, task.issue, ready)


def place(services: Services, repo: RepoSettings, issue: Issue, status: BoardStatus, *, new: bool = False) -> None:
    """The issue's card in that column of its board, on the board if it was not; nothing without a board. Repeatable.
    `new`: only a card that stands in no column yet.

    With the ids known to this process; when GitHub does not know them any more, with fresh ones.
    """
    project = services.settings.project(repo.project)
    if project.number is None:
        return
    known = services.boards.get(project.key)
    if known is not None:
        try:
            _set(services, project, status, issue, known, new)
            return
        except GitHubError:
            del services.boards[project.key]
    fresh = board.find(services.github, project.owner, project.number)
    _set(services, project, status, replace(issue, card=None), fresh, new)
    services.boards[project.key] = fresh


def _set(
    services: Services, project: ProjectSettings, status: BoardStatus, issue: Issue, found: Board, new: bool
) -> None:
    gh = services.github
    name = project.statuses.name(status)
    option = found.option(name)
    if option is None:
        raise board.Misconfigured(f"board {project.owner}/{project.number} has no column {name!r}")
    card = issue.card or board.card(gh, issue.node_id, found.project_id)
    if card is None:
        item = board.add(gh, found, issue.node_id, repo=issue.repo)
    elif card.status.casefold() == name.casefold() or (new and card.status):
        return
    else:
        item = card.item_id
    board.move(gh, found, item, option, repo=issue.repo)


def close_issue(services: Services, task: Task, *, reason: str = "completed") -> None:
    """Closes the issue unless it is closed already. Only for work that was seen merged, or a person's stop."""
    if task.issue is None:
        return
    number = task.issue

    def act() -> None:
        if issues.read(services.github, task.repo, number).open:
            issues.close(services.github, task.repo, number, reason)

    with effect.unless_gone(services, task):
        effect.repeatable(services, task, "close_issue", f"close #{number}", act)
