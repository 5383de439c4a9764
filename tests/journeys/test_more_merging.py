"""What may land, and what may not: exactly the judged head, brought up to date, with nobody's work overwritten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.model.event import EventKind
from orchestrator.model.task import AttemptKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.steps import published
from tests.journeys.world import FILES, REPO, World, works

NOT_BOTH = "test ! -f one.txt || test ! -f two.txt"
ONE_AND_TWO = (
    {"when": {"kind": "ci|correction", "title": "Two"}, "steps": [{"delete": "two.txt"}, *works("other.txt")]},
    {"when": {"title": "One"}, "steps": works("one.txt")},
    {"when": {"title": "Two"}, "steps": works("two.txt")},
)


def test_a_push_between_our_look_and_our_merge_is_not_merged_unseen(world: World) -> None:
    published(world)
    push: dict[str, Any] = {"name": "push", "args": [REPO, "agent/app-1", {"sneaked.txt": "in\n"}, "mallory"]}
    world.admin.collaborator(REPO, "mallory", "write")
    world.hub.faults.add({"method": "PUT", "path": "/merge$", "times": 1}, {"act": push})
    for _ in range(2):
        world.monitor()
        world.ci()
    assert not world.has_file("sneaked.txt")
    assert (world.pulls()[0]["merged"], world.place()) == (False, "review")


def test_two_green_pull_requests_that_break_each_other_do_not_both_land(make: MakeWorld) -> None:
    world = make(ci={"test": NOT_BOTH}, verify="none")
    world.play(*ONE_AND_TWO)
    world.issue("One")
    world.issue("Two")
    world.rounds(lambda: world.places() == {"done": 2})
    assert [world.has_file(f) for f in ("one.txt", "two.txt", "other.txt")] == [True, False, True]


def test_where_our_verification_is_the_gate_it_runs_again_on_the_new_base(make: MakeWorld) -> None:
    world = make(ci={}, checks="none", verify=NOT_BOTH)
    world.play(*ONE_AND_TWO)
    world.issue("One")
    world.issue("Two")
    world.rounds(lambda: world.places() == {"done": 2})
    assert [world.has_file(f) for f in ("one.txt", "two.txt", "other.txt")] == [True, False, True]


def test_a_conflict_goes_to_an_agent_with_its_paths_and_neither_side_is_dropped(world: World) -> None:
    prompt = world.tmp / "prompt"
    joined = works("calc.py", "def add(a, b):\n    return b + a + 0\n")
    world.play(
        {"when": {"kind": "ci"}, "steps": [{"keep_prompt": {"file": str(prompt)}}, *joined]},
        {"when": {"title": "One"}, "steps": works("calc.py", "def add(a, b):\n    return b + a\n")},
        {"steps": works("calc.py", "def add(a, b):\n    return a + b + 0\n")},
    )
    world.issue("One")
    world.issue("Two")
    world.rounds(lambda: world.places() == {"done": 2})
    assert "# Merge conflict" in prompt.read_text()
    assert '- "calc.py"' in prompt.read_text()
    assert world.shown("calc.py") == "def add(a, b):\n    return b + a + 0\n"


def test_a_push_by_a_person_during_a_repair_is_never_overwritten(make: MakeWorld) -> None:
    world = make(ci={"slow": "test -f good.txt"})
    published(world)
    world.monitor()
    assert world.task().next_kind is AttemptKind.CI
    world.admin.push(REPO, "agent/app-1", {"mine.txt": "by hand\n"}, author="ada")
    world.play({"steps": works("good.txt")})
    world.work()
    assert world.shown("mine.txt", "agent/app-1") == "by hand\n"
    assert world.place() == "escalated"


def test_on_a_host_that_is_not_this_machine_the_merge_is_left_to_a_person(world: World) -> None:
    elsewhere = replace(world.settings.github, api_url="https://github.example/api/v3")
    world.services = replace(world.services, settings=replace(world.settings, github=elsewhere))
    published(world)
    world.monitor()
    assert (world.place(), world.pulls()[0]["merged"]) == ("review", False)
    assert [r.data["alert"] for r in world.events(EventKind.ALERT)].count("manual_action") == 1


def test_a_pull_request_of_another_task_is_never_taken_for_ours(world: World) -> None:
    published(world)
    world.play({"steps": works("two.txt")})
    second = f"app-{world.issue('Two')}"
    world.dispatch()
    world.hub.faults.add({"method": "POST", "path": r"/pulls$", "times": 1}, {"drop": "before"})
    world.work()
    world.work()
    assert world.place(second) == "review"
    assert len({world.pull_number("app-1"), world.pull_number(second)}) == 2


def test_a_pull_request_that_cannot_be_seen_for_a_while_is_neither_finished_nor_cleaned_up(world: World) -> None:
    published(world)
    gone = {"type": "NOT_FOUND", "path": ["r0"], "message": "Could not resolve to a Repository"}
    world.hub.faults.add({"operation": "^Pulls"}, {"graphql": [gone]})
    for _ in range(2):
        world.monitor()
    assert world.has_branch("agent/app-1")
    assert (world.state(1)["state"], world.place()) == ("open", "review")


def test_an_answer_with_errors_of_githubs_own_is_no_answer(world: World) -> None:
    published(world)
    broken = {"type": "INTERNAL", "path": ["r0"], "message": "Something went wrong"}
    rule = world.hub.faults.add({"operation": "^Pulls"}, {"graphql": [broken]})
    world.monitor()
    assert any("Something went wrong" in crash for crash in world.crashes())
    world.hub.faults.remove(rule)
    world.monitor()
    assert world.place() == "done"


def test_a_board_that_answers_with_an_error_is_not_an_empty_board(world: World) -> None:
    world.issue()
    broken = {"type": "INTERNAL", "path": ["r0"], "message": "Something went wrong"}
    rule = world.hub.faults.add({"operation": "^Ready"}, {"graphql": [broken]})
    world.dispatch()
    assert any("Something went wrong" in crash for crash in world.crashes())
    world.hub.faults.remove(rule)
    world.dispatch()
    assert world.place() == "inbox"


def test_what_a_person_wrote_into_the_memory_file_stays(make: MakeWorld) -> None:
    world = make(memory="commit", files={**FILES, "CODEBASE.md": "# Ours\n\n## Recent Changes\n\nMind the gap.\n"})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    world.monitor()
    text = world.shown("CODEBASE.md")
    assert "[app-1]" in text
    assert "Mind the gap." in text
