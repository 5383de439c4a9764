"""What an adversarial reading of the engineers' part found: orders that fell between two looks, words that one agent
heard and the next did not, folders that cannot be removed, an unconfined run that a death washed clean."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator import operations
from orchestrator.mailbox.box import Claim
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.result import BlockerCode, FailureClass, Usage
from orchestrator.model.task import AttemptKind, Folder, Phase
from orchestrator.model.times import stamp
from orchestrator.operations import OrderRefused, steer
from orchestrator.pipeline import publish
from orchestrator.services import Services
from orchestrator.state.orders import Order, OrderKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.test_steering import BEGINS, begun, meanwhile, until
from tests.journeys.world import World, says, works

pytestmark = pytest.mark.timeout(120)


# --- a person's orders


def test_a_stop_after_a_hold_is_carried_out(make: MakeWorld) -> None:
    world = begun(make, {"steps": BEGINS})
    meanwhile(
        world,
        lambda: steer.hold(world.services, "app-1", person="ada"),
        lambda: steer.stop(world.services, "app-1", person="bob", why="no more of it"),
    )
    assert world.place() == "failed"
    assert "stopped by bob: no more of it" in world.task().reason
    assert world.services.orders.pending("app-1") == ()


@pytest.mark.parametrize("kind", [OrderKind.HOLD, OrderKind.STOP])
def test_an_order_that_comes_while_the_work_is_published_keeps_it_from_merging(
    make: MakeWorld, monkeypatch: pytest.MonkeyPatch, kind: OrderKind
) -> None:
    world = begun(make, {"steps": works()})
    before = publish.announce

    def ordered_meanwhile(services: Services, claim: Claim) -> None:
        services.orders.put("app-1", Order(kind=kind, by="ada", at=stamp(services.now())))
        before(services, claim)

    monkeypatch.setattr(publish, "announce", ordered_meanwhile)
    world.work()
    for _ in range(3):
        world.ci()
        world.monitor()
        world.work()
    assert world.place() == "hold"
    assert [p["merged"] for p in world.pulls()] == [False]
    assert "by ada" in world.task().reason
    assert world.services.orders.pending("app-1") == ()
    operations.retry(world.services, "app-1", person="ada")
    world.rounds(lambda: world.place() == "done")


@pytest.mark.parametrize("give", [steer.hold, steer.stop])
def test_an_order_left_for_a_worker_that_lets_go_at_that_moment_is_carried_out_by_its_giver(
    make: MakeWorld, monkeypatch: pytest.MonkeyPatch, give: Callable[..., object]
) -> None:
    """The worker's last look for orders fell between the giver's two looks at the task; it was just published."""
    world = begun(make, {"steps": works()})
    services = world.services
    asked = operations.task(services, "app-1")
    world.work()
    assert world.place() == "review"
    with contextlib.ExitStack() as worker:
        worker.enter_context(services.mailbox.claim(TaskId("app-1")))
        put = steer._put

        def put_and_let_go(*args: Any) -> None:
            put(*args)
            worker.close()

        monkeypatch.setattr(steer, "_put", put_and_let_go)
        monkeypatch.setattr(steer, "task", lambda *_: asked)
        if give is steer.stop:
            with pytest.raises(OrderRefused, match="has published its work"):
                give(services, "app-1", person="ada")
        else:
            give(services, "app-1", person="ada")
    assert world.place() == ("review" if give is steer.stop else "hold")
    assert services.orders.pending("app-1") == ()


# --- a person's words


def test_what_was_said_to_one_agent_is_in_the_prompt_of_the_next(make: MakeWorld) -> None:
    heard = {"when": {"agent": "anna", "prompt": "from ada"}, "steps": says("blocked", "missing_context")}
    told = {"when": {"agent": "ben", "prompt": r"\[from ada\] use blue"}, "steps": works()}
    world = make()
    world.play(heard, told, {"when": {"agent": "anna"}, "steps": BEGINS})
    world.issue()
    world.dispatch()
    meanwhile(world, lambda: steer.send(world.services, "app-1", "use blue", person="ada"))
    assert [(a.agent, a.failure) for a in world.task().attempts] == [
        ("anna", FailureClass.NONE),
        ("ben", FailureClass.NONE),
    ]
    assert world.place() == "review"
    assert world.task().attempts[0].blocker_code is BlockerCode.MISSING_CONTEXT
    assert [e.data["n"] for e in world.events(EventKind.DELIVERED)] == [1], "told again is not delivered again"


def test_what_is_said_after_the_agent_had_ended_is_heard_before_the_work_is_published(make: MakeWorld) -> None:
    told = {"when": {"prompt": r"\[from ada\] also blue"}, "steps": works("blue.txt")}
    world = begun(make, told, {"steps": works()}, verify="touch verifying; test -f blue.txt || sleep 2")
    said = threading.Thread(target=_when_it_has_ended, args=(world, "also blue"))
    said.start()
    world.work()
    said.join()
    assert world.place() == "review"
    assert [a.kind for a in world.task().attempts] == [AttemptKind.ATTEMPT, AttemptKind.CORRECTION]
    assert world.has_file("blue.txt", ref="agent/app-1")
    assert world.services.orders.pending("app-1") == ()


def _when_it_has_ended(world: World, text: str) -> None:
    until(lambda: world.place() == "processing" and world.task().phase is Phase.RAN)
    steer.send(world.services, "app-1", text, person="ada")


def test_a_secret_in_a_message_reaches_neither_the_prompt_nor_a_file(make: MakeWorld) -> None:
    prompt = "{task}.prompt"
    world = begun(make, {"steps": [{"keep_prompt": {"file": prompt}}, *works()]})
    steer.send(world.services, "app-1", f"the token is {world.token}", person="ada")
    folder = world.services.orders.folder("app-1")
    assert world.token not in "".join(p.read_text() for p in folder.iterdir())
    world.work()
    assert world.place() == "review"
    (told,) = world.tmp.rglob("app-1.prompt")
    assert "[from ada] the token is" in told.read_text()
    assert world.token not in told.read_text()


# --- runs that were lost


def lost(world: World) -> None:
    """The task as a worker left it that was killed while its first agent ran."""
    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        began = claim.task.attempts[0]
        first = replace(began, ended="", status=None, failure=FailureClass.NONE, spent=True, summary="", log="")
        back = replace(claim.task, phase=Phase.RUNNING, attempts=(first,), verdict=None, ending=None, recoveries=0)
        world.services.mailbox.move(claim, back, Folder.PROCESSING)


BREAKS: list[dict[str, Any]] = [{"write": {"path": "one.txt", "text": "1\n"}}, {"error": {"class": "unknown"}}]


def test_a_death_does_not_wash_off_what_ran_without_a_sandbox(make: MakeWorld) -> None:
    world = make(sandbox="off", merge_without_sandbox=False, agents=("anna",))
    world.play({"steps": BREAKS})
    world.issue()
    world.dispatch()
    world.work()
    lost(world)
    world.play({"steps": works("two.txt")})
    world.config["projects"]["main"]["repos"][0] |= {"sandbox": "required"}
    world.build()
    for _ in range(3):
        world.round()
    assert "one.txt" in world.task().attempts[0].files_changed, "what the lost run made is in it"
    assert [p["merged"] for p in world.pulls()] == [False]


def test_a_lost_run_waits_while_another_task_has_its_engineers_one_place(make: MakeWorld) -> None:
    world = make(agents=("anna",))
    world.config["agents"]["anna"]["max_parallel"] = 1
    world.build()
    world.play({"steps": BREAKS})
    world.issue()
    world.dispatch()
    world.work()
    lost(world)
    world.play({"steps": works()})
    world.issue("another one")
    world.dispatch()
    other = world.task("app-2")
    with world.services.mailbox.claim(TaskId("app-2")):  # another worker, whose agent is at work
        world.services.spend.note(other, replace(world.task().attempts[0], n=1), Usage())
        world.work()
        assert (world.place(), world.runs()) == ("processing", 1)
    world.work()
    assert world.place() == "review"
    assert [a.agent for a in world.task().attempts] == ["anna"]


def test_a_lost_run_of_an_engineer_that_was_taken_out_is_handed_to_the_next(make: MakeWorld) -> None:
    world = make()
    world.play({"steps": BREAKS})
    world.issue()
    world.dispatch()
    world.work()
    lost(world)
    del world.config["agents"]["anna"]
    world.config["agent_fallbacks"] = {t: ["ben"] for t in world.config["agent_fallbacks"]}
    world.play({"steps": works()})
    world.build()
    world.work()
    assert world.crashes() == []
    assert world.place() == "review"
    assert [a.agent for a in world.task().attempts] == ["anna", "ben"]


def test_a_program_that_cannot_be_started_is_passed_over_for_the_next_engineer(make: MakeWorld, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("no program at all\n")
    broken.chmod(0o755)
    world = make()
    world.config["agents"]["anna"] = {"adapter": "shell", "command": [str(broken)]}
    world.build()
    world.issue()
    world.dispatch()
    world.work()
    assert [(a.agent, a.failure) for a in world.task().attempts] == [
        ("anna", FailureClass.NOT_INSTALLED),
        ("ben", FailureClass.NONE),
    ]
    assert world.place() == "review"


# --- what an agent leaves


DEEP = "python3 -c \"import os; [(os.mkdir('a'), os.chdir('a')) for _ in range(2500)]\""


def test_folders_that_are_too_deep_to_name_are_removed_with_the_rest(make: MakeWorld) -> None:
    world = make(agents=("anna",))
    world.play({"steps": [{"run": f"cd $HOME && {DEEP}"}, *works()]})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    world.work()
    assert world.crashes() == []
    assert os.listdir(world.settings.runtime / "state" / "homes") == []


def test_a_workspace_with_folders_too_deep_to_name_still_comes_to_an_end(make: MakeWorld) -> None:
    world = make(agents=("anna",))
    world.play({"steps": [{"run": DEEP}, *works()]})
    world.issue()
    world.rounds(lambda: world.place() == "done", most=4)
    assert world.crashes() == []
