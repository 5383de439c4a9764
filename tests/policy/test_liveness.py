"""Every open item has an owner, a next action and a deadline; what has not is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.standing import Who
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import parse, stamp
from orchestrator.policy import liveness, merge
from orchestrator.roles import ROLES
from tests.policy.builders import attempt

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
TICKS = dict.fromkeys(liveness.EVERY, NOW)


def seen(folder: Folder, phase: Phase = Phase.QUEUED, *, hours: float = 0, **more: Any) -> liveness.Seen:
    created = stamp(NOW - timedelta(hours=hours))
    pull = 7 if folder is Folder.REVIEW else None
    task = Task(
        id=TaskId("app-1"), repo=RepoName("ada/app"), title="t", created=created, phase=phase, pull_request=pull
    )
    task = replace(task, **more.pop("task", {}))
    return liveness.Seen(task=task, folder=folder, now=NOW, **{"ticks": TICKS, "run_minutes": 40, **more})


OPEN = [f for f in Folder if f not in (Folder.DONE, Folder.FAILED, Folder.CORRUPT)]


@pytest.mark.parametrize("folder", OPEN)
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("more", [{}, {"alive": True}, {"off": "off"}, {"managed": False}, {"held": "full"}])
def test_every_open_task_has_an_owner_an_action_and_a_deadline(folder: Folder, phase: Phase, more: Any) -> None:
    """But for one: in review with a phase that no role takes up there."""
    standing = liveness.of_task(seen(folder, phase, **more))
    nobodys = folder is Folder.REVIEW and phase not in liveness.REVIEWED and not set(more) & {"off", "managed"}
    assert bool(standing.stuck) == nobodys
    assert nobodys or (standing.action and parse(standing.deadline) >= NOW)


CASES: dict[str, tuple[liveness.Seen, Who, str]] = {
    "checks that never come": (
        seen(Folder.REVIEW, Phase.PUBLISHED, hours=7, decided="checks are running"), Who.CI, "checks are running",
    ),
    "a review without a pull request": (
        seen(Folder.REVIEW, Phase.PUBLISHED, task={"pull_request": None}), Who.YOU, "takes it up",
    ),
    "a queue that does not tick": (
        seen(Folder.INBOX, hours=1, ticks={"queue": NOW - timedelta(minutes=50)}), Who.WAITING, "a worker takes it up",
    ),
    "a queue that never ticked": (seen(Folder.INBOX, hours=1, ticks={}), Who.WAITING, "a worker takes it up"),
    "a worker past every limit": (
        seen(Folder.PROCESSING, Phase.RUNNING, hours=3, alive=True), Who.AGENTS, "an agent works on it",
    ),
    "a person who was never reminded": (seen(Folder.BLOCKED, hours=80), Who.YOU, "retry"),
    "a wait that is long over": (
        seen(Folder.INBOX, hours=9, task={"not_before": stamp(NOW - timedelta(hours=1))}, ticks={}), Who.WAITING, "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_should_have_moved_is_stuck_and_says_who_should_have_moved_it(case: str) -> None:
    told, who, words = CASES[case]
    standing = liveness.of_task(told)
    assert standing.who is who
    assert words in standing.stuck
    assert standing.stuck


def test_a_person_is_named_where_only_a_person_can_act() -> None:
    held = seen(Folder.REVIEW, Phase.PUBLISHED, decided=f"high risk: {merge.APPROVAL}")
    assert liveness.of_task(held).who is Who.YOU
    assert "agent-os approve app-1" in liveness.of_task(held).action
    later = seen(Folder.INBOX, task={"not_before": stamp(NOW + timedelta(hours=2)), "reason": "quota"})
    assert (liveness.of_task(later).who, liveness.of_task(later).action) == (
        Who.WAITING, f"starts at {stamp(NOW + timedelta(hours=2))}: quota",
    )  # fmt: skip


def test_a_role_that_ticks_no_more_is_found() -> None:
    assert liveness.silent({}, NOW) == {}
    assert liveness.silent(TICKS, NOW) == {}
    found = liveness.silent({"dispatcher": NOW, "queue": NOW - timedelta(minutes=10)}, NOW)
    assert set(found) == {"queue"}
    assert all(s.stuck and s.overdue for s in found.values())


def test_the_minutes_are_those_of_the_crontab() -> None:
    fields = {name: ROLES[name].EVERY.split()[0] for name in liveness.EVERY}
    assert {n: int(f.removeprefix("*/")) if "/" in f else 1 for n, f in fields.items()} == dict(liveness.EVERY)


MINUTES: dict[str, tuple[liveness.Seen, Who, float]] = {
    "a worker takes it up": (seen(Folder.INBOX), Who.WAITING, 3),
    "the queue goes on": (seen(Folder.PROCESSING, Phase.RAN), Who.AGENTS, 3),
    "an agent at work": (seen(Folder.PROCESSING, Phase.RUNNING, alive=True), Who.AGENTS, 40 + 30),
    "a wait until later": (
        seen(Folder.INBOX, task={"not_before": stamp(NOW + timedelta(hours=2))}), Who.WAITING, 120 + 3,
    ),
    "the monitor looks": (seen(Folder.REVIEW, Phase.PUBLISHED), Who.CI, 15),
    "its turn": (seen(Folder.REVIEW, Phase.PUBLISHED, decided="its turn"), Who.WAITING, 15),
    "its books": (seen(Folder.REVIEW, Phase.MERGED), Who.AGENTS, 15),
    "checks": (seen(Folder.REVIEW, Phase.PUBLISHED, decided="checks"), Who.CI, 6 * 60),
    "an approval": (seen(Folder.REVIEW, Phase.PUBLISHED, approval="high risk"), Who.YOU, 72 * 60),
    "switched off there": (seen(Folder.REVIEW, Phase.PUBLISHED, decided=merge.SWITCHED_OFF), Who.YOU, 72 * 60),
    "a person": (seen(Folder.BLOCKED), Who.YOU, 72 * 60),
    "no repository of ours": (seen(Folder.INBOX, managed=False), Who.YOU, 72 * 60),
    "off": (seen(Folder.INBOX, hours=100, off="off"), Who.WAITING, 72 * 60),
    "made by a clock that ran ahead": (seen(Folder.BLOCKED, hours=-9), Who.YOU, 72 * 60),
}  # fmt: skip


@pytest.mark.parametrize("case", MINUTES)
def test_a_deadline_is_to_the_minute_and_is_passed_only_after_it(case: str) -> None:
    told, who, minutes = MINUTES[case]
    standing = liveness.of_task(told)
    deadline = NOW + timedelta(minutes=minutes)
    assert (standing.who, standing.deadline, standing.overdue) == (who, stamp(deadline), False)
    assert not liveness.until(who, "x", NOW, NOW).overdue
    assert liveness.until(who, "x", NOW - timedelta(seconds=1), NOW).overdue


@pytest.mark.parametrize(("role", "minutes"), [("dispatcher", 3), ("queue", 3), ("pr_monitor", 15)])
def test_a_role_is_silent_only_after_its_third_missed_tick(role: str, minutes: int) -> None:
    last = NOW - timedelta(minutes=minutes)
    assert liveness.silent({role: last}, NOW) == {}
    found = liveness.silent({role: last - timedelta(seconds=1)}, NOW)[role]
    assert (found.who, found.deadline) == (Who.YOU, stamp(NOW - timedelta(seconds=1)))


@pytest.mark.parametrize(
    ("reason", "who"), [("waiting", Who.WAITING), ("unasked", Who.WAITING), ("over_budget", Who.WAITING),
                        ("untrusted", Who.YOU), ("observe", Who.YOU), ("review_full", Who.YOU)]
)  # fmt: skip
def test_a_left_issue_is_a_persons_where_nothing_passes_by_itself(reason: str, who: Who) -> None:
    standing = liveness.of_left(reason, "why", "ada/app#3", NOW - timedelta(hours=72), NOW)
    assert (standing.who, standing.deadline, standing.stuck) == (who, stamp(NOW), "")
    assert standing.action == "why; `agent-os explain ada/app#3` says what moves it"
    assert liveness.of_left(reason, "why", "ada/app#3", NOW - timedelta(hours=73), NOW).overdue


def test_the_newest_run_counts_and_a_reason_is_said_only_where_there_is_one() -> None:
    old = attempt(1, started=stamp(NOW - timedelta(hours=9)), ended=stamp(NOW - timedelta(hours=8)))
    middle = attempt(2, started=stamp(NOW - timedelta(hours=5)), ended=stamp(NOW - timedelta(hours=4)))
    new = attempt(3, started=stamp(NOW - timedelta(minutes=20)), ended="")
    runs: dict[str, Any] = {"attempts": (old, middle, new)}
    running = seen(Folder.PROCESSING, Phase.RUNNING, hours=10, alive=True, task=runs)
    assert liveness.of_task(running).deadline == stamp(NOW + timedelta(minutes=50))
    rested = seen(Folder.BLOCKED, hours=10, task=runs | {"reason": "no key"})
    standing = liveness.of_task(rested)
    assert standing.deadline == stamp(NOW - timedelta(minutes=20) + timedelta(hours=72))
    assert standing.action.startswith("no key; then `agent-os task retry app-1`")
    assert liveness.of_task(seen(Folder.BLOCKED)).action.startswith("`agent-os task retry app-1`")
    now = seen(Folder.INBOX, task={"not_before": stamp(NOW)})
    assert liveness.of_task(now).action == "a worker takes it up"
