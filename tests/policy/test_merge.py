"""Nothing merges without passing checks, and a person's word goes before ours."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from orchestrator.model.gate import Outcome
from orchestrator.model.names import Sha
from orchestrator.model.pull import CheckRun, CheckState, Mergeable
from orchestrator.model.result import FailureClass
from orchestrator.model.settings import AutomationMode, Checks
from orchestrator.model.steps import Finish, HandOver, Merge, Rework, Update, Wait, Withdraw
from orchestrator.policy.merge import NO_CHECKS, Facts, decide, failed, in_turn
from tests.policy.builders import HEAD, NOW, ago, attempt, check, facts, finding, published, pull, repo, rounds, verdict

GREEN, RED, PENDING = CheckState.GREEN, CheckState.RED, CheckState.PENDING
OTHER = Sha("d" * 40)


def test_the_good_world_merges_exactly_the_judged_head() -> None:
    assert decide(facts()) == Merge(sha=HEAD)


BUCKETS: dict[str, tuple[CheckRun, ...]] = {
    "empty": (),
    "green": (check(),),
    "two green": (check(), check(name="lint")),
    "skipped": (replace(check(), conclusion="skipped"), replace(check(name="lint"), conclusion="neutral")),
    "green and skipped": (check(), replace(check(name="lint"), conclusion="skipped")),
    "red": (check(RED),),
    "pending": (check(PENDING),),
    "green and red": (check(), check(RED, "lint")),
    "green and pending": (check(), check(PENDING, "lint")),
    "red and pending": (check(RED), check(PENDING, "lint")),
    "all three": (check(), check(RED, "lint"), check(PENDING, "types")),
    "required pending": (check(), check(PENDING, "types", required=True)),
    "optional red": (check(required=True), check(RED, "lint")),
}

STATES: dict[str, Facts] = {
    "good": facts(),
    "mergeable unknown": facts(pull=pull(mergeable=Mergeable.UNKNOWN)),
    "conflict": facts(pull=pull(mergeable=Mergeable.CONFLICT)),
    "draft": facts(pull=pull(draft=True)),
    "foreign commits": facts(pull=pull(head_sha=OTHER)),
    "foreign commits that passed our gate": facts(
        pull=pull(head_sha=OTHER), task=published(verdict=verdict(head=OTHER))
    ),
    "never pushed by us": facts(task=published(pushed_sha=None)),
    "closed": facts(pull=pull(open=False, closed_by="ada")),
    "merged": facts(pull=pull(open=False, merged=True)),
    "behind": facts(pull=pull(behind=True)),
    "behind, not its turn": facts(pull=pull(behind=True), turn=False),
    "not its turn": facts(turn=False),
    "dispatcher only": facts(repo=repo(automation_mode=AutomationMode.DISPATCHER_ONLY)),
    "host not allowed": facts(loopback=False),
    "merging switched off": facts(repo=repo(merge=False)),
    "no verdict": facts(task=published(verdict=None)),
    "failed verdict": facts(task=published(verdict=verdict(finding()))),
    "verdict that cannot tell": facts(task=published(verdict=verdict(finding(outcome=Outcome.CANNOT_TELL)))),
    "verdict of another head": facts(task=published(verdict=verdict(head=OTHER))),
    "verdict without a finding": facts(task=published(verdict=replace(verdict(), findings=()))),
    "just published": facts(published=ago(minutes=1)),
    "published unknown": facts(published=""),
    "three rounds": facts(task=published(attempts=rounds(3))),
    "unforgiving": facts(repo=repo(max_ci_rounds=0)),
}

CI = tuple(Checks)
MAY_MERGE_STATES = {"good", "not its turn", "just published", "published unknown", "three rounds", "unforgiving"}
GREEN_BUCKETS = {"green", "two green", "green and skipped"}
NOTHING_RAN = {"empty", "skipped"}


def may_merge(state: str, bucket: str, checks: Checks) -> bool:
    """The promise, said once more in other words: green and present, or absent on the operator's stated word."""
    if state not in MAY_MERGE_STATES:
        return False
    if bucket in GREEN_BUCKETS:
        return True
    if bucket not in NOTHING_RAN:
        return False
    waited = state not in ("just published", "published unknown")
    return checks is Checks.NONE or (checks is Checks.IF_PRESENT and waited)


