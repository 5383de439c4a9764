"""A task file's text: YAML front matter between two `---` lines, then a body in markdown. No I/O.

The front matter is the only part that is ever read back. A person may write a file with `repo:` and `title:` alone.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import yaml

from orchestrator.mailbox import typed
from orchestrator.mailbox.tree import Scalar, Unreadable, parse
from orchestrator.model.names import TaskId
from orchestrator.model.task import Attempt, Task
from orchestrator.model.times import parse as parse_time

MAX_BYTES = 256 * 1024
ID = re.compile(r"[a-z0-9-]{1,80}")
_ALWAYS = frozenset({"schema", "id", "repo", "title", "place", "phase", "rev"})
_SURROGATES = re.compile("[\ud800-\udfff]")
_STR = "tag:yaml.org,2002:str"
_SHORT = 300
"""Characters kept of each text of an old attempt when the file would grow over its limit."""

__all__ = ["ID", "MAX_BYTES", "TooLarge", "Unreadable", "dump", "load"]


class TooLarge(ValueError):
    """The task does not fit into a file we would read again, also with its old attempts cut short."""


class _Dumper(yaml.CSafeDumper):
    """Block style; several lines as a literal block where YAML can give them back unchanged."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.Node:
    if typed.looks_typed(value):
        return dumper.represent_scalar(_STR, value, style="'")
    lines = value.split("\n")
    literal = (
        len(lines) > 1 and value[0].strip() and all(line.isprintable() and line == line.rstrip() for line in lines)
    )
    return dumper.represent_scalar(_STR, value, style="|" if literal else None)


_Dumper.add_representer(str, _text)


def dump(task: Task) -> str:
    """The file of this task. Fields at their defaults are left out, but for the few a person always looks for.

    Raises TooLarge. Half characters (lone surrogates), which no UTF-8 file can hold, are replaced.
    """
    text = _written(task)
    for keep in range(len(task.attempts) - 1, -1, -1):
        if len(text.encode()) <= MAX_BYTES:
            return text
        cut = len(task.attempts) - keep
        short = tuple(_shortened(a) if n < cut else a for n, a in enumerate(task.attempts))
        text = _written(replace(task, attempts=short))
    if len(text.encode()) > MAX_BYTES:
        raise TooLarge(f"{task.id}: {len(text.encode())} bytes, at most {MAX_BYTES}")
    return text


def _written(task: Task) -> str:
    data = typed.plain(replace(task, body=""), _ALWAYS)
    front = yaml.dump(
        _clean(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False
    )
    gap = "\n" if task.body else ""
    return f"---\n{front}---\n{gap}{_SURROGATES.sub('�', task.body)}"


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub("�", value)
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, dict):
        return {_clean(k): _clean(v) for k, v in value.items()}
    return value


def _shortened(attempt: Attempt) -> Attempt:
    def cut(text: str) -> str:
        return text if len(text) <= _SHORT else text[:_SHORT] + " [cut]"

    values: dict[str, Any] = {}
    for name in attempt.__dataclass_fields__:
        held = getattr(attempt, name)
        if isinstance(held, str) and name not in ("head_sha", "log"):
            values[name] = cut(held)
        elif isinstance(held, tuple):
            values[name] = tuple(cut(str(each)) for each in held[:20])
    if attempt.verification:
        values["verification"] = replace(attempt.verification, tail=cut(attempt.verification.tail))
    return replace(attempt, **values)


def load(text: str, *, id: TaskId | None = None) -> Task:
    """The task of a file's text. `id` is the file's name: it stands in for a missing `id:`, and must match one.

    Raises Unreadable: no front matter, no YAML, aliases, tags, duplicate or unknown keys, over 256 KB, deeper than 20
    levels, or a value of the wrong type.
    """
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        raise Unreadable(line=1, key="", value=f"{size} bytes", expected=f"at most {MAX_BYTES} bytes")
    front, body = _split(text.removeprefix("\ufeff"))
    tree = parse(front, first_line=2)
    if id is not None:
        written = tree.items.setdefault("id", Scalar(text=id, plain=True, line=2))
        if not isinstance(written, Scalar) or written.text != id:
            shown = written.text if isinstance(written, Scalar) else "a collection"
            raise Unreadable(line=written.line, key="id", value=shown, expected=f"{id}, as the file is called")
    if "body" in tree.items:
        raise Unreadable(
            line=tree.items["body"].line, key="body", value="body", expected="the body below the second `---`"
        )
    task: Task = typed.read(tree, Task)
    if not ID.fullmatch(task.id):
        raise Unreadable(line=tree.items["id"].line, key="id", value=task.id, expected="lower case, digits and hyphens")
    if task.schema != 1:
        raise Unreadable(line=tree.items["schema"].line, key="schema", value=str(task.schema), expected="1")
    if task.not_before and not _is_time(task.not_before):  # the queue asks it of all tasks: one would stop the rest
        expected = "a time with its zone, as 2030-01-31T09:00:00Z"
        raise Unreadable(line=tree.items["not_before"].line, key="not_before", value=task.not_before, expected=expected)
    for name, cap in (task.budget or {}).items():
        if name not in BUDGET or not 0 <= cap < float("inf"):
            expected = f"{' or '.join(BUDGET)} with a number from 0 (0 = no ceiling)"
            line = tree.items["budget"].line
            raise Unreadable(line=line, key=f"budget.{name}", value=f"{cap:g}", expected=expected)
    return replace(task, body=body)


BUDGET = ("usd", "tokens")
"""Ceilings that a task file may set for itself."""


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


def _split(text: str) -> tuple[str, str]:
    """(front matter, body); a blank line between the two belongs to neither."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise Unreadable(line=1, key="", value=lines[0], expected="`---`, the begin of the front matter")
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise Unreadable(line=len(lines), key="", value=lines[-1], expected="`---`, the end of the front matter")
    rest = lines[end + 1 :]
    if len(rest) > 1 and not rest[0].strip():
        rest = rest[1:]
    return "\n".join(lines[1:end]) + "\n", "\n".join(rest)
