"""Issues, labels, assignees, sub-issues and comments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.hub.graphql.mutations.common import (
    all_of,
    fresh,
    names,
    repo_of,
    repo_row,
    the,
    through_rest,
)
from orchestrator.hub.graphql.pages import Edge, encode
from orchestrator.hub.graphql.registry import mutation
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.graphql.world import World
from orchestrator.hub.rest import comments as rest_comments
from orchestrator.hub.rest import issues as rest_issues
from orchestrator.hub.rest import labels as rest_labels
from orchestrator.hub.store import comments, issues

Payload = dict[str, Any]
_EITHER = ("Issue", "PullRequest")


def area_of(thing: Thing) -> str:
    """The token's permission that an issue or pull request needs."""
    return "pull_requests" if thing.kind == "PullRequest" else "issues"


def patch(world: World, thing: Thing, body: dict[str, Any]) -> Thing:
    """Change an issue by REST's rules; the issue as it is then."""
    through_rest(world, repo_row(thing), rest_issues.change, area=area_of(thing), params={"number": thing.row.number},
                 body=body)  # fmt: skip
    return fresh(world, thing)


def lists(world: World, assignee_ids: Sequence[str] | None, label_ids: Sequence[str] | None) -> dict[str, Any]:
    """Assignees and labels as REST's body wants them."""
    body: dict[str, Any] = {}
    if assignee_ids is not None:
        body["assignees"] = names(all_of(world, assignee_ids, "User"), "login")
    if label_ids is not None:
        body["labels"] = names(all_of(world, label_ids, "Label"), "name")
    return body


@mutation("createIssue")
def create(
    world: World, repository_id: str, title: str, body: str | None = None, assignee_ids: Sequence[str] | None = None,
    label_ids: Sequence[str] | None = None, parent_issue_id: str | None = None,
) -> Payload:  # fmt: skip
    """File an issue, perhaps as a part of another."""
    repo = repo_of(world, repository_id)
    parent = the(world, parent_issue_id, "Issue") if parent_issue_id else None
    wanted = {"title": title, "body": body, **lists(world, assignee_ids, label_ids)}
    made = through_rest(world, repo, rest_issues.create, area="issues", body=wanted)
    row = issues.get(world.db, made["id"])
    if parent is not None:
        comments.add_child(world.db, parent.row, row, world.user.id, world.viewer.app_id)
    return {"issue": alone(world, "Issue", row)}


@mutation("updateIssue")
def update(
    world: World, id: str, title: str | None = None, body: str | None = None, state: str | None = None,
    assignee_ids: Sequence[str] | None = None, label_ids: Sequence[str] | None = None,
) -> Payload:  # fmt: skip
    """Change an issue."""
    found = the(world, id, "Issue")
    wanted = {"title": title, "body": body, "state": state.lower() if state else None}
    changed = patch(world, found, {**wanted, **lists(world, assignee_ids, label_ids)})
    return {"issue": changed, "actor": alone(world, world.user.kind, world.user)}


@mutation("closeIssue")
def close(world: World, issue_id: str, state_reason: str | None = None) -> Payload:
    """Close, with a reason."""
    found = the(world, issue_id, "Issue")
    reason = (state_reason or "COMPLETED").lower()
    return {"issue": patch(world, found, {"state": "closed", "state_reason": reason})}


@mutation("reopenIssue")
def reopen(world: World, issue_id: str) -> Payload:
    """Open again."""
    return {"issue": patch(world, the(world, issue_id, "Issue"), {"state": "open"})}


@mutation("addLabelsToLabelable")
def add_labels(world: World, labelable_id: str, label_ids: Sequence[str]) -> Payload:
    """Put labels on."""
    found = the(world, labelable_id, *_EITHER)
    wanted = names(all_of(world, label_ids, "Label"), "name")
    through_rest(world, repo_row(found), rest_labels.add, area=area_of(found), role="triage",
                 params={"number": found.row.number}, body={"labels": wanted})  # fmt: skip
    return {"labelable": fresh(world, found)}


