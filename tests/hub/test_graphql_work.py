"""Issues and pull requests through GraphQL: text and edits, timeline, mergeability, checks, reviews, merging."""

from __future__ import annotations

from typing import Any

from orchestrator.hub import Hub
from tests.hub.client import APP, Client
from tests.hub.graphql import Json, data, refusal

PULL = """query($n: Int!) { repository(owner: "ada", name: "app") { pullRequest(number: $n) {
  id state mergeable mergeStateStatus reviewDecision merged headRefOid mergeCommit { oid tree { oid } }
  closingIssuesReferences(first: 5) { nodes { number } } files(first: 5) { nodes { path changeType } }
  commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 10) { checkRunCount nodes {
    __typename
    ... on CheckRun { name status conclusion isRequired(pullRequestNumber: $n) checkSuite { app { slug databaseId } } }
    ... on StatusContext { context state isRequired(pullRequestNumber: $n) }
  } } } } } }
} } }"""
MERGE = """mutation($p: ID!, $oid: GitObjectID) {
  mergePullRequest(input: {pullRequestId: $p, expectedHeadOid: $oid, mergeMethod: SQUASH}) {
    pullRequest { merged } } }"""


def opened(hub: Hub, ada: Client, body: str = "") -> int:
    hub.admin.push("ada/app", "work", {"w.txt": "1\n"}, author="bob")
    repo = data(ada, '{ repository(owner: "ada", name: "app") { id } }')["repository"]["id"]
    made = data(
        ada,
        """mutation($r: ID!, $b: String) { createPullRequest(input: {repositoryId: $r, baseRefName: "main",
        headRefName: "work", title: "Work", body: $b}) { pullRequest { number mergeable } } }""",
        r=repo,
        b=body,
    )
    assert made["createPullRequest"]["pullRequest"]["mergeable"] == "UNKNOWN"
    return int(made["createPullRequest"]["pullRequest"]["number"])


def pull(client: Client, number: int) -> Json:
    found: Json = data(client, PULL, n=number)["repository"]["pullRequest"]
    return found


def test_mergeable_is_unknown_first_and_computed_then(hub: Hub, ada: Client) -> None:
    number = opened(hub, ada)
    clean = pull(ada, number)
    hub.admin.push("ada/app", "main", {"w.txt": "2\n"}, author="ada")
    first, second = pull(ada, number), pull(ada, number)

    assert (clean["mergeable"], clean["mergeStateStatus"]) == ("MERGEABLE", "CLEAN")
    assert (first["mergeable"], first["mergeStateStatus"]) == ("UNKNOWN", "UNKNOWN")
    assert (second["mergeable"], second["mergeStateStatus"]) == ("CONFLICTING", "DIRTY")


def test_checks_tell_their_app_and_whether_they_are_required(hub: Hub, ada: Client) -> None:
    hub.admin.protect("ada/app", "main", checks=[{"context": "test", "app_id": 15368}])
    hub.admin.set_ci("ada/app", {"test": "true", "lint": "false"})
    number = opened(hub, ada)
    assert hub.ci_idle(30)
    sha = pull(ada, number)["headRefOid"]
    ada.ok("POST", f"{APP}/statuses/{sha}", {"state": "success", "context": "test"})
    rollup = pull(ada, number)["commits"]["nodes"][0]["commit"]["statusCheckRollup"]
    told = {(one["__typename"], one.get("name") or one.get("context")): one for one in rollup["contexts"]["nodes"]}
    run = told["CheckRun", "test"]

    assert rollup["state"] == "FAILURE"
    assert (run["conclusion"], run["isRequired"]) == ("SUCCESS", True)
    assert run["checkSuite"]["app"] == {"slug": "github-actions", "databaseId": 15368}
    assert told["CheckRun", "lint"]["isRequired"] is False
    assert told["StatusContext", "test"]["isRequired"] is False, "a status of that name comes from the wrong app"


