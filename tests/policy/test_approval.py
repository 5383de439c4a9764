"""Which word stands: each test is a history of reviews, labels and orders about one head."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.gate import Finding, Outcome
from orchestrator.model.governance import (
    Approval,
    ApprovalMode,
    Opinion,
    ReviewMode,
    ReviewRules,
    ReviewVerdict,
    Risk,
    Via,
)
from orchestrator.model.issue import Act, Labelled
from orchestrator.model.names import Sha
from orchestrator.model.pull import Pull, PullReview, ReviewState, Said
from orchestrator.policy import approval
from tests.policy import builders as b

NOW = b.ago(minutes=10)
PUSHED = b.ago(minutes=30)
EARLIER = b.ago(minutes=50)
OLD = Sha("e" * 40)
LABEL = "agent-os-approved"


def review(
    state: ReviewState = ReviewState.APPROVED, *, by: str = "ada", id: int = 1, head: str = b.HEAD, at: str = NOW
) -> PullReview:
    return PullReview(id=id, act=Act(by=by, at=at), state=state, head_sha=head, body="because")


def label(*, by: str = "ada", at: str = NOW, name: str = LABEL) -> Labelled:
    return Labelled(label=name, act=Act(by=by, at=at))


def given(**changes: Any) -> Approval:
    good = Approval(task="web-7", head_sha=b.HEAD, by="olga", via=Via.CLI, at=NOW)
    return replace(good, **changes)


def stands(
    *said: PullReview | Labelled,
    labels: frozenset[str] = frozenset({LABEL}),
    recorded: tuple[Approval, ...] = (),
    trusted: frozenset[str] = frozenset({"ada", "bob"}),
) -> Approval | None:
    """The standing word of this history about HEAD, which was pushed at PUSHED."""
    told = Said(
        reviews=tuple(s for s in said if isinstance(s, PullReview)),
        labelled=tuple(s for s in said if isinstance(s, Labelled)),
    )
    pull: Pull = replace(b.pull(), said=told, labels=labels)
    facts = approval.Facts(task=b.task(pushed_at=PUSHED), pull=pull, label=LABEL, recorded=recorded)
    return approval.standing(facts, approval.on_github(facts, lambda act, via: act.by in trusted))


REQUESTED = ReviewState.CHANGES_REQUESTED
LATER, LAST = b.ago(minutes=8), b.ago(minutes=5)


@pytest.mark.parametrize(
    "said",
    [
        (review(),),
        (review(head=OLD, at=EARLIER), review(id=2)),
        (review(REQUESTED), review(id=2, at=LATER)),
        (review(REQUESTED, by="eve"), review(by="ada", id=2)),
        (label(),),
        (label(name="Agent-OS-Approved"),),
        (label(at=EARLIER), label()),
    ],
)
def test_it_is_approved(said: tuple[PullReview | Labelled, ...]) -> None:
    word = stands(*said)
    assert word is not None
    assert (word.approve, word.by, word.head_sha) == (True, "ada", b.HEAD)


@pytest.mark.parametrize(
    "said",
    [
        (),
        (review(head=OLD),),
        (review(head=""),),
        (review(ReviewState.DISMISSED),),
        (review(), review(ReviewState.DISMISSED, id=2, at=LATER)),
        (review(), review(REQUESTED, id=2, head=OLD, at=EARLIER), review(ReviewState.DISMISSED, id=3, at=LAST)),
        (review(by="eve"),),
        (label(by="eve"),),
        (label(at=EARLIER),),
        (label(at=PUSHED),),
        (label(), label(by="eve", at=LATER)),
        (label(name="other"),),
    ],
)
def test_nobody_whose_word_counts_said_anything_of_this_head(said: tuple[PullReview | Labelled, ...]) -> None:
    assert stands(*said) is None


@pytest.mark.parametrize(
    "said",
    [
        (review(REQUESTED),),
        (review(), review(REQUESTED, id=2, at=LATER)),
        (review(REQUESTED), review(by="bob", id=2, at=LATER)),
        (review(REQUESTED), label(by="bob", at=LATER)),
        (review(REQUESTED, head=OLD, at=LATER), review(by="bob", id=2)),
    ],
)
def test_who_requests_changes_stands_against_it_whatever_others_say(said: tuple[PullReview | Labelled, ...]) -> None:
    word = stands(*said)
    assert word is not None
    assert (word.approve, word.by) == (False, "ada")
    against = stands(*said, recorded=(given(at=LAST),))
    assert against is not None
    assert not against.approve


def test_a_label_whose_name_is_not_on_the_pull_request_any_more_says_nothing() -> None:
    assert stands(label(), labels=frozenset({"ready"})) is None


def test_a_label_that_was_seen_at_another_head_is_not_about_this_one_whatever_the_clocks_say() -> None:
    seen = given(head_sha=OLD, via=Via.LABEL, by="ada", source=f"label:ada:{NOW}")
    assert stands(label(), recorded=(seen,)) is None


def test_a_word_that_was_carried_stands_while_it_stands_on_github() -> None:
    carried = given(via=Via.REVIEW, by="ada", source="review:1", carried=True)
    kept = stands(review(head=OLD, at=EARLIER), recorded=(carried,))
    assert kept is not None
    assert kept.approve
    assert stands(review(ReviewState.DISMISSED, head=OLD, at=EARLIER), recorded=(carried,)) is None
    assert stands(recorded=(carried,)) is None


def test_of_orders_the_newest_counts_and_in_one_second_the_refusal() -> None:
    yes, no = given(), given(approve=False, by="bob")
    for recorded in ((yes, no), (no, yes)):
        word = stands(recorded=recorded)
        assert word is not None
        assert not word.approve
    later = stands(recorded=(no, given(at=LATER)))
    assert later is not None
    assert later.approve
    assert stands(recorded=(given(head_sha=OLD),)) is None


def shown(word: Approval | None = None, *, risk: Risk = Risk.LOW, **more: Any) -> approval.Shown | None:
    rules = ReviewRules(mode=more.pop("mode", ReviewMode.REQUIRED), **more.pop("rules", {}))
    verdict = b.verdict(Finding(check="protected_paths", outcome=Outcome.PASS, why="x.yml is protected", risk=risk))
    return approval.shown(b.task(verdict=verdict, **more), b.repo(review=rules), word, loopback=True)


def reviewed(opinion: Opinion, **more: Any) -> ReviewVerdict:
    return ReviewVerdict(head_sha=b.HEAD, base_sha=b.BASE, nonce="n", opinion=opinion, reviewer="ben", **more)


@pytest.mark.parametrize(
    ("facts", "state", "text"),
    [
        ({}, "pending", "waits for a reviewer"),
        ({"review": reviewed(Opinion.APPROVE)}, "success", "reviewed by ben, low risk"),
        (
            {"review": reviewed(Opinion.APPROVE, same_agent=True)},
            "success",
            "reviewed by ben (the author's program, a fresh run), low risk",
        ),
        (
            {"review": reviewed(Opinion.APPROVE), "risk": Risk.HIGH},
            "pending",
            "waits for a person: high risk (x.yml is protected)",
        ),
        (
            {"review": reviewed(Opinion.CANNOT_TELL, why="no answer")},
            "pending",
            "waits for a person: the review is not an approval: no answer",
        ),
        (
            {"mode": ReviewMode.ADVISORY, "review": reviewed(Opinion.REQUEST_CHANGES)},
            "success",
            "advisory: request_changes by ben, low risk",
        ),
        ({"word": given(), "risk": Risk.HIGH}, "success", "approved by olga (cli), high risk"),
        ({"word": given(carried=True)}, "success", "approved by olga (cli, kept over an update), low risk"),
        ({"word": given(approve=False, why="no")}, "failure", "refused by olga: no"),
        (
            {"word": given(approve=False, via=Via.REVIEW, by="ada")},
            "failure",
            "changes requested by ada",
        ),
    ],
)
def test_the_status_says_who_answers_for_it(facts: dict[str, Any], state: str, text: str) -> None:
    told = shown(facts.pop("word", None), **facts)
    assert told == approval.Shown(state=state, text=text)


def test_where_nobody_is_asked_nothing_is_shown() -> None:
    assert shown(mode=ReviewMode.OFF) is None
    human = {"approval": ((Risk.LOW, ApprovalMode.HUMAN),)}
    assert shown(mode=ReviewMode.OFF, rules=human) == approval.Shown(
        state="pending", text="waits for a person: low risk (x.yml is protected)"
    )


def test_an_approval_keeps_no_words_and_a_refusal_does() -> None:
    def kept(state: ReviewState) -> str:
        facts = approval.Facts(
            task=b.published(), pull=b.pull(said=Said(reviews=(review(state),))), label=LABEL, recorded=()
        )
        (found,) = approval.on_github(facts, lambda act, via: True)
        return found.why

    assert kept(ReviewState.APPROVED) == ""
    assert kept(ReviewState.CHANGES_REQUESTED) == "because"
