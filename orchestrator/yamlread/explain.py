"""A document as a typed value, or all that is wrong with its shape.

msgspec stops at the first error and knows no lines. Here the same types are walked beside the tree: mappings and lists
one level at a time, leaves by msgspec itself, so the judge stays the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from orchestrator.yamlread.lines import Document
from orchestrator.yamlread.problems import At, ConfigError, Problem, near

ONE_AT_A_TIME = threading.Lock()
"""msgspec 0.22 learns a type at its first use, and two threads that do so at once end the process (SIGSEGV)."""

MOST_PROBLEMS = 200
"""Told of one file; a file that is nothing but problems would take a second and megabytes to tell."""

S = TypeVar("S", bound=msgspec.Struct)


def typed(document: Document, shape: type[S], page: str = "docs/config.md") -> S:
    """Raises ConfigError with every problem of the shape. `page` describes the keys. Hold `ONE_AT_A_TIME`."""
    try:
        return msgspec.convert(document.tree, shape)
    except msgspec.ValidationError as error:
        raise ConfigError(
            problems(document, shape) or [document.problem((), f"the shape of {page} ({error})")]
        ) from None


def problems(document: Document, shape: type[msgspec.Struct]) -> list[Problem]:
    """What in `document` `shape` does not take, in file order; the first 200 found."""
    found = list(islice(_check(document, (), document.tree, inspect.type_info(shape)), MOST_PROBLEMS))
    return sorted(found, key=lambda p: p.line)


def _check(document: Document, at: At, value: object, info: inspect.Type) -> Iterator[Problem]:
    for option in _options(info):
        if isinstance(option, inspect.StructType) and isinstance(value, dict):
            yield from _struct(document, at, value, option)
            return
        if isinstance(option, inspect.DictType) and isinstance(value, dict):
            yield from _mapping(document, at, value, option)
            return
        if isinstance(option, inspect.ListType) and isinstance(value, list):
            if option.max_length is not None and len(value) > option.max_length:
                yield document.problem(at, f"at most {option.max_length} entries", f"{len(value)} entries")
            for n, item in enumerate(value):
                yield from _check(document, (*at, n), item, option.item_type)
            return
    if not any(_fits(value, option) for option in _options(info)):
        yield document.problem(at, expected(info) + _hint(value, info), value if value != "" else "''")


def _struct(document: Document, at: At, value: dict[str, Any], info: inspect.StructType) -> Iterator[Problem]:
    fields = {f.encode_name: f for f in info.fields}
    for key, item in value.items():
        if key not in fields:
            yield document.problem((*at, key), f"a known key{near(key, fields) or _known(fields)}", item)
        else:
            yield from _check(document, (*at, key), item, fields[key].type)
    for field in info.fields:
        if field.required and field.encode_name not in value:
            yield document.problem((*at, field.encode_name), expected(field.type), None)


def _mapping(document: Document, at: At, value: dict[str, Any], info: inspect.DictType) -> Iterator[Problem]:
    for key, item in value.items():
        if not any(_fits(key, option) for option in _options(info.key_type)):
            names = _names(info.key_type)
            yield document.problem((*at, key), f"as key {expected(info.key_type)}{near(key, names)}", key)
        else:
            yield from _check(document, (*at, key), item, info.value_type)


def _known(fields: dict[str, inspect.Field]) -> str:
    names = ", ".join(fields)
    return f": {names}" if len(fields) <= 14 else "; docs/config.md lists them"


def _options(info: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(info, inspect.Metadata):
        return _options(info.type)
    if isinstance(info, inspect.UnionType):
        return tuple(option for t in info.types for option in _options(t))
    return (info,)


_PLAIN: dict[type[inspect.Type], type | None] = {
    inspect.BoolType: bool,
    inspect.StrType: str,
    inspect.NoneType: None,
}


def _fits(value: object, info: inspect.Type) -> bool:
    try:
        msgspec.convert(value, _annotation(info))
    except msgspec.ValidationError:
        return False
    return True


def _annotation(info: inspect.Type) -> Any:
    if isinstance(info, inspect.EnumType):
        return info.cls
    if isinstance(info, (inspect.IntType, inspect.FloatType)):
        kind: Any = int if isinstance(info, inspect.IntType) else float
        return _with(kind, gt=info.gt, ge=info.ge, lt=info.lt, le=info.le)
    if isinstance(info, inspect.StrType):
        return _with(str, min_length=info.min_length, pattern=info.pattern)
    if isinstance(info, inspect.StructType):
        return dict
    return _PLAIN.get(type(info), dict if isinstance(info, inspect.DictType) else list)


def _with(kind: Any, **limits: Any) -> Any:
    from typing import Annotated

    said = {k: v for k, v in limits.items() if v is not None}
    return Annotated[kind, msgspec.Meta(**said)] if said else kind


def _names(info: inspect.Type) -> tuple[str, ...]:
    return tuple(str(m.value) for o in _options(info) if isinstance(o, inspect.EnumType) for m in o.cls)


def _hint(value: object, info: inspect.Type) -> str:
    options = _options(info)
    if isinstance(value, str):
        if any(isinstance(o, inspect.EnumType) for o in options):
            return near(value, _names(info))
        if any(isinstance(o, inspect.BoolType) for o in options) and value.lower() in ("yes", "on", "no", "off"):
            return f" (did you mean {'true' if value.lower() in ('yes', 'on') else 'false'}?)"
        if any(isinstance(o, inspect.ListType) for o in options) and len(value) <= 40:
            return f": [{value}]"
    if isinstance(value, (int, float)) and any(isinstance(o, inspect.StrType) for o in options):
        return " in quotes"
    return ""


def expected(info: inspect.Type) -> str:
    """What a type takes, in words."""
    words = [w for o in _options(info) if (w := _word(o))]
    return " or ".join(dict.fromkeys(words))


def _word(info: inspect.Type) -> str:
    if isinstance(info, inspect.EnumType):
        return "one of " + ", ".join(str(m.value) for m in info.cls)
    if isinstance(info, inspect.BoolType):
        return "true or false"
    if isinstance(info, inspect.IntType):
        return "a whole number" + _limits(info)
    if isinstance(info, inspect.FloatType):
        return "a number" + _limits(info)
    if isinstance(info, inspect.StrType):
        return f"a text of the form {info.pattern}" if info.pattern else "a text"
    if isinstance(info, inspect.ListType):
        return "a list"
    return "" if isinstance(info, inspect.NoneType) else "a mapping"


def _limits(info: inspect.IntType | inspect.FloatType) -> str:
    low = f" above {info.gt:g}" if info.gt is not None else f" from {info.ge:g}" if info.ge is not None else ""
    return low + (f" to {info.le:g}" if info.le is not None else "")