@pytest.mark.parametrize(("state", "checks"), list(product(STATES, CI)))
def test_what_merges_has_passing_checks_in_every_state_and_bucket(state: str, checks: Checks) -> None:
    merged = set()
    for bucket, runs in BUCKETS.items():
        world = STATES[state]
        step = decide(replace(world, pull=replace(world.pull, checks=runs), repo=replace(world.repo, checks=checks)))
        if isinstance(step, Merge):
            assert step.sha == world.task.pushed_sha == world.pull.head_sha
            merged.add(bucket)
    assert merged == {b for b in BUCKETS if may_merge(state, b, checks)}


def test_a_pull_request_that_is_merged_is_only_finished_whatever_else_is_wrong() -> None:
    spoiled = pull(open=False, merged=True, head_sha=OTHER, checks=(check(RED),), mergeable=Mergeable.CONFLICT)
    assert decide(facts(pull=spoiled, task=published(verdict=None))) == Finish()


@pytest.mark.parametrize(("by", "said"), [("ada", "by ada"), ("", "by a person")])
def test_what_a_person_closed_is_withdrawn_and_says_by_whom(by: str, said: str) -> None:
    step = decide(facts(pull=pull(open=False, closed_by=by, checks=(check(RED),))))
    assert isinstance(step, Withdraw)
    assert said in step.why


@pytest.mark.parametrize("spoil", [{"checks": (check(RED),)}, {"mergeable": Mergeable.CONFLICT}, {"behind": True}])
def test_a_branch_with_foreign_commits_is_neither_repaired_nor_updated(spoil: dict[str, object]) -> None:
    step = decide(facts(pull=pull(head_sha=OTHER, **spoil)))
    assert isinstance(step, Wait)
    assert "not ours" in step.why


@pytest.mark.parametrize("spoil", [{}, {"checks": (check(RED),)}, {"mergeable": Mergeable.CONFLICT}, {"behind": True}])
def test_dispatcher_only_leaves_the_pull_request_alone(spoil: dict[str, object]) -> None:
    step = decide(facts(pull=pull(**spoil), repo=repo(automation_mode=AutomationMode.DISPATCHER_ONLY)))
    assert isinstance(step, Wait)


def test_red_checks_go_back_as_data_about_this_head() -> None:
    runs = (check(), check(RED, "lint", summary="E501"), check(RED, "types"))
    step = decide(facts(pull=pull(checks=runs)))
    assert isinstance(step, Rework)
    assert not step.conflict
    assert [(c.name, c.summary, c.head_sha) for c in step.failed] == [("lint", "E501", HEAD), ("types", "", HEAD)]
    assert "lint, types" in step.why


def test_red_waits_while_another_check_is_still_running() -> None:
    assert decide(facts(pull=pull(checks=(check(RED), check(PENDING, "lint"))))) == Wait(why="checks are running")


def test_a_conflict_is_repaired_without_waiting_for_checks() -> None:
    step = decide(facts(pull=pull(mergeable=Mergeable.CONFLICT, checks=(check(PENDING),))))
    assert isinstance(step, Rework)
    assert step.conflict
    assert step.failed == ()


@pytest.mark.parametrize("spoiled", [pull(checks=(check(RED),)), pull(mergeable=Mergeable.CONFLICT)])
def test_exactly_three_rounds_of_repair_and_then_it_is_handed_over_and_stays_so(spoiled: object) -> None:
    world = facts(pull=spoiled)
    steps = [decide(replace(world, task=published(attempts=rounds(n)))) for n in range(3)]
    assert [type(s) for s in steps] == [Rework, Rework, Rework]
    for _ in range(100):
        last = decide(replace(world, task=published(attempts=rounds(3))))
        assert isinstance(last, HandOver)
        assert "3 rounds" in last.why
    assert isinstance(decide(replace(world, task=published(attempts=rounds(4)))), HandOver)


def test_a_repair_that_was_not_charged_is_no_round() -> None:
    runs = (*rounds(2), replace(attempt(4), kind=rounds(1)[1].kind, spent=False))
    assert isinstance(decide(facts(task=published(attempts=runs), pull=pull(checks=(check(RED),)))), Rework)


def test_a_persons_retry_starts_the_rounds_again() -> None:
    again = published(attempts=rounds(3), counted_from=4)
    assert isinstance(decide(facts(task=again, pull=pull(checks=(check(RED),)))), Rework)


