"""Defects of the program this one descends from (ORIGIN, section 5), each as a story that must not happen again."""

from __future__ import annotations

import json

from orchestrator.model.event import EventKind
from orchestrator.model.result import BlockerCode, Status
from orchestrator.model.task import AttemptKind, Folder
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, says, works

PASSES_HERE_FAILS_THERE = {"test": "sh check.sh", "slow": "test ! -f bad.txt"}


def test_d1_failing_verification_never_becomes_a_pull_request_whatever_was_edited(make: MakeWorld) -> None:
    world = make(verify="test ! -f bad.txt")
    world.play({"steps": works("bad.txt")})
    world.issue()
    for _ in range(3):
        world.round()
    assert world.pulls() == []
    assert world.place() == "escalated"
    assert {a.blocker_code for a in world.task().attempts} == {BlockerCode.TEST_FAILURE}
    corrections = [a for a in world.task().attempts if a.kind is AttemptKind.CORRECTION]
    assert len(corrections) == 3


def test_d1_blocked_work_with_edits_is_kept_but_never_flipped_to_complete(world: World) -> None:
    world.play({"steps": [{"write": {"path": "half.txt", "text": "x"}}, *says("blocked", "missing_context")]})
    world.issue()
    world.round()
    assert world.pulls() == []
    assert all(a.status is Status.BLOCKED for a in world.task().attempts)
    assert world.task().candidate_sha is not None


def test_d2_complete_without_a_pull_request_closes_nothing(world: World) -> None:
    world.play({"steps": says("complete", "none")})
    number = world.issue()
    for _ in range(4):
        world.round()
    issue = world.state(number)
    assert (issue["state"], world.place()) == ("open", "escalated")
    assert {a.blocker_code for a in world.task().attempts} == {BlockerCode.NO_DIFF_PRODUCED}


def test_d2_an_api_error_while_opening_the_pull_request_is_no_success(world: World) -> None:
    number = world.issue()
    world.dispatch()
    world.hub.faults.add({"method": "POST", "path": r"/pulls$"}, {"status": 500})
    world.work()
    world.monitor()
    assert (world.place(), world.state(number)["state"]) == ("processing", "open")
    assert world.column(number) == "In Progress"


def test_d2_the_pull_request_goes_to_the_base_that_the_issue_names(world: World) -> None:
    world.admin.push(REPO, "release", {"r.txt": "r\n"}, author="ada", message="release")
    world.issue(body="## Base Branch\n\nrelease")
    world.dispatch()
    world.work()
    assert world.pulls()[0]["base"] == "release"


def test_d3_a_follow_up_goes_on_from_the_commits_of_its_parent(world: World) -> None:
    world.play(
        {
            "when": {"agent": "anna"},
            "steps": [{"write": {"path": "half.txt", "text": "1"}}, *says("partial", "missing_context")],
        },
        {"when": {"agent": "ben"}, "steps": works("rest.txt", "2")},
    )
    world.issue()
    world.dispatch()
    world.work()
    assert world.place() == "review"
    assert (world.shown("half.txt", "agent/app-1"), world.shown("rest.txt", "agent/app-1")) == ("1", "2")


def test_d3_a_repair_of_a_published_branch_keeps_what_was_pushed(make: MakeWorld) -> None:
    world = make(ci=PASSES_HERE_FAILS_THERE)
    world.play(
        {"when": {"kind": "ci"}, "steps": [{"delete": "bad.txt"}, *works("good.txt", "g")]},
        {"steps": [{"write": {"path": "kept.txt", "text": "k"}}, *works("bad.txt")]},
    )
    world.issue()
    world.rounds(lambda: world.place() == "done")
    assert (world.shown("kept.txt"), world.shown("good.txt")) == ("k", "g")


def test_d4_a_follow_up_loses_no_metadata(world: World) -> None:
    world.play(
        {"when": {"agent": "anna"}, "steps": says("partial", "missing_context")},
        {"when": {"agent": "ben"}, "steps": works()},
    )
    number = world.issue(body="## Goal\n\nx\n\n## Outcome Checks\n\n- activation_rate", labels=["prio:high"])
    world.dispatch()
    before = world.task()
    world.work()
    after = world.task()
    for name in ("issue", "repo", "title", "priority", "outcome_checks", "type", "branch", "url"):
        assert getattr(after, name) == getattr(before, name), name
    assert before.outcome_checks == ("activation_rate",)
    assert any("PR: #" in c.body for c in world.comments(number))


