"""Into a merge queue, and out of it."""

from __future__ import annotations

from typing import Any

from orchestrator.hub.graphql.mutations.common import fresh, repo_row, the
from orchestrator.hub.graphql.pulls import pull_of
from orchestrator.hub.graphql.queues import entry
from orchestrator.hub.graphql.registry import mutation
from orchestrator.hub.graphql.world import World
from orchestrator.hub.rules import queueing

Payload = dict[str, Any]


@mutation("enqueuePullRequest")
def enqueue(
    world: World, pull_request_id: str, expected_head_oid: str | None = None, jump: bool | None = False
) -> Payload:
    """To the end of its base branch's queue; `jump` changes nothing here."""
    found = the(world, pull_request_id, "PullRequest")
    repo = repo_row(found)
    world.need_write(repo, "pull_requests")
    queueing.enqueue(world.hub, world.viewer, repo, pull_of(found), expected_head_oid)
    return {"mergeQueueEntry": entry(fresh(world, found))}


@mutation("dequeuePullRequest")
def dequeue(world: World, id: str) -> Payload:
    """A person takes it out; the entry is what it was before."""
    found = the(world, id, "PullRequest")
    repo = repo_row(found)
    world.need_write(repo, "pull_requests")
    queueing.dequeue(world.hub, world.viewer, repo, pull_of(found))
    return {"mergeQueueEntry": None}
