"""One word stops everything, and everything goes on from where it stood; a repository in observe is only looked at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator import idle, operations
from orchestrator.cli import ticking
from orchestrator.github import issues
from orchestrator.model.errors import Observed, SwitchedOff
from orchestrator.model.event import EventKind
from orchestrator.model.names import Public, RepoName
from orchestrator.model.result import FailureClass
from orchestrator.model.task import Folder, Phase
from orchestrator.operations import OrderRefused, approve, steer, switch
from orchestrator.pipeline import pool
from tests.journeys.conftest import MakeWorld
from tests.journeys.test_steering import BEGINS, GOES_ON, begun, meanwhile, until
from tests.journeys.world import REPO, World, works

pytestmark = pytest.mark.timeout(120)
OTHER = "ada/lib"


def off(world: World, what: str = "") -> switch.Switched:
    return switch.turn(world.services, on=False, what=what, person="ada", why="a bad day")


def on(world: World, what: str = "") -> switch.Switched:
    return switch.turn(world.services, on=True, what=what, person="ada")


def writes(world: World) -> int:
    return world.services.github.stats.writes


def test_off_ends_a_run_at_once_and_on_goes_on_from_its_work(make: MakeWorld) -> None:
    world = begun(make, {"when": {"attempt": 1}, "steps": BEGINS}, {"steps": GOES_ON})
    began = time.monotonic()
    meanwhile(world, lambda: off(world))
    assert time.monotonic() - began < 20, "the agent would have slept for a minute"
    assert [(a.failure, a.spent) for a in world.task().attempts] == [(FailureClass.STOPPED, False)]
    before = writes(world)
    assert world.place() == "inbox"
    assert world.work() == []
    assert "everything is switched off by ada" in world.dispatch()[0]
    assert "a bad day" in world.monitor()[0]
    assert (world.runs(), writes(world)) == (1, before)
    assert on(world).text == "everything is switched on"
    world.work()
    assert world.place() == "review"
    assert world.shown("part.txt", ref="agent/app-1") == "half of it\n"
    assert (world.runs(), world.crashes()) == (2, [])
    assert [(e.actor.id, e.data["order"], e.data["what"]) for e in world.events(EventKind.ORDER)] == [
        ("ada", "off", "everything"), ("ada", "on", "everything"),
    ]  # fmt: skip


def test_off_between_the_verdict_and_the_push_publishes_nothing(make: MakeWorld, tmp_path: Path) -> None:
    """The verification itself is what the switch falls into: the next thing would be the push."""
    mark = f"touch {tmp_path}/begun; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; sh check.sh"
    world = begun(make, {"steps": works()}, verify=mark)

    def person() -> None:
        until((tmp_path / "begun").exists)
        off(world)
        (tmp_path / "go").touch()

    thread = threading.Thread(target=person)
    thread.start()
    world.work()
    thread.join()
    assert (world.place(), world.task().phase.value) == ("processing", "judged")
    assert not world.has_branch("agent/app-1")
    assert pool.waiting(world.services) == ()
    on(world)
    world.work()
    assert (world.place(), world.runs(), world.crashes()) == ("review", 1, [])


def test_what_is_ready_to_land_does_not_land_while_its_repository_is_off_and_the_others_go_on(make: MakeWorld) -> None:
    world = make(more_repos=[OTHER], ci={"test": "sh check.sh"})
    world.issue()
    world.issue(repo=OTHER)
    world.dispatch()
    world.work()
    world.ci()
    off(world, REPO)
    world.rounds(lambda: world.place("lib-1") == "done")
    assert world.place("app-1") == "review"
    assert [o.what for o in switch.switches(world.services).off] == ["app"]
    on(world, "app")
    world.rounds(lambda: world.place("app-1") == "done")


def test_a_worker_killed_while_it_is_switched_off_loses_no_run_and_doubles_none(make: MakeWorld) -> None:
    world = begun(make, {"when": {"attempt": 1}, "steps": BEGINS}, {"steps": GOES_ON})
    config = {"AGENT_OS_CONFIG": str(world.settings.config_file), "ORCH_ROOT": str(world.tmp)}
    worker = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "worker"], cwd=pool.CHECKOUT, env={**os.environ, **world.env, **config}
    )
    log = world.settings.runtime / "logs" / "app-1" / "1.log"
    until(lambda: log.exists() and "ready" in log.read_text().splitlines())
    os.kill(worker.pid, signal.SIGSTOP)
    off(world)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert (world.work(), world.runs()) == ([], 1)
    world.play({"steps": GOES_ON})
    on(world)
    world.work()
    assert (world.place(), world.runs(), world.task().recoveries) == ("review", 2, 1)
    assert world.shown("part.txt", ref="agent/app-1") == "half of it\n"
    assert len(world.pulls()) == 1


def test_a_run_that_the_switch_ended_goes_on_though_its_worker_died_before_it_was_written_back(make: MakeWorld) -> None:
    """On again by then: the ended run is not judged as a failure of its agent."""
    world = begun(make, {"when": {"attempt": 1}, "steps": BEGINS}, {"steps": GOES_ON})
    meanwhile(world, lambda: off(world))
    with world.services.mailbox.claim(world.task().id) as claim:
        assert claim is not None
        claim = world.services.mailbox.move(claim, replace(claim.task, phase=Phase.RAN), Folder.PROCESSING)
    on(world)
    world.work()
    assert world.place() == "review"
    assert world.shown("part.txt", ref="agent/app-1") == "half of it\n"


def test_the_switch_is_a_file_and_one_that_cannot_be_read_is_off_all_the_same(make: MakeWorld) -> None:
    world = make()
    world.issue()
    folder = world.settings.runtime / "state" / "off"
    folder.mkdir(parents=True)
    (folder / "all").touch()
    assert world.dispatch() == ["everything is switched off"]
    assert world.places() == {}
    (folder / "all").rename(folder / "role.dispatcher.json")
    assert world.dispatch() == ["role dispatcher is switched off"]
    (folder / "role.dispatcher.json").unlink()
    world.dispatch()
    assert world.place() == "inbox"


def test_an_idle_tick_while_off_asks_nobody_and_ends_with_the_switch(make: MakeWorld) -> None:
    world = make()
    off(world)
    old = time.time() - 60
    for path in (world.settings.runtime / "state" / "off", world.settings.config_file, world.tmp / "clock"):
        os.utime(path, (old, old))
    requests = world.services.github.stats.requests
    world.dispatch()
    note = str(ticking.idle_note(world.tmp, "dispatcher"))
    assert idle.still(note, world.env)
    assert world.services.github.stats.requests == requests
    on(world)
    assert not idle.still(note, world.env)


def test_what_is_switched_has_to_exist_and_is_told_when_it_was_so_already(make: MakeWorld) -> None:
    world = make()
    with pytest.raises(OrderRefused, match="no repository"):
        off(world, "dispacher")
    assert off(world, "planner").changed
    assert not off(world, "planner").changed
    assert "role planner is switched off" in on(world).text
    assert on(world, "planner").now.off == ()


@pytest.mark.parametrize("what", ["", "app"])
def test_the_wall_stops_a_write_that_no_role_thought_of(make: MakeWorld, what: str) -> None:
    world = make()
    number = world.issue(ready=False)
    off(world, what)
    with pytest.raises(SwitchedOff, match="ada"):
        issues.comment(world.services.github, RepoName(REPO), number, Public("hello"))
    repository = world.services.repository(world.settings.repos[0])
    repository.fetch()
    head = repository.head("main")
    assert head is not None
    with pytest.raises(SwitchedOff):
        repository.push("agent/x", head, expect=None)
    assert not world.comments(number)
    assert not world.has_branch("agent/x")


def observing(make: MakeWorld, **settings: Any) -> World:
    return make(automation_mode="observe", **settings)


def test_observe_says_what_it_would_do_at_every_tick_and_once_in_the_ledger(make: MakeWorld) -> None:
    world = observing(make)
    world.issue()
    before = world.admin.snapshot()["repos"]
    for _ in range(3):
        assert world.dispatch() == ["ada/app: observe, would dispatch (generation 1) #1 Add new.txt"]
        world.work()
        world.monitor()
        for role in ("groomer", "planner", "scorer", "log_analyzer"):
            ticking.once(world.services, role)
    assert (world.places(), writes(world), world.crashes()) == ({}, 0, [])
    assert world.admin.snapshot()["repos"] == before
    told = [e for e in world.events(EventKind.OBSERVED) if e.data["role"] == "dispatcher"]
    assert [e.data["would"] for e in told] == [["dispatch (generation 1) #1 Add new.txt"]]
    with pytest.raises(Observed, match="mode observe"):
        issues.comment(world.services.github, RepoName(REPO), 1, Public("hello"))


def test_observe_shows_the_plan_it_would_make_and_asks_no_model(make: MakeWorld) -> None:
    world = observing(make, planner_agents=["anna"], sprint_cadence_days=1)
    world.issue("Write a guide", ready=False)
    did = ticking.once(world.services, "planner")
    assert did == ["ada/app: observe, would set #1 Ready"]
    assert (writes(world), world.events(EventKind.ASKED), world.services.plans.of("app")) == (0, [], ())


def test_tasks_of_a_repository_that_is_put_in_observe_wait(make: MakeWorld) -> None:
    world = make()
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    world.config["projects"]["main"]["repos"][0]["automation_mode"] = "observe"
    world.build()
    world.round()
    assert (world.place("app-1"), writes(world), world.crashes()) == ("review", 0, [])
    with pytest.raises(OrderRefused, match="observe"):
        operations.retry(world.services, "app-1", person="ada")
    world.config["projects"]["main"]["repos"][0]["automation_mode"] = "full"
    world.build()
    world.rounds(lambda: world.place("app-1") == "done")


OPERATORS = [
    {"github": "ada"},
    {"github": "ben", "may": ["see", "order"]},
    {"github": "eve", "may": ["see"]},
]


def test_who_may_only_see_orders_nothing_and_who_may_order_approves_nothing(make: MakeWorld) -> None:
    """Below every surface: a page that forgot to ask is refused all the same, and nothing is recorded."""
    world = begun(make, {"steps": works()}, top={"operators": OPERATORS})
    world.work()
    world.ci()
    refused: list[Callable[[], object]] = [
        lambda: switch.turn(world.services, on=False, person="eve"),
        lambda: steer.hold(world.services, "app-1", person="eve"),
        lambda: steer.send(world.services, "app-1", "hello", person="mallory"),
        lambda: approve.approve(world.services, "app-1", "ben"),
        lambda: approve.reject(world.services, "app-1", "ben", why="no"),
    ]
    for order in refused:
        with pytest.raises(OrderRefused, match=r"may not .* who may: ada"):
            order()
    assert world.events(EventKind.ORDER) == []
    assert switch.switches(world.services).off == ()
    approve.approve(world.services, "app-1", "ADA")
    switch.turn(world.services, on=False, person="ben")
    assert [e.actor.id for e in world.events(EventKind.ORDER)] == ["ADA", "ben"]
