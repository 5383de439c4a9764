"""The hub's merge queue, in the words of GitHub's schema: in, tested, landed or out, and no way past it."""

from __future__ import annotations

from typing import Any

from orchestrator.hub import Hub
from tests.hub.client import APP, Client
from tests.hub.graphql import data, refusal

SEEN = """query($n: Int!) { repository(owner: "ada", name: "app") {
  mergeQueue(branch: "main") { id url resourcePath }
  other: mergeQueue(branch: "other") { id }
  pullRequest(number: $n) { id headRefOid state isInMergeQueue
    mergeQueueEntry { id state position enqueuedAt jump solo headCommit { oid } pullRequest { number } }
    timelineItems(last: 1, itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT]) { nodes {
      ... on RemovedFromMergeQueueEvent { id actor { login } createdAt reason pullRequest { number } } } } } } }"""
ENQUEUE = """mutation($p: ID!, $h: GitObjectID) { enqueuePullRequest(input: {pullRequestId: $p, expectedHeadOid: $h}) {
  mergeQueueEntry { state position } } }"""
DEQUEUE = "mutation($p: ID!) { dequeuePullRequest(input: {id: $p}) { mergeQueueEntry { id } clientMutationId } }"


def opened(hub: Hub, ada: Client, ci: str) -> tuple[int, dict[str, Any]]:
    """A pull request with green checks into a branch with a queue, whose next jobs are `ci`."""
    hub.admin.set_ci("ada/app", {"test": "true"})
    hub.admin.merge_queue("ada/app", "main")
    hub.admin.push("ada/app", "one", {"one.txt": "1\n"})
    number = ada.ok("POST", f"{APP}/pulls", {"title": "One", "head": "one", "base": "main"})["number"]
    assert hub.ci_idle(30)
    hub.admin.set_ci("ada/app", {"test": ci})
    return number, seen(ada, number)["pullRequest"]


def seen(ada: Client, number: int) -> dict[str, Any]:
    found: dict[str, Any] = data(ada, SEEN, n=number)["repository"]
    return found


def test_a_green_one_lands_as_it_was_tested_on_a_branch_of_the_queue(hub: Hub, ada: Client) -> None:
    number, pull = opened(hub, ada, "test -f one.txt; sleep 1")
    there = data(ada, ENQUEUE, p=pull["id"], h=pull["headRefOid"])["enqueuePullRequest"]["mergeQueueEntry"]
    assert there == {"state": "AWAITING_CHECKS", "position": 1}
    now = seen(ada, number)
    entry = now["pullRequest"]["mergeQueueEntry"]
    assert (now["other"], now["mergeQueue"]["url"].endswith("/ada/app/queue/main")) == (None, True)
    assert (entry["pullRequest"], entry["jump"], entry["solo"]) == ({"number": number}, False, False)
    assert [b for b in hub.admin.branches("ada/app") if b.startswith(f"gh-readonly-queue/main/pr-{number}-")]
    assert hub.ci_idle(30)
    assert (seen(ada, number)["pullRequest"]["state"]) == "MERGED"
    assert hub.admin.branches("ada/app")["main"] == entry["headCommit"]["oid"]
    assert not [b for b in hub.admin.branches("ada/app") if b.startswith("gh-readonly-queue/")]


def test_a_red_one_is_out_with_the_reason_and_main_stands(hub: Hub, ada: Client) -> None:
    number, pull = opened(hub, ada, "false")
    main = hub.admin.branches("ada/app")["main"]
    data(ada, ENQUEUE, p=pull["id"])
    assert hub.ci_idle(30)
    now = seen(ada, number)["pullRequest"]
    (event,) = now["timelineItems"]["nodes"]
    assert (now["state"], now["isInMergeQueue"], event["reason"]) == ("OPEN", False, "failed checks")
    assert hub.admin.branches("ada/app")["main"] == main


def test_there_is_no_way_past_it_and_no_other_head_gets_in(hub: Hub, ada: Client) -> None:
    number, pull = opened(hub, ada, "true")
    assert "merge queue" in ada.refused(405, "PUT", f"{APP}/pulls/{number}/merge", {})["message"]
    assert "head" in refusal(ada, ENQUEUE, p=pull["id"], h="0" * 40)["message"].lower()
    assert "not in the merge queue" in refusal(ada, DEQUEUE, p=pull["id"])["message"]


def test_a_person_takes_one_out_and_its_jobs_end(hub: Hub, ada: Client) -> None:
    number, pull = opened(hub, ada, "sleep 60")
    data(ada, ENQUEUE, p=pull["id"])
    data(ada, DEQUEUE, p=pull["id"])
    assert hub.ci_idle(30)
    now = seen(ada, number)["pullRequest"]
    assert [e["reason"] for e in now["timelineItems"]["nodes"]] == ["manual"]
    assert [e["actor"] for e in now["timelineItems"]["nodes"]] == [{"login": "ada"}]
