"""The liveness invariant: every open item has an owner, a next action and a deadline.

From what is known of an item: who acts next, what that is, and by when it must have moved on its own, or a person has
been reminded of it. What fits none of the cases that a role or a person takes up is stuck, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from orchestrator.model.standing import Standing, Who
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import parse, stamp
from orchestrator.policy import merge
from orchestrator.policy.eligible import Reason

EVERY = {"dispatcher": 1, "queue": 1, "pr_monitor": 5}
"""Minutes between two ticks of the roles that an open item waits for."""
MISSED = 3
"""So many ticks of a role may be missed: a machine sleeps, a tick takes long."""
REMINDED = timedelta(hours=72)
"""A person who has not acted is reminded after this."""
CHECKS = timedelta(hours=6)
"""Checks that run longer than this will never come."""
STEP = timedelta(minutes=30)
"""For git and GitHub, beside the time limits of a run and of the verification."""
OVER_BUDGET = "over_budget"
OBSERVED = "observe"
WAITS = frozenset({Reason.WAITING.value, Reason.UNASKED.value, OVER_BUDGET})
"""Reasons for which a Ready issue is left alone that pass by themselves; a person is reminded of it all the same."""
AGAIN = "`agent-os task retry {id}`, or set the issue Ready again"
APPROVE = "`agent-os approve {id}`, `agent-os reject {id} --why ...`, or a review on GitHub"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known of one open task."""

    task: Task
    folder: Folder
    now: datetime
    alive: bool = False
    """A worker has it."""
    managed: bool = True
    """Its repository is in the configuration."""
    off: str = ""
    """Why nothing is done for its repository, in words."""
    held: str = ""
    """What keeps everything that waits from being taken up: slots, memory, budgets."""
    decided: str = ""
    """Why its pull request waits, as the pull request monitor said last."""
    approval: str = ""
    """What its head still wants of a person, in words."""
    run_minutes: float = 0
    """The longest that a run and its verification may take."""
    ticks: Mapping[str, datetime] = field(default_factory=dict)
    """When each role last ticked."""


def of_task(seen: Seen) -> Standing:
    """The standing of a task that is not over."""
    return _overdue(_of_task(seen), seen.now)


def of_person(action: str, since: datetime, now: datetime) -> Standing:
    """What waits for a person since then, and is reminded of once."""
    return _overdue(_by(Who.YOU, action, since + REMINDED), now)


def of_left(reason: str, why: str, ref: str, since: datetime, now: datetime) -> Standing:
    """A Ready issue that was left alone; `reason` as the dispatcher noted it, `ref` the issue as `explain` takes it."""
    who = Who.WAITING if reason in WAITS else Who.YOU
    return _overdue(_by(who, f"{why}; `agent-os explain {ref}` says what moves it", since + REMINDED), now)


def until(who: Who, action: str, deadline: datetime, now: datetime) -> Standing:
    """What has a deadline of its own: a plan that runs out, a train's checks."""
    return _overdue(_by(who, action, deadline), now)


def silent(ticks: Mapping[str, datetime], now: datetime) -> dict[str, Standing]:
    """Roles that ticked and do so no more, by their name. One that never did is missed by what waits for it."""
    found: dict[str, Standing] = {}
    for role, minutes in EVERY.items():
        last = ticks.get(role)
        if last is not None and now - last > MISSED * timedelta(minutes=minutes):
            action = "see whether anything starts it: `agent-os crontab install`, `agent-os doctor`"
            standing = _by(Who.YOU, action, last + MISSED * timedelta(minutes=minutes))
            found[role] = replace(standing, overdue=True, stuck=f"{role} has not ticked since {stamp(last)}")
    return found


