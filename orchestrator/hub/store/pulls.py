"""Pull requests, their reviews and their review threads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.hub import nodes
from orchestrator.hub.db import Database, Value, marks
from orchestrator.hub.store import issues, users
from orchestrator.hub.store.issues import Issue
from orchestrator.hub.store.users import User


@dataclass(frozen=True, kw_only=True)
class Pull:
    """The pull half of a pull request (title, body, state, author are in its issue).

    `mergeable` holds for the pair of commits in `mergeable_key` ("head:base") and is None until it is computed."""

    id: int
    issue_id: int
    repo_id: int
    number: int
    head_repo_id: int
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool
    merged: bool
    merged_at: str | None
    merged_by_id: int | None
    merge_sha: str | None
    mergeable: bool | None
    mergeable_key: str | None
    test_merge_sha: str | None
    additions: int
    deletions: int
    changed_files: int
    commits: int
    created_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("PR", self.repo_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Review:
    """A review; `state` is APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING."""

    id: int
    pull_id: int
    author_id: int
    app_id: int | None
    state: str
    body: str
    commit_sha: str
    submitted_at: str | None
    created_at: str
    seq: int

    @property
    def node_id(self) -> str:
        return nodes.encode("PRR", self.pull_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Thread:
    """A conversation on a line of the diff; resolved when `resolved_by_id` is set."""

    id: int
    pull_id: int
    path: str
    line: int | None
    side: str
    commit_sha: str
    resolved_by_id: int | None
    resolved_at: str | None
    created_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("PRRT", self.pull_id, self.id)


@dataclass(frozen=True, kw_only=True)
class ReviewComment:
    """One comment of a thread."""

    id: int
    thread_id: int
    pull_id: int
    review_id: int
    author_id: int
    body: str
    diff_hunk: str
    commit_sha: str
    in_reply_to_id: int | None
    created_at: str
    updated_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("PRRC", self.pull_id, self.id)


def create(
    db: Database, issue: Issue, *, head_repo_id: int, head_ref: str, head_sha: str, base_ref: str, base_sha: str,
    draft: bool,
) -> Pull:  # fmt: skip
    """Add the pull half to an issue made with `is_pull=True`."""
    identity = db.insert(
        "pulls", issue_id=issue.id, repo_id=issue.repo_id, number=issue.number, head_repo_id=head_repo_id,
        head_ref=head_ref, head_sha=head_sha, base_ref=base_ref, base_sha=base_sha, draft=int(draft),
        created_at=issue.created_at,
    )  # fmt: skip
    return get(db, identity)


def get(db: Database, identity: int) -> Pull:
    """The pull request with that pull id. Raises IndexError."""
    return db.by_ids(Pull, "pulls", [identity])[0]


def by_ids(db: Database, ids: Iterable[int]) -> dict[int, Pull]:
    """Pull requests by pull id."""
    return {pull.id: pull for pull in db.by_ids(Pull, "pulls", ids)}


def by_number(db: Database, repo_id: int, number: int) -> Pull | None:
    """A pull request of a repository."""
    return db.row(Pull, "SELECT * FROM pulls WHERE repo_id=? AND number=?", repo_id, number)


def of_issues(db: Database, issue_ids: Iterable[int]) -> dict[int, Pull]:
    """Pull halves by issue id."""
    wanted = list(set(issue_ids))
    found = db.rows(Pull, f"SELECT * FROM pulls WHERE issue_id IN ({marks(wanted)})", *wanted)
    return {pull.issue_id: pull for pull in found}


def open_pulls(db: Database, repo_id: int, *, head_ref: str | None = None, base_ref: str | None = None) -> list[Pull]:
    """Open pull requests into a repository, by number; from a head branch or into a base branch of it."""
    sql = "SELECT pulls.* FROM pulls JOIN issues ON issues.id=issue_id WHERE pulls.repo_id=? AND state='open'"
    args: list[Value] = [repo_id]
    for column, value in (("head_ref", head_ref), ("base_ref", base_ref)):
        if value is not None:
            sql, args = f"{sql} AND {column}=?", [*args, value]
    return db.rows(Pull, sql + " ORDER BY pulls.number", *args)


def update(db: Database, pull_id: int, **columns: Value) -> Pull:
    """Change columns of the pull half."""
    db.update("pulls", pull_id, **columns)
    return get(db, pull_id)


def set_closing(db: Database, pull_id: int, issue_ids: Iterable[int]) -> None:
    """Remember which issues the text of a pull request promises to close."""
    with db.write():
        db.run("DELETE FROM closing_refs WHERE pull_id=?", pull_id)
        for issue_id in set(issue_ids):
            db.run("INSERT INTO closing_refs VALUES (?,?)", pull_id, issue_id)


def closing_of(db: Database, pull_ids: Iterable[int]) -> dict[int, list[Issue]]:
    """Issues that a merge would close, by pull id (closingIssuesReferences)."""
    wanted = list(set(pull_ids))
    pairs = db.tuples(
        f"SELECT pull_id, issue_id FROM closing_refs WHERE pull_id IN ({marks(wanted)}) ORDER BY issue_id", *wanted
    )
    known = issues.by_ids(db, [pair[1] for pair in pairs])
    grouped: dict[int, list[Issue]] = {identity: [] for identity in wanted}
    for pull_id, issue_id in pairs:
        grouped[pull_id].append(known[issue_id])
    return grouped


def closers_of(db: Database, issue_ids: Iterable[int]) -> dict[int, list[Pull]]:
    """Pull requests that promise to close an issue, by issue id (closedByPullRequestsReferences)."""
    wanted = list(set(issue_ids))
    pairs = db.tuples(
        f"SELECT issue_id, pull_id FROM closing_refs WHERE issue_id IN ({marks(wanted)}) ORDER BY pull_id", *wanted
    )
    known = by_ids(db, [pair[1] for pair in pairs])
    grouped: dict[int, list[Pull]] = {identity: [] for identity in wanted}
    for issue_id, pull_id in pairs:
        grouped[issue_id].append(known[pull_id])
    return grouped


def request_review(db: Database, pull_id: int, user_id: int) -> None:
    """Ask a user for a review."""
    db.run("INSERT OR IGNORE INTO review_requests VALUES (?,?)", pull_id, user_id)


def drop_review_request(db: Database, pull_id: int, user_id: int) -> None:
    """Take the request back."""
    db.run("DELETE FROM review_requests WHERE pull_id=? AND user_id=?", pull_id, user_id)


def requested_of(db: Database, pull_ids: Iterable[int]) -> dict[int, list[User]]:
    """Users asked for a review, by pull id."""
    wanted = list(set(pull_ids))
    pairs = db.tuples(f"SELECT pull_id, user_id FROM review_requests WHERE pull_id IN ({marks(wanted)})", *wanted)
    known = users.by_ids(db, [pair[1] for pair in pairs])
    grouped: dict[int, list[User]] = {identity: [] for identity in wanted}
    for pull_id, user_id in pairs:
        grouped[pull_id].append(known[user_id])
    return grouped


def add_review(
    db: Database, pull: Pull, author_id: int, state: str, body: str, commit_sha: str, app_id: int | None = None
) -> Review:
    """Add a review; it answers a review request to its author. A PENDING one has no submission time."""
    now = db.now()
    with db.write():
        identity = db.insert(
            "reviews", pull_id=pull.id, author_id=author_id, app_id=app_id, state=state, body=body,
            commit_sha=commit_sha, submitted_at=None if state == "PENDING" else now, created_at=now,
        )  # fmt: skip
        drop_review_request(db, pull.id, author_id)
        db.update("issues", pull.issue_id, updated_at=now)
        return db.by_ids(Review, "reviews", [identity])[0]


def review(db: Database, pull_id: int, review_id: int) -> Review | None:
    """One review of a pull request."""
    return db.row(Review, "SELECT * FROM reviews WHERE pull_id=? AND id=?", pull_id, review_id)


def update_review(db: Database, review_id: int, **columns: Value) -> Review:
    """Change columns of a review."""
    db.update("reviews", review_id, **columns)
    return db.by_ids(Review, "reviews", [review_id])[0]


def reviews_of(db: Database, pull_ids: Iterable[int]) -> dict[int, list[Review]]:
    """Reviews by pull id, oldest first."""
    wanted = list(set(pull_ids))
    grouped: dict[int, list[Review]] = {identity: [] for identity in wanted}
    for row in db.rows(Review, f"SELECT * FROM reviews WHERE pull_id IN ({marks(wanted)}) ORDER BY id", *wanted):
        grouped[row.pull_id].append(row)
    return grouped


def add_thread(
    db: Database, review: Review, *, path: str, line: int | None, side: str, body: str, diff_hunk: str = ""
) -> ReviewComment:
    """Open a thread on a line with its first comment."""
    with db.write():
        thread_id = db.insert(
            "threads", pull_id=review.pull_id, path=path, line=line, side=side, commit_sha=review.commit_sha,
            created_at=db.now(),
        )  # fmt: skip
        return _comment(db, thread_id, review, body, diff_hunk, None)


def reply(db: Database, thread: Thread, review: Review, body: str) -> ReviewComment:
    """Answer in a thread; the answer belongs to a (new) review of its author."""
    first = thread_comments(db, [thread.id])[thread.id][0]
    return _comment(db, thread.id, review, body, first.diff_hunk, first.id)


def _comment(
    db: Database, thread_id: int, review: Review, body: str, diff_hunk: str, in_reply_to_id: int | None
) -> ReviewComment:
    now = db.now()
    identity = db.insert(
        "review_comments", thread_id=thread_id, pull_id=review.pull_id, review_id=review.id,
        author_id=review.author_id, body=body, diff_hunk=diff_hunk, commit_sha=review.commit_sha,
        in_reply_to_id=in_reply_to_id, created_at=now, updated_at=now,
    )  # fmt: skip
    return db.by_ids(ReviewComment, "review_comments", [identity])[0]


def threads(db: Database, ids: Iterable[int]) -> dict[int, Thread]:
    """Threads by id."""
    return {thread.id: thread for thread in db.by_ids(Thread, "threads", ids)}


def threads_of(db: Database, pull_ids: Iterable[int]) -> dict[int, list[Thread]]:
    """Threads by pull id, oldest first."""
    wanted = list(set(pull_ids))
    grouped: dict[int, list[Thread]] = {identity: [] for identity in wanted}
    for row in db.rows(Thread, f"SELECT * FROM threads WHERE pull_id IN ({marks(wanted)}) ORDER BY id", *wanted):
        grouped[row.pull_id].append(row)
    return grouped


def thread_comments(db: Database, thread_ids: Iterable[int]) -> dict[int, list[ReviewComment]]:
    """Comments by thread, oldest first."""
    wanted = list(set(thread_ids))
    grouped: dict[int, list[ReviewComment]] = {identity: [] for identity in wanted}
    sql = f"SELECT * FROM review_comments WHERE thread_id IN ({marks(wanted)}) ORDER BY id"
    for row in db.rows(ReviewComment, sql, *wanted):
        grouped[row.thread_id].append(row)
    return grouped


def review_comments(db: Database, pull_id: int) -> list[ReviewComment]:
    """All review comments of a pull request, oldest first."""
    return db.rows(ReviewComment, "SELECT * FROM review_comments WHERE pull_id=? ORDER BY id", pull_id)


def resolve(db: Database, thread_id: int, user_id: int | None) -> Thread:
    """Resolve a thread as a user; None opens it again."""
    db.update("threads", thread_id, resolved_by_id=user_id, resolved_at=db.now() if user_id else None)
    return threads(db, [thread_id])[thread_id]
