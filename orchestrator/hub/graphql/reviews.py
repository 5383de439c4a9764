"""Reviews, their threads and comments, and what they amount to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.hub import nodes
from orchestrator.hub.graphql.accounts import account, kind_of
from orchestrator.hub.graphql.commits import commit_row, repo_row
from orchestrator.hub.graphql.issues import association_of, numbered_url
from orchestrator.hub.graphql.pulls import pull_of
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.repository import repository_of
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.rules import protection
from orchestrator.hub.store import issues, pulls, repos, users
from orchestrator.hub.store.issues import Issue
from orchestrator.hub.store.pulls import Review, ReviewComment, Thread
from orchestrator.hub.store.repos import LEVELS

if TYPE_CHECKING:
    from orchestrator.hub.db import Database

Loader = Callable[["Database", list[int]], Mapping[int, Sequence[Any]]]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A user asked for a review."""

    pull_id: int
    user_id: int

    @property
    def node_id(self) -> str:
        return nodes.encode("RR", self.pull_id, self.user_id)

    @property
    def id(self) -> int:
        return self.user_id


rows_of(Review, "PullRequestReview")
rows_of(Thread, "PullRequestReviewThread")
rows_of(ReviewComment, "PullRequestReviewComment")
rows_of(Request, "ReviewRequest")


def of_pulls(loader: Loader) -> Loader:
    """A loader by pull ids as a loader by the ids of the issue halves."""

    def load(db: Database, issue_ids: list[int]) -> Mapping[int, Sequence[Any]]:
        halves = pulls.of_issues(db, issue_ids)
        found = loader(db, [half.id for half in halves.values()])
        return {identity: found[half.id] for identity, half in halves.items()}

    return load


def _issues_of_pulls(db: Database, pull_ids: list[int]) -> dict[int, Issue]:
    halves = pulls.by_ids(db, pull_ids)
    rows = issues.by_ids(db, [half.issue_id for half in halves.values()])
    return {identity: rows[half.issue_id] for identity, half in halves.items()}


@field("PullRequestReview.pullRequest", "PullRequestReviewThread.pullRequest", "PullRequestReviewComment.pullRequest",
       "ReviewRequest.pullRequest")  # fmt: skip
def pull_thing(thing: Thing) -> Thing:
    """The pull request that a row's pull_id names."""
    found = thing.one("pull", _issues_of_pulls, "PullRequest", lambda row: row.pull_id)
    assert found is not None
    return found


@field("PullRequestReview.repository", "PullRequestReviewThread.repository", "PullRequestReviewComment.repository")
def repository(thing: Thing) -> Thing:
    """The repository."""
    return repository_of(pull_thing(thing))


@field("PullRequestReview.authorAssociation", "PullRequestReviewComment.authorAssociation")
def association(thing: Thing) -> str:
    """What the author is to the repository."""
    return association_of(thing, repo_row(pull_thing(thing)), thing.row.author_id)


@field("PullRequestReview.editor", "PullRequestReview.lastEditedAt", "PullRequestReviewComment.editor",
       "PullRequestReviewComment.lastEditedAt")  # fmt: skip
def never_edited(thing: Thing) -> None:
    """The hub does not change reviews."""


@connection("PullRequestReview.userContentEdits", "PullRequestReviewComment.userContentEdits")
def no_edits(thing: Thing) -> None:
    """The hub does not change reviews."""


def reviews_of(thing: Thing) -> list[Thing]:
    """The submitted reviews, and the caller's own pending one."""
    found = thing.many("reviews", of_pulls(pulls.reviews_of), "PullRequestReview")
    mine = thing.world.user.id
    return [one for one in found if one.row.state != "PENDING" or one.row.author_id == mine]


@connection("PullRequest.reviews")
def review_list(thing: Thing, states: Sequence[str] | None = None, author: str | None = None) -> list[Thing]:
    """Reviews by state and author, oldest first."""
    found = [one for one in reviews_of(thing) if not states or one.row.state in states]
    if author is None:
        return found
    user = users.by_login(thing.world.db, author) or users.by_login(thing.world.db, f"{author}[bot]")
    return [one for one in found if user is not None and one.row.author_id == user.id]


@connection("PullRequest.latestReviews")
def latest(thing: Thing) -> list[Thing]:
    """The newest review of each author."""
    found = {one.row.author_id: one for one in reviews_of(thing) if one.row.state != "PENDING"}
    return sorted(found.values(), key=lambda one: int(one.row.id))


@connection("PullRequest.latestOpinionatedReviews")
def latest_opinions(thing: Thing, writers_only: bool = False) -> list[Thing]:
    """The newest approval, request or dismissal of each author."""
    opinions = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
    found = {one.row.author_id: one for one in reviews_of(thing) if one.row.state in opinions}
    if writers_only:
        db, repo = thing.world.db, repo_row(thing)
        known = users.by_ids(db, found)
        level = LEVELS.index("write")
        found = {k: v for k, v in found.items() if LEVELS.index(repos.permission(db, repo, known[k])) >= level}
    return sorted(found.values(), key=lambda one: int(one.row.id))


@field("PullRequest.reviewDecision")
def decision(thing: Thing) -> str | None:
    """APPROVED, CHANGES_REQUESTED, REVIEW_REQUIRED, or None where no review is asked for and none was given."""
    db, repo, half = thing.world.db, repo_row(thing), pull_of(thing)
    return protection.decision(db, repo, half, protection.load(db, repo, half.base_ref))


@connection("PullRequest.reviewRequests")
def requests(thing: Thing) -> Rows:
    """Who is asked and has not answered."""
    half = pull_of(thing)
    found = pulls.requested_of(thing.world.db, [half.id])[half.id]
    return Rows(kind="ReviewRequest", rows=[Request(pull_id=half.id, user_id=user.id) for user in found])


