"""YAML to mappings, lists and strings, event by event: nothing hostile reaches Python's stack or unfolds in memory.

An alias is the very node it names, never a copy, and no caller walks deeper than the places it asks for.
"""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 50
LARGEST = 512 * 1024

Node = dict[str, Any] | list[Any] | str | None
"""Scalars are the text that stands there; an empty one is None."""


class Broken(Exception):
    """No YAML, or none that is read here; says where."""


def read(text: str) -> Node:
    """The one document of a text. Raises Broken, also for duplicate keys."""
    import yaml

    if len(text) > LARGEST:
        raise Broken(f"longer than {LARGEST} characters")
    builder = _Builder()
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.feed(type(event).__name__, event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise Broken(f"{where}{getattr(error, 'problem', None) or 'no YAML'}") from None
    except (UnicodeError, ValueError) as error:
        raise Broken(f"no YAML: {type(error).__name__}") from None
    if builder.documents != 1:
        raise Broken(f"{builder.documents} documents, expected one")
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Node = None
        self.documents = 0
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []
        """For each open collection the key whose value comes next; None where a key or an item comes next."""
        self._anchors: dict[str, Node] = {}

    def feed(self, kind: str, event: Any) -> None:
        line = event.start_mark.line + 1
        if kind == "DocumentStartEvent":
            self.documents += 1
        elif kind == "ScalarEvent":
            value: Node = event.value if event.value or not event.implicit[0] else None
            self._anchor(event, value)
            self._place(value, line)
        elif kind == "AliasEvent":
            if event.anchor not in self._anchors:
                raise Broken(f"line {line}: nothing is called &{event.anchor[:80]}")
            self._place(self._anchors[event.anchor], line)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            if len(self._open) >= MAX_DEPTH:
                raise Broken(f"line {line}: nested deeper than {MAX_DEPTH}")
            new: dict[str, Any] | list[Any] = {} if kind == "MappingStartEvent" else []
            self._place(new, line)
            self._anchor(event, new)
            self._open.append(new)
            self._keys.append(None)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
            self._keys.pop()

    def _anchor(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _place(self, node: Node, line: int) -> None:
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        if isinstance(top, list):
            top.append(node)
        elif self._keys[-1] is None:
            self._key(top, node, line)
        else:
            top[self._keys[-1]] = node
            self._keys[-1] = None

    def _key(self, top: dict[str, Any], node: Node, line: int) -> None:
        key = "" if node is None else node
        if not isinstance(key, str):
            raise Broken(f"line {line}: a key has to be a plain text")
        if key in top:
            raise Broken(f"line {line}: {key[:80]!r} stands there twice")
        top[key] = None
        self._keys[-1] = key
