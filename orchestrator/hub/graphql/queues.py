"""Merge queues and their entries."""

from __future__ import annotations

from typing import Any

from orchestrator.hub.graphql.commits import commit_thing
from orchestrator.hub.graphql.pulls import pull_of
from orchestrator.hub.graphql.registry import field, rows_of
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.store import checks, issues, pulls, queues, repos
from orchestrator.hub.store.queues import Entry, Queue

rows_of(Queue, "MergeQueue")
rows_of(Entry, "MergeQueueEntry")


@field("Repository.mergeQueue")
def merge_queue(thing: Thing, branch: str | None = None) -> Thing | None:
    """The queue of a branch, by default of the default branch."""
    found = queues.of_branch(thing.world.db, thing.row.id, branch or thing.row.default_branch)
    return None if found is None else alone(thing.world, "MergeQueue", found)


@field("MergeQueue.url")
def url(thing: Thing) -> str:
    """Its page."""
    return f"{thing.world.web}/{repos.get(thing.world.db, thing.row.repo_id).full_name}/queue/{thing.row.branch}"


@field("PullRequest.mergeQueueEntry")
def entry(thing: Thing) -> Thing | None:
    """Its place in the queue."""
    half = pull_of(thing)
    found = queues.of_pulls(thing.world.db, [half.id]).get(half.id)
    return None if found is None else alone(thing.world, "MergeQueueEntry", found)


@field("PullRequest.isInMergeQueue")
def is_in_queue(thing: Thing) -> bool:
    """Does it wait in a queue?"""
    return entry(thing) is not None


@field("MergeQueueEntry.state")
def state(thing: Thing) -> str:
    """QUEUED until it is under test."""
    row: Entry = thing.row
    if row.head_sha is None:
        return "QUEUED"
    runs = checks.runs(thing.world.db, row.repo_id, [row.head_sha])[row.head_sha]
    return "AWAITING_CHECKS" if any(run.status != "completed" for run in runs) else "MERGEABLE"


@field("MergeQueueEntry.position")
def position(thing: Thing) -> int:
    """From 1."""
    row: Entry = thing.row
    return 1 + [one.id for one in queues.entries(thing.world.db, row.repo_id, row.branch)].index(row.id)


@field("MergeQueueEntry.jump", "MergeQueueEntry.solo")
def never(thing: Thing) -> bool:
    """The hub's queue has no way past it, and tests each by itself without saying so."""
    return False


@field("MergeQueueEntry.headCommit")
def head_commit(thing: Thing) -> Any:
    """What is tested."""
    return commit_thing(thing, "head", lambda row: row.head_sha)


@field("MergeQueueEntry.pullRequest")
def pull_request(thing: Thing) -> Thing:
    """Whose place it is."""
    half = pulls.get(thing.world.db, thing.row.pull_id)
    return alone(thing.world, "PullRequest", issues.get(thing.world.db, half.issue_id))
