"""What people ask for on a pull request: which of their words are wishes that no run has worked on yet.

A wish is a review that requests changes, or a comment on a line in a thread that nobody resolved. A person who answers
under our own answer speaks again, also where we resolved the thread. Plain comments below the pull request are talk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orchestrator.model.governance import Request
from orchestrator.model.issue import Act
from orchestrator.model.pull import Pull, ReviewState, Thread, ThreadComment

MOST = 20
"""Wishes of one run; the others wait for the next."""
CHARACTERS = 2_000
"""Of one wish."""


def waiting(
    pull: Pull, *, worked_on: Callable[[str], bool], ours: Callable[[ThreadComment], bool], asks: Callable[[Act], bool]
) -> tuple[Request, ...]:
    """All of them, oldest first, their texts whole. `asks`: may this account ask for changes? `ours`: is it our own?"""
    found = [w for w in (*_reviews(pull), *_comments(pull, ours)) if not worked_on(w[0].id) and asks(w[1])]
    return tuple(wish for wish, _ in sorted(found, key=lambda w: (w[0].at, w[0].id)))


def cut(text: str) -> str:
    """At most CHARACTERS of a text that was redacted before; what is left out is named."""
    if len(text) <= CHARACTERS:
        return text
    return f"{text[:CHARACTERS]}\n[{len(text) - CHARACTERS} more characters stand on the pull request]"


def _reviews(pull: Pull) -> Iterator[tuple[Request, Act]]:
    for review in pull.said.reviews:
        if review.state is ReviewState.CHANGES_REQUESTED and review.body.strip():
            yield _wish(pull, f"review:{review.id}", review.act, review.body), review.act


def _comments(pull: Pull, ours: Callable[[ThreadComment], bool]) -> Iterator[tuple[Request, Act]]:
    for thread in pull.said.threads:
        answered = [n for n, comment in enumerate(thread.comments) if ours(comment)]
        if thread.resolved and not answered:
            continue
        start = answered[-1] + 1 if thread.resolved else 0
        for comment in thread.comments[start:]:
            if not ours(comment):
                yield _wish(pull, f"comment:{comment.id}", comment.act, comment.body, thread), comment.act


def _wish(pull: Pull, id: str, act: Act, text: str, thread: Thread | None = None) -> Request:
    return Request(
        id=id,
        by=act.by,
        text=text,
        path=thread.path if thread else "",
        line=thread.line if thread else 0,
        thread=thread.id if thread else "",
        at=act.at,
        head_sha=pull.head_sha,
    )
