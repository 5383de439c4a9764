"""The schema: GitHub's slice from schema.graphql, with a function behind every field or no start at all."""

from __future__ import annotations

import dataclasses
import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_abstract_type,
)

from orchestrator.hub.graphql.pages import Connection, Edge
from orchestrator.hub.graphql.registry import MUTATIONS, RESOLVERS, ROWS, Info, Resolver, plain

SDL = Path(__file__).with_name("schema.graphql")
_ROOMS = (
    "accounts", "boards", "checks", "commits", "issues", "pulls", "query", "queues", "refs", "repository", "reviews",
    "timeline", "values",
    "mutations.boards", "mutations.issues", "mutations.pulls", "mutations.queues", "mutations.refs",
    "mutations.reviews",
)  # fmt: skip
_DICTS = ("RateLimit", "SubIssuesSummary")


@cache
def served() -> GraphQLSchema:
    """The executable schema; built once per process. Raises LookupError for a field that nobody answers."""
    for room in _ROOMS:
        importlib.import_module(f"orchestrator.hub.graphql.{room}")
    schema = build_schema(SDL.read_text(encoding="utf-8"), assume_valid=True, no_location=True)
    for kind in schema.type_map.values():
        if is_abstract_type(kind):
            kind.resolve_type = _kind_of
        elif isinstance(kind, GraphQLInputObjectType):
            for name, entry in kind.fields.items():
                entry.out_name = snake(name)
        elif isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                field.resolve = _resolver(kind.name, name)
                for argument_name, argument in field.args.items():
                    argument.out_name = snake(argument_name)
    return schema


def snake(name: str) -> str:
    """fullDatabaseId -> full_database_id, commitOID -> commit_oid."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _kind_of(value: Any, info: Info, kind: Any) -> str:
    return str(value.kind)


def _resolver(kind: str, name: str) -> Resolver:
    """The function of a field: registered, of the mutation, of a page, or the row's own column."""
    known = RESOLVERS.get(f"{kind}.{name}") or _structural(kind, name)
    if known is not None:
        return known
    url = {"resourcePath": "url", "commitResourcePath": "commitUrl"}.get(name)
    if url is not None:
        return _path_of(RESOLVERS[f"{kind}.{url}"])
    if kind in ROWS:
        column = {"id": "node_id", "databaseId": "id"}.get(name, snake(name))
        if name == "fullDatabaseId":
            return lambda source, info: str(source.row.id)
        if column in {entry.name for entry in dataclasses.fields(ROWS[kind])} or hasattr(ROWS[kind], column):
            return plain(column)
    raise LookupError(f"nobody answers {kind}.{name}")


def _structural(kind: str, name: str) -> Resolver | None:
    if kind == "Mutation":
        return MUTATIONS[name]
    if kind.endswith("Payload") or kind in _DICTS:
        return lambda source, info, **arguments: source.get(name)
    if kind.endswith("Connection"):
        return _PAGE.get(name)
    if kind.endswith("Edge"):
        return lambda source, info: getattr(source, name)
    if kind == "PageInfo":
        return _INFO[name]
    return None


def _edges(page: Connection, info: Info) -> list[Edge]:
    return [Edge(node=one, cursor=page.cursor(place)) for place, one in enumerate(page.items)]


_PAGE: dict[str, Resolver] = {
    "nodes": lambda page, info: page.items,
    "edges": _edges,
    "pageInfo": lambda page, info: page,
    "totalCount": lambda page, info: len(page.whole),
}
_INFO: dict[str, Resolver] = {
    "hasNextPage": lambda page, info: page.end < len(page.whole),
    "hasPreviousPage": lambda page, info: page.start > 0,
    "startCursor": lambda page, info: page.cursor(0) if page.items else None,
    "endCursor": lambda page, info: page.cursor(len(page.items) - 1) if page.items else None,
}


def _path_of(url: Resolver) -> Resolver:
    def resolve(source: Any, info: Info) -> str:
        return str(url(source, info)).removeprefix(source.world.web)

    return resolve
