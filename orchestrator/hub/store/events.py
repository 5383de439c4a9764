"""The timeline of issues and pull requests: who did what to them, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from orchestrator.hub import nodes
from orchestrator.hub.db import Database, marks

_PREFIX = {
    "labeled": "LE", "unlabeled": "UNLE", "closed": "CE", "reopened": "REE", "assigned": "AE", "unassigned": "UNAE",
    "renamed": "RTE", "merged": "ME", "referenced": "REFE", "head_ref_deleted": "HRDE", "cross-referenced": "CRE",
    "head_ref_force_pushed": "HRFPE", "review_requested": "RRE", "review_request_removed": "RRRE",
    "ready_for_review": "RFRE", "convert_to_draft": "CTDE", "sub_issue_added": "SIAE", "sub_issue_removed": "SIRE",
    "parent_issue_added": "PIAE", "parent_issue_removed": "PIRE", "head_ref_restored": "HRRE",
    "review_dismissed": "RDE", "base_ref_changed": "BRCE", "removed_from_merge_queue": "RFMQE",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Event:
    """One timeline event. `data` is JSON, by kind: label {name, color}, assignee (user id), rename {from, to},
    commit_id, state_reason, source (issue id), before/after, requested_reviewer (user id), reason."""

    id: int
    repo_id: int
    issue_id: int
    actor_id: int
    app_id: int | None
    kind: str
    data: str
    created_at: str
    seq: int

    @property
    def node_id(self) -> str:
        return nodes.encode(_PREFIX.get(self.kind, "EV"), self.repo_id, self.id)

    @property
    def facts(self) -> dict[str, Any]:
        """`data`, decoded."""
        facts: dict[str, Any] = json.loads(self.data)
        return facts


def add(
    db: Database, *, repo_id: int, issue_id: int, actor_id: int, kind: str, app_id: int | None = None, **facts: Any
) -> int:
    """Record an event; the issue's `updated_at` moves with it."""
    now = db.now()
    with db.write():
        db.update("issues", issue_id, updated_at=now)
        return db.insert(
            "events", repo_id=repo_id, issue_id=issue_id, actor_id=actor_id, app_id=app_id, kind=kind,
            data=json.dumps(facts, sort_keys=True), created_at=now,
        )  # fmt: skip


def of_issues(db: Database, issue_ids: Iterable[int], kinds: Iterable[str] = ()) -> dict[int, list[Event]]:
    """Events by issue, oldest first; of the given kinds or of all."""
    wanted, only = list(set(issue_ids)), list(kinds)
    grouped: dict[int, list[Event]] = {identity: [] for identity in wanted}
    if not wanted:
        return grouped
    sql = f"SELECT * FROM events WHERE issue_id IN ({marks(wanted)})"
    sql += f" AND kind IN ({marks(only)})" if only else ""
    for event in db.rows(Event, sql + " ORDER BY id", *wanted, *only):
        grouped[event.issue_id].append(event)
    return grouped


def of_repo(db: Database, repo_id: int) -> list[Event]:
    """All issue events of a repository, newest first, as GitHub lists them."""
    return db.rows(Event, "SELECT * FROM events WHERE repo_id=? ORDER BY id DESC", repo_id)


def get(db: Database, repo_id: int, event_id: int) -> Event | None:
    """One event."""
    return db.row(Event, "SELECT * FROM events WHERE repo_id=? AND id=?", repo_id, event_id)
