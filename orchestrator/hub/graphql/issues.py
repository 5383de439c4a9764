"""Issues, what pull requests share with them, comments and edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.hub.graphql.accounts import account
from orchestrator.hub.graphql.commits import repo_row
from orchestrator.hub.graphql.errors import not_found
from orchestrator.hub.graphql.registry import connection, field, rows_of
from orchestrator.hub.graphql.repository import issue_kind, sort_labels
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.store import cards, comments, issues, projects, pulls, repos, users
from orchestrator.hub.store.comments import Comment
from orchestrator.hub.store.issues import Edit, Issue

if TYPE_CHECKING:
    from orchestrator.hub.db import Database

rows_of(Issue, "Issue", "PullRequest")
rows_of(Comment, "IssueComment")
rows_of(Edit, "UserContentEdit")

_WRITTEN = ("Issue", "PullRequest", "IssueComment", "PullRequestReview", "PullRequestReviewComment")


def _both(*names: str) -> list[str]:
    return [f"{kind}.{name}" for kind in ("Issue", "PullRequest") for name in names]


def _all(name: str) -> list[str]:
    return [f"{kind}.{name}" for kind in _WRITTEN]


@field(*_all("author"))
def author(thing: Thing) -> Thing | None:
    """Who wrote it."""
    return account(thing, "author", lambda row: row.author_id)


@field("Issue.editor", "PullRequest.editor", "IssueComment.editor")
def editor(thing: Thing) -> Thing | None:
    """Who changed the text last, None for a text that was never changed."""
    return account(thing, "editor", lambda row: row.editor_id)


@field("UserContentEdit.editor")
def edit_editor(thing: Thing) -> Thing | None:
    """Who made the change."""
    return account(thing, "editor", lambda row: row.editor_id)


@field(*_all("body"), *_all("bodyText"))
def body(thing: Thing) -> str:
    """The text; empty when there is none."""
    return thing.row.body or ""


@field(*_all("viewerDidAuthor"))
def viewer_wrote(thing: Thing) -> bool:
    """Is it the caller's own?"""
    return bool(thing.row.author_id == thing.world.user.id)


@field("Issue.authorAssociation", "PullRequest.authorAssociation", "IssueComment.authorAssociation")
def association(thing: Thing) -> str:
    """What the author is to the repository."""
    return association_of(thing, repo_row(thing), thing.row.author_id)


def association_of(thing: Thing, repo: repos.Repo, author_id: int) -> str:
    """OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR (no: the hub does not count commits) or NONE."""
    known: dict[tuple[int, int], str] = thing.shared("associations", lambda rows: {})
    key = (repo.id, author_id)
    if key not in known:
        known[key] = _association(thing.world.db, repo, author_id)
    return known[key]


def _association(db: Database, repo: repos.Repo, author_id: int) -> str:
    if author_id == repo.owner_id:
        return "OWNER"
    if users.member_role(db, repo.owner_id, author_id) is not None:
        return "MEMBER"
    named = {user.id for user in repos.collaborators(db, repo)}
    return "COLLABORATOR" if author_id in named else "NONE"


def numbered_url(thing: Thing) -> str:
    """The page of an issue or pull request."""
    folder = "pull" if thing.row.is_pull else "issues"
    return f"{thing.world.web}/{repo_row(thing).full_name}/{folder}/{thing.row.number}"


field("Issue.url", "PullRequest.url", "PullRequest.permalink")(numbered_url)


@field(*_both("closed"))
def closed(thing: Thing) -> bool:
    """Closed (or merged)?"""
    return bool(thing.row.state == "closed")


@field("Issue.state")
def state(thing: Thing) -> str:
    """OPEN or CLOSED."""
    return str(thing.row.state).upper()


@field("Issue.stateReason")
def state_reason(thing: Thing, enable_duplicate: bool = False) -> str | None:
    """Why it is as it is. DUPLICATE is only told to those who ask for it, others read NOT_PLANNED."""
    reason = thing.row.state_reason
    if reason == "duplicate" and not enable_duplicate:
        reason = "not_planned"
    return str(reason).upper() if reason else None


@connection(*_both("labels"))
def labels(thing: Thing, order_by: dict[str, str] | None = None) -> list[Thing]:
    """Its labels."""
    return sort_labels(thing.many("labels", issues.labels_of, "Label"), order_by)


@connection(*_both("assignees"))
def assignees(thing: Thing) -> list[Thing]:
    """Who is assigned."""
    return thing.many("assignees", issues.assignees_of, "User")


@connection(*_both("comments"))
def comment_list(thing: Thing, order_by: dict[str, str] | None = None) -> list[Thing]:
    """The conversation, oldest first unless ordered otherwise."""
    found = comments_of(thing)
    if order_by is None:
        return found
    down = order_by["direction"] == "DESC"
    return sorted(found, key=lambda one: (one.row.updated_at, one.row.id), reverse=down)


def comments_of(thing: Thing) -> list[Thing]:
    """The comments of an issue, oldest first."""
    return thing.many("comments", comments.of_issues, "IssueComment")


@connection(*_both("participants"))
def participants(thing: Thing) -> list[Thing]:
    """Author, commenters and assignees."""
    wanted = [thing.row.author_id, *(one.row.author_id for one in comments_of(thing))]
    known = users.by_ids(thing.world.db, wanted)
    found = {identity: known[identity] for identity in wanted if known[identity].kind == "User"}
    return [alone(thing.world, "User", user) for user in found.values()]