def test_d5_a_persons_retry_after_exhaustion_has_the_whole_chain_again(world: World) -> None:
    world.play({"steps": says("blocked", "dependency_blocked")})
    world.issue()
    world.round()
    assert world.place() == "escalated"
    world.hand_move("app-1", Folder.ESCALATED, Folder.INBOX)
    world.work()
    assert [a.agent for a in world.task().attempts] == ["anna", "ben", "anna", "ben"]
    assert len(world.events(EventKind.ESCALATED)) == 2


def test_d6_every_earlier_attempt_is_in_the_prompt_word_for_word_and_the_prompt_is_bounded(make: MakeWorld) -> None:
    world = make(agents=("anna", "ben", "carl", "dora"))
    prompt = world.tmp / "prompt"
    scenes = [
        {
            "when": {"agent": name},
            "steps": [
                {"write": {"path": f"{name}.txt"}},  # each of them finds something: no circle
                *says("blocked", "missing_context", risks=[f"{name} saw a dragon"], done=[f"{name}: " + "y" * 9000]),
            ],
        }
        for name in ("anna", "ben", "carl")
    ]
    world.play(*scenes, {"steps": [{"keep_prompt": {"file": str(prompt)}}, *works()]})
    world.issue()
    world.dispatch()
    world.work()
    text = prompt.read_text()
    assert all(f"{name} saw a dragon" in text for name in ("anna", "ben", "carl"))
    assert len(text) < 110_000


def test_d7_an_agent_that_writes_nothing_does_not_inherit_its_predecessors_verdict(world: World) -> None:
    world.play(
        {
            "when": {"agent": "anna"},
            "steps": [{"write": {"path": "a.txt", "text": "a"}}, *says("blocked", "missing_context")],
        },
        {"when": {"agent": "ben"}, "steps": [{"say": "nothing"}]},
    )
    world.issue()
    world.dispatch()
    world.work()
    ben = [a for a in world.task().attempts if a.agent == "ben"]
    assert {a.blocker_code for a in ben} == {BlockerCode.INVALID_RESULT_CONTRACT}
    assert world.pulls() == []


def test_d7_the_result_file_is_never_committed(world: World) -> None:
    world.play({"steps": [*works(), {"run": "git add -f .agent_result.md new.txt && git commit -qm all"}]})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    assert not world.has_file(".agent_result.md")


def test_d8_always_red_checks_get_exactly_three_rounds_and_one_escalation(make: MakeWorld) -> None:
    world = make(ci={"slow": "false"})
    world.play({"steps": works("try-{n}.txt", "{n}")})
    number = world.issue()
    world.rounds(lambda: world.place() == "escalated")
    for _ in range(10):
        world.monitor()
        world.dispatch()
        world.work()
    rounds = [a for a in world.task().attempts if a.kind is AttemptKind.CI]
    assert (len(rounds), world.place()) == (3, "escalated")
    assert len(world.events(EventKind.ESCALATED)) == 1
    assert sum("Checks failed" in c.body for c in world.comments(number)) == 3


def test_d9_a_pull_request_closed_without_a_merge_is_no_merge(world: World) -> None:
    number = world.issue()
    world.dispatch()
    world.work()
    world.ci()
    world.admin.close_pull(REPO, world.pull_number(), actor="ada")
    for _ in range(3):
        world.round()
    assert world.state(number)["state"] == "open"
    assert world.events(EventKind.MERGED) == []
    assert (world.place(), world.task().reason) == ("done", "none: withdrawn: closed without a merge by ada")
    assert world.column(number) == "Backlog"


def test_d10_dispatch_looks_into_every_folder_before_it_writes(world: World) -> None:
    number = world.issue()
    world.dispatch()
    for folder in (Folder.PROCESSING, Folder.REVIEW):
        [id] = [i for f in Folder for i in world.services.mailbox.ids(f)]
        with world.services.mailbox.claim(id) as claim:
            assert claim is not None
            world.services.mailbox.move(claim, claim.task, folder)
        world.ready(number)
        world.dispatch()
        assert world.places() == {folder.value: 1}
    assert len(world.events(EventKind.DISPATCHED)) == 1


def test_d16_a_board_of_more_than_a_page_is_read_to_its_end(world: World) -> None:
    for n in range(130):
        world.issue(f"Later {n}", ready=False)
    number = world.issue("The last one")
    world.dispatch()
    assert world.place(f"app-{number}") == "inbox"


def test_d17_work_that_was_never_merged_is_never_remembered(make: MakeWorld) -> None:
    world = make(memory="commit")
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    world.admin.close_pull(REPO, world.pull_number(), actor="ada")
    world.monitor()
    world.monitor()
    assert not world.has_file("CODEBASE.md")


