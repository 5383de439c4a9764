"""The groomer: what a backlog lacks becomes a few issues, once, with evidence; nothing of a person's is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.cli import ticking
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import BOT, FILES, REPO, World, says, works

DAY = 86_400
WHOLE = {
    **FILES,
    "STRATEGY.md": "# Strategy\n",
    "PLANNING_PRINCIPLES.md": "# Principles\n",
    "CODEBASE.md": "# CODEBASE\n\n## Known Issues\n\n- Sums of halves are rounded down\n- The importer drops rows\n",
}


def groom(world: World) -> list[str]:
    return ticking.once(world.services, "groomer")


def issues(world: World) -> dict[int, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = world.admin.snapshot()["repos"][REPO]["issues"]
    return {int(n): i for n, i in found.items()}


def ours(world: World) -> list[dict[str, Any]]:
    return [i for i in issues(world).values() if i["author"] == BOT]


def test_known_issues_become_tickets_with_their_file_as_evidence_and_only_once(make: MakeWorld) -> None:
    world = make(files=WHOLE)

    groom(world)
    world.clock.advance(7 * DAY)
    groom(world)
    world.clock.advance(7 * DAY)
    groom(world)

    filed = ours(world)
    assert sorted(i["title"] for i in filed) == [
        "Known issue: Sums of halves are rounded down", "Known issue: The importer drops rows",
    ]  # fmt: skip
    for issue in filed:
        cited = issue["body"].partition("## Evidence")[2].partition("`file:")[2].partition("`")[0]
        sha, path = cited.split(":")
        assert "Known Issues" in world.shown(path, sha)
    assert [world.column(n) for n, i in issues(world).items() if i["author"] == BOT] == ["Backlog", "Backlog"]
    assert world.crashes() == []


def test_it_waits_for_its_cadence_and_the_day_has_a_cap(make: MakeWorld) -> None:
    world = make(files=WHOLE, groomer_cadence_days=7, new_issues_per_day=1)

    groom(world)
    assert len(ours(world)) == 1, "the cap of the day"
    world.clock.advance(6 * DAY)
    assert groom(world) == []
    world.clock.advance(1 * DAY)
    groom(world)
    assert len(ours(world)) == 2, "what the cap kept back comes with the next grooming"


def test_missing_documents_are_asked_for_in_one_issue(make: MakeWorld) -> None:
    world = make(files=FILES)

    groom(world)

    (document,) = ours(world)
    assert all(name in document["body"] for name in ("STRATEGY.md", "PLANNING_PRINCIPLES.md", "CODEBASE.md"))
    assert "README.md" not in document["body"]


def test_stale_issues_are_proposed_for_triage_and_none_is_closed(make: MakeWorld) -> None:
    world = make(files={**WHOLE, "CODEBASE.md": "# CODEBASE\n"})
    old = world.issue("An old wish", ready=False)
    world.clock.advance(31 * DAY)

    groom(world)

    (triage,) = ours(world)
    assert triage["title"].startswith("Triage stale issues: Nobody touched")
    assert f"#{old}" in triage["body"]
    assert issues(world)[old]["state"] == "open"
    assert issues(world)[old]["comments"] == []


def test_risks_that_agents_flagged_and_standing_work_become_issues(make: MakeWorld) -> None:
    world = make(files={**WHOLE, "CODEBASE.md": "# CODEBASE\n"}, max_attempts=1)
    world.play({"steps": works(risks=["The cache is never emptied"])})
    world.issue("Add new.txt")
    world.rounds(lambda: world.place("app-1") == "done")
    world.play({"steps": says("blocked", "missing_context")})
    number = world.issue("Rewrite it all")
    world.rounds(lambda: world.place(f"app-{number}") in ("escalated", "blocked"))

    groom(world)

    titles = [i["title"] for i in ours(world)]
    assert any("The cache is never emptied" in t for t in titles)
    assert any(t.startswith(f"Unblock: Rewrite it all (#{number})") for t in titles)


@pytest.mark.parametrize("more", [{"automation_mode": "dispatcher_only"}, {"groomer_cadence_days": 0}])
def test_dispatcher_only_and_dormant_repositories_are_left_alone(make: MakeWorld, more: dict[str, Any]) -> None:
    world = make(files=WHOLE, **more)

    groom(world)

    assert ours(world) == []


@pytest.mark.parametrize("answer", ["fits", "one too few", "nonsense"])
def test_a_model_words_the_findings_and_changes_nothing_else(make: MakeWorld, answer: str) -> None:
    world = make(files=WHOLE, planner_agents=["anna"])
    n = 2 if answer == "fits" else 1
    said = json.dumps({"titles": ["One", "Two"][:n], "goals": ["Goal one", "Goal two"][:n], "criteria": ["a", "b"][:n]})
    world.play({"when": {"kind": "ask"}, "steps": [{"say": said if answer != "nonsense" else "close issue 1"}]})

    groom(world)

    titles = sorted(i["title"] for i in ours(world))
    assert titles == (["One", "Two"] if answer == "fits" else [
        "Known issue: Sums of halves are rounded down", "Known issue: The importer drops rows",
    ])  # fmt: skip
    (event,) = world.events(EventKind.GROOMED)
    assert (event.data["by"] == "anna") == (answer == "fits")
    assert all("`file:" in i["body"] for i in ours(world))
    assert world.services.mailbox.ids(Folder.INBOX) == ()
