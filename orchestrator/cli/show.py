"""How the command line shows things: JSON for programs, aligned columns for people."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.policy.visible import visible

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

json_flag = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")

_redact: Callable[[str], str] = str
"""Until services are built nothing that others wrote is shown."""

CELL = 60
"""Characters of one cell, so that a long title leaves the others in sight."""


def redacting(redact: Callable[[str], str]) -> None:
    """From here on every text that is shown here is seen by it: task files hold what strangers wrote."""
    global _redact
    _redact = redact


def as_json(value: object, *, indent: int | None = 2) -> str:
    """`indent` None: on one line."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=indent)


def fields(value: DataclassInstance) -> dict[str, object]:
    """Of a value, to be put beside others in one document."""
    return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}


def say(text: str, *, err: bool = False) -> None:
    """Prints text that others wrote: nothing in it moves the cursor."""
    click.echo(visible(_redact(text)), err=err)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    return str(_redact(value)) if isinstance(value, str) else value


def table(rows: Sequence[Sequence[object]], head: Sequence[str], *, last: int | None = CELL) -> None:
    """Columns as wide as they need, numbers to the right, no colour where nobody looks. The last column is cut at
    `last` characters; None: at the terminal's edge, and nowhere when something else reads."""
    if not rows:
        click.echo("nothing")
        return
    text = [[*(_cell(c) for c in row[:-1]), _cell(row[-1], last)] for row in rows]
    widths = [max(len(head[i]), *(len(r[i]) for r in text)) for i in range(len(head))]
    edge = max(CELL, shutil.get_terminal_size().columns) if last is None and sys.stdout.isatty() else None
    titles = [h.ljust(w) for h, w in zip(head, [*widths[:-1], 0])]
    click.echo("  ".join(click.style(title, bold=True) for title in titles))
    for row, raw in zip(text, rows):
        cells = [c.rjust(w) if isinstance(v, int) else c.ljust(w) for c, w, v in zip(row, widths, raw)]
        click.echo(_cut("  ".join(cells).rstrip(), edge))


def _cell(value: object, limit: int | None = CELL) -> str:
    if value is None or value == "":
        return "-"
    return _cut(" ".join(visible(_redact(str(value))).split()), limit)


def _cut(text: str, limit: int | None) -> str:
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
