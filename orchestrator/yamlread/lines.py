"""YAML to plain values, every key with its line.

Read event by event, not through PyYAML's composer: the C composer recurses, and 200 kB of `[` end the process with a
segmentation fault before any check of ours could look at the depth. It also lets us do without the parts of YAML that
surprise people: aliases (a few lines can stand for gigabytes), tags, merge keys, duplicate keys (the last one wins
silently elsewhere), `on`/`yes`/`no` as booleans, `010` as eight, `1:30` as ninety, dates that are no longer text.
Plain scalars are read as YAML 1.2's core schema says: null, true, false, decimal numbers, text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from orchestrator.yamlread.problems import At, ConfigError, Problem, dotted, shown

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_VALUES = 20_000
"""Keys and list entries of one file; 256 KB of `1,` would take seconds."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}(?:\.[0-9]{0,18})?)(?:[eE][-+]?[0-9]{1,2})?")
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)


@dataclass(frozen=True, kw_only=True)
class Document:
    """The tree of one file. Values are dict, list, str, int, float, bool and None only."""

    file: str
    tree: object
    lines: Mapping[At, int]

    def line(self, at: At) -> int:
        """The line of a key or list entry; of the nearest one above it when it is not in the file."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def problem(self, at: At, expected: str, value: object = "") -> Problem:
        got = value if value == "" else shown(value)
        return Problem(file=self.file, line=self.line(at), key=dotted(at), value=str(got), expected=expected)

    def get(self, at: At) -> Any:
        """What stands at a place; None when nothing does."""
        here: Any = self.tree
        for part in at:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                return None
        return here


def read(text: str, file: str) -> Document:
    """Parses `text`, called `file` in messages.

    Raises ConfigError: not YAML, one of the refused constructs (all duplicates, aliases and tags are collected),
    more than 256 KB, more than 20,000 values, deeper than 20.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ConfigError([Problem(file=file, line=0, key="", value="", expected=f"at most {MAX_BYTES // 1024} KB")])
    reader = _Reader(file=file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except yaml.YAMLError as error:
        raise ConfigError([_flattened(text, file) or _syntax(error, text, file)]) from None
    if reader.problems:
        lost = _flattened(text, file)
        raise ConfigError([lost] if lost else reader.problems)
    return Document(file=file, tree=reader.root, lines=reader.lines)


def plain(text: str) -> object:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


class _Reader:
    """Builds the tree from events with a stack of its own."""

    def __init__(self, *, file: str) -> None:
        self.file = file
        self.root: object = None
        self.lines: dict[At, int] = {}
        self.problems: list[Problem] = []
        self._stack: list[dict[str, object] | list[object]] = []
        self._keys: list[str | None] = []
        """Per open mapping the key whose value comes next; per open list None."""
        self._at: list[str | int] = []
        self._documents = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if len(self.lines) > MAX_VALUES:
            self._fatal(event, f"at most {MAX_VALUES:,} values in one file")
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._open(event, {})
        elif kind is yaml.SequenceStartEvent:
            self._open(event, [])
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            self._stack.pop()
            self._keys.pop()
            self._leave()
        elif kind is yaml.AliasEvent:
            if self._wants_key():
                self._fatal(event, "a plain text as key")
            self._refuse(event, f"*{event.anchor}", "the value written out; aliases are not read")
            self._value(event, None)
            self._leave()
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                self._fatal(event, "one document; a second one begins here")

    def _scalar(self, event: Any) -> None:
        if self._wants_key():
            self._key(event)
            return
        self._marks(event)
        self._value(event, plain(event.value) if event.style is None or event.style == "" else event.value)
        self._leave()

    def _key(self, event: Any) -> None:
        mapping = self._stack[-1]
        assert isinstance(mapping, dict)
        self._at.append(event.value)
        at = tuple(self._at)
        if event.value in mapping:
            first = self.lines[at]
            self._refuse(event, repr(event.value), f"this key once; it stands on line {first} already", at)
        else:
            self.lines[at] = event.start_mark.line + 1
        self._keys[-1] = event.value

    def _open(self, event: Any, container: dict[str, object] | list[object]) -> None:
        if self._wants_key():
            self._fatal(event, "a plain text as key")
        if len(self._stack) >= MAX_DEPTH:
            self._fatal(event, f"at most {MAX_DEPTH} levels of nesting")
        self._marks(event)
        self._value(event, container)
        self._stack.append(container)
        self._keys.append(None)

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1], dict) and self._keys[-1] is None

    def _value(self, event: Any, value: object) -> None:
        if not self._stack:
            self.root = value
            return
        top = self._stack[-1]
        if isinstance(top, list):
            self._at.append(len(top))
            self.lines[tuple(self._at)] = event.start_mark.line + 1
            top.append(value)
            return
        key = self._keys[-1]
        assert key is not None
        top.setdefault(key, value)
        self._keys[-1] = None

    def _leave(self) -> None:
        if self._at:
            self._at.pop()

    def _marks(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse(event, f"&{event.anchor}", "the value without an anchor")
        if event.tag is not None:
            self._refuse(event, f"!{event.tag.rsplit(':', 1)[-1].lstrip('!')}", "the value without a tag")

    def _refuse(self, event: Any, value: str, expected: str, at: At | None = None) -> None:
        key = dotted(tuple(self._at) if at is None else at)
        line = event.start_mark.line + 1
        self.problems.append(Problem(file=self.file, line=line, key=key, value=value, expected=expected))

    def _fatal(self, event: Any, expected: str) -> None:
        self._refuse(event, "", expected)
        raise ConfigError(self.problems)


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 0
    rows = text.splitlines()
    got = rows[line - 1].strip() if 0 < line <= len(rows) else ""
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return Problem(file=file, line=line, key="", value=shown(got) if got else "", expected=f"YAML ({what})")


def _flattened(text: str, file: str) -> Problem | None:
    """Text copied from a page that lost its indentation breaks in many places at once; one message says why."""
    rows = [r for r in text.splitlines() if r.strip() and not r.lstrip().startswith("#")]
    headless = [n for n, r in enumerate(rows[:-1]) if r.endswith(":") and not rows[n + 1].startswith("- ")]
    if len(headless) < 2 or any(r[0] in " \t" for r in rows):
        return None
    nested = headless[0]
    line = text.splitlines().index(rows[nested]) + 2
    return Problem(
        file=file,
        line=line,
        key=rows[nested].lstrip("- ").rstrip(":"),
        value=repr(rows[nested + 1][:60]),
        expected="indented lines under this key; no line of the file is indented, so what belongs to what is lost "
        "(copied from a web page?)",
    )
