"""Marked strings to typed values and back, by the fields of the model's dataclasses.

The type stands in the dataclass, so a scalar is read as what its field wants and never guessed from its looks. Only
where a field allows several types (a configuration snapshot) do quotes decide: quoted is text, plain is a number, true
or false when it looks like one.
"""

from __future__ import annotations

import functools
import math
import re
import types
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from orchestrator.mailbox.tree import Mapping, Node, Scalar, Sequence, Unreadable

_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan")
_BOOL = {"true": True, "false": False}
_NULL = ("", "~", "null")


def read(node: Node, kind: Any, key: str = "") -> Any:
    """The value of type `kind` that stands at `node`. Raises Unreadable with line, key, value and what was expected."""
    kind = _bare(kind)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(node, get_args(kind), key)
    if is_dataclass(kind):
        return _record(node, kind, key)
    if origin in (tuple, list):
        if isinstance(node, Scalar) and node.plain and node.text in _NULL:
            return origin()
        if not isinstance(node, Sequence):
            raise _wrong(node, key, "a list")
        item = get_args(kind)[0]
        return origin(read(each, item, f"{key}[{n}]") for n, each in enumerate(node.items))
    if origin is dict:
        if not isinstance(node, Mapping):
            raise _wrong(node, key, "a mapping")
        return {name: read(each, get_args(kind)[1], f"{key}.{name}") for name, each in node.items.items()}
    if not isinstance(node, Scalar):
        raise _wrong(node, key, _called(kind))
    return _scalar(node, kind, key)


def _scalar(node: Scalar, kind: Any, key: str) -> Any:
    text = node.text
    if kind is str:
        return "" if node.plain and text in ("~", "null") else text
    if isinstance(kind, type) and issubclass(kind, Enum):
        found = next((member for member in kind if member.value == text), None)
        if found is not None:
            return found
    elif kind is bool and text.lower() in _BOOL:
        return _BOOL[text.lower()]
    elif kind is int and _INT.fullmatch(text):
        return int(text)
    elif kind is float and _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))
    raise _wrong(node, key, _called(kind))


def _union(node: Node, options: tuple[Any, ...], key: str) -> Any:
    if types.NoneType in options and isinstance(node, Scalar) and node.plain and node.text in _NULL:
        return None
    options = tuple(o for o in options if o is not types.NoneType)
    if len(options) == 1:
        return read(node, options[0], key)
    if isinstance(node, Scalar):
        # every scalar of a union is written so that quotes tell text from the rest
        order = [o for o in (bool, int, float) if o in options and node.plain]
        for option in order:
            try:
                return _scalar(node, option, key)
            except Unreadable:
                continue
        return read(node, str, key)
    return read(node, next((o for o in options if get_origin(o) in (list, tuple, dict)), str), key)


def _record(node: Node, kind: Any, key: str) -> Any:
    if not isinstance(node, Mapping):
        raise _wrong(node, key, "a mapping")
    hints = hints_of(kind)
    values: dict[str, Any] = {}
    for name, each in node.items.items():
        path = f"{key}.{name}" if key else name
        if name not in hints:
            raise Unreadable(line=each.line, key=path, value=name, expected=f"one of {', '.join(hints)}")
        values[name] = read(each, hints[name], path)
    for field in fields(kind):
        if field.name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise Unreadable(line=node.line, key=key, value="nothing", expected=f"`{field.name}:`")
    return kind(**values)


@functools.cache
def hints_of(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def looks_typed(text: str) -> bool:
    """Would a reader without the field's type take it for something else than text? Then it is written in quotes."""
    return text.lower() in (*_BOOL, *_NULL) or bool(_INT.fullmatch(text) or _FLOAT.fullmatch(text))


def _bare(kind: Any) -> Any:
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    return kind


def _called(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(member.value) for member in kind)
    return {str: "text", int: "a whole number", float: "a number", bool: "true or false"}.get(kind, str(kind))


def _wrong(node: Node, key: str, expected: str) -> Unreadable:
    value = node.text if isinstance(node, Scalar) else "a list" if isinstance(node, Sequence) else "a mapping"
    return Unreadable(line=node.line, key=key, value=value, expected=expected)


def plain(value: Any, always: frozenset[str] = frozenset()) -> Any:
    """Dataclasses as dicts without fields at their defaults (but for `always`), enums as values, tuples as lists."""
    if is_dataclass(value):
        kept = {}
        for field in fields(value):
            held = getattr(value, field.name)
            if field.name in always or field.default is MISSING or held != field.default:
                kept[field.name] = plain(held)
        return kept
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return float(int(value))
    return value
