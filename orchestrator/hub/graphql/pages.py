"""Connections: a window on a list, by cursors that survive what is added or removed meanwhile."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.hub.graphql.errors import Refusal
from orchestrator.hub.graphql.things import Kind, Thing, spread

CAP = 100
"""GitHub's cap on first and last: https://docs.github.com/en/graphql/overview/rate-limits-and-node-limits"""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The paging arguments of one connection field."""

    name: str
    first: int | None
    last: int | None
    after: str | None
    before: str | None

    def check(self) -> None:
        """Raise Refusal for what GitHub refuses: no bound, both bounds, a negative one, more than the cap."""
        if self.first is None and self.last is None:
            text = f"You must provide a `first` or `last` value to properly paginate the `{self.name}` connection."
            raise Refusal("MISSING_PAGINATION_BOUNDARIES", text)
        if self.first is not None and self.last is not None:
            text = f"Passing both `first` and `last` to paginate the `{self.name}` connection is not supported."
            raise Refusal("INVALID_PAGINATION_BOUNDARIES", text)
        for word, value in (("first", self.first), ("last", self.last)):
            if value is not None and value > CAP:
                text = f"Requesting {value} records on the `{self.name}` connection exceeds the `{word}` limit of {CAP}"
                raise Refusal("EXCESSIVE_PAGINATION", f"{text} records.")
            if value is not None and value < 0:
                text = f"`{word}` on the `{self.name}` connection cannot be less than zero."
                raise Refusal("INVALID_PAGINATION_BOUNDARIES", text)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A page: `items` are the things in the window, `whole` the list it was cut from, `start` its place there."""

    source: Any
    items: Sequence[Thing]
    whole: Sequence[Any]
    start: int

    @property
    def end(self) -> int:
        """The place behind the last item."""
        return self.start + len(self.items)

    def cursor(self, place: int) -> str:
        """The cursor of an item of the page."""
        return encode(self.items[place], self.start + place)


@dataclass(frozen=True, kw_only=True)
class Edge:
    """An item with its cursor."""

    node: Thing
    cursor: str


def cut(source: Any, whole: Sequence[Any], window: Window, kind: Kind | None) -> Connection:
    """The page of a list. `kind`: the list holds plain rows, which become things of that kind."""
    start, end = 0, len(whole)
    if window.after is not None:
        place, found = _place(whole, window.after, window.name)
        start = place + 1 if found else place
    if window.before is not None:
        end = _place(whole, window.before, window.name)[0]
    start, end = min(start, len(whole)), min(end, len(whole))
    if window.first is not None:
        end = min(end, start + window.first)
    elif window.last is not None:
        start = max(start, end - window.last)
    page = whole[start : max(start, end)]
    items = page if kind is None else spread(source.world, kind, page)
    return Connection(source=source, items=items, whole=whole, start=start)


def encode(item: Any, place: int) -> str:
    """A cursor names the item and, should the item be gone later, the place it stood at."""
    return base64.b64encode(f"cursor:v2:{_key(item)}:{place}".encode()).decode()


def _place(whole: Sequence[Any], cursor: str, name: str) -> tuple[int, bool]:
    try:
        head, _, place = base64.b64decode(cursor, validate=True).decode().rpartition(":")
        key = head.removeprefix("cursor:v2:")
        if key == head or not place.isdigit():
            raise ValueError(cursor)
    except (binascii.Error, ValueError) as error:
        raise Refusal("INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor.") from error
    keys = [_key(item) for item in whole]
    return (keys.index(key), True) if key in keys else (int(place), False)


def _key(item: Any) -> str:
    row = item.row if isinstance(item, Thing) else item
    kind = type(row).__name__
    for name in ("id", "path", "pattern", "sha"):
        if getattr(row, name, None) is not None:
            return f"{kind}/{getattr(row, name)}"
    raise TypeError(f"no key for {kind}")
