"""Who answers which field. Modules register functions; `schema` hangs them into the schema and misses none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import GraphQLResolveInfo

from orchestrator.hub.graphql import pages
from orchestrator.hub.graphql.things import Kind, Thing

Resolver = Callable[..., Any]
Function = TypeVar("Function", bound=Callable[..., Any])
Info = GraphQLResolveInfo[Any]
RESOLVERS: dict[str, Resolver] = {}
ROWS: dict[str, type] = {}
MUTATIONS: dict[str, Resolver] = {}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A list of plain rows: only the page that is asked for becomes things (and one batch)."""

    kind: Kind
    rows: Sequence[Any]


def rows_of(kind: type, *names: str) -> None:
    """The GraphQL types whose things hold rows of a class: fields without a function are read from it."""
    for name in names:
        ROWS[name] = kind


def field(*places: str) -> Callable[[Function], Function]:
    """Register `function(thing, **arguments)` for places such as `Issue.author`."""

    def register(function: Function) -> Function:
        def resolve(source: Any, info: Info, **arguments: Any) -> Any:
            return function(source, **arguments)

        for place in places:
            RESOLVERS[place] = resolve
        return function

    return register


def connection(*places: str) -> Callable[[Function], Function]:
    """Register a function that gives the whole list (things, Rows or None); paging is done here."""

    def register(function: Function) -> Function:
        def resolve(
            source: Any, info: Info, *, first: int | None = None, last: int | None = None,
            after: str | None = None, before: str | None = None, **arguments: Any,
        ) -> pages.Connection | None:  # fmt: skip
            window = pages.Window(name=info.field_name, first=first, last=last, after=after, before=before)
            window.check()
            found = function(source, **arguments)
            if found is None:
                return None
            if isinstance(found, Rows):
                return pages.cut(source, found.rows, window, found.kind)
            return pages.cut(source, found, window, None)

        for place in places:
            RESOLVERS[place] = resolve
        return function

    return register


def mutation(name: str) -> Callable[[Function], Function]:
    """Register `function(world, **input)`, which gives the payload's fields by their GraphQL names."""

    def register(function: Function) -> Function:
        def resolve(root: Thing, info: Info, *, input: dict[str, Any]) -> dict[str, Any]:
            known = dict(input)
            ticket = known.pop("client_mutation_id", None)
            payload = function(root.world, **known)
            root.world.applied += 1
            root.world.forget()
            return {**payload, "clientMutationId": ticket}

        MUTATIONS[name] = resolve
        return function

    return register


def plain(attribute: str) -> Resolver:
    """The resolver of a field that is a column."""

    def resolve(source: Thing, info: Info) -> Any:
        return getattr(source.row, attribute)

    return resolve
