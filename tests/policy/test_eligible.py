"""Which Ready issues become work: one fact spoiled at a time, and every way dependencies can be tied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.issue import Card, Issue
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder, Phase, Task, Vouched
from orchestrator.policy.eligible import (
    LIVE,
    STOPPED,
    Again,
    Announce,
    Choice,
    Dependency,
    Dispatch,
    LeaveAlone,
    Linked,
    Reason,
    choose,
    has_open_pull,
)
from orchestrator.policy.trust import Refused
from tests.policy.builders import ago, issue, repo, task, vouched

STOPPED_IN_ORDER: list[Folder] = sorted(STOPPED, key=lambda f: f.value)
LIVE_IN_ORDER: list[Folder] = sorted(LIVE, key=lambda f: f.value)
OPEN, CLOSED, MISSING = Dependency.OPEN, Dependency.CLOSED, Dependency.MISSING
ENDED = ago(hours=3)
"""Before the issue of the good world was set Ready, an hour ago."""


def decide(
    of: Issue | None = None,
    *tasks: tuple[Folder, Task],
    links: dict[str, Linked] | None = None,
    trust: Vouched | Refused | None = None,
    open_pulls: int = 0,
    **settings: Any,
) -> Choice:
    word = trust or vouched()
    return choose(of or issue(), repo(**settings), tasks=tasks, links=links or {}, trust=word, open_pulls=open_pulls)


STRANGERS = Refused(why="it was set Ready by eve, who may not write to this repository")


def reason(choice: Choice) -> Reason:
    assert isinstance(choice, LeaveAlone), choice
    assert choice.why
    return choice.reason


def ended(**changes: Any) -> Task:
    return task(**({"ended": ENDED} | changes))


def test_a_good_issue_is_dispatched_as_its_first_generation() -> None:
    assert decide() == Dispatch(issue=issue(), generation=1, vouched=vouched())


def test_a_closed_issue_is_left_alone() -> None:
    assert reason(decide(issue(open=False))) is Reason.CLOSED


def test_an_issue_nobody_vouched_for_is_left_alone_in_the_words_of_the_judgement() -> None:
    choice = decide(trust=STRANGERS)
    assert reason(choice) is Reason.UNTRUSTED
    assert isinstance(choice, LeaveAlone)
    assert choice.why == STRANGERS.why


def test_what_could_not_be_asked_is_another_reason_than_what_was_refused() -> None:
    assert reason(decide(trust=Refused(why="GitHub is away", lasting=False))) is Reason.UNASKED


def test_so_many_open_pull_requests_hold_new_work_back() -> None:
    assert isinstance(decide(open_pulls=4, max_open_pull_requests=5), Dispatch)
    choice = decide(open_pulls=5, max_open_pull_requests=5)
    assert reason(choice) is Reason.REVIEW_FULL
    assert isinstance(choice, LeaveAlone)
    assert "max_open_pull_requests" in choice.why
    assert isinstance(decide(open_pulls=500, max_open_pull_requests=0), Dispatch), "0 is any number"


def test_a_retry_on_its_own_open_pull_request_opens_no_further_one() -> None:
    mine = ended(pull_request=12)
    assert isinstance(decide(None, (Folder.BLOCKED, mine), open_pulls=9, max_open_pull_requests=5), Again)
    assert reason(decide(None, (Folder.BLOCKED, ended()), open_pulls=9, max_open_pull_requests=5)) is Reason.REVIEW_FULL


@pytest.mark.parametrize("folder", list(Folder))
def test_a_place_is_taken_by_live_tasks_with_a_pull_request_that_is_not_merged(folder: Folder) -> None:
    assert has_open_pull(folder, task(pull_request=12)) == (folder in LIVE)
    assert not has_open_pull(folder, task())
    assert not has_open_pull(folder, task(pull_request=12, phase=Phase.MERGED))


@pytest.mark.parametrize("label", ["wontfix", "WontFix"])
def test_an_excluded_label_keeps_an_issue_out_in_any_letter_case(label: str) -> None:
    assert reason(decide(issue(labels=frozenset({"ready", label})))) is Reason.EXCLUDED


def test_a_wanted_label_must_be_there_in_any_letter_case() -> None:
    assert reason(decide(required_labels=frozenset({"agent"}))) is Reason.EXCLUDED
    assert isinstance(decide(issue(labels=frozenset({"Agent"})), required_labels=frozenset({"agent"})), Dispatch)


@pytest.mark.parametrize("folder", LIVE_IN_ORDER)
def test_live_work_is_only_announced_whatever_became_of_the_issue(folder: Folder) -> None:
    spoiled = issue(open=False, author="eve", labels=frozenset({"wontfix"}), body="Depends on #9")
    assert decide(spoiled, (folder, task()), trust=STRANGERS) == Announce(issue=spoiled, task=task(), folder=folder)


@pytest.mark.parametrize("folder", STOPPED_IN_ORDER)
def test_ready_again_on_stopped_work_is_a_retry_of_the_same_generation(folder: Folder) -> None:
    assert decide(None, (folder, ended())) == Again(issue=issue(), task=ended(), folder=folder, vouched=vouched())


def test_ready_again_on_finished_work_is_the_next_generation() -> None:
    assert decide(None, (Folder.DONE, ended())) == Dispatch(issue=issue(), generation=2, vouched=vouched())
    older = (Folder.DONE, ended())
    newer = (Folder.DONE, ended(id=TaskId("web-7-g2"), generation=2))
    assert decide(None, newer, older) == Dispatch(issue=issue(), generation=3, vouched=vouched())


def test_only_the_newest_generation_speaks() -> None:
    stopped = ended(id=TaskId("web-7-g2"), generation=2)
    assert decide(None, (Folder.DONE, ended()), (Folder.BLOCKED, stopped)) == Again(
        issue=issue(), task=stopped, folder=Folder.BLOCKED, vouched=vouched()
    )
    assert isinstance(decide(None, (Folder.BLOCKED, ended()), (Folder.REVIEW, stopped)), Announce)


@pytest.mark.parametrize(("folder", "why"), [(Folder.HOLD, Reason.ON_HOLD), (Folder.CORRUPT, Reason.CORRUPT)])
def test_work_on_hold_or_unreadable_waits_for_a_person(folder: Folder, why: Reason) -> None:
    assert reason(decide(None, (folder, ended()))) is why


@pytest.mark.parametrize("folder", [*STOPPED_IN_ORDER, Folder.DONE])
def test_a_ready_mark_older_than_the_end_of_the_work_is_stale(folder: Folder) -> None:
    assert reason(decide(None, (folder, ended(ended=ago(minutes=30))))) is Reason.STALE
    assert reason(decide(None, (folder, ended(ended=ago(hours=1))))) is Reason.STALE, "in the very second it ended"


def test_ready_by_label_alone_counts_from_the_last_change_of_the_issue() -> None:
    labelled = issue(card=None, updated_at=ago(hours=1))
    assert isinstance(decide(labelled, (Folder.DONE, ended())), Dispatch)
    assert reason(decide(replace(labelled, updated_at=ago(hours=4)), (Folder.DONE, ended()))) is Reason.STALE
    untold = issue(card=Card(item_id="i", status="Ready"), updated_at=ago(hours=4))
    assert reason(decide(untold, (Folder.DONE, ended()))) is Reason.STALE


@pytest.mark.parametrize(("board", "changed"), [(1, 9), (9, 1)], ids=["by the board", "by a label after the board"])
def test_the_later_of_the_boards_time_and_the_issues_counts(board: int, changed: int) -> None:
    card = Card(item_id="i", status="Ready", set_at=ago(hours=board))
    assert isinstance(decide(issue(card=card, updated_at=ago(hours=changed)), (Folder.BLOCKED, ended())), Again)


@pytest.mark.parametrize("folder", [*STOPPED_IN_ORDER, Folder.DONE])
def test_ready_again_is_refused_for_the_same_reasons_as_the_first_time(folder: Folder) -> None:
    assert reason(decide(None, (folder, ended()), trust=STRANGERS)) is Reason.UNTRUSTED
    assert reason(decide(issue(open=False), (folder, ended()))) is Reason.CLOSED


# --- Dependencies ---------------------------------------------------------------------------------------------------


def tied(body: str, /, **links: tuple[Dependency, list[int]]) -> Choice:
    """Issue 7 with this body; `_3=(OPEN, [4])` is issue 3 of the same repository, which depends on 4."""
    known = {
        f"acme/web#{name[1:]}": Linked(state=state, depends_on=tuple(f"acme/web#{n}" for n in on))
        for name, (state, on) in links.items()
    }
    return decide(issue(body=body), links=known)


def test_a_closed_dependency_lets_it_go_and_an_open_one_does_not() -> None:
    assert isinstance(tied("Depends on #3", _3=(CLOSED, [])), Dispatch)
    choice = tied("Depends on #3, #4 and #5", _3=(OPEN, []), _4=(CLOSED, []), _5=(OPEN, []))
    assert reason(choice) is Reason.WAITING
    assert isinstance(choice, LeaveAlone)
    assert choice.why == "waiting for acme/web#3, acme/web#5"


def test_a_dependency_in_another_repository_counts_the_same() -> None:
    body = "Blocked by other/api#12"
    other = {"other/api#12": Linked(state=OPEN)}
    assert reason(decide(issue(body=body), links=other)) is Reason.WAITING
    assert isinstance(decide(issue(body=body), links={"other/api#12": Linked(state=CLOSED)}), Dispatch)


def test_every_dependency_that_is_not_there_is_named_at_once() -> None:
    choice = tied("Depends on #3 and #4 and #5", _3=(MISSING, []), _5=(OPEN, []))
    assert reason(choice) is Reason.UNKNOWN_DEPENDENCY
    assert isinstance(choice, LeaveAlone)
    assert "acme/web#3, acme/web#4" in choice.why
    assert "#5" not in choice.why


def test_an_issue_that_depends_on_itself_says_so() -> None:
    choice = tied("Depends on #7")
    assert reason(choice) is Reason.CIRCULAR
    assert reason(decide(issue(body="Depends on ACME/Web#7"))) is Reason.CIRCULAR


def test_circles_of_two_and_three_are_told_as_the_way_round() -> None:
    two = tied("Depends on #3", _3=(OPEN, [7]))
    assert isinstance(two, LeaveAlone)
    assert (two.reason, two.why) == (Reason.CIRCULAR, "depends on itself: acme/web#7 -> acme/web#3 -> acme/web#7")
    three = tied("Depends on #3", _3=(OPEN, [4]), _4=(OPEN, [7]))
    assert isinstance(three, LeaveAlone)
    assert three.why.endswith("acme/web#7 -> acme/web#3 -> acme/web#4 -> acme/web#7")


def test_a_circle_that_is_broken_by_a_closed_issue_is_none() -> None:
    assert isinstance(tied("Depends on #3", _3=(CLOSED, [7])), Dispatch)
    assert reason(tied("Depends on #3", _3=(OPEN, [4]), _4=(CLOSED, [7]))) is Reason.WAITING


def test_a_circle_that_others_make_among_themselves_is_waited_for() -> None:
    assert reason(tied("Depends on #3", _3=(OPEN, [4]), _4=(OPEN, [3]))) is Reason.WAITING


def test_a_diamond_is_no_circle() -> None:
    diamond = {"_3": (OPEN, [5]), "_4": (OPEN, [5]), "_5": (OPEN, [])}
    assert reason(tied("Depends on #3 and #4", **diamond)) is Reason.WAITING
    done = {name: (CLOSED, on) for name, (_, on) in diamond.items()}
    assert isinstance(tied("Depends on #3 and #4", **done), Dispatch)


def test_a_dependency_inside_of_a_comment_binds_nothing() -> None:
    assert isinstance(tied("g <!-- Depends on #3 -->", _3=(OPEN, [])), Dispatch)


NUMBERS = st.integers(1, 9)


@given(
    st.dictionaries(NUMBERS, st.tuples(st.sampled_from(Dependency), st.lists(NUMBERS, max_size=4))), st.sets(NUMBERS)
)
def test_any_net_of_dependencies_is_answered_and_only_closed_ones_let_go(
    net: dict[int, tuple[Dependency, list[int]]], wanted: set[int]
) -> None:
    body = "".join(f"Depends on #{n}\n" for n in sorted(wanted))
    choice = tied(body, **{f"_{n}": told for n, told in net.items()})
    free = 7 not in wanted and all(n in net and net[n][0] is CLOSED for n in wanted)
    assert isinstance(choice, Dispatch) == free


def test_a_dense_net_is_walked_in_no_time() -> None:
    everybody = list(range(100, 200))
    net: dict[str, tuple[Dependency, list[int]]] = {f"_{n}": (OPEN, everybody) for n in everybody}
    assert reason(tied("Depends on #100", **net)) is Reason.WAITING


def test_of_several_labels_the_first_by_name_is_told() -> None:
    lacks = decide(required_labels=frozenset({"zeta", "agent"}))
    assert isinstance(lacks, LeaveAlone)
    assert lacks.why == "lacks the label agent"
    carries = decide(
        issue(labels=frozenset({"ready", "wontfix", "later"})), excluded_labels=frozenset({"wontfix", "later"})
    )
    assert isinstance(carries, LeaveAlone)
    assert carries.why == "carries the label later"
