"""Issues: list, file, read, change; assignees; events and timeline; sub-issues."""

from __future__ import annotations

import sqlite3

from orchestrator.hub.http import Answer, ApiError, Call, Json, Routes, invalid, missing, names_field, text_field
from orchestrator.hub.rest.shapes import accounts
from orchestrator.hub.rest.shapes import issues as shapes
from orchestrator.hub.rest.shapes import pulls as pull_shapes
from orchestrator.hub.rules import closing
from orchestrator.hub.store import comments, events, issues, pulls, repos, users
from orchestrator.hub.store.issues import Filter, Issue
from orchestrator.hub.store.repos import LEVELS

routes = Routes()
BASE = "/repos/{owner}/{repo}/issues"
TITLE_LIMIT = 256
BODY_LIMIT = 65536
_SUB_ISSUE = "An error occurred while adding the sub-issue to the parent issue. "


def the_issue(call: Call, name: str = "number") -> Issue:
    """The issue or pull request of the path. Raises ApiError 404."""
    found = issues.by_number(call.db, call.repo.id, call.number(name))
    if found is None:
        raise missing()
    return found


def can_triage(call: Call) -> bool:
    """May the caller label, assign and close what is not their own?"""
    from orchestrator.hub import auth

    return LEVELS.index(auth.role(call.db, call.viewer, call.repo)) >= LEVELS.index("triage")


def may_change(call: Call, issue: Issue) -> None:
    """Raises ApiError 403 unless the caller may triage or wrote the issue."""
    if not can_triage(call) and issue.author_id != call.user.id:
        raise ApiError(403, "Must have admin rights to Repository.")


@routes.on("GET " + BASE, area="issues")
def listing(call: Call) -> Answer:
    """Issues and pull requests of a repository."""
    query = call.query
    state = query.get("state", "open")
    if state not in ("open", "closed", "all"):
        raise invalid("Issue", "state", "invalid")
    creator = users.by_login(call.db, query["creator"]) if "creator" in query else None
    if "creator" in query and creator is None:
        raise invalid("Issue", "creator", "invalid", f"The creator {query['creator']} does not exist")
    found = issues.find(
        call.db,
        Filter(
            repo_ids=(call.repo.id,), state=state, since=query.get("since"), sort=query.get("sort", "created"),
            labels=tuple(name.strip() for name in query.get("labels", "").split(",") if name.strip()),
            creator_id=creator.id if creator else None, assignee=query.get("assignee"),
            ascending=query.get("direction") == "asc",
        ),
    )  # fmt: skip
    return call.page(found, lambda page: shapes.issues(call, page))


@routes.on("POST " + BASE, area="issues")
def create(call: Call) -> Answer:
    """File an issue; labels and assignees are dropped silently for those who may not set them, as on GitHub."""
    body = call.body()
    title = text_field(body, "title", "Issue", required=True)
    text = text_field(body, "body", "Issue")
    _check_sizes(title, text)
    labels = names_field(body.get("labels") or [])
    people = _people(call, names_field(body.get("assignees") or [], "login"), "assignees")
    allowed = can_triage(call)
    issue = issues.create(
        call.db, call.repo.id, call.user.id, title or "", text, labels=labels if allowed else (),
        assignees=people if allowed else (), app_id=call.viewer.app_id,
    )  # fmt: skip
    shape = shapes.issue(call, issue)
    return Answer(body=shape, status=201, headers={"location": shape["url"]})


def _check_sizes(title: str | None, body: str | None) -> None:
    if title is not None and (not title.strip() or len(title) > TITLE_LIMIT):
        problem = "is too long (maximum is 256 characters)" if title.strip() else "can't be blank"
        raise invalid("Issue", "title", "custom", f"title {problem}")
    if body is not None and len(body) > BODY_LIMIT:
        raise invalid("Issue", "body", "custom", "body is too long (maximum is 65536 characters)")


def _people(call: Call, logins: list[str], field: str) -> list[int]:
    found = []
    for login in logins:
        person = users.by_login(call.db, login)
        if person is None or repos.permission(call.db, call.repo, person) in ("none", "read"):
            raise invalid("Issue", field, "invalid", value=login)
        found.append(person.id)
    return found