def test_d17_two_merges_at_once_both_stay_in_memory(make: MakeWorld) -> None:
    world = make(memory="commit")
    world.play({"when": {"title": "One"}, "steps": works("one.txt")}, {"steps": works("two.txt")})
    world.issue("One")
    world.issue("Two")
    world.rounds(lambda: world.places() == {"done": 2})
    world.monitor()
    text = world.shown("CODEBASE.md")
    assert "[app-1]" in text
    assert "[app-2]" in text


def test_d18_a_file_with_malformed_front_matter_does_not_stop_the_tick(world: World) -> None:
    world.issue()
    world.dispatch()
    processing = world.services.mailbox.root / "processing"
    processing.mkdir(exist_ok=True)
    (processing / "torn.md").write_text("---\nid: torn\nrepo: [a, b\n")
    world.work()
    assert (world.place("torn"), world.place("app-1")) == ("corrupt", "review")


def test_d19_two_unknown_dependencies_are_both_resolved_and_told_once(world: World) -> None:
    first, second = world.issue("First", ready=False), world.issue("Second", ready=False)
    third = world.issue("Third", f"Depends on #{first}\nDepends on #{second}")
    for _ in range(3):
        world.dispatch()
    waiting = [c for c in world.comments(third) if "waiting for" in c.body]
    assert len(waiting) == 1
    assert f"{REPO}#{first}, {REPO}#{second}" in waiting[0].body
    world.admin.close(REPO, first, actor="ada")
    world.admin.close(REPO, second, actor="ada")
    world.dispatch()
    assert world.place(f"app-{third}") == "inbox"


def test_d19_dependencies_that_go_round_in_a_circle_are_told_once_and_start_nothing(world: World) -> None:
    one = world.issue("One", "Depends on #2")
    world.issue("Two", "Depends on #1")
    for _ in range(3):
        world.dispatch()
    assert world.places() == {}
    assert sum("depends on itself" in c.body for c in world.comments(one)) == 1


def test_d26_a_repository_without_ci_is_a_stated_choice_and_merges(make: MakeWorld) -> None:
    world = make(ci={}, checks="none")
    world.issue()
    world.rounds(lambda: world.place() == "done")
    assert world.shown("new.txt") == "new\n"


def test_d26_missing_checks_are_no_failure_and_start_no_repair(make: MakeWorld) -> None:
    world = make(ci={})
    world.issue()
    for _ in range(6):
        world.round()
        world.clock.advance(600)
    assert (world.place(), world.runs()) == ("review", 1)
    assert [r.data["alert"] for r in world.events(EventKind.ALERT)].count("manual_action") == 1


def test_d27_an_error_while_asking_never_deletes_a_branch(world: World) -> None:
    world.issue()
    world.dispatch()
    world.work()
    world.hub.faults.add({"path": "."}, {"status": 502})
    for _ in range(3):
        world.monitor()
        world.work()
    world.hub.faults.clear()
    assert world.has_branch("agent/app-1")


def test_d28_no_pull_request_for_branches_of_work_that_did_not_pass(world: World) -> None:
    world.play({"steps": [{"write": {"path": "half.txt", "text": "x"}}, *says("partial", "missing_context")]})
    world.issue()
    for _ in range(4):
        world.round()
    assert world.pulls() == []
    assert not world.has_branch("agent/app-1")


def test_d28_the_pull_request_closes_its_issue_by_itself(world: World) -> None:
    number = world.issue()
    world.dispatch()
    world.work()
    assert f"Closes #{number}" in world.pulls()[0]["body"]


def test_d29_an_issue_that_a_person_blocked_is_left_as_they_set_it(world: World) -> None:
    number = world.issue()
    world.dispatch()
    world.work()
    world.admin.label(REPO, number, "blocked", actor="ada")
    world.admin.set_status(REPO, number, "Blocked", actor="ada")
    world.admin.close(REPO, number, actor="ada")
    world.hub.faults.add({"path": "/merge$"}, {"status": 405})
    for _ in range(3):
        world.ci()
        world.monitor()
    issue = world.state(number)
    assert (issue["state"], "blocked" in issue["labels"], world.column(number)) == ("closed", True, "Blocked")


def test_d31_metrics_name_the_repository_as_github_does_and_lose_no_line(world: World) -> None:
    world.issue("One")
    world.issue("Two")
    world.dispatch()
    world.work()
    lines = (world.settings.runtime / "metrics" / "agent_stats.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [r["repo"] for r in records] == [REPO, REPO]
    assert len({r["key"] for r in records}) == 2
    assert all(r["timestamp"].endswith("Z") for r in records)
