"""Each mutation does what its name says, and every one of them is used in some test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.hub import Hub
from tests.hub.client import APP, Client
from tests.hub.graphql import STATUS, Json, ask, board, data

NODES = """query($n: Int!) { repository(owner: "ada", name: "app") { id bug: label(name: "bug") { id }
  issueOrPullRequest(number: $n) { ... on Issue { id } ... on PullRequest { id headRefOid } } }
  bob: user(login: "bob") { id } }"""


def test_no_mutation_is_served_that_no_test_uses() -> None:
    from orchestrator.hub.graphql.registry import MUTATIONS
    from orchestrator.hub.graphql.schema import served

    served()
    texts = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    helpers = Path(__file__).with_name("graphql.py").read_text(encoding="utf-8")

    assert [name for name in MUTATIONS if f"{name}(" not in texts + helpers and f'"{name}"' not in texts] == []


def act(client: Client, verb: str, answer: str, **given: Any) -> Any:
    """Run one mutation; what it answers."""
    kind = verb[0].upper() + verb[1:] + "Input!"
    found = ask(client, f"mutation($i: {kind}) {{ {verb}(input: $i) {{ {answer} }} }}", i=given)
    return found["errors"][0] if "errors" in found else found["data"][verb]


def nodes(client: Client, number: int) -> tuple[str, str, str, str]:
    """Ids of the repository, its label bug, the issue or pull request, and of bob."""
    found = data(client, NODES, n=number)
    repo = found["repository"]
    return repo["id"], repo["bug"]["id"], repo["issueOrPullRequest"]["id"], found["bob"]["id"]


def world(hub: Hub, ada: Client) -> tuple[str, str, str, str]:
    """Issue 1 with the label bug, pull request 2 from `work`; the ids of the issue's world."""
    hub.admin.issue("ada/app", "One", author="ada", labels=["bug"])
    hub.admin.push("ada/app", "work", {"w.txt": "1\n"}, author="bob")
    ada.ok("POST", f"{APP}/pulls", {"title": "Work", "head": "work", "base": "main"})
    return nodes(ada, 1)


def test_issues_are_filed_changed_closed_and_opened_again(hub: Hub, ada: Client) -> None:
    repo, bug, one, bob = world(hub, ada)
    made = act(ada, "createIssue", "issue { id title labels(first: 3) { nodes { name } } parent { number } }",
               repositoryId=repo, title="New", labelIds=[bug], parentIssueId=one)["issue"]  # fmt: skip
    changed = act(ada, "updateIssue", "issue { title body assignees(first: 3) { nodes { login } } } actor { login }",
                  id=made["id"], title="Newer", body="text", assigneeIds=[bob])  # fmt: skip
    act(ada, "closeIssue", "clientMutationId", issueId=made["id"])
    opened = act(ada, "reopenIssue", "issue { state stateReason }", issueId=made["id"])["issue"]

    assert made["labels"]["nodes"] == [{"name": "bug"}]
    assert made["parent"] == {"number": 1}
    assert changed["issue"] == {"title": "Newer", "body": "text", "assignees": {"nodes": [{"login": "bob"}]}}
    assert changed["actor"] == {"login": "ada"}
    assert opened == {"state": "OPEN", "stateReason": "REOPENED"}


def test_labels_assignees_and_parts_come_and_go(hub: Hub, ada: Client) -> None:
    _, bug, one, bob = world(hub, ada)
    hub.admin.issue("ada/app", "Part", author="ada")
    part = nodes(ada, 3)[2]
    people = "assignable { assignees(first: 3) { nodes { login } } }"
    off = act(ada, "removeLabelsFromLabelable", "labelable { labels(first: 3) { totalCount } }",
              labelableId=one, labelIds=[bug])  # fmt: skip
    there = act(ada, "addAssigneesToAssignable", people, assignableId=one, assigneeIds=[bob])
    gone = act(ada, "removeAssigneesFromAssignable", people, assignableId=one, assigneeIds=[bob])
    parts = "issue { subIssuesSummary { total } }"
    added = act(ada, "addSubIssue", parts, issueId=one, subIssueId=part)
    removed = act(ada, "removeSubIssue", parts, issueId=one, subIssueId=part)

    assert off["labelable"]["labels"]["totalCount"] == 0
    assert there["assignable"]["assignees"]["nodes"] == [{"login": "bob"}]
    assert gone["assignable"]["assignees"]["nodes"] == []
    assert [found["issue"]["subIssuesSummary"]["total"] for found in (added, removed)] == [1, 0]


def test_comments_are_changed_and_removed(hub: Hub, ada: Client) -> None:
    one = world(hub, ada)[2]
    comment = act(ada, "addComment", "commentEdge { node { id } }", subjectId=one, body="a")["commentEdge"]["node"][
        "id"
    ]
    changed = act(ada, "updateIssueComment", "issueComment { body lastEditedAt }", id=comment, body="b")
    act(ada, "deleteIssueComment", "clientMutationId", id=comment)

    assert changed["issueComment"]["body"] == "b"
    assert changed["issueComment"]["lastEditedAt"]
    assert ada.ok("GET", f"{APP}/issues/1/comments") == []


