"""What people say on a pull request: their reviews, the threads on its lines, its labels; and our answers there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.github import documents, wire
from orchestrator.github.client import GitHub
from orchestrator.github.errors import Malformed, PartialAnswer, after_write
from orchestrator.github.repos import path
from orchestrator.github.words import Json, Words, object_of
from orchestrator.model.issue import Labelled
from orchestrator.model.names import Public, RepoName
from orchestrator.model.pull import PullReview, ReviewState, Said, Thread, ThreadComment

_STATES = {state.value: state for state in ReviewState}


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A thread as it stands now."""

    thread: Thread
    first: int
    """Id of the comment that began it: the only one GitHub takes answers to."""


def said(gh: GitHub, repo: RepoName, number: int, node: Words) -> Said:
    """What the fragment Watched holds of it, reviews and threads to their last page: anybody may write a hundred
    reviews, and a person's objection must not be lost behind them."""
    return Said(
        reviews=tuple(_reviews(gh, repo, number, node)),
        threads=tuple(_threads(gh, repo, number, node)),
        labelled=tuple(
            Labelled(label=e.one("label").text("name"), act=wire.act(e.maybe("actor"), e.text("createdAt")))
            for e in node.one("labelled").many("nodes")
        ),
    )


def _reviews(gh: GitHub, repo: RepoName, number: int, node: Words) -> list[PullReview]:
    """Oldest first."""
    owner, _, name = repo.partition("/")
    found: list[PullReview] = []
    while (page := node.maybe("reviews")) is not None:
        found[:0] = [_review(r) for r in page.many("nodes")]
        before = wire.page_before(page)
        if before is None:
            break
        wanted: dict[str, Json] = {"owner": owner, "name": name, "number": number, "before": before}
        node = gh.graphql(documents.load("reviews"), wanted).one("repository").one("pullRequest")
    return found


def _review(node: Words) -> PullReview:
    state = node.text("state").lower()
    if state not in _STATES:
        raise Malformed(f"{node.where}.state", f"is {state!r}, not a review with an opinion")
    commit = node.maybe("commit")
    return PullReview(
        id=node.number("databaseId"),
        act=wire.act(node.maybe("author"), node.text("submittedAt")),
        state=_STATES[state],
        head_sha=commit.text("oid") if commit is not None else "",
        body=node.text("body"),
    )


def _threads(gh: GitHub, repo: RepoName, number: int, node: Words) -> Iterator[Thread]:
    owner, _, name = repo.partition("/")
    while True:
        page = node.one("reviewThreads")
        yield from (_thread(t) for t in page.many("nodes"))
        after = wire.next_page(page)
        if after is None:
            return
        wanted: dict[str, Json] = {"owner": owner, "name": name, "number": number, "after": after}
        node = gh.graphql(documents.load("conversations"), wanted).one("repository").one("pullRequest")


def _thread(node: Words) -> Thread:
    comments = node.one("comments")
    told = comments.many("nodes")
    return Thread(
        id=node.text("id"),
        path=node.text("path"),
        line=0 if node.data.get("line") is None else node.number("line"),
        resolved=node.flag("isResolved"),
        comments=tuple(
            ThreadComment(
                id=c.number("databaseId"),
                act=wire.act(c.maybe("author"), c.text("createdAt")),
                body=c.text("body"),
            )
            for c in told
            if c.text("state") != "PENDING"  # a draft of our own account's person
        ),
        earlier=comments.number("totalCount") - len(told),
    )


def conversation(gh: GitHub, thread: str) -> Conversation | None:
    """One thread by its node id; None when it is gone."""
    try:
        node = gh.graphql(documents.load("conversation"), {"id": thread}).maybe("node")
    except PartialAnswer as partial:
        if not partial.only_missing():
            raise
        return None
    if node is None or not node.has("isResolved"):
        return None
    begun = node.one("first").many("nodes")
    return Conversation(thread=_thread(node), first=begun[0].number("databaseId")) if begun else None


def reply(gh: GitHub, repo: RepoName, number: int, comment: int, body: Public) -> str:
    """Answers the comment that began a thread; the answer's URL. Not safe twice: look for its marker first."""
    answer = gh.rest("POST", f"{path(repo)}/pulls/{number}/comments/{comment}/replies", body={"body": body})
    with after_write():
        return object_of(answer.data, "reply").text("html_url")


def resolve(gh: GitHub, repo: RepoName, thread: str) -> None:
    """Settles a thread; one that is settled already stays so. Raises PartialAnswer when the token may not."""
    gh.graphql(documents.load("resolve"), {"id": thread}, repo=repo)
