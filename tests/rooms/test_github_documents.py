"""Our GraphQL documents, also widened to ask about many things at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import DocumentNode, OperationDefinitionNode, build_schema, parse, validate

import orchestrator.github
import orchestrator.hub.graphql
from orchestrator.github import documents

FOLDER = Path(orchestrator.github.__file__).parent / "queries"
NAMES = sorted(file.stem for file in FOLDER.glob("*.graphql"))
MANY = [name for name in NAMES if "  r0:" in documents.load(name)]
SCHEMA = build_schema((Path(orchestrator.hub.graphql.__file__).parent / "schema.graphql").read_text())


def operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_holds_one_valid_operation(name: str) -> None:
    document = parse(documents.load(name))
    assert validate(SCHEMA, document) == []
    (operation,) = operations(document)
    assert documents.is_mutation(documents.load(name)) == (operation.operation.value == "mutation")
    assert operation.name is not None
    assert documents.operation(documents.load(name)) == operation.name.value


def test_there_are_documents_that_ask_about_many() -> None:
    assert MANY == ["issues", "pulls", "ready"]


@pytest.mark.parametrize("name", MANY)
def test_a_widened_document_is_valid_and_asks_about_each_once(name: str) -> None:
    for n in (1, 2, 50):
        document = parse(documents.widened(name, n))
        assert validate(SCHEMA, document) == []
        (operation,) = operations(document)
        aliases = [f.alias.value for f in operation.selection_set.selections if getattr(f, "alias", None)]  # type: ignore[attr-defined]
        assert aliases == [f"r{i}" for i in range(n)]
        declared = {v.variable.name.value for v in operation.variable_definitions or ()}
        assert {f"owner{i}" for i in range(n)} | {f"name{i}" for i in range(n)} <= declared
    assert documents.widened(name, 1).split() == documents.load(name).split()
