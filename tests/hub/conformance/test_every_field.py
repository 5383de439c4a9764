"""Every field of every object that the hub serves is asked for once, on a world that has one of each kind."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from orchestrator.hub import Hub
from tests.hub.client import APP, Client
from tests.hub.conformance.test_schema import served
from tests.hub.graphql import ask, board, data

ARGUMENTS = {
    "Repository.issue": "(number: 1)", "Repository.pullRequest": "(number: 3)", "Repository.label": '(name: "bug")',
    "Repository.issueOrPullRequest": "(number: 1)", "Repository.projectV2": "(number: 1)",
    "Repository.ref": '(qualifiedName: "main")', "Repository.refs": '(refPrefix: "refs/heads/", first: 3)',
    "Repository.object": '(expression: "main:README.md")', "User.projectV2": "(number: 1)",
    "User.repository": '(name: "app")', "User.organization": '(login: "acme")',
    "Organization.projectV2": "(number: 1)", "Organization.repository": '(name: "theirs")',
    "Issue.projectV2": "(number: 1)", "PullRequest.projectV2": "(number: 1)", "ProjectV2.field": '(name: "Status")',
    "ProjectV2Item.fieldValueByName": '(name: "Status")', "Status.context": '(name: "slow")',
    "CheckRun.isRequired": "(pullRequestNumber: 3)", "StatusContext.isRequired": "(pullRequestNumber: 3)",
}  # fmt: skip
"""Arguments for the fields that need some (connections get `first: 3`)."""

DEPTHS = {"Issue": 2, "PullRequest": 2, "Commit": 2, "ProjectV2": 2, "ProjectV2Item": 2, "PullRequestReview": 1}
"""Types asked for by node id, and how deep."""

SILENT = {
    "AutoMergeRequest": "enabling it is always refused",
    "MergeQueue": "asked for in tests/hub/test_queue.py: with it nothing else could be merged here",
    "MergeQueueEntry": "asked for in tests/hub/test_queue.py",
    "RemovedFromMergeQueueEvent": "asked for in tests/hub/test_queue.py",
}
"""Types of which the world below has none, with the reason."""


def rich(hub: Hub, ada: Client) -> None:
    """Issues 1 and 2, pull requests 3 (open, reviewed, checked) and 4 (merged), boards, drafts, events of all kinds."""
    hub.admin.org("acme", members={"ada": "admin"})
    hub.admin.repo("acme/theirs", files={"a": "1\n"})
    hub.admin.board("acme", repos=["acme/theirs"])
    hub.admin.app("helper", installations=["ada"])
    hub.admin.set_ci("ada/app", {"test": "true"})
    board(hub, 2)
    for n in (1, 2):
        hub.admin.label("ada/app", n, "bug", actor="bob")
    ada.ok("PATCH", f"{APP}/issues/1", {"title": "Renamed", "body": "other", "assignees": ["ada", "bob"]})
    ada.ok("DELETE", f"{APP}/issues/1/assignees", {"assignees": ["bob"]})
    ada.ok("DELETE", f"{APP}/issues/1/labels/bug")
    ada.ok("POST", f"{APP}/issues/1/labels", {"labels": ["bug"]})
    comment = ada.ok("POST", f"{APP}/issues/1/comments", {"body": "Hello"})
    ada.ok("PATCH", f"{APP}/issues/comments/{comment['id']}", {"body": "Bye"})
    child = ada.ok("GET", f"{APP}/issues/2")["id"]
    ada.ok("POST", f"{APP}/issues/1/sub_issues", {"sub_issue_id": child})
    ada.ok("DELETE", f"{APP}/issues/1/sub_issue", {"sub_issue_id": child})
    ada.ok("POST", f"{APP}/issues/1/sub_issues", {"sub_issue_id": child})
    pulls(hub, ada)
    hub.admin.issue("ada/app", "By a bot", author="helper[bot]")


def pulls(hub: Hub, ada: Client) -> None:
    """The pull requests of the world."""
    numbers = []
    for branch, title in (("one", "Closes #1"), ("two", "Closes #2")):
        hub.admin.push("ada/app", branch, {f"{branch}.txt": "1\n"}, author="bob")
        new = {"title": title, "head": branch, "base": "main", "body": title, "draft": branch == "one"}
        numbers.append(ada.ok("POST", f"{APP}/pulls", new)["number"])
    ada.ok("POST", f"{APP}/pulls/{numbers[0]}/requested_reviewers", {"reviewers": ["bob"]})
    ready(ada, numbers[0])
    note = {"path": "one.txt", "line": 1, "side": "RIGHT", "body": "Why?"}
    with Client(hub, hub.admin.token("bob")) as bob:
        bob.ok("POST", f"{APP}/pulls/{numbers[0]}/reviews", {"event": "COMMENT", "body": "Look", "comments": [note]})
    ada.ok("POST", f"{APP}/pulls/{numbers[0]}/requested_reviewers", {"reviewers": ["bob"]})
    hub.admin.push("ada/app", "one", {"one.txt": "2\n"}, author="bob", force=True, base="main")
    assert hub.ci_idle(30)
    sha = hub.admin.branches("ada/app")["one"]
    ada.ok("POST", f"{APP}/statuses/{sha}", {"state": "pending", "context": "slow"})
    ada.ok("PATCH", APP, {"delete_branch_on_merge": True})
    ada.ok("PUT", f"{APP}/pulls/{numbers[1]}/merge", {"merge_method": "squash"})
    hub.admin.reopen("ada/app", 2, actor="ada")
    hub.admin.protect("ada/app", "main", checks=["test"], reviews=1)
    draft(ada, numbers[0])


def ready(ada: Client, number: int) -> None:
    """Into a draft and back, and a board with cards of all kinds."""
    found = data(ada, """query($n: Int!) { repository(owner: "ada", name: "app") { pullRequest(number: $n) { id } }
        user(login: "ada") { projectV2(number: 1) { id } } }""", n=number)  # fmt: skip
    pull, project = found["repository"]["pullRequest"]["id"], found["user"]["projectV2"]["id"]
    for verb in ("markPullRequestReadyForReview", "convertPullRequestToDraft", "markPullRequestReadyForReview"):
        data(
            ada, f"mutation($p: ID!) {{ {verb}(input: {{pullRequestId: $p}}) {{ pullRequest {{ isDraft }} }} }}", p=pull
        )
    data(ada, "mutation($p: ID!, $c: ID!) { addProjectV2ItemById(input: {projectId: $p, contentId: $c}) {"
              " item { id } } }", p=project, c=pull)  # fmt: skip


def draft(ada: Client, number: int) -> None:
    """A card with a text of its own, and a value of each kind on it."""
    project = data(ada, '{ user(login: "ada") { projectV2(number: 1) { id } } }')["user"]["projectV2"]["id"]
    item = data(ada, 'mutation($p: ID!) { addProjectV2DraftIssue(input: {projectId: $p, title: "Idea"}) {'
                     " projectItem { id } } }", p=project)["addProjectV2DraftIssue"]["projectItem"]["id"]  # fmt: skip
    for kind, value in (("TEXT", {"text": "x"}), ("NUMBER", {"number": 2.5}), ("DATE", {"date": "2026-11-21"})):
        made = data(ada, OWN_FIELD, p=project, k=kind, n=f"Own {kind}")["createProjectV2Field"]
        data(ada, OWN_VALUE, p=project, i=item, f=made["projectV2Field"]["id"], v=value)


OWN_FIELD = """mutation($p: ID!, $k: ProjectV2CustomFieldType!, $n: String!) {
  createProjectV2Field(input: {projectId: $p, name: $n, dataType: $k}) {
    projectV2Field { ... on ProjectV2Field { id } } } }"""
OWN_VALUE = """mutation($p: ID!, $i: ID!, $f: ID!, $v: ProjectV2FieldValue!) {
  updateProjectV2ItemFieldValue(input: {projectId: $p, itemId: $i, fieldId: $f, value: $v}) {
    projectV2Item { id } } }"""


class Sweep:
    """Asks breadth first: each type's fields once, on the first objects that show up."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema

    def of(self, name: str, depth: int) -> str:
        """A selection with all fields of a type, down to a depth."""
        kind = self.schema.type_map[name]
        if is_abstract_type(kind):
            members = kind.types if isinstance(kind, GraphQLUnionType) else self.schema.get_possible_types(kind)
            return "__typename " + " ".join(
                f"... on {member.name} {{ {self.fields(member, depth)} }}" for member in members
            )
        assert isinstance(kind, GraphQLObjectType)
        return "__typename " + self.fields(kind, depth)

    def fields(self, kind: GraphQLObjectType, depth: int) -> str:
        parts = [self.field(kind.name, name, field, depth) for name, field in kind.fields.items()]
        return " ".join(part for part in parts if part) or "__typename"

    def field(self, owner: str, name: str, field: GraphQLField, depth: int) -> str:
        inner = get_named_type(field.type)
        arguments = ARGUMENTS.get(f"{owner}.{name}", _first(name) if inner.name.endswith("Connection") else "")
        alias = f"{owner}_{name}: "
        if inner.name.endswith("Edge"):
            return f"{name} {{ cursor }}"  # the node is asked for beside it
        if is_leaf_type(inner):
            return f"{alias}{name}{arguments}"
        step = 0 if inner.name.endswith(("Connection", "Edge")) else 1
        return f"{alias}{name}{arguments} {{ {self.of(inner.name, depth - step)} }}" if depth > 0 else ""


