"""A lineage that goes in circles: what counts as the same failure, and as no new diff."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.gate import CommandRun
from orchestrator.model.names import Sha
from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.task import Attempt, AttemptKind, TaskType
from orchestrator.policy.loop import circle, normal, repeated, signature
from tests.policy.builders import attempt, blocked, task

TAIL = "FAILED test_dates.py::test_leap - AssertionError: expected 29, got 28"
ONE, TWO = Sha("1" * 40), Sha("2" * 40)


def red(n: int, agent: str = "codex", tail: str = TAIL, **changes: Any) -> Attempt:
    """Complete as it said, but the verification failed."""
    told: dict[str, Any] = {
        "blocker_code": BlockerCode.TEST_FAILURE,
        "verification": CommandRun(command="pytest", exit=1, seconds=2.0, tail=tail),
        "findings": ("verification: it ended with 1",),
        "head_sha": Sha(f"{n:040d}"),
    }
    return attempt(n, agent=agent, **(told | changes))


def idle(n: int, agent: str, head: Sha = ONE, **changes: Any) -> Attempt:
    return blocked(n, agent, head_sha=head, findings=("result_contract: it is blocked",), **changes)


def ends(*attempts: Attempt, **changes: Any) -> str:
    return circle(replace(task(attempts=attempts), **changes))


def test_the_same_failure_of_two_agents_ends_it_and_the_words_say_so() -> None:
    why = ends(red(1), red(2, "claude"))
    assert why.startswith("the same failure twice (verification; runs 1 and 2 by codex and claude)")


def test_another_failure_is_progress() -> None:
    assert ends(red(1), red(2, "claude", tail=TAIL.replace("28", "30"))) == ""
    assert ends(red(1), red(2, "claude", blocker_code=BlockerCode.TIMEOUT)) == ""
    assert ends(red(1), red(2, "claude", findings=("verification: x", "tree_safe: a link"))) == ""


def test_what_differs_between_two_runs_of_the_same_thing_tells_nothing_apart() -> None:
    first = "2026-11-21T10:00:01Z FAILED at 0x7f3a in /tmp/agent-os-verify-abc/checkout after 3.21s, pid 4711\n"
    again = "2026-11-22T11:30:59Z FAILED at 0x7f99 in /tmp/agent-os-verify-xyz/checkout   after 2.9s, pid 12\n"
    assert normal(first) == normal(again)
    assert ends(red(1, tail=first), red(2, "claude", tail=again))
    assert normal("expected 29") != normal("expected 28")


def test_a_correction_belongs_to_its_turn_so_one_agent_alone_makes_no_circle() -> None:
    runs = (red(1), red(2, kind=AttemptKind.CORRECTION))
    assert ends(*runs) == ""
    assert repeated(task(attempts=runs))
    assert not repeated(task(attempts=(red(1), red(2, tail="other", kind=AttemptKind.CORRECTION))))
    assert ends(*runs, red(3, "claude"))


def test_failures_further_back_count_too_and_those_before_a_persons_retry_do_not() -> None:
    runs = (red(1), red(2, "claude", tail="other"), red(3, "gemini"))
    assert "runs 1 and 3" in ends(*runs)
    assert ends(*runs, counted_from=1) == ""


@pytest.mark.parametrize("tail", ["", "   \n"])
def test_a_silent_command_tells_no_two_failures_apart_and_none_together(tail: str) -> None:
    assert signature(red(1, tail=tail)) == ""
    assert ends(red(1, tail=tail), red(2, "claude", tail=tail)) == ""


def test_claims_of_an_agent_are_no_signature_and_what_we_saw_is() -> None:
    assert signature(idle(1, "codex")) == ""
    assert signature(attempt(findings=("tree_safe: a link leaves the tree",))) != ""
    good = CommandRun(command="pytest", exit=0, seconds=1, tail="3 passed")
    assert signature(attempt(verification=good)) == ""


def test_no_new_diff_between_two_agents_ends_it_and_the_words_say_so() -> None:
    assert ends(idle(1, "codex"), idle(2, "claude")) == (
        "no new diff: claude (run 2) left the very files that codex (run 1) left"
    )


@pytest.mark.parametrize(
    "second",
    [
        idle(2, "claude", TWO),
        idle(2, "claude", files_changed=("a.py",)),
        idle(2, "codex"),
        idle(2, "claude", failure=FailureClass.CRASHED),
        idle(2, "claude", spent=False, failure=FailureClass.QUOTA),
        idle(2, "claude", ended=""),
        replace(idle(2, "claude"), head_sha=None),
    ],
    ids=["new head", "other files", "same agent", "crashed", "not charged", "still running", "head unknown"],
)
def test_anything_else_is_no_circle(second: Attempt) -> None:
    assert ends(idle(1, "codex"), second) == ""


def test_an_agent_whose_program_broke_says_nothing_of_the_task() -> None:
    assert ends(idle(1, "codex", failure=FailureClass.NO_OUTPUT), idle(2, "claude")) == ""


def test_research_ends_in_words_so_an_equal_tree_is_no_circle() -> None:
    assert ends(idle(1, "codex"), idle(2, "claude"), type=TaskType.RESEARCH) == ""


def test_nothing_charged_yet_is_no_circle() -> None:
    assert ends() == ""
    assert ends(attempt(status=Status.COMPLETE)) == ""


def test_where_no_check_is_named_the_blocker_is() -> None:
    none: dict[str, Any] = {"findings": (), "blocker_code": BlockerCode.TEST_FAILURE}
    assert ends(red(1, **none), red(2, "claude", **none)).startswith("the same failure twice (test_failure; runs 1")


def test_the_last_run_of_each_turn_counts() -> None:
    turns = (red(1, tail="a"), red(2, tail=TAIL, kind=AttemptKind.CORRECTION), red(3, "claude", tail="b"))
    again = (*turns, red(4, "claude", kind=AttemptKind.CORRECTION))
    assert "runs 2 and 4 by codex and claude" in ends(*again)
    assert ends(*turns, red(4, "claude", tail="a", kind=AttemptKind.CORRECTION)) == ""


def test_a_round_of_repair_is_a_turn_of_its_own() -> None:
    assert "runs 1 and 2 by codex)" in ends(red(1), red(2, kind=AttemptKind.CI))


def test_only_a_correction_repeats_and_only_what_was_charged() -> None:
    assert not repeated(task(attempts=(red(1),)))
    assert not repeated(task(attempts=(red(1, kind=AttemptKind.CORRECTION),)))
    assert not repeated(task(attempts=(red(1), red(2))))
    between = (red(1), red(2, tail="other", spent=False), red(3, kind=AttemptKind.CORRECTION))
    assert repeated(task(attempts=between))
    assert not repeated(task(attempts=(red(1, tail=""), red(2, tail="", kind=AttemptKind.CORRECTION))))


def test_a_reviewers_words_tell_two_failures_apart_without_their_line_numbers() -> None:
    def said(n: int, agent: str, words: str) -> Attempt:
        return red(n, agent, tail="", findings=(f"review: {words}",), verification=None)

    assert ends(said(1, "codex", "a.py:3 major: wrong"), said(2, "claude", "a.py:9 major: wrong"))
    assert ends(said(1, "codex", "a.py:3 major: wrong"), said(2, "claude", "a.py:3 major: slow")) == ""


def test_what_a_correction_left_is_what_its_turn_left() -> None:
    first = (idle(1, "codex", TWO), idle(2, "codex", ONE, kind=AttemptKind.CORRECTION))
    assert ends(*first, idle(3, "claude", ONE)).startswith("no new diff: claude (run 3)")
    assert ends(*first, idle(3, "claude", TWO)) == ""