def _of_task(seen: Seen) -> Standing:
    task, since = seen.task, _since(seen.task, seen.now)
    if not seen.managed:
        return _by(Who.YOU, f"{task.repo} is not in config.yaml: put it back, or stop the task", since + REMINDED)
    match seen.folder:
        case Folder.BLOCKED | Folder.ESCALATED | Folder.HOLD:
            why = f"{task.reason}; then " if task.reason else ""
            return _by(Who.YOU, why + AGAIN.format(id=task.id), since + REMINDED)
        case Folder.INBOX | Folder.PROCESSING | Folder.REVIEW if seen.off:
            return _by(Who.WAITING, seen.off, seen.now + REMINDED)
        case Folder.INBOX:
            return _waiting(seen, since)
        case Folder.PROCESSING if seen.alive:
            began = parse(task.attempts[-1].started) if task.attempts else since
            action = "an agent works on it" if task.phase is Phase.RUNNING else "it is judged and published"
            limit = timedelta(minutes=seen.run_minutes) + STEP
            return _by(Who.AGENTS, action, max(began, since) + limit)
        case Folder.PROCESSING:
            return _by(Who.AGENTS, "the queue takes it up where it stood", _tick(seen, "queue", since))
        case Folder.REVIEW if task.pull_request is not None and task.phase in REVIEWED:
            return _in_review(seen, since)
        case _:
            return Standing(who=Who.YOU, action="")


REVIEWED = frozenset({Phase.PUBLISHED, Phase.MERGED, Phase.CLOSING})
"""Phases that the pull request monitor takes up."""


def _waiting(seen: Seen, since: datetime) -> Standing:
    task = seen.task
    later = parse(task.not_before) if task.not_before else None
    if later is not None and later > seen.now:
        why = f": {task.reason}" if task.reason else ""
        deadline = later + MISSED * timedelta(minutes=EVERY["queue"])
        return _by(Who.WAITING, f"starts at {task.not_before}{why}", deadline)
    action = seen.held or "a worker takes it up"
    return _by(Who.WAITING, action, _tick(seen, "queue", max(since, later) if later else since))


def _in_review(seen: Seen, since: datetime) -> Standing:
    why, id = seen.decided, seen.task.id
    if seen.task.phase is not Phase.PUBLISHED:
        return _by(Who.AGENTS, "its books are closed", _tick(seen, "pr_monitor", since))
    if merge.of_a_person(why) or why in (merge.DISPATCHED, merge.SWITCHED_OFF):
        wanted = APPROVE.format(id=id) if merge.APPROVAL in why else "see the pull request"
        return _by(Who.YOU, f"{why}: {wanted}", since + REMINDED)
    if seen.approval:
        return _by(Who.YOU, f"{seen.approval}: {APPROVE.format(id=id)}", since + REMINDED)
    if "check" in why:
        return _by(Who.CI, why, since + CHECKS)
    who = Who.WAITING if "turn" in why else Who.CI
    return _by(who, why or "the pull request monitor looks at it", _tick(seen, "pr_monitor", since))


def _tick(seen: Seen, role: str, since: datetime) -> datetime:
    """When the role must have come to it, however often it did already: it ticks, or it is found silent."""
    last = seen.ticks.get(role)
    return (max(since, last) if last else since) + MISSED * timedelta(minutes=EVERY[role])


def _since(task: Task, now: datetime) -> datetime:
    """When it last moved, as far as the task tells; what a wrong clock wrote is not later than now."""
    last = task.attempts[-1] if task.attempts else None
    told = (task.created, task.ended, task.pushed_at, last.started if last else "", last.ended if last else "")
    return min(now, max((parse(t) for t in told if t), default=now))


def _by(who: Who, action: str, deadline: datetime) -> Standing:
    return Standing(who=who, action=action, deadline=stamp(deadline))


def _overdue(standing: Standing, now: datetime) -> Standing:
    """With what breaks the invariant, in words."""
    if not standing.action:
        return replace(standing, stuck="no role and no person takes it up where it stands")
    if not standing.deadline:
        return replace(standing, stuck="it has no deadline")
    if now <= parse(standing.deadline):
        return standing
    return replace(standing, overdue=True, stuck=f"should have moved by {standing.deadline}: {standing.action}")
