"""Boards through GraphQL: paging, who set a value, when the board moved, what may not be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.hub import Hub
from tests.hub.client import Client
from tests.hub.graphql import MOVE, STATUS, ask, board, data, move, refusal

PAGE = """
query Page($number: Int!, $first: Int, $last: Int, $after: String, $before: String) {
  user(login: "ada") { projectV2(number: $number) {
    items(first: $first, last: $last, after: $after, before: $before) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor } nodes { content { ... on Issue { title } } }
    }
  } }
}
"""


def test_pages_follow_each_other_without_gap_or_repetition(hub: Hub, ada: Client) -> None:
    number, titles, after = board(hub, 7), [], None
    while True:
        page = data(ada, PAGE, number=number, first=3, after=after)["user"]["projectV2"]["items"]
        titles += [node["content"]["title"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 7
        assert page["edges"][-1]["cursor"] == after
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert titles == [f"Task {n}" for n in range(7)]


def test_a_page_from_the_end_and_one_before_a_cursor(hub: Hub, ada: Client) -> None:
    number = board(hub, 5)
    last = data(ada, PAGE, number=number, last=2)["user"]["projectV2"]["items"]
    before = last["pageInfo"]["startCursor"]
    earlier = data(ada, PAGE, number=number, last=2, before=before)["user"]["projectV2"]["items"]

    assert [node["content"]["title"] for node in last["nodes"]] == ["Task 3", "Task 4"]
    assert [node["content"]["title"] for node in earlier["nodes"]] == ["Task 1", "Task 2"]
    assert earlier["pageInfo"]["hasPreviousPage"]


@pytest.mark.parametrize("gone", [0, 1])
def test_a_card_removed_between_two_pages_makes_no_gap(hub: Hub, ada: Client, gone: int) -> None:
    number = board(hub, 4)
    page = data(ada, PAGE, number=number, first=2)["user"]["projectV2"]["items"]
    found = data(ada, STATUS, number=number)["user"]["projectV2"]
    drop = "mutation($p: ID!, $i: ID!) { deleteProjectV2Item(input: {projectId: $p, itemId: $i}) { deletedItemId } }"
    data(ada, drop, p=found["id"], i=found["items"]["nodes"][gone]["id"])
    rest = data(ada, PAGE, number=number, first=5, after=page["pageInfo"]["endCursor"])["user"]["projectV2"]["items"]

    assert [node["content"]["title"] for node in rest["nodes"]] == ["Task 2", "Task 3"]


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({}, "MISSING_PAGINATION_BOUNDARIES"),
        ({"first": 101}, "EXCESSIVE_PAGINATION"),
        ({"first": 1, "after": "nonsense"}, "INVALID_CURSOR_ARGUMENTS"),
    ],
)
def test_a_page_without_bounds_or_beyond_the_cap_is_refused(
    hub: Hub, ada: Client, arguments: dict[str, object], kind: str
) -> None:
    error = refusal(ada, PAGE, number=board(hub), **arguments)

    assert error["type"] == kind
    assert error["path"] == ["user", "projectV2", "items"]


def test_a_value_tells_who_set_it_last_and_the_board_moves_with_it(hub: Hub, ada: Client, tmp_path: Path) -> None:
    number = board(hub, 1)
    before = data(ada, STATUS, number=number)["user"]["projectV2"]
    (tmp_path / "clock").write_text("60")
    with Client(hub, hub.admin.token("bob")) as bob:
        move(bob, number, "Done")
    after = data(ada, STATUS, number=number)["user"]["projectV2"]
    values = [found["items"]["nodes"][0]["fieldValueByName"] for found in (before, after)]

    assert [(value["name"], value["creator"]["login"]) for value in values] == [("Ready", "ada"), ("Done", "bob")]
    assert values[1]["updatedAt"] > values[0]["updatedAt"]
    assert after["updatedAt"] > before["updatedAt"]


def test_reading_does_not_move_the_board(hub: Hub, ada: Client, tmp_path: Path) -> None:
    number = board(hub, 1)
    before = data(ada, STATUS, number=number)["user"]["projectV2"]["updatedAt"]
    (tmp_path / "clock").write_text("60")

    assert data(ada, STATUS, number=number)["user"]["projectV2"]["updatedAt"] == before


def test_an_option_of_another_field_is_refused_and_nothing_is_written(hub: Hub, ada: Client) -> None:
    number = board(hub, 1)
    found = data(ada, STATUS, number=number)["user"]["projectV2"]
    item = found["items"]["nodes"][0]["id"]
    error = refusal(ada, MOVE, project=found["id"], item=item, field=found["field"]["id"], option="ffffffff")

    assert error["type"] == "UNPROCESSABLE"
    assert hub.admin.status("ada/app", 1) == "Ready"
    assert [record.applied for record in hub.requests.all() if record.operation == "Move"] == [False]


def test_an_issue_is_one_card_however_often_it_is_added(hub: Hub, ada: Client) -> None:
    number = board(hub, 1)
    found = data(ada, STATUS, number=number)["user"]["projectV2"]
    issue = found["items"]["nodes"][0]["content"]["id"]
    add = "mutation($p: ID!, $c: ID!) { addProjectV2ItemById(input: {projectId: $p, contentId: $c}) { item { id } } }"
    again = data(ada, add, p=found["id"], c=issue)["addProjectV2ItemById"]["item"]["id"]

    assert again == found["items"]["nodes"][0]["id"]


def test_a_board_is_made_with_a_field_of_ones_own(hub: Hub, ada: Client) -> None:
    me = data(ada, "{ viewer { id } }")["viewer"]["id"]
    made = data(
        ada, "mutation($o: ID!) { createProjectV2(input: {ownerId: $o, title: \"New\"}) { projectV2 { id number } } }",
        o=me,
    )["createProjectV2"]["projectV2"]  # fmt: skip
    field = data(
        ada,
        """mutation($p: ID!) { createProjectV2Field(input: {projectId: $p, name: "Risk", dataType: SINGLE_SELECT,
        singleSelectOptions: [{name: "low", color: GREEN, description: ""}, {name: "high", color: RED, description: ""}]
        }) { projectV2Field { ... on ProjectV2SingleSelectField { name options { name color } } } } }""",
        p=made["id"],
    )["createProjectV2Field"]["projectV2Field"]

    assert field == {
        "name": "Risk", "options": [{"name": "low", "color": "GREEN"}, {"name": "high", "color": "RED"}],
    }  # fmt: skip


def test_a_stranger_sees_no_board_and_no_private_content(hub: Hub, ada: Client) -> None:
    hub.admin.repo("ada/secret", files={"a": "1\n"}, private=True)
    number = board(hub, 1)
    hub.admin.issue("ada/secret", "Hidden", author="ada", board=number, status="Ready")
    with Client(hub, hub.admin.token("eve")) as eve, Client(hub, hub.admin.token("bob")) as bob:
        stranger = ask(eve, STATUS, number=number)
        kinds = """query($n: Int!) { user(login: "ada") { projectV2(number: $n) {
          items(first: 5) { nodes { type } } } } }"""
        helper = data(bob, kinds, n=number)["user"]["projectV2"]["items"]["nodes"]

    assert stranger["data"]["user"]["projectV2"] is None
    assert stranger["errors"][0]["type"] == "NOT_FOUND"
    assert [node["type"] for node in helper] == ["ISSUE", "REDACTED"]


def test_a_classic_token_without_the_project_scope_is_told_so(hub: Hub) -> None:
    number = board(hub)
    with Client(hub, hub.admin.token("ada", kind="classic", scopes=["repo"])) as client:
        found = ask(client, STATUS, number=number)

    assert found["errors"][0]["type"] == "INSUFFICIENT_SCOPES"
    assert "read:project" in found["errors"][0]["message"]
    assert "data" not in found


def test_a_page_of_a_hundred_cards_takes_a_few_statements(hub: Hub, ada: Client) -> None:
    number = board(hub, 100)
    counted: list[str] = []
    hub.db._connection.set_trace_callback(counted.append)
    query = """query($n: Int!) { user(login: "ada") { projectV2(number: $n) { items(first: 100) { nodes {
      id type updatedAt fieldValueByName(name: "Status") {
        ... on ProjectV2ItemFieldSingleSelectValue { name creator { login } } }
      content { ... on Issue { number title author { login } repository { nameWithOwner }
        labels(first: 10) { nodes { name } } assignees(first: 5) { nodes { login } } } }
    } } } } }"""
    data(ada, query, n=number)
    hub.db._connection.set_trace_callback(None)

    assert len(counted) < 40, "\n".join(counted[:60])


def test_a_board_is_deleted_by_its_owner_and_by_nobody_who_may_only_write_to_it(
    hub: Hub, ada: Client, bob: Client
) -> None:
    number = board(hub, 1)
    found = data(ada, STATUS, number=number)["user"]["projectV2"]["id"]
    drop = "mutation($p: ID!) { deleteProjectV2(input: {projectId: $p}) { projectV2 { id number } } }"
    assert "does not have permission to delete" in refusal(bob, drop, p=found)["message"]
    assert data(ada, drop, p=found)["deleteProjectV2"]["projectV2"] == {"id": found, "number": number}
    assert refusal(ada, drop, p=found)["type"] == "NOT_FOUND"
    assert ask(ada, STATUS, number=number)["data"]["user"]["projectV2"] is None
    assert hub.admin.snapshot()["boards"] == {}


def test_a_classic_token_that_may_only_read_boards_does_not_write_to_one(hub: Hub) -> None:
    number = board(hub, 1)
    token = hub.admin.token("ada", kind="classic", scopes=["repo", "read:project"])
    project = 'query($n: Int!) { user(login: "ada") { projectV2(number: $n) { viewerCanUpdate } } }'
    with Client(hub, token) as reads:
        assert data(reads, project, n=number)["user"]["projectV2"] == {"viewerCanUpdate": False}
