"""After a merge of ours: the base is watched, a revert proposed, and what grew too large is filed once."""

from __future__ import annotations

import shutil

import pytest

from orchestrator.cli import ticking
from orchestrator.model.event import EventKind
from orchestrator.state.grown import Grown
from orchestrator.state.watched import Landing
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works

BREAKS = {"test": "sh check.sh", "base": "! git log -1 --format=%s | grep -q '(#'"}
"""A job that fails of what was squashed onto the base, and of nothing before it."""


def merged(world: World, id: str = "app-1") -> None:
    world.rounds(lambda: world.place(id) == "done")
    world.ci()


def test_a_base_that_went_red_after_our_merge_is_told_once(make: MakeWorld) -> None:
    world = make(ci=BREAKS)
    world.issue()
    merged(world)
    world.monitor()
    world.monitor()
    events = world.events(EventKind.REVERTED)
    assert [(e.data["pull"], e.data["revert"]) for e in events] == [(world.pull_number(), 0)]
    assert world.services.landings.all() == ()


def test_auto_revert_opens_a_pull_request_that_takes_exactly_the_merge_back(make: MakeWorld) -> None:
    world = make(ci=BREAKS, auto_revert=True)
    world.issue()
    merged(world)
    world.admin.push(REPO, "main", {"later.txt": "by a person\n"})
    world.ci()
    world.monitor()
    revert = int(str(world.events(EventKind.REVERTED)[0].data["revert"]))
    assert revert > 0
    world.admin.merge_pull(REPO, revert)
    assert world.admin.show(REPO, "main", "later.txt") == "by a person\n"
    with pytest.raises(KeyError):
        world.admin.show(REPO, "main", "new.txt")


@pytest.mark.parametrize("taken_back", [True, False])
def test_nothing_is_proposed_where_a_person_was_first_or_works_alone(make: MakeWorld, taken_back: bool) -> None:
    world = make(ci=BREAKS | {"base": f"sleep 1; {BREAKS['base']}"}, auto_revert=True)
    world.issue()
    world.rounds(lambda: world.place() == "done")
    world.ci()
    assert world.events(EventKind.REVERTED) == []
    if taken_back:
        world.admin.push(REPO, "main", {"new.txt": None})
    else:
        world.config["projects"]["main"]["repos"][0]["automation_mode"] = "dispatcher_only"
        world.build()
    world.monitor()
    assert [e.data["revert"] for e in world.events(EventKind.REVERTED)] == [0]
    assert len(world.pulls()) == 1


def test_a_base_that_was_red_before_is_not_our_merges_fault(make: MakeWorld) -> None:
    world = make(ci=BREAKS)
    world.issue()
    merged(world)
    world.monitor()
    world.play({"steps": works("two.txt")})
    second = world.issue("Two")
    merged(world, f"app-{second}")
    world.monitor()
    assert [e.data["task_id"] for e in world.events(EventKind.REVERTED)] == ["app-1"]


def test_a_merge_that_cannot_be_seen_stops_no_other_and_is_given_up(make: MakeWorld) -> None:
    world = make(ci=BREAKS)
    gone, wrong = (
        Landing(sha=sha * 40, repo=REPO, task="app-9", base="main", pull=9, title="Nine", at=at)
        for sha, at in (("f", "2020-01-01T00:00:00Z"), ("e", "1 no time"))
    )
    for landing in (gone, wrong):
        world.services.landings.add(landing)
    world.issue()
    merged(world)
    world.monitor()
    assert [e.data["task_id"] for e in world.events(EventKind.REVERTED)] == ["app-1"]
    assert world.services.landings.all() == (wrong,)


def test_a_green_base_is_watched_no_longer(make: MakeWorld) -> None:
    world = make()
    world.issue()
    merged(world)
    world.monitor()
    assert world.services.landings.all() == ()


def follow_ups(world: World) -> dict[int, str]:
    """What the groomer filed of what merges left too long, by number."""
    ticking.once(world.services, "groomer")
    return {int(str(r.data["issue"])): str(r.data["title"]) for r in world.events(EventKind.FILED)}


def test_a_file_that_a_merge_brought_above_the_limit_becomes_one_follow_up_issue(make: MakeWorld) -> None:
    world = make(gate={"base_tests": False, "module_lines": 10}, groomer_cadence_days=0)
    notes = {"write": {"path": "notes.md", "text": "word\n" * 11}}  # only source files are split
    world.play({"steps": [notes, *works("big.py", "x = 1\n" * 11)]})
    world.issue()
    merged(world)
    ((number, title),) = follow_ups(world).items()
    assert title == "Split big.py: it has 11 lines"
    world.play({"steps": works("big.py", "x = 1\n" * 12)})
    second = world.issue("More of it")
    merged(world, f"app-{second}")
    assert list(follow_ups(world)) == [number]
    body = world.admin.find_issue(REPO, number).body or ""
    assert f"`file:{world.task('app-1').merge_sha}:big.py`" in body
    assert world.column(number) == "Backlog"
    assert world.place(f"app-{number}") == "nowhere", "a follow-up waits for a person's or the planner's Ready"


def test_follow_ups_keep_to_the_days_cap_and_the_rest_waits(make: MakeWorld) -> None:
    world = make(gate={"base_tests": False, "module_lines": 10}, groomer_cadence_days=0, new_issues_per_day=2)
    files = [{"write": {"path": f"part{n}.py", "text": "x = 1\n" * 11}} for n in range(3)]
    world.play({"steps": [*files, *works()]})
    world.issue()
    merged(world)
    assert len(follow_ups(world)) == 2
    assert len(follow_ups(world)) == 2, "the day is full"
    world.clock.advance(25 * 3600)
    assert sorted(follow_ups(world).values()) == [f"Split part{n}.py: it has 11 lines" for n in range(3)]
    assert Grown(root=world.settings.runtime / "state").of("app") == ()


def test_a_file_that_grows_again_while_its_issue_is_open_or_after_our_notes_were_lost_is_not_filed_again(
    make: MakeWorld,
) -> None:
    world = make(gate={"base_tests": False, "module_lines": 10}, groomer_cadence_days=0)
    world.play({"steps": works("big.py", "x = 1\n" * 11)})
    world.issue()
    merged(world)
    first = follow_ups(world)
    for name in ("filed", "effects"):
        shutil.rmtree(world.settings.runtime / "state" / name)
    for n, lines in enumerate((5, 12)):
        world.play({"steps": works("big.py", "x = 1\n" * lines)})
        number = world.issue(f"Change {n}")
        merged(world, f"app-{number}")
    assert follow_ups(world) == first


def test_where_a_person_works_nothing_is_filed_by_us(make: MakeWorld) -> None:
    world = make(gate={"base_tests": False, "module_lines": 0}, groomer_cadence_days=0)
    world.play({"steps": works("big.py", "x = 1\n" * 2000)})
    world.issue()
    world.config["projects"]["main"]["repos"][0]["gate"] = {
        "base_tests": False,
        "module_lines": 0,
        "max_module_lines": 0,
    }
    world.build()
    merged(world)
    assert follow_ups(world) == {}
