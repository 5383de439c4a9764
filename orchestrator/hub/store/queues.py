"""Merge queues of base branches, and who stands in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.hub import nodes
from orchestrator.hub.db import Database, marks


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A base branch that is only reached through the queue."""

    id: int
    repo_id: int
    branch: str
    loses: str | None
    """A file that everything it lands takes away: a queue gone wrong."""

    @property
    def node_id(self) -> str:
        return nodes.encode("MQ", self.repo_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A pull request in the queue. `head_sha`: the commit under test, on top of `base_sha`; None until it is made."""

    id: int
    repo_id: int
    pull_id: int
    branch: str
    enqueuer_id: int
    base_sha: str | None
    head_sha: str | None
    enqueued_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("MQE", self.repo_id, self.id)


def make(db: Database, repo_id: int, branch: str, loses: str | None) -> None:
    """From now on the branch has a queue."""
    db.run("INSERT OR IGNORE INTO merge_queues (repo_id, branch, loses) VALUES (?,?,?)", repo_id, branch, loses)


def of_branch(db: Database, repo_id: int, branch: str) -> Queue | None:
    """The queue of a branch."""
    return db.row(Queue, "SELECT * FROM merge_queues WHERE repo_id=? AND branch=?", repo_id, branch)


def entries(db: Database, repo_id: int, branch: str) -> list[Entry]:
    """Who waits, first come first."""
    return db.rows(Entry, "SELECT * FROM queue_entries WHERE repo_id=? AND branch=? ORDER BY id", repo_id, branch)


def of_pulls(db: Database, pull_ids: Iterable[int]) -> dict[int, Entry]:
    """Entries by pull id."""
    wanted = list(set(pull_ids))
    sql = f"SELECT * FROM queue_entries WHERE pull_id IN ({marks(wanted)})"
    return {entry.pull_id: entry for entry in db.rows(Entry, sql, *wanted)}


def add(db: Database, repo_id: int, pull_id: int, branch: str, enqueuer_id: int) -> None:
    """To the end of the queue."""
    db.insert(
        "queue_entries", repo_id=repo_id, pull_id=pull_id, branch=branch, enqueuer_id=enqueuer_id, enqueued_at=db.now()
    )


def tested(db: Database, entry: Entry, base: str, head: str) -> None:
    """What is tested for it from now on."""
    db.update("queue_entries", entry.id, base_sha=base, head_sha=head)


def remove(db: Database, entry: Entry) -> None:
    """Out of the queue."""
    db.run("DELETE FROM queue_entries WHERE id=?", entry.id)
