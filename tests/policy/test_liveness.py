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
