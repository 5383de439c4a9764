"""YAML as a tree of marked strings, without YAML's traps.

A stock loader turns `no` into False and `2026-01-01` into a date, follows aliases (a small file may unfold to a billion
entries) and obeys tags. Here a document becomes mappings, sequences and scalars, every scalar the string that stands in
the file with its line; what type it is to have is the reader's business. Built from libyaml's flat event stream, so no
nesting reaches Python's stack before its depth was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

MAX_DEPTH = 20


class Unreadable(Exception):
    """A file that cannot be taken as a task. Names the place, what stands there and what was expected."""

    def __init__(self, *, line: int, key: str, value: str, expected: str) -> None:
        self.line, self.key, self.value, self.expected = line, key, value, expected
        shown = value if len(value) <= 80 else value[:77] + "..."
        super().__init__(f"line {line}: {key or 'the file'}: {shown!r} stands there, expected {expected}")


@dataclass(frozen=True, kw_only=True)
class Scalar:
    text: str
    plain: bool
    """Written without quotes."""
    line: int


@dataclass(frozen=True, kw_only=True)
class Sequence:
    items: list[Node] = field(default_factory=list)
    line: int


@dataclass(frozen=True, kw_only=True)
class Mapping:
    items: dict[str, Node] = field(default_factory=dict)
    line: int


Node = Scalar | Sequence | Mapping


@dataclass
class _Builder:
    """Fed with events in order; holds the open collections."""

    first_line: int
    root: Node | None = None
    stack: list[Mapping | Sequence] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    """For each open mapping the key whose value comes next; None where a key comes next."""

    def feed(self, event: yaml.Event) -> None:
        assert event.start_mark is not None
        line = event.start_mark.line + self.first_line
        match event:
            case yaml.AliasEvent():
                raise self._refuse(line, f"*{event.anchor}", "no YAML aliases")
            case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                if event.anchor is not None:
                    raise self._refuse(line, f"&{event.anchor}", "no YAML anchors")
                if event.tag is not None:
                    raise self._refuse(line, event.tag, "no YAML tags")
                self._open(event, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.stack.pop()
                self.keys.pop()
                if self.keys:
                    self.keys[-1] = None
            case yaml.DocumentStartEvent() if self.root is not None:
                raise self._refuse(line, "---", "one document")

    def _open(self, event: yaml.Event, line: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            if self.stack and isinstance(self.stack[-1], Mapping) and self.keys[-1] is None:
                self._key(event.value, line)
            else:
                self._place(Scalar(text=event.value, plain=event.implicit[0], line=line), line)
                if self.keys:
                    self.keys[-1] = None
            return
        if len(self.stack) >= MAX_DEPTH:
            raise self._refuse(line, "nested deeper", f"at most {MAX_DEPTH} levels")
        opened = Sequence(line=line) if isinstance(event, yaml.SequenceStartEvent) else Mapping(line=line)
        self._place(opened, line)
        self.stack.append(opened)
        self.keys.append(None)

    def _key(self, name: str, line: int) -> None:
        above = self.stack[-1]
        assert isinstance(above, Mapping)
        if name in above.items:
            raise self._refuse(line, name, "each key once")
        self.keys[-1] = name

    def _place(self, node: Node, line: int) -> None:
        if not self.stack:
            self.root = node
            return
        above = self.stack[-1]
        if isinstance(above, Sequence):
            above.items.append(node)
            return
        name = self.keys[-1]
        if name is None:
            raise self._refuse(line, "a list or mapping", "a plain word as key")
        above.items[name] = node

    def _refuse(self, line: int, value: str, expected: str) -> Unreadable:
        return Unreadable(line=line, key=".".join(k for k in self.keys if k), value=value, expected=expected)


def parse(text: str, *, first_line: int = 1) -> Mapping:
    """The mapping a YAML document is. `first_line` is the line of the file it begins on. Raises Unreadable."""
    builder = _Builder(first_line=first_line)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.feed(event)
    except yaml.MarkedYAMLError as why:
        mark = why.context_mark or why.problem_mark
        line = (mark.line if mark else 0) + first_line
        there = text.split("\n")[mark.line] if mark and mark.line < text.count("\n") + 1 else ""
        raise Unreadable(line=line, key="", value=there, expected=f"YAML ({why.problem})") from why
    except yaml.YAMLError as why:
        raise Unreadable(line=first_line, key="", value=str(why), expected="YAML in UTF-8") from why
    if builder.root is None:
        return Mapping(line=first_line)
    if not isinstance(builder.root, Mapping):
        raise Unreadable(line=first_line, key="", value="something else", expected="`key: value` lines")
    return builder.root
