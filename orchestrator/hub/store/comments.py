"""Comments on issues and pull requests, and the parent-child relation of issues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.hub import nodes
from orchestrator.hub.db import Database, marks
from orchestrator.hub.store import events, issues
from orchestrator.hub.store.issues import Edit, Issue


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment in the conversation of an issue or pull request."""

    id: int
    repo_id: int
    issue_id: int
    author_id: int
    app_id: int | None
    body: str
    editor_id: int | None
    last_edited_at: str | None
    created_at: str
    updated_at: str
    seq: int

    @property
    def node_id(self) -> str:
        return nodes.encode("IC", self.repo_id, self.id)


def add(db: Database, issue: Issue, author_id: int, body: str, app_id: int | None = None) -> Comment:
    """Write a comment; the issue's `updated_at` moves."""
    now = db.now()
    with db.write():
        identity = db.insert(
            "comments", repo_id=issue.repo_id, issue_id=issue.id, author_id=author_id, app_id=app_id, body=body,
            created_at=now, updated_at=now,
        )  # fmt: skip
        db.update("issues", issue.id, updated_at=now)
        return db.by_ids(Comment, "comments", [identity])[0]


def get(db: Database, repo_id: int, comment_id: int) -> Comment | None:
    """One comment of a repository."""
    return db.row(Comment, "SELECT * FROM comments WHERE repo_id=? AND id=?", repo_id, comment_id)


def edit(db: Database, comment: Comment, actor_id: int, body: str) -> Comment:
    """Change the text; the edit is remembered."""
    now = db.now()
    with db.write():
        db.insert("edits", comment_id=comment.id, editor_id=actor_id, before=comment.body, after=body, edited_at=now)
        db.update("comments", comment.id, body=body, editor_id=actor_id, last_edited_at=now, updated_at=now)
        return db.by_ids(Comment, "comments", [comment.id])[0]


def delete(db: Database, comment: Comment) -> None:
    """Remove a comment for good."""
    db.run("DELETE FROM comments WHERE id=?", comment.id)


def of_issues(db: Database, issue_ids: Iterable[int]) -> dict[int, list[Comment]]:
    """Comments by issue, oldest first; what a lag hides is left out."""
    wanted = list(set(issue_ids))
    grouped: dict[int, list[Comment]] = {identity: [] for identity in wanted}
    hidden = db.lags.hidden("comments")
    for row in db.rows(Comment, f"SELECT * FROM comments WHERE issue_id IN ({marks(wanted)}) ORDER BY id", *wanted):
        if row.id not in hidden:
            grouped[row.issue_id].append(row)
    return grouped


def of_repo(db: Database, repo_id: int, since: str | None = None) -> list[Comment]:
    """All comments of a repository, oldest first; `since` is compared with `updated_at`."""
    hidden = db.lags.hidden("comments")
    found = db.rows(
        Comment, "SELECT * FROM comments WHERE repo_id=? AND updated_at>=? ORDER BY id", repo_id, since or ""
    )
    return [comment for comment in found if comment.id not in hidden]


def counts(db: Database, issue_ids: Iterable[int]) -> dict[int, int]:
    """Number of comments by issue (absent: none)."""
    wanted = list(set(issue_ids))
    sql = f"SELECT issue_id, count(*) FROM comments WHERE issue_id IN ({marks(wanted)}) GROUP BY issue_id"
    return dict(db.tuples(sql, *wanted))


def edits(db: Database, comment_ids: Iterable[int]) -> dict[int, list[Edit]]:
    """Changes of comments, newest first."""
    wanted = list(set(comment_ids))
    grouped: dict[int, list[Edit]] = {identity: [] for identity in wanted}
    for row in db.rows(Edit, f"SELECT * FROM edits WHERE comment_id IN ({marks(wanted)}) ORDER BY id DESC", *wanted):
        grouped[row.comment_id or 0].append(row)
    return grouped


def add_child(db: Database, parent: Issue, child: Issue, actor_id: int, app_id: int | None = None) -> None:
    """Make `child` a sub-issue of `parent`, last in order. Raises sqlite3.IntegrityError when it has a parent."""
    with db.write():
        position = db.value("SELECT count(*) FROM sub_issues WHERE parent_id=?", parent.id)
        db.run("INSERT INTO sub_issues VALUES (?,?,?)", parent.id, child.id, position)
        events.add(db, repo_id=parent.repo_id, issue_id=parent.id, actor_id=actor_id, app_id=app_id,
                   kind="sub_issue_added", source=child.id)  # fmt: skip
        events.add(db, repo_id=child.repo_id, issue_id=child.id, actor_id=actor_id, app_id=app_id,
                   kind="parent_issue_added", source=parent.id)  # fmt: skip


def remove_child(db: Database, parent: Issue, child: Issue, actor_id: int, app_id: int | None = None) -> bool:
    """Undo `add_child`; False when the two were not parent and child."""
    with db.write():
        if not db.run("DELETE FROM sub_issues WHERE parent_id=? AND child_id=?", parent.id, child.id):
            return False
        events.add(db, repo_id=parent.repo_id, issue_id=parent.id, actor_id=actor_id, app_id=app_id,
                   kind="sub_issue_removed", source=child.id)  # fmt: skip
        events.add(db, repo_id=child.repo_id, issue_id=child.id, actor_id=actor_id, app_id=app_id,
                   kind="parent_issue_removed", source=parent.id)  # fmt: skip
        return True


def children_of(db: Database, parent_ids: Iterable[int]) -> dict[int, list[Issue]]:
    """Sub-issues by parent, in order."""
    wanted = list(set(parent_ids))
    pairs = db.tuples(
        f"SELECT parent_id, child_id FROM sub_issues WHERE parent_id IN ({marks(wanted)}) ORDER BY position", *wanted
    )
    known = issues.by_ids(db, [pair[1] for pair in pairs])
    grouped: dict[int, list[Issue]] = {identity: [] for identity in wanted}
    for parent_id, child_id in pairs:
        grouped[parent_id].append(known[child_id])
    return grouped


def parents_of(db: Database, child_ids: Iterable[int]) -> dict[int, Issue]:
    """Parent by child, for the children that have one."""
    wanted = list(set(child_ids))
    pairs = db.tuples(f"SELECT child_id, parent_id FROM sub_issues WHERE child_id IN ({marks(wanted)})", *wanted)
    known = issues.by_ids(db, [pair[1] for pair in pairs])
    return {child_id: known[parent_id] for child_id, parent_id in pairs}