def test_three_rounds_that_ended_green_merge() -> None:
    assert isinstance(decide(facts(task=published(attempts=rounds(3)))), Merge)


def test_a_head_that_our_gate_never_judged_is_handed_over() -> None:
    for spoiled in (None, verdict(finding()), verdict(head=OTHER)):
        step = decide(facts(task=published(verdict=spoiled)))
        assert isinstance(step, HandOver)
        assert "never judged" in step.why


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (facts(loopback=False), "a person's approval"),
        (facts(repo=repo(merge=False)), "switched off"),
        (facts(pull=pull(draft=True)), "draft"),
        (facts(pull=pull(mergeable=Mergeable.UNKNOWN)), "still computing"),
        (facts(pull=pull(behind=True), turn=False), "turn"),
    ],
)
def test_a_wait_says_what_it_waits_for(spoiled: Facts, said: str) -> None:
    step = decide(spoiled)
    assert isinstance(step, Wait)
    assert said in step.why


def test_a_stale_head_is_updated_in_its_turn_even_while_github_computes() -> None:
    assert decide(facts(pull=pull(behind=True))) == Update()
    assert decide(facts(pull=pull(behind=True, mergeable=Mergeable.UNKNOWN))) == Update()


def test_missing_checks_are_waited_for_and_then_named_with_what_to_do() -> None:
    bare = facts(pull=pull(checks=()))
    assert decide(replace(bare, published=ago(minutes=9))) == Wait(why="no checks have appeared yet")
    assert decide(replace(bare, published=ago(minutes=11))) == Wait(why=NO_CHECKS)
    assert "checks: none" in NO_CHECKS


def test_the_grace_time_ends_on_the_minute() -> None:
    bare = facts(pull=pull(checks=()), repo=repo(checks=Checks.IF_PRESENT))
    assert isinstance(decide(replace(bare, published=ago(minutes=9, seconds=59))), Wait)
    assert isinstance(decide(replace(bare, published=ago(minutes=10))), Merge)
    assert isinstance(decide(replace(bare, published=ago(minutes=-5))), Wait), "a clock that ran ahead proves nothing"


def test_a_time_without_a_zone_is_an_error_and_never_a_merge() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        decide(facts(pull=pull(checks=()), published=NOW.replace(tzinfo=None).isoformat()))


def test_the_turn_goes_to_the_oldest_that_can_move() -> None:
    stuck = pull(number=1, mergeable=Mergeable.CONFLICT)
    broken = pull(number=2, checks=(check(RED),))
    closed = pull(number=3, open=False)
    draft = pull(number=4, draft=True)
    running = pull(number=5, checks=(check(PENDING),))
    assert in_turn([pull(number=9), running, draft, closed, broken, stuck]) == 5
    assert in_turn([stuck, broken, closed, draft]) is None, "nobody waits for what a person must move first"
    assert in_turn([]) is None


def test_only_red_counts_as_failed() -> None:
    assert [c.name for c in failed((check(), check(PENDING, "p"), check(RED, "r")))] == ["r"]


@pytest.mark.parametrize("level", ["none", "", "chroot"])
def test_what_an_unconfined_agent_made_waits_for_a_person(level: str) -> None:
    """Also when how it was confined is not known: a task from before there was a sandbox had none."""
    loose = published(attempts=(attempt(1), attempt(2, agent="gemini", sandbox=level)))
    step = decide(facts(task=loose))
    assert isinstance(step, Wait)
    assert "gemini ran without a sandbox" in step.why
    assert "merge_without_sandbox" in step.why


def test_it_merges_when_the_operator_says_so_in_so_many_words() -> None:
    loose = published(attempts=(attempt(sandbox="none"),))
    assert decide(facts(task=loose, repo=repo(merge_without_sandbox=True))) == Merge(sha=HEAD)


@pytest.mark.parametrize("level", ["bubblewrap", "landlock"])
def test_a_confined_agents_work_merges(level: str) -> None:
    assert decide(facts(task=published(attempts=(attempt(sandbox=level),)))) == Merge(sha=HEAD)


def test_an_agent_that_was_never_started_left_nothing_behind() -> None:
    never = attempt(1, failure=FailureClass.NOT_INSTALLED, sandbox="", spent=False)
    assert decide(facts(task=published(attempts=(never, attempt(2))))) == Merge(sha=HEAD)