@routes.on("GET " + BASE + "/{number}", area="issues")
def read(call: Call) -> Answer:
    """One issue."""
    return Answer(body=shapes.issue(call, the_issue(call)))


@routes.on("PATCH " + BASE + "/{number}", area="issues")
def change(call: Call) -> Answer:
    """Change text, state, labels, assignees."""
    issue, body, app_id = the_issue(call), call.body(), call.viewer.app_id
    may_change(call, issue)
    title, text = text_field(body, "title", "Issue"), text_field(body, "body", "Issue")
    _check_sizes(title, text)
    state, reason = body.get("state"), body.get("state_reason")
    if state not in (None, "open", "closed"):
        raise invalid("Issue", "state", "invalid")
    if reason not in (None, "completed", "not_planned", "duplicate", "reopened"):
        raise invalid("Issue", "state_reason", "invalid")
    half = pulls.of_issues(call.db, [issue.id]).get(issue.id)
    if half is not None and half.merged and state == "open":
        raise invalid("Issue", "state", "invalid")
    people = None if body.get("assignees") is None else _people(
        call, names_field(body["assignees"], "login"), "assignees"
    )  # fmt: skip
    with call.db.write():
        issue = issues.edit(call.db, issue, call.user.id, title=title, body=text, app_id=app_id)
        if half is not None and text is not None:
            closing.link(call.db, call.repo, half, text)
        if body.get("labels") is not None and can_triage(call):
            issues.set_labels(call.db, issue, call.user.id, names_field(body["labels"]), app_id)
        if people is not None and can_triage(call):
            _reassign(call, issue, people)
        if state is not None:
            issue = issues.set_state(call.db, issue, call.user.id, state, reason=reason, app_id=app_id)
    return Answer(body=shapes.issue(call, issues.get(call.db, issue.id)))


def _reassign(call: Call, issue: Issue, wanted: list[int]) -> None:
    for person in issues.assignees_of(call.db, [issue.id])[issue.id]:
        if person.id not in wanted:
            issues.unassign(call.db, issue, call.user.id, person.id, call.viewer.app_id)
    for user_id in wanted:
        issues.assign(call.db, issue, call.user.id, user_id, call.viewer.app_id)


@routes.on("POST " + BASE + "/{number}/assignees", area="issues", role="triage")
def add_assignees(call: Call) -> Answer:
    """Add assignees."""
    issue = the_issue(call)
    for user_id in _people(call, names_field(call.body().get("assignees") or [], "login"), "assignees"):
        issues.assign(call.db, issue, call.user.id, user_id, call.viewer.app_id)
    return Answer(body=shapes.issue(call, issues.get(call.db, issue.id)), status=201)


@routes.on("DELETE " + BASE + "/{number}/assignees", area="issues", role="triage")
def remove_assignees(call: Call) -> Answer:
    """Remove assignees; unknown ones are ignored."""
    issue = the_issue(call)
    for login in names_field(call.body().get("assignees") or [], "login"):
        person = users.by_login(call.db, login)
        if person is not None:
            issues.unassign(call.db, issue, call.user.id, person.id, call.viewer.app_id)
    return Answer(body=shapes.issue(call, issues.get(call.db, issue.id)))


@routes.on("GET /repos/{owner}/{repo}/assignees")
def assignable(call: Call) -> Answer:
    """Who may be assigned."""
    found = [
        user for user in repos.collaborators(call.db, call.repo)
        if repos.permission(call.db, call.repo, user) not in ("none", "read")
    ]  # fmt: skip
    return call.page(found, lambda page: [accounts.user(call, user) for user in page])


@routes.on("GET /repos/{owner}/{repo}/assignees/{login}")
def is_assignable(call: Call) -> Answer:
    """204 or 404."""
    person = users.by_login(call.db, call.params["login"])
    if person is None or repos.permission(call.db, call.repo, person) in ("none", "read"):
        raise missing()
    return Answer(status=204)


@routes.on("GET /repos/{owner}/{repo}/issues/events", area="issues")
def repo_events(call: Call) -> Answer:
    """Issue events of a repository, newest first."""
    found = [event for event in events.of_repo(call.db, call.repo.id) if event.kind != "cross-referenced"]
    return call.page(found, lambda page: shapes.events(call, call.repo, page, with_issue=True))