@mutation("removeLabelsFromLabelable")
def remove_labels(world: World, labelable_id: str, label_ids: Sequence[str]) -> Payload:
    """Take labels off; those that are not on are no error here."""
    found = the(world, labelable_id, *_EITHER)
    world.need_write(repo_row(found), area_of(found), "triage")
    for name in names(all_of(world, label_ids, "Label"), "name"):
        issues.remove_label(world.db, found.row, world.user.id, name, world.viewer.app_id)
    return {"labelable": fresh(world, found)}


@mutation("addAssigneesToAssignable")
def add_assignees(world: World, assignable_id: str, assignee_ids: Sequence[str]) -> Payload:
    """Assign people."""
    return _assign(world, assignable_id, assignee_ids, rest_issues.add_assignees)


@mutation("removeAssigneesFromAssignable")
def remove_assignees(world: World, assignable_id: str, assignee_ids: Sequence[str]) -> Payload:
    """Take people off."""
    return _assign(world, assignable_id, assignee_ids, rest_issues.remove_assignees)


def _assign(world: World, node_id: str, people: Sequence[str], handler: Any) -> Payload:
    found = the(world, node_id, *_EITHER)
    logins = names(all_of(world, people, "User"), "login")
    through_rest(world, repo_row(found), handler, area=area_of(found), role="triage",
                 params={"number": found.row.number}, body={"assignees": logins})  # fmt: skip
    return {"assignable": fresh(world, found)}


@mutation("addSubIssue")
def add_sub_issue(world: World, issue_id: str, sub_issue_id: str | None = None) -> Payload:
    """Make an issue a part of another."""
    parent, child = the(world, issue_id, "Issue"), the(world, sub_issue_id or "", "Issue")
    through_rest(world, repo_row(parent), rest_issues.add_sub_issue, area="issues", role="triage",
                 params={"number": parent.row.number}, body={"sub_issue_id": child.row.id})  # fmt: skip
    return {"issue": fresh(world, parent), "subIssue": fresh(world, child)}


@mutation("removeSubIssue")
def remove_sub_issue(world: World, issue_id: str, sub_issue_id: str) -> Payload:
    """Undo it."""
    parent, child = the(world, issue_id, "Issue"), the(world, sub_issue_id, "Issue")
    through_rest(world, repo_row(parent), rest_issues.remove_sub_issue, area="issues", role="triage",
                 params={"number": parent.row.number}, body={"sub_issue_id": child.row.id})  # fmt: skip
    return {"issue": fresh(world, parent), "subIssue": fresh(world, child)}


@mutation("addComment")
def add_comment(world: World, subject_id: str, body: str) -> Payload:
    """Comment on an issue or pull request."""
    found = the(world, subject_id, *_EITHER)
    made = through_rest(world, repo_row(found), rest_comments.create, area=area_of(found),
                        params={"number": found.row.number}, body={"body": body})  # fmt: skip
    row = comments.get(world.db, found.row.repo_id, made["id"])
    assert row is not None
    one = alone(world, "IssueComment", row)
    place = comments.counts(world.db, [found.row.id]).get(found.row.id, 1) - 1
    return {"subject": fresh(world, found), "commentEdge": Edge(node=one, cursor=encode(one, place))}


@mutation("updateIssueComment")
def update_comment(world: World, id: str, body: str) -> Payload:
    """Change a comment."""
    found = the(world, id, "IssueComment")
    through_rest(world, repo_row(found), rest_comments.change, area="issues", params={"comment": found.row.id},
                 body={"body": body})  # fmt: skip
    row = comments.get(world.db, found.row.repo_id, found.row.id)
    return {"issueComment": alone(world, "IssueComment", row)}


@mutation("deleteIssueComment")
def delete_comment(world: World, id: str) -> Payload:
    """Remove a comment."""
    found = the(world, id, "IssueComment")
    through_rest(world, repo_row(found), rest_comments.delete, area="issues", params={"comment": found.row.id})
    return {}
