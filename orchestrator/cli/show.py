"""How the command line shows things: JSON for programs, aligned columns for people."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

import click


def as_json(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, indent=2)


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
    return value


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> None:
    """Columns as wide as they need, numbers to the right, no colour where nobody looks."""
    if not rows:
        click.echo("nothing")
        return
    text = [[_cell(c) for c in row] for row in rows]
    widths = [max(len(head[i]), *(len(r[i]) for r in text)) for i in range(len(head))]
    click.echo("  ".join(click.style(h.ljust(w), bold=True) for h, w in zip(head, widths)))
    for row, raw in zip(text, rows):
        cells = [c.rjust(w) if isinstance(v, int) else c.ljust(w) for c, w, v in zip(row, widths, raw)]
        click.echo("  ".join(cells).rstrip())


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:59] + "…"
