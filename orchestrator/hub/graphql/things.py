"""What the resolvers pass around: rows that know their siblings.

GraphQL runs depth first, one object after the other; asked naively, a page of 100 items would put the same question
to the database a hundred times. So rows that were loaded together share a Batch, and the first of them that is asked
for its labels loads the labels of all. Children loaded that way form the next batch, and so on down: the number of
statements follows the depth of a query, not the number of its objects. Nothing outlives the request; a mutation's
payload starts from fresh rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.hub.db import Database
    from orchestrator.hub.graphql.world import World

Kind = str | Callable[[Any], str]
Many = Callable[["Database", list[int]], Mapping[int, Sequence[Any]]]
Single = Callable[["Database", list[int]], Mapping[int, Any]]


class Batch:
    """Rows loaded together, and what was loaded for all of them."""

    __slots__ = ("cache", "things", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self.things: list[Thing] = []
        self.cache: dict[str, Any] = {}


class Thing:
    """A row in the role of a GraphQL type (`kind`)."""

    __slots__ = ("batch", "kind", "row")

    def __init__(self, kind: str, row: Any, batch: Batch) -> None:
        self.kind = kind
        self.row = row
        self.batch = batch
        batch.things.append(self)

    @property
    def world(self) -> World:
        return self.batch.world

    def shared(self, key: str, make: Callable[[list[Any]], Any]) -> Any:
        """What `make` gives for the rows of the whole batch; made once."""
        cache = self.batch.cache
        if key not in cache:
            cache[key] = make([thing.row for thing in self.batch.things])
        return cache[key]

    def many(self, key: str, loader: Many, kind: Kind) -> list[Thing]:
        """The children of this row; those of all siblings are loaded at once."""

        def load(rows: list[Any]) -> Mapping[int, list[Thing]]:
            return spread_groups(self.world, kind, loader(self.world.db, [row.id for row in rows]))

        found: list[Thing] = self.shared(key, load).get(self.row.id, [])
        return found

    def one(self, key: str, loader: Single, kind: Kind, reference: Callable[[Any], int | None]) -> Thing | None:
        """The row that `reference` names, or None; for all siblings at once."""

        def load(rows: list[Any]) -> Mapping[int, Thing]:
            wanted = {identity for identity in map(reference, rows) if identity is not None}
            found = loader(self.world.db, sorted(wanted)) if wanted else {}
            things = spread(self.world, kind, found.values())
            return dict(zip(found.keys(), things, strict=True))

        known: Mapping[int, Thing] = self.shared(key, load)
        identity = reference(self.row)
        return None if identity is None else known.get(identity)


def spread(world: World, kind: Kind, rows: Iterable[Any]) -> list[Thing]:
    """Rows as one batch of things."""
    batch = Batch(world)
    return [Thing(kind if isinstance(kind, str) else kind(row), row, batch) for row in rows]


def spread_groups(world: World, kind: Kind, groups: Mapping[int, Sequence[Any]]) -> dict[int, list[Thing]]:
    """Grouped rows as one batch of things, still grouped."""
    flat = iter(spread(world, kind, [row for rows in groups.values() for row in rows]))
    return {key: [next(flat) for _ in rows] for key, rows in groups.items()}


def alone(world: World, kind: Kind, row: Any) -> Thing:
    """One row by itself."""
    return spread(world, kind, [row])[0]
