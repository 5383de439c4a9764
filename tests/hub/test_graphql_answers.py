"""The GraphQL endpoint itself: tokens, errors, prices, limits, ids, faults."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.hub import Hub
from tests.hub.client import Client
from tests.hub.graphql import ask, data, refusal

VIEWER = "{ viewer { login } }"
DOCUMENTED = """{ user(login: "ada") { repositories(first: 100) { nodes { issues(first: 50) { nodes {
  labels(first: 60) { nodes { id } } } } } } } }"""
FOUND = """query($q: String!) { search(query: $q, type: ISSUE, first: 5) {
  issueCount nodes { ... on Issue { title } } } }"""


@pytest.mark.parametrize("path", ["/graphql", "/api/graphql"])
def test_both_addresses_answer(ada: Client, path: str) -> None:
    assert ada.ok("POST", path, {"query": VIEWER}) == {"data": {"viewer": {"login": "ada"}}}


def test_an_unknown_token_and_none_at_all_are_refused(hub: Hub) -> None:
    with Client(hub, "nonsense") as unknown, Client(hub, None) as nobody:
        assert unknown.refused(401, "POST", "/graphql", {"query": VIEWER})["message"] == "Bad credentials"
        assert "authenticated" in nobody.refused(401, "POST", "/graphql", {"query": VIEWER})["message"]


def test_a_body_that_is_no_query_is_told(ada: Client) -> None:
    assert ada.post("/graphql", content=b"{").status_code == 400
    assert "query attribute" in ada.ok("POST", "/graphql", {"no": "query"})["errors"][0]["message"]


def test_an_unknown_field_has_githubs_words_and_no_data(ada: Client) -> None:
    found = ask(ada, "{ viewer { shoeSize } }")

    assert found["errors"][0]["extensions"] == {
        "code": "undefinedField", "typeName": "User", "fieldName": "shoeSize",
    }  # fmt: skip
    assert "data" not in found


def test_what_is_found_comes_beside_the_error_of_what_is_not(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "There", author="ada")
    both = "a: issue(number: 1) { title } b: issue(number: 9) { id }"
    found = ask(ada, f'{{ repository(owner: "ada", name: "app") {{ {both} }} }}')

    assert found["data"]["repository"] == {"a": {"title": "There"}, "b": None}
    assert found["errors"][0]["type"] == "NOT_FOUND"
    assert found["errors"][0]["path"] == ["repository", "b"]


def test_a_private_repository_does_not_exist_for_a_stranger(hub: Hub, ada: Client) -> None:
    hub.admin.repo("ada/secret", private=True, files={"a": "1\n"})
    query = '{ repository(owner: "ada", name: "secret") { id } }'
    node = data(ada, query)["repository"]["id"]
    with Client(hub, hub.admin.token("eve")) as eve:
        assert refusal(eve, query)["type"] == "NOT_FOUND"
        assert refusal(eve, "query($i: ID!) { node(id: $i) { id } }", i=node)["type"] == "NOT_FOUND"


def test_a_token_without_the_permission_may_read_but_not_write(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "One", author="ada")
    issue = data(ada, '{ repository(owner: "ada", name: "app") { issue(number: 1) { id } } }')["repository"]["issue"]
    with Client(hub, hub.admin.token("ada", permissions={"issues": "read"})) as weak:
        error = refusal(weak, "mutation($i: ID!) { closeIssue(input: {issueId: $i}) { issue { id } } }", i=issue["id"])

    assert error["type"] == "FORBIDDEN"
    assert error["message"] == "Resource not accessible by personal access token"


@pytest.mark.parametrize(
    ("query", "cost", "nodes"),
    [
        (VIEWER, 1, 0),
        ('{ user(login: "ada") { repositories(first: 100) { nodes { id } } } }', 1, 100),
        (DOCUMENTED, 51, 305100),
    ],
)
def test_a_query_costs_what_githubs_formula_says(hub: Hub, ada: Client, query: str, cost: int, nodes: int) -> None:
    """The third is the example of GitHub's documentation: 5,101 requests, 51 points."""
    found = data(ada, query.rstrip()[:-1] + " rateLimit { cost nodeCount used remaining limit } }")["rateLimit"]

    assert found == {"cost": cost, "nodeCount": nodes, "used": cost, "remaining": 5000 - cost, "limit": 5000}
    assert hub.requests.counters["graphql_points"] == cost


