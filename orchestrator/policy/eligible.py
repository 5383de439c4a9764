"""Which Ready issues become work, and why the others do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.model.issue import Issue
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Folder, Phase, Task, Vouched
from orchestrator.policy.sections import dependencies
from orchestrator.policy.trust import Refused


class Reason(Enum):
    """Why a Ready issue is left alone."""

    CLOSED = "closed"
    UNTRUSTED = "untrusted"
    """Nobody whose word counts vouched for its text as it stands."""
    UNASKED = "unasked"
    """GitHub could not tell whether somebody's word counts: not now, maybe later."""
    EXCLUDED = "excluded"
    """It carries a label that keeps it out, or lacks one that is wanted."""
    WAITING = "waiting"
    """It depends on an open issue."""
    CIRCULAR = "circular"
    """Its dependencies lead back to it."""
    UNKNOWN_DEPENDENCY = "unknown_dependency"
    ON_HOLD = "on_hold"
    CORRUPT = "corrupt"
    STALE = "stale"
    """The Ready mark is older than the end of the work it asked for."""
    REVIEW_FULL = "review_full"
    """So many of the repository's pull requests are open that new work would only wait behind them."""


class Dependency(Enum):
    CLOSED = "closed"
    OPEN = "open"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """New work: a task of this generation."""

    issue: Issue
    generation: int
    vouched: Vouched


@dataclass(frozen=True, kw_only=True)
class Announce:
    """The task is live already; only GitHub's side of the dispatch is behind."""

    issue: Issue
    task: Task
    folder: Folder


@dataclass(frozen=True, kw_only=True)
class Again:
    """A person set the issue of a stopped task to Ready: a retry of the same generation."""

    issue: Issue
    task: Task
    folder: Folder
    vouched: Vouched


@dataclass(frozen=True, kw_only=True)
class LeaveAlone:
    issue: Issue
    reason: Reason
    why: str


Choice = Dispatch | Announce | Again | LeaveAlone

LIVE = frozenset({Folder.INBOX, Folder.PROCESSING, Folder.REVIEW})
STOPPED = frozenset({Folder.BLOCKED, Folder.ESCALATED, Folder.FAILED})


@dataclass(frozen=True, kw_only=True)
class Linked:
    """What one dependency looks like: its state, and what it depends on in turn."""

    state: Dependency
    depends_on: tuple[str, ...] = ()


def choose(
    issue: Issue,
    repo: RepoSettings,
    *,
    tasks: Sequence[tuple[Folder, Task]],
    links: Mapping[str, Linked],
    trust: Vouched | Refused,
    open_pulls: int = 0,
) -> Choice:
    """One Ready issue. `tasks` are all generations of it in the mailbox, `links` every dependency reachable from it,
    `open_pulls` how many pull requests of the repository's tasks are open."""
    newest = max(tasks, key=lambda t: t[1].generation, default=None)
    if newest and newest[0] in LIVE:
        return Announce(issue=issue, task=newest[1], folder=newest[0])
    if not issue.open:
        return LeaveAlone(issue=issue, reason=Reason.CLOSED, why="the issue is closed")
    if isinstance(trust, Refused):
        reason = Reason.UNTRUSTED if trust.lasting else Reason.UNASKED
        return LeaveAlone(issue=issue, reason=reason, why=trust.why)
    if refusal := _refuse(issue, repo, links):
        return refusal
    choice = _next(issue, newest, trust)
    if isinstance(choice, LeaveAlone) or (isinstance(choice, Again) and choice.task.pull_request is not None):
        return choice
    return _full(issue, repo, open_pulls) or choice


