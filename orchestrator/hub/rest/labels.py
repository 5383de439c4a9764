"""Labels of a repository and of issues."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from orchestrator.hub.http import Answer, ApiError, Call, Json, Routes, invalid, missing, names_field, text_field
from orchestrator.hub.rest.issues import the_issue
from orchestrator.hub.rest.shapes import issues as shapes
from orchestrator.hub.store import issues, repos
from orchestrator.hub.store.issues import Issue
from orchestrator.hub.store.repos import Label

routes = Routes()
BASE = "/repos/{owner}/{repo}/labels"
OF_ISSUE = "/repos/{owner}/{repo}/issues/{number}/labels"
_COLOR = re.compile(r"[0-9a-fA-F]{6}")


def _shape(call: Call, found: Sequence[Label]) -> list[Json]:
    return [shapes.label(call, call.repo, label) for label in found]


def _the_label(call: Call) -> Label:
    found = repos.label(call.db, call.repo.id, call.params["name"])
    if found is None:
        raise missing()
    return found


@routes.on("GET " + BASE, area="issues")
def listing(call: Call) -> Answer:
    """All labels."""
    return call.page(repos.labels(call.db, call.repo.id), lambda page: _shape(call, page))


@routes.on("POST " + BASE, area="issues", role="triage")
def create(call: Call) -> Answer:
    """Make a label."""
    body = call.body()
    name = text_field(body, "name", "Label", required=True) or ""
    color = text_field(body, "color", "Label") or "ededed"
    if not _COLOR.fullmatch(color):
        raise invalid("Label", "color", "invalid")
    with call.db.write():
        if repos.label(call.db, call.repo.id, name) is not None:
            raise invalid("Label", "name", "already_exists")
        label = repos.create_label(call.db, call.repo.id, name, color, text_field(body, "description", "Label"))
    return Answer(body=_shape(call, [label])[0], status=201)


@routes.on("GET " + BASE + "/{name}", area="issues")
def read(call: Call) -> Answer:
    """One label."""
    return Answer(body=_shape(call, [_the_label(call)])[0])


@routes.on("PATCH " + BASE + "/{name}", area="issues", role="triage")
def change(call: Call) -> Answer:
    """Rename or recolor a label."""
    label, body = _the_label(call), call.body()
    name = text_field(body, "new_name", "Label") or label.name
    color = text_field(body, "color", "Label") or label.color
    if not _COLOR.fullmatch(color):
        raise invalid("Label", "color", "invalid")
    other = repos.label(call.db, call.repo.id, name)
    if other is not None and other.id != label.id:
        raise invalid("Label", "name", "already_exists")
    description = body.get("description", label.description)
    call.db.update("labels", label.id, name=name, color=color, description=description)
    return Answer(body=_shape(call, call.db.by_ids(Label, "labels", [label.id]))[0])


@routes.on("DELETE " + BASE + "/{name}", area="issues", role="triage")
def delete(call: Call) -> Answer:
    """Remove a label everywhere."""
    repos.delete_label(call.db, _the_label(call).id)
    return Answer(status=204)


def _of_issue(call: Call, issue: Issue) -> Answer:
    return Answer(body=_shape(call, issues.labels_of(call.db, [issue.id])[issue.id]))


def _names(call: Call) -> list[str]:
    try:
        value = json.loads(call.raw or b"{}")
    except ValueError as error:
        raise ApiError(400, "Problems parsing JSON") from error
    names = value if isinstance(value, list) else value.get("labels", []) if isinstance(value, dict) else []
    return names_field(names)


@routes.on("GET " + OF_ISSUE, area="issues")
def of_issue(call: Call) -> Answer:
    """Labels of an issue."""
    issue = the_issue(call)
    return call.page(issues.labels_of(call.db, [issue.id])[issue.id], lambda page: _shape(call, page))


@routes.on("POST " + OF_ISSUE, area="issues", role="triage")
def add(call: Call) -> Answer:
    """Put labels on an issue."""
    issue = the_issue(call)
    issues.add_labels(call.db, issue, call.user.id, _names(call), call.viewer.app_id)
    return _of_issue(call, issue)


@routes.on("PUT " + OF_ISSUE, area="issues", role="triage")
def replace(call: Call) -> Answer:
    """Make the labels exactly these."""
    issue = the_issue(call)
    issues.set_labels(call.db, issue, call.user.id, _names(call), call.viewer.app_id)
    return _of_issue(call, issue)


@routes.on("DELETE " + OF_ISSUE, area="issues", role="triage")
def clear(call: Call) -> Answer:
    """Take all labels off."""
    issues.set_labels(call.db, the_issue(call), call.user.id, [], call.viewer.app_id)
    return Answer(status=204)


@routes.on("DELETE " + OF_ISSUE + "/{name:path}", area="issues", role="triage")
def remove(call: Call) -> Answer:
    """Take one label off; 404 when it is not on."""
    issue = the_issue(call)
    if not issues.remove_label(call.db, issue, call.user.id, call.params["name"], call.viewer.app_id):
        raise (
            missing()
            if repos.label(call.db, call.repo.id, call.params["name"])
            else ApiError(404, "Label does not exist")
        )
    return _of_issue(call, issue)