def test_the_headers_tell_the_budget(ada: Client) -> None:
    headers = ada.post("/graphql", json={"query": VIEWER}).headers

    assert headers["x-ratelimit-resource"] == "graphql"
    assert headers["x-ratelimit-remaining"] == "4999"
    assert headers["x-github-request-id"]


def test_more_than_half_a_million_nodes_are_refused(ada: Client) -> None:
    query = '{ user(login: "ada") { repositories(first: 100) { nodes { issues(first: 100) { nodes {'
    query += " comments(first: 100) { nodes { id } } } } } } } }"

    assert refusal(ada, query)["type"] == "MAX_NODE_LIMIT_EXCEEDED"


def test_an_empty_budget_is_answered_with_200_and_an_error(hub: Hub, ada: Client) -> None:
    hub.limits.exhaust(str(ada.headers["authorization"]).removeprefix("token "), "graphql")
    answer = ada.post("/graphql", json={"query": VIEWER})

    assert answer.status_code == 200
    assert answer.json()["errors"][0]["type"] == "RATE_LIMITED"
    assert answer.headers["x-ratelimit-remaining"] == "0"


def test_ids_lead_back_and_a_wrong_one_is_null_at_its_place(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "One", author="ada", labels=["bug"])
    found = data(
        ada,
        """{ repository(owner: "ada", name: "app") { id label(name: "bug") { id }
        issue(number: 1) { id } defaultBranchRef { id target { id } } } viewer { id } }""",
    )
    repo = found["repository"]
    branch = repo["defaultBranchRef"]
    wanted = [repo["id"], repo["label"]["id"], repo["issue"]["id"], branch["id"], branch["target"]["id"],
              found["viewer"]["id"]]  # fmt: skip
    back = ask(ada, "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=[*wanted, "I_nonsense"])

    assert [node["id"] for node in back["data"]["nodes"][:-1]] == wanted
    assert back["data"]["nodes"][-1] is None
    assert back["errors"][0]["path"] == ["nodes", 6]


def test_rest_and_graphql_name_things_by_the_same_ids(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "One", author="ada")
    rest = [ada.ok("GET", path)["node_id"] for path in ("/user", "/repos/ada/app", "/repos/ada/app/issues/1",
            "/repos/ada/app/git/ref/heads/main", "/repos/ada/app/commits/main")]  # fmt: skip
    found = data(
        ada,
        """{ viewer { id } repository(owner: "ada", name: "app") { id issue(number: 1) { id }
        defaultBranchRef { id target { id } } } }""",
    )
    repo = found["repository"]
    ref = repo["defaultBranchRef"]

    assert rest == [found["viewer"]["id"], repo["id"], repo["issue"]["id"], ref["id"], ref["target"]["id"]]


def test_a_fault_rule_answers_a_named_operation_with_errors_and_no_data(hub: Hub, ada: Client) -> None:
    errors: list[dict[str, Any]] = [{"type": "SERVICE_UNAVAILABLE", "message": "Try again"}]
    hub.faults.add({"operation": "^Who$", "times": 1}, {"graphql": errors})

    assert ask(ada, "query Who { viewer { login } }") == {"data": None, "errors": errors}
    assert data(ada, "query Who { viewer { login } }")["viewer"]["login"] == "ada"


def test_the_search_finds_what_rest_finds(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "Broken door", author="ada", labels=["bug"])
    hub.admin.issue("ada/app", "Window", author="ada")
    found = data(ada, FOUND, q="repo:ada/app is:issue label:bug")["search"]

    assert found == {"issueCount": 1, "nodes": [{"title": "Broken door"}]}
