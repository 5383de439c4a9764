"""Reading foreign JSON: every step says what it expects, so a missing word is an error and never an empty value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.github.errors import Malformed

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True)
class Words:
    """One JSON object of an answer, and where it stands in it. Every method raises Malformed on another shape."""

    where: str
    data: Mapping[str, Json]

    def _get(self, key: str) -> Json:
        if key not in self.data:
            raise Malformed(self.where, f"{key!r} is missing")
        return self.data[key]

    def _wrong(self, key: str, wanted: str) -> Malformed:
        return Malformed(f"{self.where}.{key}", f"is {json.dumps(self.data.get(key))[:80]}, not {wanted}")

    def text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "text")
        return value

    def text_or_none(self, key: str) -> str:
        """Text; null counts as empty, a missing key does not."""
        return "" if self._get(key) is None else self.text(key)

    def number(self, key: str) -> int:
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, "a whole number")
        return value

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def one(self, key: str) -> Words:
        found = self.maybe(key)
        if found is None:
            raise self._wrong(key, "an object")
        return found

    def maybe(self, key: str) -> Words | None:
        """The object under `key`; None for null."""
        value = self._get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return Words(f"{self.where}.{key}", value)

    def many(self, key: str) -> tuple[Words, ...]:
        """A list of objects; a null among them is unknown, so it is an error."""
        return objects(self._get(key), f"{self.where}.{key}")

    def has(self, key: str) -> bool:
        return key in self.data


def object_of(value: Json, where: str) -> Words:
    """Raises Malformed unless `value` is an object."""
    if not isinstance(value, dict):
        raise Malformed(where, f"is {json.dumps(value)[:80]}, not an object")
    return Words(where, value)


def objects(value: Json, where: str) -> tuple[Words, ...]:
    """Raises Malformed unless `value` is a list of objects."""
    if not isinstance(value, list):
        raise Malformed(where, f"is {json.dumps(value)[:80]}, not a list")
    return tuple(object_of(item, f"{where}[{i}]") for i, item in enumerate(value))