def _first(name: str) -> str:
    """Long pages only where the kinds differ from one entry to the next: the node limit holds here too."""
    return (
        "(first: 30)"
        if name in ("timelineItems", "items", "fieldValues", "contexts", "issues", "fields")
        else "(first: 2)"
    )


def typenames(value: Any) -> set[str]:
    """All __typename in an answer."""
    if isinstance(value, list):
        return {name for entry in value for name in typenames(entry)}
    if isinstance(value, dict):
        own = {value["__typename"]} if "__typename" in value else set()
        return own | {name for entry in value.values() for name in typenames(entry)}
    return set()


def ids(value: Any) -> dict[str, list[str]]:
    """Node ids in an answer, by type."""
    found: dict[str, list[str]] = {}
    if isinstance(value, list):
        for entry in value:
            for kind, known in ids(entry).items():
                found.setdefault(kind, []).extend(known)
    if isinstance(value, dict):
        kind = value.get("__typename", "")
        if f"{kind}_id" in value and isinstance(value[f"{kind}_id"], str):
            found.setdefault(kind, []).append(value[f"{kind}_id"])
        for entry in value.values():
            for name, known in ids(entry).items():
                found.setdefault(name, []).extend(known)
    return found


def test_every_field_of_every_type_is_answered_without_an_error(hub: Hub, ada: Client) -> None:
    rich(hub, ada)
    sweep = Sweep(served())
    seen: set[str] = set()
    asked: set[str] = set()
    wrong: list[dict[str, Any]] = []
    starts = ['repository(owner: "ada", name: "app")', 'user(login: "ada")', 'organization(login: "acme")']
    kinds = ["Repository", "User", "Organization"]
    for start, kind in zip(starts, kinds, strict=True):
        found = ask(ada, f"{{ {start} {{ {sweep.of(kind, 2)} }} }}")
        wrong += found.get("errors", [])
        seen |= typenames(found["data"])
        for name, known in ids(found["data"]).items():
            if name in DEPTHS:
                for one in sorted(set(known) - asked):
                    asked.add(one)
                    fields = sweep.of(name, DEPTHS[name])
                    inner = ask(ada, f"query($i: ID!) {{ node(id: $i) {{ ... on {name} {{ {fields} }} }} }}", i=one)
                    wrong += inner.get("errors", [])
                    seen |= typenames(inner["data"])
    served_objects = {
        name
        for name, kind in served().type_map.items()
        if isinstance(kind, GraphQLObjectType)
        and not name.startswith("__")
        and not name.endswith(("Payload", "Edge", "Connection"))
    }

    # The arguments fit ada's things; asked of others they rightly lead nowhere.
    wrong = [error for error in wrong if error.get("type") != "NOT_FOUND"]
    assert not wrong, "\n".join(sorted({f"{error['path'][-1]}: {error['message']}" for error in wrong}))
    assert repr(sorted(served_objects - seen - set(SILENT) - {"Query", "Mutation", "RateLimit"})) == "[]"