@connection(*_both("userContentEdits"))
def edits(thing: Thing) -> list[Thing] | None:
    """Changes of the text, newest first; the last is the first text itself. None when it never changed."""
    return thing.many("edits", _edits, "UserContentEdit") or None


def _edits(db: Database, issue_ids: list[int]) -> Mapping[int, Sequence[Edit]]:
    found = issues.edits(db, issue_ids)
    rows = issues.by_ids(db, [identity for identity, known in found.items() if known])
    grouped: dict[int, Sequence[Edit]] = {}
    for identity, known in found.items():
        grouped[identity] = [*known, *([_creation(rows[identity], known[-1])] if known else [])]
    return grouped


def _creation(row: Issue, oldest: Edit) -> Edit:
    """GitHub counts the creation as the first edit as soon as there is another."""
    return Edit(
        id=(1 << 30) + oldest.id, issue_id=row.id, comment_id=None, editor_id=row.author_id, before=None,
        after=oldest.before, edited_at=row.created_at,
    )  # fmt: skip


@connection("IssueComment.userContentEdits")
def comment_edits(thing: Thing) -> list[Thing] | None:
    """Changes of the comment, newest first; None when it never changed."""
    return thing.many("edits", comments.edits, "UserContentEdit") or None


@field("UserContentEdit.diff")
def edit_text(thing: Thing) -> str | None:
    """The text after the change (GitHub calls it diff)."""
    found: str | None = thing.row.after
    return found


@field("UserContentEdit.createdAt", "UserContentEdit.updatedAt")
def edit_time(thing: Thing) -> str:
    """When."""
    return str(thing.row.edited_at)


@field("Issue.parent")
def parent(thing: Thing) -> Thing | None:
    """The issue it is a part of."""
    found = thing.many("parent", lambda db, ids: {k: [v] for k, v in comments.parents_of(db, ids).items()}, "Issue")
    return found[0] if found else None


def children(thing: Thing) -> list[Thing]:
    """Its sub-issues."""
    return thing.many("children", comments.children_of, "Issue")


connection("Issue.subIssues")(children)


@field("Issue.subIssuesSummary")
def children_summary(thing: Thing) -> dict[str, int]:
    """How far its parts are."""
    found = children(thing)
    done = sum(one.row.state == "closed" for one in found)
    percent = 100 * done // len(found) if found else 0
    return {"total": len(found), "completed": done, "percentCompleted": percent}


def items_of(thing: Thing) -> list[Thing]:
    """Its cards on boards that the caller may see."""
    found = thing.many("cards", cards.of_issues, "ProjectV2Item")
    boards: dict[int, Any] = {}
    if found:
        boards = found[0].shared("boards", lambda rows: projects.by_ids(
            thing.world.db, {row.project_id for row in rows}
        ))  # fmt: skip
    return [one for one in found if thing.world.board_level(boards[one.row.project_id]) != "none"]


@connection(*_both("projectItems"))
def project_items(thing: Thing, include_archived: bool = True) -> list[Thing]:
    """Its cards on boards."""
    return [one for one in items_of(thing) if include_archived or not one.row.archived]


@connection(*_both("projectsV2"))
def boards_of(thing: Thing) -> list[Thing]:
    """The boards it is on."""
    found = projects.by_ids(thing.world.db, [one.row.project_id for one in items_of(thing)])
    return [alone(thing.world, "ProjectV2", board) for board in found.values()]


@field(*_both("projectV2"))
def board_of(thing: Thing, number: int) -> Thing:
    """A board it is on, by number."""
    found = projects.by_ids(thing.world.db, [one.row.project_id for one in items_of(thing)])
    for board in found.values():
        if board.number == number:
            return alone(thing.world, "ProjectV2", board)
    raise not_found(f"a ProjectV2 with the number {number}")


@connection("Issue.closedByPullRequestsReferences")
def closers(thing: Thing, include_closed_prs: bool = False) -> list[Thing]:
    """Pull requests that promise to close it: the open ones, and the merged or closed ones if asked for."""
    found = thing.many("closers", _closers, "PullRequest")
    return [one for one in found if include_closed_prs or one.row.state == "open"]


def _closers(db: Database, issue_ids: list[int]) -> Mapping[int, Sequence[Issue]]:
    grouped = pulls.closers_of(db, issue_ids)
    rows = issues.by_ids(db, [half.issue_id for halves in grouped.values() for half in halves])
    return {identity: [rows[half.issue_id] for half in halves] for identity, halves in grouped.items()}


def issue_of(thing: Thing) -> Thing:
    """The issue or pull request that a row's issue_id names."""
    found = thing.one("issue", issues.by_ids, issue_kind, lambda row: row.issue_id)
    assert found is not None
    return found


field("IssueComment.issue")(issue_of)


@field("IssueComment.pullRequest")
def comment_pull(thing: Thing) -> Thing | None:
    """The pull request, None for a comment on an issue."""
    found = issue_of(thing)
    return found if found.kind == "PullRequest" else None


@field("IssueComment.url")
def comment_url(thing: Thing) -> str:
    """The comment's place on its page."""
    return f"{numbered_url(issue_of(thing))}#issuecomment-{thing.row.id}"