def test_a_merge_by_sha_closes_the_issue_and_a_stale_sha_is_refused(hub: Hub, ada: Client) -> None:
    issue = hub.admin.issue("ada/app", "One", author="bob")
    number = opened(hub, ada, f"Closes #{issue}")
    node = pull(ada, number)["id"]
    stale = refusal(ada, MERGE, p=node, oid="0" * 40)
    merged = data(ada, MERGE, p=node, oid=pull(ada, number)["headRefOid"])
    again = refusal(ada, MERGE, p=node)
    after = pull(ada, number)
    closed = data(
        ada,
        """{ repository(owner: "ada", name: "app") { issue(number: 1) { state stateReason
        closedByPullRequestsReferences(first: 5, includeClosedPrs: true) { nodes { number } }
        timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) { nodes { ... on ClosedEvent {
        actor { login } closer { ... on PullRequest { number } } } } } } } }""",
    )["repository"]["issue"]

    assert stale["message"] == "Head branch was modified. Review and try the merge again."
    assert merged["mergePullRequest"]["pullRequest"]["merged"] is True
    assert again["type"] == "UNPROCESSABLE"
    assert (after["state"], after["mergeCommit"]["oid"]) == ("MERGED", hub.admin.branches("ada/app")["main"])
    assert after["mergeCommit"]["tree"]["oid"] == hub.admin.log("ada/app", "main")[0].tree
    assert (closed["state"], closed["stateReason"]) == ("CLOSED", "COMPLETED")
    assert closed["closedByPullRequestsReferences"]["nodes"] == [{"number": number}]
    assert closed["timelineItems"]["nodes"] == [{"actor": {"login": "ada"}, "closer": {"number": number}}]


def test_nobody_approves_their_own_pull_request(hub: Hub, ada: Client) -> None:
    number = opened(hub, ada)
    review = """mutation($p: ID!) { addPullRequestReview(input: {pullRequestId: $p, event: APPROVE}) {
        pullRequestReview { state author { login } } } }"""
    node = pull(ada, number)["id"]
    error = refusal(ada, review, p=node)
    with Client(hub, hub.admin.token("bob")) as bob:
        given = data(bob, review, p=node)["addPullRequestReview"]["pullRequestReview"]

    assert "approve your own" in error["message"]
    assert given == {"state": "APPROVED", "author": {"login": "bob"}}
    assert pull(ada, number)["reviewDecision"] == "APPROVED"


def test_a_thread_is_answered_and_settled(hub: Hub, ada: Client) -> None:
    number = opened(hub, ada)
    note = {"path": "w.txt", "line": 1, "side": "RIGHT", "body": "Why?"}
    with Client(hub, hub.admin.token("bob")) as bob:
        bob.ok("POST", f"{APP}/pulls/{number}/reviews", {"event": "COMMENT", "body": "Look", "comments": [note]})
    query = """query($n: Int!) { repository(owner: "ada", name: "app") { pullRequest(number: $n) {
        reviewThreads(first: 5) { nodes { id isResolved resolvedBy { login }
        comments(first: 5) { nodes { body author { login } } } } } } } }"""

    def thread() -> Any:
        return data(ada, query, n=number)["repository"]["pullRequest"]["reviewThreads"]["nodes"][0]

    node = thread()["id"]
    data(
        ada,
        """mutation($t: ID!) { addPullRequestReviewThreadReply(input: {pullRequestReviewThreadId: $t,
        body: "Because"}) { comment { id } } }""",
        t=node,
    )
    data(ada, "mutation($t: ID!) { resolveReviewThread(input: {threadId: $t}) { thread { isResolved } } }", t=node)
    settled = thread()

    assert (settled["isResolved"], settled["resolvedBy"]) == (True, {"login": "ada"})
    assert [one["body"] for one in settled["comments"]["nodes"]] == ["Why?", "Because"]


def test_an_edited_text_tells_who_edited_it_and_keeps_what_was(hub: Hub, ada: Client) -> None:
    number = hub.admin.issue("ada/app", "One", "first", author="bob")
    hub.admin.edit_issue("ada/app", number, body="second", actor="ada")
    found = data(
        ada,
        """{ repository(owner: "ada", name: "app") { issue(number: 1) { body lastEditedAt author { login }
        editor { login } userContentEdits(first: 5) { totalCount nodes { diff editor { login } } } } } }""",
    )
    issue = found["repository"]["issue"]

    assert (issue["body"], issue["author"]["login"], issue["editor"]["login"]) == ("second", "bob", "ada")
    assert issue["lastEditedAt"]
    assert issue["userContentEdits"]["nodes"] == [
        {"diff": "second", "editor": {"login": "ada"}}, {"diff": "first", "editor": {"login": "bob"}},
    ]  # fmt: skip


