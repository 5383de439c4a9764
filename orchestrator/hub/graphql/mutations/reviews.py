"""Reviews and their threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.hub.graphql.commits import repo_row
from orchestrator.hub.graphql.errors import Refusal
from orchestrator.hub.graphql.mutations.common import need_text, the
from orchestrator.hub.graphql.pulls import pull_of
from orchestrator.hub.graphql.registry import mutation
from orchestrator.hub.graphql.reviews import may_resolve, pull_thing
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.graphql.world import World
from orchestrator.hub.rules import reviewing
from orchestrator.hub.rules.reviewing import Note
from orchestrator.hub.store import pulls

Payload = dict[str, Any]


@mutation("addPullRequestReview")
def add(
    world: World, pull_request_id: str, body: str | None = None, event: str | None = None,
    commit_oid: str | None = None, threads: Sequence[dict[str, Any]] | None = None,
) -> Payload:  # fmt: skip
    """Review; without an event it stays pending. One's own pull request cannot be approved."""
    found = the(world, pull_request_id, "PullRequest")
    repo = repo_row(found)
    world.need_write(repo, "pull_requests", "read")
    if event == "DISMISS":
        raise Refusal("UNPROCESSABLE", "Could not dismiss a review that is not there.")
    notes = [Note(path=t["path"], body=t["body"], line=t["line"], side=t.get("side") or "RIGHT") for t in threads or ()]
    review = reviewing.submit(world.hub, world.viewer, repo, pull_of(found), event=event, body=body or "",
                              commit=commit_oid, notes=notes)  # fmt: skip
    return {"pullRequestReview": alone(world, "PullRequestReview", review)}


@mutation("addPullRequestReviewThreadReply")
def reply(world: World, pull_request_review_thread_id: str, body: str) -> Payload:
    """Answer in a thread."""
    thread = the(world, pull_request_review_thread_id, "PullRequestReviewThread")
    pull = pull_thing(thread)
    world.need_write(repo_row(pull), "pull_requests", "read")
    need_text(body, "Body")
    half = pull_of(pull)
    with world.db.write():
        review = pulls.add_review(world.db, half, world.user.id, "COMMENTED", "", half.head_sha, world.viewer.app_id)
        comment = pulls.reply(world.db, thread.row, review, body)
    return {"comment": alone(world, "PullRequestReviewComment", comment)}


@mutation("resolveReviewThread")
def resolve(world: World, thread_id: str) -> Payload:
    """Settle a thread."""
    return _settle(world, thread_id, True)


@mutation("unresolveReviewThread")
def unresolve(world: World, thread_id: str) -> Payload:
    """Open a thread again."""
    return _settle(world, thread_id, False)


def _settle(world: World, node_id: str, settled: bool) -> Payload:
    thread: Thing = the(world, node_id, "PullRequestReviewThread")
    world.need_write(repo_row(pull_thing(thread)), "pull_requests", "read")
    if not may_resolve(thread):
        raise Refusal("FORBIDDEN", f"{world.user.login} does not have permission to resolve this conversation.")
    row = pulls.resolve(world.db, thread.row.id, world.user.id if settled else None)
    return {"thread": alone(world, "PullRequestReviewThread", row)}