def test_pull_requests_are_changed_closed_and_opened_again(hub: Hub, ada: Client) -> None:
    bob = world(hub, ada)[3]
    pull = nodes(ada, 2)[2]
    changed = act(ada, "updatePullRequest", "pullRequest { title body }", pullRequestId=pull, title="T", body="B")
    closed = act(ada, "closePullRequest", "pullRequest { state }", pullRequestId=pull)
    opened = act(ada, "reopenPullRequest", "pullRequest { state }", pullRequestId=pull)
    asked = act(ada, "requestReviews", "pullRequest { reviewRequests(first: 3) { totalCount } }", pullRequestId=pull,
                userIds=[bob])  # fmt: skip
    auto = act(ada, "enablePullRequestAutoMerge", "clientMutationId", pullRequestId=pull)
    hub.admin.push("ada/app", "main", {"m.txt": "1\n"}, author="ada")
    stale = act(ada, "updatePullRequestBranch", "clientMutationId", pullRequestId=pull, expectedHeadOid="0" * 40)
    before = hub.admin.branches("ada/app")["work"]
    updated = act(ada, "updatePullRequestBranch", "pullRequest { headRefOid }", pullRequestId=pull)

    assert changed["pullRequest"] == {"title": "T", "body": "B"}
    assert (closed["pullRequest"]["state"], opened["pullRequest"]["state"]) == ("CLOSED", "OPEN")
    assert asked["pullRequest"]["reviewRequests"]["totalCount"] == 1
    assert auto["message"] == "Auto merge is not allowed for this repository"
    assert stale["type"] == "UNPROCESSABLE"
    assert updated["pullRequest"]["headRefOid"] == hub.admin.branches("ada/app")["work"] != before


def test_a_settled_thread_is_opened_again(hub: Hub, ada: Client) -> None:
    world(hub, ada)
    note = {"path": "w.txt", "line": 1, "side": "RIGHT", "body": "Why?"}
    with Client(hub, hub.admin.token("bob")) as bob:
        bob.ok("POST", f"{APP}/pulls/2/reviews", {"event": "COMMENT", "body": "Look", "comments": [note]})
    found = data(
        ada,
        """{ repository(owner: "ada", name: "app") { pullRequest(number: 2) {
        reviewThreads(first: 1) { nodes { id } } } } }""",
    )["repository"]["pullRequest"]["reviewThreads"]["nodes"][0]
    act(ada, "resolveReviewThread", "clientMutationId", threadId=found["id"])
    again = act(ada, "unresolveReviewThread", "thread { isResolved }", threadId=found["id"])

    assert again["thread"]["isResolved"] is False


def test_refs_are_made_moved_and_deleted_by_rests_rules(hub: Hub, ada: Client) -> None:
    repo = world(hub, ada)[0]
    shas = hub.admin.branches("ada/app")
    made = act(ada, "createRef", "ref { id name }", repositoryId=repo, name="refs/heads/new", oid=shas["main"])["ref"]
    moved = act(ada, "updateRef", "ref { target { oid } }", refId=made["id"], oid=shas["work"])
    back = act(ada, "updateRef", "ref { target { oid } }", refId=made["id"], oid=shas["main"])
    act(ada, "deleteRef", "clientMutationId", refId=made["id"])

    assert made["name"] == "new"
    assert moved["ref"]["target"]["oid"] == shas["work"]
    assert back["message"] == "Update is not a fast forward"
    assert "new" not in hub.admin.branches("ada/app")


def test_cards_are_archived_and_emptied_and_columns_renamed(hub: Hub, ada: Client) -> None:
    number = board(hub, 1)

    def seen() -> Json:
        found: Json = data(ada, STATUS, number=number)["user"]["projectV2"]
        return found

    first = seen()
    project, item, field = first["id"], first["items"]["nodes"][0]["id"], first["field"]["id"]
    act(ada, "clearProjectV2ItemFieldValue", "clientMutationId", projectId=project, itemId=item, fieldId=field)
    empty = seen()["items"]["nodes"][0]["fieldValueByName"]
    act(ada, "archiveProjectV2Item", "item { isArchived }", projectId=project, itemId=item)
    hidden = seen()["items"]["nodes"]
    back = act(ada, "unarchiveProjectV2Item", "item { isArchived }", projectId=project, itemId=item)
    option = {"name": "Only", "color": "BLUE", "description": ""}
    renamed = act(ada, "updateProjectV2Field", "projectV2Field { ... on ProjectV2SingleSelectField { name options {"
                  " name } } }", fieldId=field, name="State", singleSelectOptions=[option])  # fmt: skip
    titled = act(ada, "updateProjectV2", "projectV2 { title closed }", projectId=project, title="Next", closed=True)
    repo = data(ada, '{ repository(owner: "ada", name: "app") { id } }')["repository"]["id"]
    linked = act(ada, "linkProjectV2ToRepository", "repository { projectsV2(first: 3) { totalCount } }",
                 projectId=project, repositoryId=repo)  # fmt: skip

    assert empty is None
    assert hidden == []
    assert back["item"]["isArchived"] is False
    assert renamed["projectV2Field"] == {"name": "State", "options": [{"name": "Only"}]}
    assert titled["projectV2"] == {"title": "Next", "closed": True}
    assert linked["repository"]["projectsV2"]["totalCount"] == 1
