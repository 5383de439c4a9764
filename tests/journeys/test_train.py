"""The merge train: what is ready lands together, as it was tested together, or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.proof import Report
from benchmarks.proofs import train
from orchestrator.github import pulls
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from orchestrator.model.pull import Mergeable
from orchestrator.model.train import Track
from orchestrator.operations.explain import explain
from orchestrator.state.trains import Trains
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works

BRANCH = "agent/train-app"
NOT_BOTH = "test ! -f bad.txt || test ! -f two.txt"
"""Green for each by itself, red once both are there."""


def ready(make: MakeWorld, *paths: str, ci: str = NOT_BOTH, also: dict[str, str] | None = None, **repo: Any) -> World:
    """A pull request for each path, all green, and all behind: somebody pushed to the base since. `also`: what some
    of them write into one more file."""
    more = {p: [{"write": {"path": "shared.txt", "text": t}}] for p, t in (also or {}).items()}
    settings = {"verify": "none", "max_open_pull_requests": 0, **repo}
    world = make(ci={"test": ci}, top={"max_parallel_workers": 4}, **settings)
    world.play(
        {"when": {"kind": "ci"}, "steps": [{"delete": "bad.txt"}, *works("mended.txt")]},
        *({"when": {"title": p}, "steps": [*more.get(p, []), *works(p, p)]} for p in paths),
    )
    for path in paths:
        world.issue(path)
    world.dispatch()
    world.work()
    world.ci()
    assert world.places() == {"review": len(paths)}
    moved(world, "base.txt")
    return world


def moved(world: World, path: str) -> None:
    """Somebody pushes to the base, and GitHub has computed again what can be merged."""
    world.admin.push(REPO, "main", {path: "moved on\n"})
    world.ci()
    open_ones = [(RepoName(REPO), n) for n, p in enumerated(world) if p["state"] == "open"]
    for _ in range(50):
        if all(p.mergeable is not Mergeable.UNKNOWN for p in pulls.watch(world.services.github, open_ones).values()):
            return
        world.settle(0.05)


def enumerated(world: World) -> list[tuple[int, dict[str, Any]]]:
    found = world.admin.snapshot()["repos"][REPO]["pulls"]
    return [(int(n), found[n]) for n in sorted(found, key=int)]


def steps(world: World) -> list[str]:
    return [str(r.data["step"]) for r in world.events(EventKind.TRAIN)]


def ticks(world: World, n: int) -> None:
    for _ in range(n):
        world.monitor()
        world.ci()


def drafts(world: World) -> list[dict[str, Any]]:
    return [{**p, "number": n} for n, p in enumerated(world) if str(p["title"]).startswith("Merge train")]


def test_what_is_ready_is_tested_once_and_lands_in_order_as_it_was_tested(make: MakeWorld) -> None:
    world = ready(make, "one.txt", "two.txt", "three.txt")
    ticks(world, 1)
    assert steps(world) == ["built"]
    assert [(d["draft"], d["state"]) for d in drafts(world)] == [(True, "open")]
    assert world.places() == {"review": 3}, "nothing lands before it was tested"
    draft = drafts(world)[0]["number"]
    assert explain(world.services, "app-2").why == (f"tested in a merge train of 3, draft #{draft}",)
    ticks(world, 1)
    assert steps(world) == ["built", "tested", "landed"]
    assert world.places() == {"done": 3}
    titles = [c.message.splitlines()[0] for c in world.admin.log(REPO, "main")][:3]
    numbers = [world.pull_number(f"app-{n}") for n in (1, 2, 3)]
    assert titles == [f"{p} (#{n})" for p, n in zip(("three.txt", "two.txt", "one.txt"), reversed(numbers))]
    assert (drafts(world)[0]["state"], drafts(world)[0]["merged"], world.has_branch(BRANCH)) == ("closed", False, False)
    assert not world.events(EventKind.UPDATED), "nobody was brought up to date alone"
    assert not world.events(EventKind.MERGE_TREE_DIFFERS)
    assert not world.crashes()


def test_base_runs_that_the_next_landing_cancels_are_not_taken_for_a_red_base(make: MakeWorld) -> None:
    world = ready(
        make, "one.txt", "two.txt", "three.txt", ci=f"git log -1 --format=%s | grep -q '(#' && sleep 4; {NOT_BOTH}"
    )
    ticks(world, 4)
    assert world.places() == {"done": 3}
    ends = [r[0] for r in world.admin.hub.db.tuples("SELECT conclusion FROM check_runs")]
    assert "cancelled" in ends
    assert not world.events(EventKind.REVERTED)


def test_who_breaks_the_others_is_found_and_goes_back_with_the_failed_checks_and_the_rest_lands(
    make: MakeWorld,
) -> None:
    world = ready(make, "one.txt", "two.txt", "bad.txt", "four.txt")
    ticks(world, 8)
    task = world.task("app-3")
    assert (world.place("app-3"), [c.name for c in task.failed_checks], task.conflict) == ("inbox", ["test"], True)
    assert [world.place(f"app-{n}") for n in (1, 2)] == ["done", "done"]
    assert steps(world)[:5] == ["built", "split", "split", "tested", "landed"]
    world.rounds(lambda: world.places() == {"done": 4})
    assert [world.has_file(f) for f in ("one.txt", "two.txt", "bad.txt", "four.txt")] == [True, True, False, True]
    assert not world.crashes()


def test_who_conflicts_with_those_before_is_left_out_and_has_its_turn_later(make: MakeWorld) -> None:
    world = ready(make, "one.txt", "two.txt", "clash.txt", also={"one.txt": "1\n", "clash.txt": "2\n"})
    ticks(world, 1)
    assert [r.data["members"] for r in world.events(EventKind.TRAIN)] == [[4, 5]]
    ticks(world, 5)
    assert [world.place(f"app-{n}") for n in (1, 2)] == ["done", "done"]
    assert (world.place("app-3"), world.task("app-3").conflict) == ("inbox", True)


def test_a_base_that_moves_under_the_train_has_it_built_anew(make: MakeWorld) -> None:
    world = ready(make, "one.txt", "two.txt")
    ticks(world, 1)
    moved(world, "between.txt")
    world.monitor()
    assert steps(world) == ["built", "gave up", "built"]
    assert world.places() == {"review": 2}
    world.ci()
    ticks(world, 1)
    assert world.places() == {"done": 2}
    assert [d["state"] for d in drafts(world)] == ["closed", "closed"]


def test_a_push_to_a_member_while_it_is_tested_does_not_land_with_the_train(make: MakeWorld) -> None:
    world = ready(make, "one.txt", "two.txt", "three.txt")
    ticks(world, 1)
    world.admin.push(REPO, "agent/app-2", {"sneaked.txt": "in\n"}, author="ada")
    ticks(world, 3)
    assert not world.has_file("sneaked.txt")
    assert [world.place(f"app-{n}") for n in (1, 2, 3)] == ["done", "review", "done"]


def test_a_member_that_is_not_vouched_for_any_more_does_not_land_and_the_others_do(make: MakeWorld) -> None:
    world = ready(make, "one.txt", "two.txt", "three.txt")
    ticks(world, 1)
    assert steps(world) == ["built"]
    world.admin.edit_issue(REPO, 2, body="Something else altogether.", actor="mallory")
    ticks(world, 6)
    assert [world.place(f"app-{n}") for n in (1, 2, 3)] == ["done", "review", "done"]
    assert not world.has_file("two.txt")


def test_a_person_who_closes_the_draft_has_them_land_one_by_one(make: MakeWorld) -> None:
    world = ready(make, "one.txt", "two.txt")
    ticks(world, 1)
    world.admin.close_pull(REPO, drafts(world)[0]["number"], actor="ada")
    ticks(world, 8)
    assert world.places() == {"done": 2}
    assert len(drafts(world)) == 1
    assert len(world.events(EventKind.UPDATED)) == 2


def test_where_protection_wants_branches_up_to_date_they_land_one_by_one(make: MakeWorld) -> None:
    world = ready(make, "one.txt", "two.txt")
    world.admin.protect(REPO, "main", checks=["test"], strict=True)
    ticks(world, 8)
    assert world.places() == {"done": 2}
    assert (drafts(world), steps(world)) == ([], ["one by one"])


def test_a_single_ready_pull_request_needs_no_train(make: MakeWorld) -> None:
    world = ready(make, "one.txt")
    ticks(world, 3)
    assert world.places() == {"done": 1}
    assert not steps(world)


def test_a_train_whose_tree_lands_differently_is_told_and_stopped(make: MakeWorld) -> None:
    """Between our last look and our merge somebody pushes to the base: what lands is not what was tested."""
    world = ready(make, "one.txt", "two.txt")
    ticks(world, 1)
    push: dict[str, Any] = {"name": "push", "args": [REPO, "main", {"between.txt": "x\n"}]}
    world.hub.faults.add({"method": "PUT", "path": "/merge$", "times": 1}, {"act": push})
    world.monitor()
    assert len(world.events(EventKind.MERGE_TREE_DIFFERS)) == 1
    assert [world.place(f"app-{n}") for n in (1, 2)] == ["done", "review"]
    assert [r.data["alert"] for r in world.events(EventKind.ALERT)].count("system") == 1


def test_every_lost_answer_is_looked_for_and_nothing_is_done_twice(make: MakeWorld) -> None:
    """The opening of the draft, each merge and the closing: done by GitHub, but the answer never came."""
    world = ready(make, "one.txt", "two.txt", "three.txt")
    for method, path, times in (("POST", "/pulls$", 1), ("PUT", "/merge$", 3), ("PATCH", r"/pulls/\d+$", 1)):
        world.hub.faults.add({"method": method, "path": path, "times": times}, {"drop": "after"})
    ticks(world, 8)
    landed_once(world, "one.txt", "two.txt", "three.txt")
    assert [(r.match.method, r.used) for r in world.hub.faults.rules] == [("POST", 1), ("PUT", 3), ("PATCH", 1)]


@dataclass(frozen=True, kw_only=True)
class Dying(Trains):
    """A state that is not, or just, written when its writer dies: at every second write."""

    after: bool
    first: int
    writes: list[int] = field(default_factory=list)

    def save(self, key: str, track: Track) -> None:
        self.writes.append(1)
        if len(self.writes) % 2 == self.first:
            if self.after:
                super().save(key, track)
            raise RuntimeError("killed")
        super().save(key, track)


@pytest.mark.parametrize(("after", "first"), [(False, 1), (True, 1), (True, 0)])
def test_a_death_at_any_step_repeats_nothing(make: MakeWorld, after: bool, first: int) -> None:
    world = ready(make, "one.txt", "two.txt", "three.txt")
    dying = Dying(root=world.services.trains.root, after=after, first=first)
    world.services = replace(world.services, trains=dying)
    ticks(world, 20)
    assert len(dying.writes) >= 8
    landed_once(world, "one.txt", "two.txt", "three.txt")


def landed_once(world: World, *paths: str) -> None:
    assert world.places() == {"done": len(paths)}
    merged = [c.message.splitlines()[0] for c in world.admin.log(REPO, "main")]
    assert [t.split(" ")[0] for t in merged if t.startswith(paths)] == list(reversed(paths))
    assert not world.events(EventKind.MERGE_TREE_DIFFERS)
    assert [d["state"] for d in drafts(world)] == ["closed"]
    assert not world.has_branch(BRANCH)


def test_the_state_of_a_train_can_be_read_and_is_cleared(make: MakeWorld) -> None:
    world = ready(make, "one.txt", "two.txt")
    ticks(world, 1)
    file = world.settings.runtime / "state" / "trains" / "app.json"
    assert [m["task"] for m in json.loads(file.read_text())["train"]["members"]] == ["app-1", "app-2"]
    ticks(world, 1)
    assert json.loads(file.read_text())["train"] is None


def test_the_short_form_of_the_proof_main_is_never_red_and_the_culprit_is_found_by_halving(tmp_path: Path) -> None:
    seen = train.ride(tmp_path / "train", 4, 3, batch=4)
    report = Report()
    train.judge(report, seen, 4)
    report.hold("splits", seen.splits, at_most=2)
    assert report.failures == []
    assert (seen.trains, seen.runs) == (1, 4), "the train, two halves, and the last one alone"