@field("ReviewRequest.requestedReviewer")
def requested(thing: Thing) -> Thing | None:
    """The user."""
    return thing.one("user", users.by_ids, kind_of, lambda row: row.user_id)


@field("ReviewRequest.asCodeOwner")
def as_code_owner(thing: Thing) -> bool:
    """The hub reads no CODEOWNERS."""
    return False


@field("PullRequestReview.commit", "PullRequestReviewComment.commit", "PullRequestReviewComment.originalCommit")
def reviewed_commit(thing: Thing) -> Thing:
    """The commit that was looked at."""
    repo_id = pull_thing(thing).row.repo_id
    return alone(thing.world, "Commit", commit_row(repo_id, thing.row.commit_sha))


@field("PullRequestReview.updatedAt")
def review_updated(thing: Thing) -> str:
    """When it was submitted, or begun."""
    return str(thing.row.submitted_at or thing.row.created_at)


@field("PullRequestReview.url")
def review_url(thing: Thing) -> str:
    """The review's place on its page."""
    return f"{numbered_url(pull_thing(thing))}#pullrequestreview-{thing.row.id}"


@connection("PullRequestReview.comments")
def review_comments(thing: Thing) -> Rows:
    """Its line comments."""
    found = [one for one in pulls.review_comments(thing.world.db, thing.row.pull_id) if one.review_id == thing.row.id]
    return Rows(kind="PullRequestReviewComment", rows=found)


@connection("PullRequest.reviewThreads")
def threads(thing: Thing) -> list[Thing]:
    """Conversations on lines."""
    return thing.many("threads", of_pulls(pulls.threads_of), "PullRequestReviewThread")


@field("PullRequestReviewThread.isResolved")
def is_resolved(thing: Thing) -> bool:
    """Has somebody settled it?"""
    return thing.row.resolved_by_id is not None


@field("PullRequestReviewThread.isOutdated")
def is_outdated(thing: Thing) -> bool:
    """Was the head moved since?"""
    return bool(thing.row.commit_sha != pull_of(pull_thing(thing)).head_sha)


@field("PullRequestReviewThread.resolvedBy")
def resolved_by(thing: Thing) -> Thing | None:
    """Who settled it."""
    return account(thing, "resolved_by", lambda row: row.resolved_by_id)


@field("PullRequestReviewThread.diffSide")
def side(thing: Thing) -> str:
    """LEFT or RIGHT."""
    return str(thing.row.side)


@field("PullRequestReviewThread.viewerCanResolve")
def can_resolve(thing: Thing) -> bool:
    """May the caller settle it (who may write, and the author of the pull request)?"""
    return not is_resolved(thing) and may_resolve(thing)


@field("PullRequestReviewThread.viewerCanUnresolve")
def can_unresolve(thing: Thing) -> bool:
    """May the caller open it again?"""
    return is_resolved(thing) and may_resolve(thing)


def may_resolve(thing: Thing) -> bool:
    """Those who may write, and the author of the pull request."""
    pull = pull_thing(thing)
    role = thing.world.role(repo_row(pull))
    return LEVELS.index(role) >= LEVELS.index("write") or pull.row.author_id == thing.world.user.id


@field("PullRequestReviewThread.viewerCanReply")
def can_reply(thing: Thing) -> bool:
    """May the caller answer?"""
    return thing.world.sees(repo_row(pull_thing(thing)))


@connection("PullRequestReviewThread.comments")
def thread_comments(thing: Thing) -> list[Thing]:
    """What was said, oldest first."""
    return thing.many("comments", pulls.thread_comments, "PullRequestReviewComment")


def _thread(thing: Thing) -> Thread:
    known: dict[int, Thread] = thing.shared(
        "threads", lambda rows: pulls.threads(thing.world.db, {row.thread_id for row in rows})
    )
    return known[thing.row.thread_id]


@field("PullRequestReviewComment.path")
def path(thing: Thing) -> str:
    """The file."""
    return _thread(thing).path


@field("PullRequestReviewComment.line")
def line(thing: Thing) -> int | None:
    """The line."""
    return _thread(thing).line


@field("PullRequestReviewComment.outdated")
def outdated(thing: Thing) -> bool:
    """Was the head moved since?"""
    return bool(thing.row.commit_sha != pull_of(pull_thing(thing)).head_sha)


@field("PullRequestReviewComment.replyTo")
def reply_to(thing: Thing) -> Thing | None:
    """The comment it answers."""
    wanted = thing.row.in_reply_to_id
    found = [one for one in pulls.review_comments(thing.world.db, thing.row.pull_id) if one.id == wanted]
    return alone(thing.world, "PullRequestReviewComment", found[0]) if found else None


@field("PullRequestReviewComment.pullRequestReview")
def comment_review(thing: Thing) -> Thing | None:
    """The review it came with."""
    found = pulls.review(thing.world.db, thing.row.pull_id, thing.row.review_id)
    return alone(thing.world, "PullRequestReview", found) if found else None


@field("PullRequestReviewComment.state")
def comment_state(thing: Thing) -> str:
    """PENDING while its review is a draft, which only its author sees."""
    found = pulls.review(thing.world.db, thing.row.pull_id, thing.row.review_id)
    return "PENDING" if found is not None and found.state == "PENDING" else "SUBMITTED"


@field("PullRequestReviewComment.url")
def comment_url(thing: Thing) -> str:
    """The comment's place on its page."""
    return f"{numbered_url(pull_thing(thing))}#discussion_r{thing.row.id}"
