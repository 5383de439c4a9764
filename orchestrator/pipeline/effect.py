"""Doing something outside exactly once, as seen from outside.

Every write on GitHub or to a remote is preceded by an intent in the task's journal and followed by its completion. A
worker that finds an intent without a completion does not know whether the write was applied, so it looks first: a
comment has a hidden marker, a pull request its head branch, a ref its sha. Where looking can lag (an absent comment may
only not be visible yet), the journal refuses to act until the settle time has passed; the task stays where it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from orchestrator.github import issues, repos
from orchestrator.github.errors import NotFound
from orchestrator.model.event import EventKind
from orchestrator.model.task import Task
from orchestrator.services import Services

Result = dict[str, str]


def once(
    services: Services, task: Task, key: str, what: str, *, look: Callable[[], Result | None], act: Callable[[], Result]
) -> Result:
    """The result of the effect `key` of this task: from the journal, from a look, or from doing it now.

    Raises Unsettled when an earlier try is too fresh to tell, and whatever `act` raises.
    """
    done_now: list[Result] = []

    def acting() -> Result:
        result = act()
        done_now.append(result)
        return result

    result = services.effects.of(task.id).once(
        key, what, look=look, act=acting, settle_seconds=services.settings.github.settle_seconds, now=services.now()
    )
    if done_now:
        services.record(EventKind.EFFECT, task, effect=key, what=what, result=result)
    return result


def repeatable(services: Services, task: Task, key: str, what: str, act: Callable[[], None]) -> None:
    """An effect that sets a state (a label, a column): doing it twice is doing it once. Journalled all the same."""
    journal = services.effects.of(task.id)
    journal.intend(key, what)
    act()
    journal.done(key, {})


def record(services: Services, task: Task, kind: EventKind, occasion: str, /, **data: str) -> None:
    """A ledger event once per occasion: what follows it may fail and be tried every minute of a night."""
    journal, key = services.effects.of(task.id), f"event:{kind.value}:{occasion}"
    if journal.result(key) is None:
        services.record(kind, task, **data)
        journal.done(key, {})


def marker(task: Task, kind: str) -> str:
    return f"<!-- agent-os:key={task.id}/{kind} -->"


def comment(services: Services, task: Task, kind: str, text: str) -> str:
    """One comment on the task's issue, found again by its marker. Its URL; empty for a task without an issue."""
    if task.issue is None:
        return ""
    number = task.issue
    mark = marker(task, kind)

    def look() -> Result | None:
        found = issues.find_marked(services.github, task.repo, number, mark)
        return {"url": found.url} if found else None

    def act() -> Result:
        body = services.redact(f"{text.strip()}\n\n{mark}")
        return {"url": issues.comment(services.github, task.repo, number, body).url}

    told: Result = {}
    with unless_gone(services, task):
        told = once(services, task, f"comment:{kind}", f"comment on #{number}", look=look, act=act)
    return told.get("url", "")


@contextlib.contextmanager
def unless_gone(services: Services, task: Task) -> Iterator[None]:
    """Lets a NotFound pass when it is the task's issue that is gone: nobody is left to tell, and no tick will change
    that. Any other absence, also of the whole repository (a token that lost its right), is raised."""
    try:
        yield
    except NotFound:
        if not gone(services, task):
            raise


def gone(services: Services, task: Task) -> bool:
    """The issue was deleted or transferred: its repository answers, it does not. Raises NotFound with neither."""
    if task.issue is None:
        return False
    repos.default_branch(services.github, task.repo)
    return not issues.state_of(services.github, [(task.repo, task.issue)])
