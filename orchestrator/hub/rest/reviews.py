"""Reviews and review comments."""

from __future__ import annotations

from typing import Any

from orchestrator.hub.http import Answer, ApiError, Call, Routes, missing, text_field
from orchestrator.hub.rest.pulls import the_pull
from orchestrator.hub.rest.shapes import pulls as shapes
from orchestrator.hub.rules import reviewing
from orchestrator.hub.rules.reviewing import Note
from orchestrator.hub.store import pulls
from orchestrator.hub.store.pulls import Pull, Review

routes = Routes()
BASE = "/repos/{owner}/{repo}/pulls/{number}"


def _the_review(call: Call, pull: Pull) -> Review:
    found = pulls.review(call.db, pull.id, call.number("review"))
    if found is None:
        raise missing()
    return found


def _note(value: dict[str, Any]) -> Note:
    path, body = value.get("path"), value.get("body")
    if not isinstance(path, str) or not isinstance(body, str):
        raise ApiError(422, "Unprocessable Entity", ["A comment needs a path and a body"])
    line = value.get("line") or value.get("position")
    return Note(path=path, body=body, line=line, side=value.get("side") or "RIGHT")


@routes.on("GET " + BASE + "/reviews", area="pull_requests")
def listing(call: Call) -> Answer:
    """Reviews, oldest first; pending ones only to their author."""
    pull, viewer = the_pull(call), call.viewer.user
    found = [
        review for review in pulls.reviews_of(call.db, [pull.id])[pull.id]
        if review.state != "PENDING" or (viewer is not None and viewer.id == review.author_id)
    ]  # fmt: skip
    return call.page(found, lambda page: shapes.reviews(call, call.repo, pull, page))


@routes.on("POST " + BASE + "/reviews", area="pull_requests")
def create(call: Call) -> Answer:
    """Submit a review."""
    pull, body = the_pull(call), call.body()
    review = reviewing.submit(
        call.hub, call.viewer, call.repo, pull, event=text_field(body, "event", "PullRequestReview"),
        body=text_field(body, "body", "PullRequestReview") or "",
        commit=text_field(body, "commit_id", "PullRequestReview"),
        notes=[_note(value) for value in body.get("comments") or []],
    )  # fmt: skip
    return Answer(body=shapes.reviews(call, call.repo, pull, [review])[0])


@routes.on("GET " + BASE + "/reviews/{review}", area="pull_requests")
def read(call: Call) -> Answer:
    """One review."""
    pull = the_pull(call)
    return Answer(body=shapes.reviews(call, call.repo, pull, [_the_review(call, pull)])[0])


@routes.on("POST " + BASE + "/reviews/{review}/events", area="pull_requests")
def submit_pending(call: Call) -> Answer:
    """Submit a pending review."""
    pull, body = the_pull(call), call.body()
    review = _the_review(call, pull)
    if review.state != "PENDING" or review.author_id != call.user.id:
        raise ApiError(422, "Unprocessable Entity", ["Could not submit the review: it is not pending."])
    event = text_field(body, "event", "PullRequestReview", required=True) or ""
    author = call.db.value("SELECT author_id FROM issues WHERE id=?", pull.issue_id)
    if event == "APPROVE" and author == call.user.id:
        raise ApiError(422, "Unprocessable Entity", ["Review Can not approve your own pull request"])
    if event not in reviewing.STATES:
        raise ApiError(422, "Invalid request.\n\nNo such review event.")
    text = text_field(body, "body", "PullRequestReview") or review.body
    done = pulls.update_review(call.db, review.id, state=reviewing.STATES[event], body=text, submitted_at=call.db.now())
    return Answer(body=shapes.reviews(call, call.repo, pull, [done])[0])


@routes.on("PUT " + BASE + "/reviews/{review}/dismissals", area="pull_requests", role="write")
def dismiss(call: Call) -> Answer:
    """Dismiss a review."""
    pull = the_pull(call)
    review = _the_review(call, pull)
    text_field(call.body(), "message", "PullRequestReview", required=True)
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise ApiError(422, "Unprocessable Entity", [f"Can not dismiss a {review.state.lower()} pull request review"])
    done = pulls.update_review(call.db, review.id, state="DISMISSED")
    return Answer(body=shapes.reviews(call, call.repo, pull, [done])[0])


@routes.on("GET " + BASE + "/comments", area="pull_requests")
def comments(call: Call) -> Answer:
    """Review comments, oldest first."""
    pull = the_pull(call)
    found = pulls.review_comments(call.db, pull.id)
    return call.page(found, lambda page: shapes.review_comments(call, call.repo, pull, page))


@routes.on("POST " + BASE + "/comments", area="pull_requests")
def comment(call: Call) -> Answer:
    """A single comment on a line, or (in_reply_to) an answer."""
    pull, body = the_pull(call), call.body()
    if body.get("in_reply_to"):
        return _reply(call, pull, int(body["in_reply_to"]), str(body.get("body") or ""))
    made = reviewing.comment(
        call.hub, call.viewer, call.repo, pull, _note(body), text_field(body, "commit_id", "PullRequestReviewComment")
    )
    return Answer(body=shapes.review_comments(call, call.repo, pull, [made])[0], status=201)


@routes.on("POST " + BASE + "/comments/{comment}/replies", area="pull_requests")
def reply(call: Call) -> Answer:
    """Answer in a thread."""
    text = text_field(call.body(), "body", "PullRequestReviewComment", required=True) or ""
    return _reply(call, the_pull(call), call.number("comment"), text)


def _reply(call: Call, pull: Pull, comment_id: int, text: str) -> Answer:
    above = next((c for c in pulls.review_comments(call.db, pull.id) if c.id == comment_id), None)
    if above is None:
        raise missing()
    thread = pulls.threads(call.db, [above.thread_id])[above.thread_id]
    with call.db.write():
        review = pulls.add_review(call.db, pull, call.user.id, "COMMENTED", "", pull.head_sha, call.viewer.app_id)
        made = pulls.reply(call.db, thread, review, text)
    return Answer(body=shapes.review_comments(call, call.repo, pull, [made])[0], status=201)
