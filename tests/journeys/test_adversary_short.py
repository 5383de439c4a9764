"""The short form of `bin/prove adversary`, and what it found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.adversary import acts
from benchmarks.proof import Report
from benchmarks.proofs import adversary
from orchestrator.hub.rules import opening
from orchestrator.hub.store import checks, pulls
from orchestrator.hub.store.users import ACTIONS_APP_ID
from orchestrator.model.event import EventKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import BOT, REPO, works

SHORT = (adversary.SEED, adversary.SEED + 1, 20_261_142, 20_261_184)
"""Schedules in the gate; the proof plays 500. What they once found (a merge that names no head, heads that are not
compared, words carried over to another change) has a planted defect and a story of its own each."""


def test_no_schedule_lands_what_was_not_judged_and_every_wrong_tree_is_told() -> None:
    with adversary.scratch_folder() as scratch:
        played = adversary.schedules(Path(scratch), SHORT)
    report = Report()
    adversary.judge(report, played)
    assert report.failures == []
    assert sum(p.finding.merges for p in played) >= len(SHORT), "the adversary does not just stop everything"
    assert {kind for p in played for kind, _ in p.acts} & {"push to the branch", "check forged", *acts.WIRE}


@pytest.mark.parametrize("forged", ["status", "app"])
def test_a_forged_check_is_not_the_required_one_though_our_account_could_pass_protection_by(
    make: MakeWorld, forged: str
) -> None:
    world = make()
    app = world.admin.app("forger-ci", installations=["ada"])
    world.admin.protect(REPO, "main", checks=[{"context": "test", "app_id": ACTIONS_APP_ID}])
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    repo, head = world.admin.repository(REPO).id, world.admin.find_pull(REPO, world.pull_number()).head_sha
    world.hub.db.run("DELETE FROM check_runs WHERE head_sha=?", head)
    if forged == "app":
        checks.add_run(world.hub.db, repo, app.id, head, "test", status="completed", conclusion="success")
    else:
        checks.add_status(world.hub.db, repo, head, world.admin.account(BOT).id, "success", "test")
    world.monitor()
    assert world.place() == "review"
    checks.add_run(world.hub.db, repo, ACTIONS_APP_ID, head, "test", status="completed", conclusion="success")
    world.monitor()
    assert world.place() == "done"
    assert not world.crashes()


def test_who_points_it_elsewhere_in_the_instant_of_our_merge_has_it_told_that_it_is_not_on_the_base(
    make: MakeWorld,
) -> None:
    """GitHub compares the head that a merge names; no merge can name its base."""
    world = make()
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    world.admin.push(REPO, "other", {"other.txt": "x\n"})

    def retarget() -> None:
        repo = world.admin.repository(REPO)
        pull = world.admin.find_pull(REPO, world.pull_number())
        opening.edit_pull(world.hub, world.admin.viewer(repo, "ada"), repo, pull, base="other")

    world.hub.faults.add({"method": "PUT", "path": "/merge$", "times": 1}, {"act": retarget})
    world.monitor()
    assert (world.has_file("new.txt", "other"), world.has_file("new.txt")) == (True, False)
    assert len(world.events(EventKind.MERGE_TREE_DIFFERS)) == 1
    told = [str(r.data["text"]) for r in world.events(EventKind.ALERT) if r.data["alert"] == "system"]
    assert len(told) == 1
    assert told[0].endswith("is not on main.")


def test_a_push_that_ends_in_a_server_error_is_no_crash_of_the_task(make: MakeWorld) -> None:
    world = make()
    world.issue()
    world.dispatch()
    world.hub.faults.add({"path": "git-receive-pack$", "times": 1}, {"status": 502})
    world.work()
    assert [c.split(":")[0] for c in world.crashes()] == ["GitUnreachable"]
    world.rounds(lambda: world.place() == "done")


def test_what_a_person_says_while_an_older_one_is_brought_up_to_date_is_heard_before_the_next_merge(
    make: MakeWorld,
) -> None:
    world = make(merge_batch=1)
    world.play(*({"when": {"title": t}, "steps": works(f"{t}.txt")} for t in ("older", "younger")))
    for title in ("older", "younger"):
        world.issue(title)
    world.dispatch()
    world.work()
    world.ci()
    older, younger = (world.admin.find_pull(REPO, world.pull_number(f"app-{n}")) for n in (1, 2))
    pulls.update(world.hub.db, older.id, draft=1)
    world.admin.push(REPO, "main", {"moved.txt": "on\n"})
    world.monitor()  # told to be behind a draft, which only a person moves
    world.monitor()
    world.ci()
    assert len(world.events(EventKind.UPDATED)) == 1, "the younger one is up to date"
    pulls.update(world.hub.db, older.id, draft=0)
    for number in (older.number, younger.number):
        fresh = world.admin.find_pull(REPO, number)
        assert world.hub.mergeability.settled(world.admin.repository(REPO), fresh).mergeable
    refuse: dict[str, Any] = {"name": "review", "args": [REPO, younger.number, "REQUEST_CHANGES", "not this"]}
    world.hub.faults.add({"path": "git-receive-pack$", "times": 1}, {"act": refuse})
    world.monitor()
    assert len(world.events(EventKind.UPDATED)) == 2
    assert not world.has_file("younger.txt")
