"""What an adversarial reading found: deaths, outages and lags between two of our lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator.github import pulls
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.pull import Mergeable
from orchestrator.model.task import Folder, Phase
from orchestrator.pipeline import shepherd
from orchestrator.state.alerts import Outbox
from tests.journeys.conftest import MakeWorld
from tests.journeys.steps import alerts, published
from tests.journeys.world import REPO, World, says, works

BLOCKED = says("blocked", "missing_credentials")


def behind(make: MakeWorld) -> World:
    """A published pull request whose base moved on."""
    world = published(make())
    world.admin.push(REPO, "main", {"theirs.txt": "theirs\n"}, author="ada", message="theirs")
    world.ci()
    return world


def brought_up_to_date(world: World) -> str:
    first = world.task().pushed_sha
    for _ in range(3):
        if world.task().pushed_sha == first:
            world.monitor()
    now = world.task().pushed_sha
    assert now is not None
    assert now != first
    return now


def test_a_death_after_the_push_of_an_update_is_no_strangers_commit(make: MakeWorld) -> None:
    world = behind(make)
    before = world.services.mailbox.path(TaskId("app-1"), Folder.REVIEW).read_bytes()
    updated = brought_up_to_date(world)
    # As a death between the push and the next save leaves it: the branch moved, the file did not.
    world.services.mailbox.path(TaskId("app-1"), Folder.REVIEW).write_bytes(before)
    assert world.task().pushed_sha != updated
    world.ci()
    for _ in range(2):
        world.monitor()
        world.ci()
    assert world.place() == "done"
    assert alerts(world, "manual_action") == []


def test_a_merge_whose_answer_was_lost_is_compared_all_the_same(world: World) -> None:
    published(world)
    world.hub.faults.add({"method": "PUT", "path": "/merge$", "times": 1}, {"status": 502, "when": "after"})
    for _ in range(2):
        world.monitor()
    assert world.place() == "done"
    assert [r.data["by"] for r in world.events(EventKind.MERGED)] == ["agent-os"]
    assert world.services.effects.of("app-1").result(f"compared:{world.task().merge_sha}") is not None


def test_an_outage_of_the_git_host_is_no_death_of_a_worker(world: World) -> None:
    world.issue()
    world.dispatch()
    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        claim = world.services.mailbox.move(claim, claim.task, Folder.PROCESSING)
    world.play({"steps": works()})
    lost_run(world)
    rule = world.hub.faults.add({"path": r"\.git/"}, {"status": 503})
    for _ in range(5):
        world.work()
    assert world.place() == "processing"
    world.hub.faults.remove(rule)
    world.work()
    assert (world.place(), world.task().recoveries) == ("review", 1)


def lost_run(world: World) -> None:
    """The task as a worker leaves it that was killed while its agent ran."""
    from orchestrator.model.task import Attempt, Session

    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        run = Attempt(n=1, agent="anna", started=claim.task.created, session=Session(workspace=str(world.tmp / "no")))
        world.services.mailbox.save(claim, replace(claim.task, attempts=(run,), attempt=1, phase=Phase.RUNNING))


def test_our_own_push_that_github_does_not_show_yet_is_no_strangers_commit(make: MakeWorld) -> None:
    world = behind(make)
    brought_up_to_date(world)
    repair = world.task()
    stale = world.services.repository(world.services.repo(repair)).parent(repair.pushed_sha)  # type: ignore[arg-type]
    assert stale is not None
    seen = pulls.watch(world.services.github, [(repair.repo, world.pull_number())])[repair.repo, world.pull_number()]
    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        shepherd.look(world.services, claim, replace(seen, head_sha=stale), turn=True)
    assert alerts(world, "manual_action") == []


def test_an_alert_whose_file_was_torn_by_a_kill_is_told_by_the_next_try(tmp_path: Path) -> None:
    outbox = Outbox(root=tmp_path)
    outbox.add("one", "text")
    name = next((tmp_path / "pending").glob("*.json")).name
    (tmp_path / "pending" / name).write_text("")
    assert outbox.pending() == ()
    assert outbox.add("one", "text") is True
    assert [w.text for w in outbox.pending()] == ["text"]


def test_a_branch_that_holds_its_base_already_is_not_brought_up_to_date_again(world: World) -> None:
    published(world)
    before = world.task()
    seen = pulls.watch(world.services.github, [(before.repo, world.pull_number())])[before.repo, world.pull_number()]
    with world.services.mailbox.claim(TaskId("app-1")) as claim:
        assert claim is not None
        shepherd.look(world.services, claim, replace(seen, behind=True, mergeable=Mergeable.YES), turn=True)
    assert world.task().pushed_sha == before.pushed_sha


def test_a_repair_of_what_fails_on_the_new_base_is_judged_on_that_base(make: MakeWorld) -> None:
    world = make(ci={}, checks="none", verify="test ! -f one.txt || test ! -f two.txt")
    world.play({"steps": works("one.txt")})
    published(world)
    world.admin.push(REPO, "main", {"two.txt": "two\n"}, author="ada", message="two")
    for _ in range(3):
        world.monitor()
    assert world.place() == "inbox"
    world.play({"steps": works("useless.txt")})
    world.work()
    assert (world.place(), world.pulls()[0]["merged"]) == ("escalated", False)
