"""The hub's GraphQL schema against GitHub's own, and every document of ours against both."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate, validate_schema

import orchestrator.github
from orchestrator.github.documents import load
from tests.hub.conformance import schema_slice
from tests.hub.conformance.schema_slice import ROOT, SERVED
from tests.hub.conformance.subset import differences

QUERIES = Path(orchestrator.github.__file__).parent / "queries"

official = cache(schema_slice.official)


def served(text: str | None = None) -> GraphQLSchema:
    text = SERVED.read_text(encoding="utf-8") if text is None else text
    return build_schema(text, assume_valid_sdl=True, no_location=True)


def sent() -> dict[str, str]:
    """Each document as it goes out: with the fragments appended that it spreads."""
    return {path.stem: load(path.stem) for path in sorted(QUERIES.glob("*.graphql"))}


def test_the_hubs_schema_is_valid_and_a_true_subset_of_githubs() -> None:
    assert validate_schema(served()) == []
    assert differences(served(), official()) == []


def test_the_committed_schema_is_what_the_list_cuts() -> None:
    assert schema_slice.cut() == SERVED.read_text(encoding="utf-8")


def test_the_hub_answers_every_field_it_serves() -> None:
    from orchestrator.hub.graphql.schema import served as executable

    names = set(served().type_map)
    silent = [
        f"{kind.name}.{name}"
        for kind in executable().type_map.values()
        if kind.name in names and not kind.name.startswith("__")
        for name, field in getattr(kind, "fields", {}).items()
        if type(kind).__name__ == "GraphQLObjectType" and field.resolve is None
    ]
    assert silent == []


def swap(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text, f"the mutation is stale: {old!r}"
        return text.replace(old, new, 1)

    return change


MUTATIONS = {
    "an unknown type": lambda text: text + "\ntype Sprint {\n  id: ID!\n}\n",
    "a type of another kind": swap("union Assignee = Bot | Organization | User", "scalar Assignee"),
    "an unknown field": swap("type RateLimit {\n", "type RateLimit {\n  left: Int!\n"),
    "a field of another type": swap("  remaining: Int!\n", "  remaining: String!\n"),
    "a field made nullable": swap("  remaining: Int!\n", "  remaining: Int\n"),
    "a field made non-null": swap("  lastEditedAt: DateTime\n", "  lastEditedAt: DateTime!\n"),
    "a list for one": swap("  owner: ProjectV2Owner!\n", "  owner: [ProjectV2Owner!]!\n"),
    "items of a list made non-null": swap("  nodes: [Issue]\n", "  nodes: [Issue!]\n"),
    "an unknown argument": swap("  user(login: String!): User", "  user(login: String!, quick: Boolean): User"),
    "an argument of another type": swap("  issue(number: Int!)", "  issue(number: String!)"),
    "an argument made optional": swap("  issue(number: Int!)", "  issue(number: Int)"),
    "a demanded argument left out": swap("  issue(number: Int!): Issue", "  issue: Issue"),
    "another default": swap("followRenames: Boolean = true", "followRenames: Boolean = false"),
    "an unknown enum value": swap("enum IssueState {\n", "enum IssueState {\n  PAUSED\n"),
    "an unknown union member": swap("union Assignee = Bot", "union Assignee = App | Bot"),
    "an unknown interface": swap("type RateLimit {\n", "type RateLimit implements Closable {\n"),
    "an unknown input field": swap("input AddCommentInput {\n", "input AddCommentInput {\n  quiet: Boolean\n"),
    "an input field of another type": swap("  contentId: ID!\n", "  contentId: String!\n"),
    "a demanded input field left out": swap("  contentId: ID!\n", ""),
}


@pytest.mark.parametrize("kind", MUTATIONS)
def test_a_schema_that_departs_from_githubs_is_caught(kind: str) -> None:
    changed = served(MUTATIONS[kind](SERVED.read_text(encoding="utf-8")))

    assert len(differences(changed, official())) == 1, kind


def test_every_document_of_ours_is_valid_for_github_and_for_the_hub() -> None:
    found = sent()
    assert found, "no documents to check: the github room keeps them as *.graphql files"
    wrong = [
        f"{name}: {schema_name}: {error.message}"
        for name, document in found.items()
        for schema_name, schema in (("GitHub", official()), ("hub", served()))
        for error in validate(schema, parse(document))
    ]
    assert wrong == []


def test_no_document_of_ours_stands_where_this_check_does_not_look() -> None:
    everywhere = {path for path in (ROOT / "orchestrator").rglob("*.graphql") if path != SERVED}
    spread = {
        f"{name}.graphql" for document in sent().values() for name in re.findall(r"^fragment (\w+)", document, re.M)
    }

    assert everywhere - set(QUERIES.glob("*.graphql")) <= {QUERIES / "fragments" / name for name in spread}


def test_a_document_with_a_mistake_is_caught() -> None:
    document = parse('{ node(id: "x") { ... on ProjectV2ItemFieldSingleSelectValue { optionID } } }')

    assert "optionId" in validate(official(), document)[0].message
    assert "optionId" in validate(served(), document)[0].message