@routes.on("GET /repos/{owner}/{repo}/issues/events/{event}", area="issues")
def one_event(call: Call) -> Answer:
    """One event."""
    event = events.get(call.db, call.repo.id, call.number("event"))
    if event is None:
        raise missing()
    return Answer(body=shapes.events(call, call.repo, [event], with_issue=True)[0])


@routes.on("GET " + BASE + "/{number}/events", area="issues")
def issue_events(call: Call) -> Answer:
    """Events of an issue, oldest first."""
    issue = the_issue(call)
    found = [e for e in events.of_issues(call.db, [issue.id])[issue.id] if e.kind != "cross-referenced"]
    return call.page(found, lambda page: shapes.events(call, call.repo, page))


@routes.on("GET " + BASE + "/{number}/timeline", area="issues")
def timeline(call: Call) -> Answer:
    """Events, comments and reviews in one list, oldest first."""
    issue = the_issue(call)
    found = events.of_issues(call.db, [issue.id])[issue.id]
    entries: list[tuple[int, Json]] = [
        (event.seq, shape) for event, shape in zip(found, shapes.events(call, call.repo, found), strict=True)
    ]
    said = comments.of_issues(call.db, [issue.id])[issue.id]
    for comment, shape in zip(said, shapes.comments(call, said), strict=True):
        entries.append((comment.seq, shape | {"event": "commented", "actor": shape["user"]}))
    half = pulls.of_issues(call.db, [issue.id]).get(issue.id)
    if half is not None:
        judged = [review for review in pulls.reviews_of(call.db, [half.id])[half.id] if review.submitted_at]
        for review, shape in zip(judged, pull_shapes.reviews(call, call.repo, half, judged), strict=True):
            entries.append((review.seq, shape | {"event": "reviewed"}))
    ordered = [entry[1] for entry in sorted(entries, key=lambda entry: entry[0])]
    return call.page(ordered, list)


@routes.on("GET " + BASE + "/{number}/sub_issues", area="issues")
def sub_issues(call: Call) -> Answer:
    """Sub-issues in order."""
    issue = the_issue(call)
    return call.page(comments.children_of(call.db, [issue.id])[issue.id], lambda page: shapes.issues(call, page))


@routes.on("POST " + BASE + "/{number}/sub_issues", area="issues", role="triage")
def add_sub_issue(call: Call) -> Answer:
    """Make an issue (by its id) a sub-issue."""
    parent, body = the_issue(call), call.body()
    child = issues.by_ids(call.db, [body.get("sub_issue_id") or 0]).get(body.get("sub_issue_id") or 0)
    if child is None or child.is_pull:
        raise missing()
    if child.id == parent.id:
        raise ApiError(422, _SUB_ISSUE + "Sub issue cannot be its own parent")
    try:
        with call.db.write():
            above = comments.parents_of(call.db, [child.id]).get(child.id)
            if above is not None and body.get("replace_parent"):
                comments.remove_child(call.db, above, child, call.user.id, call.viewer.app_id)
            comments.add_child(call.db, parent, child, call.user.id, call.viewer.app_id)
    except sqlite3.IntegrityError as error:
        raise ApiError(422, _SUB_ISSUE + "Sub issue may only have one parent") from error
    return Answer(body=shapes.issue(call, issues.get(call.db, parent.id)), status=201)


@routes.on("DELETE " + BASE + "/{number}/sub_issue", area="issues", role="triage")
def remove_sub_issue(call: Call) -> Answer:
    """Undo it."""
    parent, wanted = the_issue(call), call.body().get("sub_issue_id") or 0
    child = issues.by_ids(call.db, [wanted]).get(wanted)
    if child is None or not comments.remove_child(call.db, parent, child, call.user.id, call.viewer.app_id):
        raise missing()
    return Answer(body=shapes.issue(call, issues.get(call.db, parent.id)))


@routes.on("GET " + BASE + "/{number}/parent", area="issues")
def parent_issue(call: Call) -> Answer:
    """The parent, or 404."""
    issue = the_issue(call)
    above = comments.parents_of(call.db, [issue.id]).get(issue.id)
    if above is None:
        raise missing()
    return Answer(body=shapes.issue(call, above))
