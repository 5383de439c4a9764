"""What kind of work an issue is, as far as credit and blame go."""

from __future__ import annotations

from collections.abc import Iterable

PREFIX = "area:"


def direction(labels: Iterable[str], checks: Iterable[str], type: str) -> str:
    """The first `area:` label, else the first outcome check it names, else its task type. Lower case."""
    areas = sorted(name.casefold() for name in labels if name.casefold().startswith(PREFIX))
    first = next(iter(checks), "")
    return areas[0] if areas else (f"check:{first.casefold()}" if first else f"type:{type}")
