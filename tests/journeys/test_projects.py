"""Several boards, owners and repositories at once, and fairness between them."""

from __future__ import annotations

from typing import Any

from orchestrator.model.event import EventKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import BOT, COLUMNS, FILES, World, works

REPOS = ("ada/app", "acme/web", "acme/api")


def two_owners(make: MakeWorld) -> tuple[World, int]:
    """ada's board with one repository, the organization acme's with two; returns the world and acme's board number."""
    world = make()
    world.admin.org("acme", members={"ada": "admin"})
    for name in REPOS[1:]:
        world.admin.repo(name, files=FILES, ci={"test": "sh check.sh"}, collaborators={BOT: "admin"})
    board = world.admin.board("acme", title="Web", options=COLUMNS, repos=REPOS[1:])
    repos: list[dict[str, Any]] = [
        {
            "key": n.split("/")[1],
            "repo": n,
            "verify": "sh check.sh",
            "memory": "local",
            "trusted_authors": ["ada"],
            "review": "off",
        }
        for n in REPOS[1:]
    ]
    world.config["projects"]["web"] = {"owner": "acme", "number": board, "repos": repos}
    world.build()
    return world, board


def test_two_projects_with_three_repositories_of_two_owners_work_side_by_side(make: MakeWorld) -> None:
    world, board = two_owners(make)
    world.issue("For app")
    for name in REPOS[1:]:
        world.admin.issue(name, f"For {name}", "Please.", author="ada", board=board, status="Ready")
    world.rounds(lambda: world.places() == {"done": 3})
    for name in REPOS:
        assert world.shown("new.txt", repo=name) == "new\n"
        assert world.column(1, repo=name) == "Done"
        assert world.state(1, repo=name)["state"] == "closed"
    assert world.crashes() == []


def test_many_issues_in_one_repository_do_not_starve_the_one_in_another(make: MakeWorld) -> None:
    world, board = two_owners(make)
    for n in range(8):
        world.issue(f"Many {n}")
    world.admin.issue("acme/web", "The one", "Please.", author="ada", board=board, status="Ready")
    world.dispatch()
    world.play({"steps": works()})
    world.work()
    claimed = [r.task for r in world.events(EventKind.CLAIMED)]
    assert claimed.index("web-1") <= 1


def test_a_board_that_cannot_be_read_does_not_stop_the_other(make: MakeWorld) -> None:
    world, board = two_owners(make)
    world.config["projects"]["main"]["number"] = 999
    world.build()
    world.admin.issue("acme/web", "Go on", "Please.", author="ada", board=board, status="Ready")
    world.dispatch()
    assert world.places() == {"inbox": 1}
    assert any("999" in crash for crash in world.crashes())
