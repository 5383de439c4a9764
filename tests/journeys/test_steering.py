"""A person speaks to a task at work: a message, a stop, a pause; and sees what its agents do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator import operations
from orchestrator.cli import watching
from orchestrator.model.event import EventKind
from orchestrator.model.result import FailureClass
from orchestrator.model.task import Folder
from orchestrator.operations import OrderRefused, steer
from orchestrator.pipeline import pool
from orchestrator.state.orders import OrderKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works

pytestmark = pytest.mark.timeout(120)

BEGINS: list[dict[str, Any]] = [
    {"session": "s-{n}"},
    {"write": {"path": "part.txt", "text": "half of it\n"}},
    {"say": "ready"},
    {"sleep": 60},
]
GOES_ON: list[dict[str, Any]] = [{"run": "test -f part.txt"}, *works("rest.txt", done=["the rest"])]


def at_work(world: World, id: str = "app-1") -> bool:
    log = world.services.log_dir(world.task(id)) / f"{len(world.task(id).attempts)}.log"
    return log.exists() and "ready" in log.read_text().splitlines()


def until(seen: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def meanwhile(world: World, *orders: Callable[[], object]) -> None:
    """A worker takes the task; as soon as its agent is at work the person gives the orders."""
    failed: list[BaseException] = []

    def person() -> None:
        try:
            until(lambda: world.place() == "processing" and bool(world.task().attempts) and at_work(world))
            for order in orders:
                order()
        except BaseException as error:  # noqa: BLE001 - told by the story's own thread
            failed.append(error)

    thread = threading.Thread(target=person)
    thread.start()
    world.work()
    thread.join()
    assert not failed, failed


def begun(make: MakeWorld, *scenes: dict[str, Any], **settings: Any) -> World:
    world = make(agents=("anna",), **settings)
    world.play(*scenes)
    world.issue()
    world.dispatch()
    return world


def test_a_message_reaches_the_running_agent_in_its_session_and_the_attempt_stays_one(make: MakeWorld) -> None:
    told = {"when": {"prompt": r"\[from ada\] use blue"}, "steps": [{"say": "went on with {resume}"}, *GOES_ON]}
    world = begun(make, told, {"steps": BEGINS})
    meanwhile(world, lambda: steer.send(world.services, "app-1", "use blue", person="ada"))
    task = world.task()
    assert [a.failure for a in task.attempts] == [FailureClass.NONE]
    assert world.place() == "review"
    log = (world.services.log_dir(task) / "1.log").read_text()
    assert "went on with s-1" in log
    (order,) = world.events(EventKind.ORDER)
    assert (order.actor.kind, order.actor.id, order.data["order"], order.data["text"]) == (
        "person", "ada", "send", "use blue",
    )  # fmt: skip
    assert [e.data["by"] for e in world.events(EventKind.DELIVERED)] == ["ada"]
    assert world.services.orders.pending("app-1") == ()


def test_two_messages_are_told_once_each(make: MakeWorld) -> None:
    told = {"when": {"prompt": "from ada"}, "steps": [{"keep_prompt": {"file": "{task}.told"}}, *GOES_ON]}
    world = begun(make, told, {"steps": BEGINS})
    meanwhile(
        world,
        lambda: steer.send(world.services, "app-1", "one", person="ada"),
        lambda: steer.send(world.services, "app-1", "two", person="bob"),
    )
    assert world.place() == "review"
    assert sorted(str(e.data["by"]) for e in world.events(EventKind.DELIVERED)) == ["ada", "bob"]
    assert world.services.orders.pending("app-1") == ()


def test_what_is_said_while_nobody_works_stands_in_the_next_prompt(make: MakeWorld) -> None:
    world = begun(make, {"when": {"prompt": r"\[from ada\] mind the gap"}, "steps": works()})
    steer.send(world.services, "app-1", "mind the gap", person="ada")
    world.work()
    assert world.place() == "review"
    assert [e.data["order"] for e in world.events(EventKind.DELIVERED)] == [1]


def test_a_message_to_an_agent_that_quota_refused_waits_for_the_next(make: MakeWorld) -> None:
    world = make()
    world.play(
        {"when": {"agent": "anna"}, "steps": [{"quota": {"reset_in": 3600}}]},
        {"when": {"agent": "ben", "prompt": "from ada"}, "steps": works()},
    )
    world.issue()
    world.dispatch()
    steer.send(world.services, "app-1", "look here", person="ada")
    world.work()
    assert world.place() == "review"
    assert [a.agent for a in world.task().attempts] == ["anna", "ben"]
    assert [e.data["n"] for e in world.events(EventKind.DELIVERED)] == [2]


def test_a_message_outlives_the_worker_that_was_killed_while_its_agent_heard_it(make: MakeWorld) -> None:
    again = {"when": {"prompt": r"(?s)title:.*\[from ada\] once more"}, "steps": works()}
    hears = {"when": {"prompt": "from ada"}, "steps": [{"say": "heard"}, {"sleep": 60}]}
    world = begun(make, again, hears, {"steps": BEGINS})
    config = {"AGENT_OS_CONFIG": str(world.settings.config_file), "ORCH_ROOT": str(world.tmp)}
    worker = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "worker"],
        cwd=pool.CHECKOUT,
        env={**os.environ, **world.env, **config},
    )
    log = world.settings.runtime / "logs" / "app-1" / "1.log"
    until(lambda: log.exists() and "ready" in log.read_text().splitlines())
    steer.send(world.services, "app-1", "once more", person="ada")
    until(lambda: "heard" in log.read_text().splitlines())
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert [o.text for o in world.services.orders.pending("app-1")] == ["once more"]
    world.work()
    assert world.place() == "review"
    assert world.services.orders.pending("app-1") == ()


def test_stop_ends_the_run_keeps_the_work_and_a_retry_goes_on_from_it(make: MakeWorld) -> None:
    world = begun(make, {"when": {"attempt": 1}, "steps": BEGINS}, {"steps": GOES_ON})
    began = time.monotonic()
    meanwhile(world, lambda: steer.stop(world.services, "app-1", person="ada", why="wrong way"))
    assert time.monotonic() - began < 20, "the agent would have slept for a minute"
    task = world.task()
    assert world.place() == "failed"
    assert "stopped by ada: wrong way" in task.reason
    assert [(a.failure, a.spent) for a in task.attempts] == [(FailureClass.STOPPED, False)]
    repository = world.services.repository(world.services.repo(task))
    kept = repository.resolve("refs/agent-os/kept/app-1")
    assert kept is not None
    assert "part.txt" in {c.path for c in repository.changes(task.base_sha or kept, kept)}
    assert not repository.workspace("app-1").exists()
    assert world.state(1)["state"] == "open"
    assert world.column(1) == "Blocked"
    assert any("stopped by ada" in c.body for c in world.comments(1))
    assert world.services.orders.pending("app-1") == ()
    operations.retry(world.services, "app-1", person="ada")
    world.work()
    assert world.place() == "review"
    assert world.pulls()[0]["state"] == "open"
    assert world.shown("part.txt", ref="agent/app-1") == "half of it\n"


def test_hold_pauses_a_running_task_and_a_retry_goes_on_where_it_stood(make: MakeWorld) -> None:
    world = begun(make, {"when": {"attempt": 1}, "steps": BEGINS}, {"steps": GOES_ON})
    meanwhile(world, lambda: steer.hold(world.services, "app-1", person="ada"))
    assert world.place() == "hold"
    assert world.task().reason == "held by ada"
    assert world.work() == []
    assert world.place() == "hold"
    operations.retry(world.services, "app-1", person="ada")
    world.work()
    assert world.place() == "review"
    assert world.shown("part.txt", ref="agent/app-1") == "half of it\n"
    assert [o.data["order"] for o in world.events(EventKind.ORDER)] == ["hold", "retry"]


def test_stop_of_a_task_that_waits_for_a_person_is_told_on_its_issue(make: MakeWorld) -> None:
    world = begun(make, {"steps": [{"result": {"status": "blocked", "blocker_code": "missing_context"}}]})
    world.work()
    assert world.place() in ("blocked", "escalated")
    steer.stop(world.services, "app-1", person="ada")
    world.work()
    assert world.place() == "failed"
    assert any("stopped by ada" in c.body for c in world.comments(1))
    assert world.services.orders.pending("app-1") == ()


def test_orders_that_make_no_sense_are_refused_in_words(make: MakeWorld) -> None:
    world = begun(make, {"steps": works()})
    world.work()
    with pytest.raises(OrderRefused, match=f"close {REPO}#2 on GitHub"):
        steer.stop(world.services, "app-1", person="ada")
    with pytest.raises(OrderRefused, match="empty"):
        steer.send(world.services, "app-1", "  ", person="ada")
    world.rounds(lambda: world.place() == "done")
    with pytest.raises(OrderRefused, match="done/"):
        steer.send(world.services, "app-1", "late", person="ada")
    for order in (steer.stop, steer.hold):
        with pytest.raises(OrderRefused, match="done/"):
            order(world.services, "app-1", person="ada")
    assert world.events(EventKind.ORDER) == []


def test_the_home_and_the_orders_of_a_done_task_go_and_those_of_a_stopped_one_stay(make: MakeWorld) -> None:
    world = begun(make, {"when": {"title": "bad"}, "steps": BEGINS[:3]}, {"steps": works()})
    world.issue("bad")
    world.dispatch()
    state = world.settings.runtime / "state"
    steer.send(world.services, "app-1", "hello", person="ada")
    steer.stop(world.services, "app-2", person="ada")
    world.work()
    assert (state / "homes" / "app-1").is_dir()
    (state / "homes" / "app-2").mkdir()
    world.rounds(lambda: world.place() == "done" and world.place("app-2") == "failed")
    world.work()
    assert [p.name for p in (state / "homes").iterdir()] == ["app-2"]
    assert [p.name for p in (state / "orders").iterdir()] == ["app-2"]


def test_the_log_shows_edits_commands_and_text_and_the_whole_transcript_when_asked(make: MakeWorld) -> None:
    scene = [{"think": "hmm"}, {"run": "true"}, {"say": "almost"}, *works(done=["it"])]
    world = begun(make, {"steps": scene})
    world.work()
    shown = list(watching.lines(world.services, "app-1", run=None, raw=False, follow=True))
    assert shown[0].startswith("── run 1: anna, attempt")
    assert "run      true  -> 0" in shown
    assert "edit     new.txt" in shown
    assert "almost" in shown
    assert not any("hmm" in line for line in shown)
    assert shown[-1].startswith("── review/")
    raw = list(watching.lines(world.services, "app-1", run=1, raw=True, follow=False))
    assert "(thinks) hmm" in raw
    assert list(watching.lines(world.services, "app-1", run=2, raw=False, follow=False)) == shown[-1:]


def test_following_ends_when_the_task_rests_and_shows_what_came_meanwhile(make: MakeWorld) -> None:
    world = begun(make, {"when": {"prompt": "from ada"}, "steps": GOES_ON}, {"steps": BEGINS})
    seen: list[str] = []
    follower = threading.Thread(
        target=lambda: seen.extend(watching.lines(world.services, "app-1", run=None, raw=False, follow=True))
    )
    follower.start()
    meanwhile(world, lambda: steer.send(world.services, "app-1", "go on", person="ada"))
    follower.join(30)
    assert not follower.is_alive()
    assert seen.index("ready") < seen.index("edit     rest.txt")
    assert seen[-1].startswith("── review/")


def test_orders_before_a_retry_do_not_stop_it(make: MakeWorld) -> None:
    world = begun(make, {"steps": works()})
    with world.services.mailbox.claim(world.task().id) as claim:
        assert claim is not None
        steer.stop(world.services, "app-1", person="ada")  # as if a worker had it
        world.services.mailbox.move(claim, claim.task, Folder.HOLD)
    assert [o.kind for o in world.services.orders.pending("app-1")] == [OrderKind.STOP]
    operations.retry(world.services, "app-1", person="ada")
    world.work()
    assert world.place() == "review"


def test_the_kept_order_files_name_who_said_what(make: MakeWorld) -> None:
    world = begun(make, {"steps": works()})
    steer.send(world.services, "app-1", "in my words", person="ada")
    folder: Path = world.settings.runtime / "state" / "orders" / "app-1"
    assert "in my words" in (folder / "0001.json").read_text()
    world.work()
    assert [p.name for p in folder.iterdir()] == ["0001.done"]