def test_the_timeline_names_who_labelled_closed_and_reopened(hub: Hub, ada: Client) -> None:
    number = hub.admin.issue("ada/app", "One", author="ada")
    hub.admin.label("ada/app", number, "ready", actor="bob")
    hub.admin.close("ada/app", number, actor="bob")
    hub.admin.reopen("ada/app", number, actor="ada")
    found = data(
        ada,
        """{ repository(owner: "ada", name: "app") { issue(number: 1) { timelineItems(first: 10,
        itemTypes: [LABELED_EVENT, CLOSED_EVENT, REOPENED_EVENT]) { totalCount nodes { __typename
        ... on LabeledEvent { actor { login } label { name } } ... on ClosedEvent { actor { login } }
        ... on ReopenedEvent { actor { login } } } } } } }""",
    )["repository"]["issue"]["timelineItems"]

    assert found["nodes"] == [
        {"__typename": "LabeledEvent", "actor": {"login": "bob"}, "label": {"name": "ready"}},
        {"__typename": "ClosedEvent", "actor": {"login": "bob"}},
        {"__typename": "ReopenedEvent", "actor": {"login": "ada"}},
    ]


def test_an_apps_bot_loses_its_brackets_in_graphql(hub: Hub, ada: Client) -> None:
    hub.admin.app("agent-os", installations=["ada"])
    number = hub.admin.issue("ada/app", "One", author="agent-os[bot]")
    author = data(ada, "query($n: Int!) { repository(owner: \"ada\", name: \"app\") { issue(number: $n) {"
                       " author { __typename login } } } }", n=number)["repository"]["issue"]["author"]  # fmt: skip

    assert author == {"__typename": "Bot", "login": "agent-os"}


def test_labels_comments_and_states_are_written(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "Other", author="ada", labels=["bug"])
    number = hub.admin.issue("ada/app", "One", author="ada")
    repo = data(
        ada,
        """query($n: Int!) { repository(owner: "ada", name: "app") { label(name: "bug") { id }
        issue(number: $n) { id } } }""",
        n=number,
    )["repository"]
    issue, label = repo["issue"]["id"], repo["label"]["id"]
    body = """mutation($i: ID!, $l: [ID!]!) {
      addLabelsToLabelable(input: {labelableId: $i, labelIds: $l}) { labelable { labels(first: 5) { nodes { name } } } }
      addComment(input: {subjectId: $i, body: "Hello", clientMutationId: "7"}) {
        clientMutationId commentEdge { node { body author { login } } } }
      closeIssue(input: {issueId: $i, stateReason: NOT_PLANNED}) { issue { state stateReason } } }"""
    found = data(ada, body, i=issue, l=[label])

    assert found["addLabelsToLabelable"]["labelable"]["labels"]["nodes"] == [{"name": "bug"}]
    assert found["addComment"]["clientMutationId"] == "7"
    assert found["addComment"]["commentEdge"]["node"] == {"body": "Hello", "author": {"login": "ada"}}
    assert found["closeIssue"]["issue"] == {"state": "CLOSED", "stateReason": "NOT_PLANNED"}


def test_a_batch_of_pull_requests_with_checks_takes_a_few_statements_each(hub: Hub, ada: Client) -> None:
    for n in range(10):
        sha = hub.admin.push("ada/app", f"b{n}", {f"{n}.txt": "1\n"}, author="bob")
        ada.ok("POST", f"{APP}/pulls", {"title": f"P{n}", "head": f"b{n}", "base": "main"})
        ada.ok("POST", f"{APP}/statuses/{sha}", {"state": "success", "context": "ci"})
    query = """{ repository(owner: "ada", name: "app") { pullRequests(first: 50) { nodes {
        number title headRefOid author { login } labels(first: 10) { nodes { name } }
        reviews(first: 10) { nodes { state author { login } } } closingIssuesReferences(first: 5) { nodes { number } }
        commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 20) { nodes {
          ... on StatusContext { context state } } } } } } } } } } }"""
    counted: list[str] = []
    hub.db._connection.set_trace_callback(counted.append)
    found = data(ada, query)["repository"]["pullRequests"]["nodes"]
    hub.db._connection.set_trace_callback(None)

    assert [one["commits"]["nodes"][0]["commit"]["statusCheckRollup"]["state"] for one in found] == ["SUCCESS"] * 10
    assert len(counted) < 40, "\n".join(counted)
