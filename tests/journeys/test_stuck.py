"""What nobody will move is found, listed and told once; the home page knows of everything that is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestrator import operations
from orchestrator.cli import ticking
from orchestrator.model.event import EventKind
from orchestrator.model.standing import Who
from orchestrator.model.task import Folder, Phase
from orchestrator.model.times import parse, stamp
from orchestrator.operations import cards, explain, stuck, switch
from orchestrator.state.switches import Scope, Switch
from tests.journeys.conftest import MakeWorld
from tests.journeys.test_steering import begun
from tests.journeys.world import REPO, World, says, works

HOUR = 3600


def later(world: World, seconds: int) -> None:
    assert world.clock.file is not None
    world.clock.file.write_text(f"{int(world.clock.file.read_text()) + seconds}\n")


def found(world: World) -> dict[str, str]:
    return {card.subject: card.standing.stuck for card in stuck.stuck(world.services)}


def put(world: World, folder: Folder, phase: Phase) -> None:
    with world.services.mailbox.claim(world.task().id) as claim:
        assert claim is not None
        world.services.mailbox.move(claim, replace(claim.task, phase=phase), folder)


def test_a_task_that_no_role_takes_up_is_told_once_per_state(make: MakeWorld) -> None:
    world = begun(make, {"steps": works()})
    put(world, Folder.REVIEW, Phase.QUEUED)
    assert found(world) == {"task:app-1": "no role and no person takes it up where it stands"}
    for _ in range(3):
        stuck.tell(world.services)
        later(world, 2 * HOUR)
    told = [e for e in world.events(EventKind.ALERT) if str(e.data["subject"]) == "stuck:task:app-1"]
    assert len(told) == len([e for e in world.events(EventKind.STUCK) if e.data["subject"] == "task:app-1"]) == 1
    assert "no role and no person" in str(told[0].data["text"])


def test_a_queue_that_does_not_tick_is_found_by_what_waits_for_it_and_not_while_it_is_off(make: MakeWorld) -> None:
    world = begun(make, {"steps": works()})
    world.services.switches.put(Switch(scope=Scope.REPO, name="app"))
    ticking.once(world.services, "queue")
    world.services.switches.take(Scope.REPO, "app")
    assert found(world) == {}
    later(world, HOUR)
    world.dispatch()
    ticking.once(world.services, "pr_monitor")
    assert set(found(world)) == {"task:app-1", "role:queue"}
    switch.turn(world.services, on=False, what="queue", person="ada")
    assert found(world) == {}
    home = cards.home(world.services)
    assert [c.standing.action.split(" by ")[0] for c in home.columns[Who.WAITING]] == ["role queue is switched off"]
    assert "role queue is switched off by ada" in home.off[0]


def test_checks_that_never_come_are_found(make: MakeWorld) -> None:
    world = begun(make, {"steps": works()}, ci={"test": "sleep 600"})
    world.work()
    world.monitor()
    assert [c.subject for c in cards.home(world.services).columns[Who.CI]] == ["task:app-1"]
    assert "task:app-1" not in found(world)
    later(world, 7 * HOUR)
    world.dispatch()
    assert "checks are running" in found(world)["task:app-1"]


def test_home_has_what_waits_for_a_person_and_counts_what_is_done_today(make: MakeWorld) -> None:
    world = make(agents=("anna",))
    world.play({"when": {"title": "bad"}, "steps": says("blocked", "missing_context")}, {"steps": works()})
    world.issue()
    world.issue("bad")
    world.rounds(lambda: world.place("app-1") == "done" and world.place("app-2") in ("blocked", "escalated"))
    (world.services.mailbox.root / "corrupt").mkdir(exist_ok=True)
    (world.services.mailbox.root / "corrupt" / "odd.md").write_text("nonsense")
    home = cards.home(world.services)
    assert (home.done_today, list(home.columns)) == (1, list(Who))
    mine = {c.subject: c.standing for c in home.columns[Who.YOU] if not c.subject.startswith("role:")}
    assert set(mine) == {"task:app-2", "task:odd"}
    assert "agent-os task retry app-2" in mine["task:app-2"].action
    assert mine["task:app-2"].deadline > stamp(world.services.now() + timedelta(hours=70))
    assert not any(s.stuck for s in mine.values())
    later(world, 24 * HOUR)
    assert cards.home(world.services).done_today == 0


def test_explain_ends_with_what_must_happen_next_who_must_do_it_and_by_when(make: MakeWorld) -> None:
    world = begun(make, {"steps": works()})
    ready, idle = world.issue("Second"), world.issue("Third", ready=False)
    told = explain.explain(world.services, "app-1").standing
    assert told is not None
    assert (told.who, told.action) == (Who.WAITING, "a worker takes it up")
    assert parse(told.deadline) - world.services.now() <= timedelta(minutes=3)
    nobody = explain.explain(world.services, f"{REPO}#{idle}").standing
    assert nobody is not None
    assert nobody.who is Who.YOU
    world.services.cooldowns.set("anna", stamp(world.services.now() + timedelta(hours=1)))
    assert "anna" in explain.explain(world.services, "app-1").why[0]
    switch.turn(world.services, on=False, what="app", person="ada", why="holiday")
    for subject in ("app-1", f"{REPO}#{ready}"):
        off = explain.explain(world.services, subject)
        assert "holiday" in off.why[0]
        assert off.moves == ("a person switches it on: `agent-os on app`",)
        assert off.standing is not None
        assert off.standing.who is Who.WAITING
    assert "holiday" in operations.status(world.services).off[0]


def test_a_ready_issue_that_is_left_alone_is_an_open_item_until_the_board_says_otherwise(make: MakeWorld) -> None:
    world = begun(make, {"steps": works()})
    waits = world.issue("Waits", "Depends on #1")
    world.admin.user("eve")
    strange = world.issue("By nobody\u202e", author="eve")
    world.admin.set_status(REPO, strange, "Ready", actor="eve")
    world.dispatch()
    first = {c.subject: c for c in cards.every(world.services) if c.subject.startswith("issue:")}
    mine, other = first[f"issue:{REPO}#{waits}"], first[f"issue:{REPO}#{strange}"]
    assert (mine.standing.who, other.standing.who) == (Who.WAITING, Who.YOU)
    assert "#1" in mine.standing.action
    assert f"agent-os explain {REPO}#{strange}" in other.standing.action
    assert "\u202e" not in other.title
    later(world, 73 * HOUR)
    world.dispatch()
    assert f"issue:{REPO}#{waits}" in found(world), "a reminder is due: it is left alone since three days"
    world.admin.set_status(REPO, waits, "Backlog", actor="ada")
    world.dispatch()
    assert [c.issue for c in cards.every(world.services) if c.subject.startswith("issue:")] == [strange]
    switch.turn(world.services, on=False, what="app", person="ada")
    assert not [c for c in cards.every(world.services) if c.subject.startswith("issue:")]
