"""Secrets in files that the configuration names: whole files of keys, and logins that hold some among other things."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

MOST_BYTES = 1_000_000

_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=:-]{20,}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.+Z-]*")


def values(file: Path) -> tuple[str, ...]:
    """Every text in a JSON file of secrets, however deep, that could be one; nothing where the file cannot be read."""
    return tuple(text.strip() for text in _texts(_json(file)) if len(text.strip()) >= 8)


def logins(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """What looks like a token in the files that make a login: long, without spaces, no address and no date."""
    found = (text for name in names for text in _texts(_json(folder / name)))
    return tuple(t for t in found if _TOKEN.fullmatch(t) and "://" not in t and not _DATE.fullmatch(t))


def _json(file: Path) -> object:
    try:
        if not file.is_file() or file.stat().st_size > MOST_BYTES:
            return None
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _texts(data: object) -> Iterator[str]:
    waiting = [data]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
