"""What the GraphQL tests share: asking the hub, and the board of the fixture's world."""

from __future__ import annotations

from typing import Any

from orchestrator.hub import Hub
from tests.hub.client import Client

Json = dict[str, Any]


def ask(client: Client, query: str, **variables: Any) -> Json:
    """The whole answer, data and errors."""
    answer = client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def data(client: Client, query: str, **variables: Any) -> Json:
    """The data of an answer without errors."""
    found = ask(client, query, **variables)
    assert "errors" not in found, found["errors"]
    answered: Json = found["data"]
    return answered


def refusal(client: Client, query: str, **variables: Any) -> Json:
    """The first error of an answer."""
    error: Json = ask(client, query, **variables)["errors"][0]
    return error


def board(hub: Hub, cards: int = 0) -> int:
    """A board of ada's with that many issues in Ready; its number."""
    options = ["Backlog", "Ready", "In Progress", "Blocked", "Done"]
    number = hub.admin.board("ada", title="Sprint", options=options, repos=["ada/app"])
    for n in range(cards):
        hub.admin.issue("ada/app", f"Task {n}", author="ada", board=number, status="Ready")
    return number


STATUS = """
query Status($number: Int!) {
  user(login: "ada") {
    projectV2(number: $number) {
      id updatedAt
      field(name: "Status") { ... on ProjectV2SingleSelectField { id options { id name } } }
      items(first: 10) {
        nodes {
          id
          content { ... on Issue { id number } ... on PullRequest { id number } }
          fieldValueByName(name: "Status") {
            ... on ProjectV2ItemFieldSingleSelectValue { name optionId updatedAt creator { login } }
          }
        }
      }
    }
  }
}
"""

MOVE = """
mutation Move($project: ID!, $item: ID!, $field: ID!, $option: String!) {
  updateProjectV2ItemFieldValue(
    input: {projectId: $project, itemId: $item, fieldId: $field, value: {singleSelectOptionId: $option}}
  ) { projectV2Item { id } }
}
"""


def move(client: Client, number: int, name: str, nth: int = 0) -> None:
    """Set the Status of the nth card, through the API."""
    found = data(client, STATUS, number=number)["user"]["projectV2"]
    option = next(option["id"] for option in found["field"]["options"] if option["name"] == name)
    item = found["items"]["nodes"][nth]["id"]
    data(client, MOVE, project=found["id"], item=item, field=found["field"]["id"], option=option)
