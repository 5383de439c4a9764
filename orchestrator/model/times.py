"""How times are written: UTC, ISO 8601. Reads no clock."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(at: datetime) -> str:
    """ISO 8601, UTC, whole seconds, as every record of ours writes it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """The inverse of `stamp`; also takes offsets. Raises ValueError on anything else, and on a time without a zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return at.astimezone(UTC)
