"""Which of people's words on a pull request are wishes that no run has worked on yet."""

from __future__ import annotations

import pytest

from orchestrator.model.governance import Request
from orchestrator.model.issue import Act
from orchestrator.model.pull import Pull, PullReview, ReviewState, Said, Thread, ThreadComment
from orchestrator.policy.wishes import CHARACTERS, cut, waiting
from tests.policy.builders import HEAD, pull

US = "agent-os"
NOTHING_SEEN: frozenset[str] = frozenset()


def said(id: int, by: str, at: str = "2026-11-21T10:00:00Z", body: str = "please") -> ThreadComment:
    return ThreadComment(id=id, act=Act(by=by, at=at), body=body)


def thread(*comments: ThreadComment, resolved: bool = False) -> Thread:
    return Thread(id="T", path="a.py", line=3, comments=comments, resolved=resolved)


def review(id: int, by: str, state: ReviewState = ReviewState.CHANGES_REQUESTED, body: str = "no") -> PullReview:
    return PullReview(id=id, act=Act(by=by, at="2026-11-21T11:00:00Z"), state=state, head_sha=HEAD, body=body)


def wishes(*things: PullReview | Thread, done: frozenset[str] = NOTHING_SEEN) -> tuple[Request, ...]:
    reviews = tuple(t for t in things if isinstance(t, PullReview))
    threads = tuple(t for t in things if isinstance(t, Thread))
    asked: Pull = pull(said=Said(reviews=reviews, threads=threads))
    return waiting(
        asked, worked_on=done.__contains__, ours=lambda c: c.act.by == US, asks=lambda act: act.by != "mallory"
    )


def ids(*things: PullReview | Thread, done: frozenset[str] = NOTHING_SEEN) -> list[str]:
    return [wish.id for wish in wishes(*things, done=done)]


def test_a_wish_says_who_asked_where_and_about_which_head() -> None:
    assert wishes(thread(said(7, "ada", body="rename it"))) == (
        Request(
            id="comment:7", by="ada", text="rename it", path="a.py", line=3, thread="T", at="2026-11-21T10:00:00Z",
            head_sha=HEAD,
        ),
    )  # fmt: skip
    assert wishes(review(8, "ada")) == (
        Request(id="review:8", by="ada", text="no", at="2026-11-21T11:00:00Z", head_sha=HEAD),
    )


def test_only_a_review_that_requests_changes_in_words_is_one() -> None:
    assert ids(review(1, "ada", ReviewState.APPROVED), review(2, "ada", ReviewState.DISMISSED)) == []
    assert ids(review(3, "ada", body=" \n"), review(4, "ada")) == ["review:4"]


def test_who_may_not_ask_is_not_heard_and_what_was_worked_on_is_not_again() -> None:
    talk = (thread(said(1, "mallory"), said(2, "ada"), said(3, US)), review(4, "mallory"), review(5, "ada"))
    assert ids(*talk) == ["comment:2", "review:5"]
    assert ids(*talk, done=frozenset({"comment:2"})) == ["review:5"]


def test_the_oldest_goes_first_and_of_one_second_the_lower_name() -> None:
    early, late = "2026-11-20T10:00:00Z", "2026-11-22T10:00:00Z"
    talk = thread(said(3, "ada", late), said(2, "bo", early), said(1, "ada", early))
    assert ids(review(9, "ada"), talk) == ["comment:1", "comment:2", "review:9", "comment:3"]


@pytest.mark.parametrize(
    ("resolved", "voices", "heard"),
    [
        (False, "ada us bo", ["comment:0", "comment:2"]),
        (True, "ada bo", []),
        (True, "ada us", []),
        (True, "ada us bo", ["comment:2"]),
        (True, "ada us bo us cy", ["comment:4"]),
        (True, "us ada", ["comment:1"]),
        (False, "us", []),
    ],
)
def test_a_resolved_thread_is_over_unless_somebody_answers_our_answer(
    resolved: bool, voices: str, heard: list[str]
) -> None:
    comments = tuple(said(n, US if who == "us" else who) for n, who in enumerate(voices.split()))
    assert ids(thread(*comments, resolved=resolved)) == heard


def test_a_long_wish_is_cut_and_says_by_how_much() -> None:
    assert CHARACTERS == 2000
    assert cut("x" * CHARACTERS) == "x" * CHARACTERS
    assert cut("x" * (CHARACTERS + 5)) == "x" * CHARACTERS + "\n[5 more characters stand on the pull request]"