def _next(issue: Issue, newest: tuple[Folder, Task] | None, vouched: Vouched) -> Dispatch | Again | LeaveAlone:
    """What follows on the newest generation, which is not live."""
    if newest is None:
        return Dispatch(issue=issue, generation=1, vouched=vouched)
    folder, task = newest
    if folder is Folder.HOLD:
        return LeaveAlone(issue=issue, reason=Reason.ON_HOLD, why=f"task {task.id} is on hold")
    if folder is Folder.CORRUPT:
        return LeaveAlone(issue=issue, reason=Reason.CORRUPT, why=f"task {task.id} is unreadable, see corrupt/")
    if _ready_since(issue) <= task.ended:
        return LeaveAlone(issue=issue, reason=Reason.STALE, why=f"was set Ready before {task.id} ended")
    if folder in STOPPED:
        return Again(issue=issue, task=task, folder=folder, vouched=vouched)
    return Dispatch(issue=issue, generation=task.generation + 1, vouched=vouched)


def _full(issue: Issue, repo: RepoSettings, open_pulls: int) -> LeaveAlone | None:
    """Work in progress is paced by review: what nobody looks at is not made more of."""
    most = repo.max_open_pull_requests
    if not most or open_pulls < most:
        return None
    why = f"{most} pull requests of {repo.name} are open already, and `max_open_pull_requests` is {most}"
    return LeaveAlone(issue=issue, reason=Reason.REVIEW_FULL, why=why)


def has_open_pull(folder: Folder, task: Task) -> bool:
    """Does a task keep one of the repository's places for open pull requests?"""
    return folder in LIVE and task.pull_request is not None and task.phase is not Phase.MERGED


def _refuse(issue: Issue, repo: RepoSettings, links: Mapping[str, Linked]) -> LeaveAlone | None:
    # GitHub compares the names of labels without case.
    labels = _folded(issue.labels)
    if missing := sorted(_folded(repo.required_labels) - labels):
        return LeaveAlone(issue=issue, reason=Reason.EXCLUDED, why=f"lacks the label {missing[0]}")
    if excluded := sorted(labels & _folded(repo.excluded_labels)):
        return LeaveAlone(issue=issue, reason=Reason.EXCLUDED, why=f"carries the label {excluded[0]}")
    return _dependencies(issue, links)


def _folded(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _dependencies(issue: Issue, links: Mapping[str, Linked]) -> LeaveAlone | None:
    me = f"{issue.repo}#{issue.number}"
    wanted = dependencies(issue.repo, issue.body)
    if not wanted:
        return None
    if circle := _circle(me, wanted, links):
        return LeaveAlone(issue=issue, reason=Reason.CIRCULAR, why="depends on itself: " + " -> ".join(circle))
    if missing := [ref for ref in wanted if ref not in links or links[ref].state is Dependency.MISSING]:
        why = f"depends on what is not there: {', '.join(missing)}"
        return LeaveAlone(issue=issue, reason=Reason.UNKNOWN_DEPENDENCY, why=why)
    waiting = [ref for ref in wanted if links[ref].state is Dependency.OPEN]
    if waiting:
        return LeaveAlone(issue=issue, reason=Reason.WAITING, why="waiting for " + ", ".join(waiting))
    return None


def _circle(me: str, wanted: tuple[str, ...], links: Mapping[str, Linked]) -> tuple[str, ...]:
    """The way from `me` over open issues back to `me`, empty when there is none. Walks each issue once."""
    seen: set[str] = set()
    ways: list[tuple[str, ...]] = [(me, ref) for ref in wanted]
    while ways:
        way = ways.pop()
        here = way[-1]
        if here.casefold() == me.casefold():
            return way
        if here in seen or here not in links or links[here].state is not Dependency.OPEN:
            continue
        seen.add(here)
        ways.extend((*way, ref) for ref in links[here].depends_on)
    return ()


def _ready_since(issue: Issue) -> str:
    """When Ready was set, as far as GitHub tells: the card's own time, else the issue's last change. ISO 8601 UTC."""
    if issue.card and issue.card.set_at:
        return max(issue.card.set_at, issue.updated_at)
    return issue.updated_at
