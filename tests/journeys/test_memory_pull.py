"""Memory where no direct commit is taken: one pull request, kept up to date, landed or left to a person."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.github import pulls
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName
from tests.hub.client import APP, Client
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works

BRANCH = "agent/memory-app"


def merged(world: World, title: str) -> str:
    """An issue goes all the way; a person merges its pull request where we may not. Its task."""
    path = f"{title.lower()}.txt"
    world.play({"steps": works(path, decisions=[f"{title} was wise"])})
    id = f"app-{world.issue(title)}"
    world.dispatch()
    world.work()
    world.ci()
    world.monitor()
    if world.place(id) != "done":
        world.admin.merge_pull(REPO, world.pull_number(id), actor="ada")
        world.monitor()
    assert world.place(id) == "done", world.crashes()
    return id


def memory_pulls(world: World) -> list[dict[str, Any]]:
    return [p for p in world.pulls() if "Remember" in p["title"]]


def number(world: World) -> int:
    """Of the newest memory pull request, as our client reads it."""
    return pulls.find(world.services.github, RepoName(REPO), BRANCH, state="all")[0].number


def test_on_a_protected_base_memory_is_one_pull_request_that_lands_when_green(make: MakeWorld) -> None:
    world = make(memory="commit")
    world.admin.protect(REPO, "main", checks=["test"], enforce_admins=True)
    merged(world, "First")
    assert len(memory_pulls(world)) == 1
    assert not world.has_file("CODEBASE.md")
    world.ci()
    world.monitor()
    world.monitor()
    assert world.shown("CODEBASE.md").count("[app-1]") == 1
    assert world.crashes() == []
    assert not world.has_branch(BRANCH)
    assert world.services.memory.pending("app") == ()
    assert len(memory_pulls(world)) == 1
    assert world.crashes() == []


def test_what_a_person_objects_to_in_the_memory_does_not_land(make: MakeWorld) -> None:
    world = make(memory="pull_request")
    merged(world, "First")
    with Client(world.hub, world.admin.token("ada")) as ada:
        objection = {"event": "REQUEST_CHANGES", "body": "not this"}
        review = ada.ok("POST", f"{APP}/pulls/{number(world)}/reviews", objection)["id"]
        for _ in range(3):
            world.ci()
            world.monitor()
        assert not world.has_file("CODEBASE.md")
        ada.ok("PUT", f"{APP}/pulls/{number(world)}/reviews/{review}/dismissals", {"message": "well then"})
    world.monitor()
    assert world.has_file("CODEBASE.md")


def test_a_memory_pull_request_is_merged_by_sha_when_green_and_not_while_red(make: MakeWorld) -> None:
    world = make(memory="pull_request")
    merged(world, "First")
    world.admin.set_ci(REPO, {"test": "false"})
    world.admin.push(REPO, "main", {"more.txt": "more\n"}, author="ada")
    world.monitor()
    world.ci()
    world.monitor()
    assert not world.has_file("CODEBASE.md")
    world.admin.set_ci(REPO, {"test": "true"})
    world.admin.push(REPO, "main", {"more.txt": "again\n"}, author="ada")
    world.monitor()
    world.ci()
    for _ in range(3):
        world.monitor()
    assert (world.shown("CODEBASE.md").count("[app-1]"), world.has_branch(BRANCH)) == (1, False)
    assert (len(memory_pulls(world)), world.services.memory.pending("app")) == (1, ())


@pytest.mark.parametrize("stop", [{"automation_mode": "dispatcher_only"}, {"merge": False}])
def test_where_merging_is_a_persons_memory_is_never_committed_to_the_base(
    make: MakeWorld, stop: dict[str, object]
) -> None:
    world = make(memory="commit", **stop)
    merged(world, "First")
    world.ci()
    world.monitor()
    assert not world.has_file("CODEBASE.md")
    assert [p["state"] for p in memory_pulls(world)] == ["open"]
    assert sum("merging is yours" in str(r.data["text"]) and "CODEBASE" in str(r.data["text"])
               for r in world.events(EventKind.ALERT)) == 1  # fmt: skip


def test_what_is_proposed_still_reaches_prompts_and_later_work_joins_the_same_pull_request(make: MakeWorld) -> None:
    world = make(memory="pull_request", merge=False)
    first = merged(world, "First")
    assert "First was wise" in world.services.memory.recall("app", "", 9_000).text
    second = merged(world, "Second")
    assert len(memory_pulls(world)) == 1
    text = world.shown("CODEBASE.md", ref=BRANCH)
    assert (text.count(f"[{first}]"), text.count(f"[{second}]")) == (1, 1)
    world.ci()
    world.admin.merge_pull(REPO, number(world), actor="ada")
    world.monitor()
    assert world.services.memory.pending("app") == ()
    assert len(memory_pulls(world)) == 1


def test_a_memory_pull_request_that_a_person_closed_is_not_opened_again(make: MakeWorld) -> None:
    world = make(memory="pull_request", merge=False)
    merged(world, "First")
    assert len(memory_pulls(world)) == 1
    world.admin.close_pull(REPO, number(world), actor="ada")
    world.monitor()
    world.monitor()
    assert [p["state"] for p in memory_pulls(world)] == ["closed"]
    assert world.services.memory.pending("app") == ()


def test_what_a_person_pushed_to_the_memory_branch_stays(make: MakeWorld) -> None:
    world = make(memory="pull_request", merge=False)
    merged(world, "First")
    theirs = world.admin.push(REPO, BRANCH, {"CODEBASE.md": "mine\n"}, author="ada")
    merged(world, "Second")
    assert world.shown("CODEBASE.md", ref=BRANCH) == "mine\n"
    assert world.admin.branches(REPO)[BRANCH] == theirs


def test_an_unreadable_fragment_of_one_repository_does_not_stop_the_memory_of_another(make: MakeWorld) -> None:
    world = make(memory="commit", checks="none", more_repos=["ada/lib"])
    world.play({"steps": works()})
    world.issue(repo="ada/lib")
    broken = world.services.memory.root / "app" / "app-9.md"
    broken.parent.mkdir(parents=True)
    broken.write_text("not a fragment\n")
    world.rounds(lambda: world.has_file("CODEBASE.md", repo="ada/lib"), most=4)
    assert any("app-9.md:1" in crash for crash in world.crashes())
