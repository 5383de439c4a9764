"""Comments on issues and pull requests."""

from __future__ import annotations

from orchestrator.hub.http import Answer, ApiError, Call, Routes, invalid, missing, text_field
from orchestrator.hub.rest.issues import BODY_LIMIT, can_triage, the_issue
from orchestrator.hub.rest.shapes import issues as shapes
from orchestrator.hub.store import comments
from orchestrator.hub.store.comments import Comment

routes = Routes()
BASE = "/repos/{owner}/{repo}/issues"


def _the_comment(call: Call) -> Comment:
    found = comments.get(call.db, call.repo.id, call.number("comment"))
    if found is None:
        raise missing()
    return found


def _own(call: Call, comment: Comment) -> None:
    if comment.author_id != call.user.id and not can_triage(call):
        raise ApiError(403, "Must have admin rights to Repository.")


def _text(call: Call) -> str:
    text = text_field(call.body(), "body", "IssueComment", required=True) or ""
    if not text.strip():
        raise invalid("IssueComment", "body", "missing_field", "body can't be blank")
    if len(text) > BODY_LIMIT:
        raise invalid("IssueComment", "body", "custom", "body is too long (maximum is 65536 characters)")
    return text


@routes.on("GET " + BASE + "/comments", area="issues")
def of_repo(call: Call) -> Answer:
    """All comments of a repository."""
    found = comments.of_repo(call.db, call.repo.id, call.query.get("since"))
    if call.query.get("sort") == "updated":
        found.sort(key=lambda comment: comment.updated_at)
    if call.query.get("direction") == "desc":
        found.reverse()
    return call.page(found, lambda page: shapes.comments(call, page))


@routes.on("GET " + BASE + "/comments/{comment}", area="issues")
def read(call: Call) -> Answer:
    """One comment."""
    return Answer(body=shapes.comments(call, [_the_comment(call)])[0])


@routes.on("PATCH " + BASE + "/comments/{comment}", area="issues")
def change(call: Call) -> Answer:
    """Edit a comment."""
    comment = _the_comment(call)
    _own(call, comment)
    return Answer(body=shapes.comments(call, [comments.edit(call.db, comment, call.user.id, _text(call))])[0])


@routes.on("DELETE " + BASE + "/comments/{comment}", area="issues")
def delete(call: Call) -> Answer:
    """Remove a comment."""
    comment = _the_comment(call)
    _own(call, comment)
    comments.delete(call.db, comment)
    return Answer(status=204)


@routes.on("GET " + BASE + "/{number}/comments", area="issues")
def of_issue(call: Call) -> Answer:
    """Comments of an issue, oldest first."""
    issue, since = the_issue(call), call.query.get("since", "")
    found = [c for c in comments.of_issues(call.db, [issue.id])[issue.id] if c.updated_at >= since]
    return call.page(found, lambda page: shapes.comments(call, page))


@routes.on("POST " + BASE + "/{number}/comments", area="issues")
def create(call: Call) -> Answer:
    """Write a comment."""
    issue, text = the_issue(call), _text(call)
    if issue.locked and not can_triage(call):
        raise ApiError(403, "Unable to create comment because issue is locked.")
    comment = comments.add(call.db, issue, call.user.id, text, call.viewer.app_id)
    shape = shapes.comments(call, [comment])[0]
    return Answer(body=shape, status=201, headers={"location": shape["url"]})
