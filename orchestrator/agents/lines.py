"""Programs that print one JSON object per line: a reader for them, and careful looks into what they print.

Everything here is foreign: any key may be missing, of another type, or a megabyte long. Nothing raises; a line that is
no object is noise, which people may read and which is no sign of work.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.agents import failure
from orchestrator.agents.base import Reader
from orchestrator.model import cutting
from orchestrator.model.exchange import Exchange
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Event, Text
from orchestrator.model.times import stamp

LONG = 20_000
"""Characters of one text that are kept: what a model says in one go is shorter."""
SHORT = 2_000
"""Of a command, a path, an error's words."""
MOST = 10**12
"""No count of tokens is larger; what claims to be is none."""

Object = Mapping[str, object]
NOTHING: Object = {}


class JsonLines(Reader):
    """Hands each object to `event`; every other line is noise."""

    def line(self, text: str) -> Iterable[Event]:
        data = parsed(text)
        if data is None:
            return noise(text)
        return tuple(self.event(data))

    def event(self, data: Object) -> Iterable[Event]:
        """What one object tells; nothing for kinds that are not known."""
        return ()


def parsed(text: str) -> Object | None:
    """The JSON object that a line is, if it is one."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def noise(text: str) -> tuple[Event, ...]:
    """A program's own words, not the agent's: shown, but neither work nor an answer."""
    return (Text(text=cutting.head(text, LONG), noise=True),) if text.strip() else ()


def at(data: object, *path: str) -> object:
    """What stands below the keys of `path`; None where one is missing."""
    for key in path:
        if not isinstance(data, Mapping):
            return None
        data = data.get(key)
    return data


def inner(data: object, *path: str) -> Object:
    found = at(data, *path)
    return found if isinstance(found, Mapping) else NOTHING


def items(data: object, *path: str) -> Sequence[Object]:
    """The objects of a list."""
    found = at(data, *path)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def word(data: object, *path: str, limit: int = SHORT) -> str:
    """A text; empty for everything else."""
    found = at(data, *path)
    return found[:limit] if isinstance(found, str) else ""


def whole(data: object, *path: str) -> int | None:
    """A whole number of an ordinary size."""
    found = at(data, *path)
    if isinstance(found, bool) or not isinstance(found, int) or abs(found) > MOST:
        return None
    return found


def count(data: object, *path: str) -> int:
    """A number of tokens, 0 where none is told."""
    return max(0, whole(data, *path) or 0)


def money(data: object, *path: str) -> float | None:
    """USD, where told."""
    found = at(data, *path)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < MOST:
        return None
    return float(found)


def of_status(status: int | None, code: str = "") -> FailureClass:
    """What a provider's answer means, by its status and its error's code as the program passes them on."""
    if not status and not code:
        return FailureClass.UNKNOWN
    return failure.of(Exchange(at="", method="", path="", status=status or 200, code=code))


def tail(path: Path, limit: int = 4_000_000) -> str:
    """The end of a file that an agent may have put anything in the place of; empty where there is no ordinary one.

    A FIFO does not block, a link is not followed, and no more than `limit` bytes are read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            return ""
        os.lseek(handle, max(0, state.st_size - limit), os.SEEK_SET)
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(handle)


def objects(text: str) -> Iterable[Object]:
    """The JSON objects of a file of lines, whatever else stands in it."""
    return (data for line in text.splitlines() if (data := parsed(line)) is not None)


def added(parts: Iterable[Usage], cost: float | None = None) -> Usage:
    """Tokens of all parts together, as a provider's; `cost` in USD stands for all of them."""
    known = tuple(parts)
    return Usage(
        input_tokens=sum(p.input_tokens for p in known),
        cached_tokens=sum(p.cached_tokens for p in known),
        output_tokens=sum(p.output_tokens for p in known),
        cost_usd=None if cost is None else round(cost, 6),
        source="provider",
    )


def since(total: Usage, before: Usage) -> Usage:
    """A run's tokens, of those of its whole session."""
    return Usage(
        input_tokens=max(0, total.input_tokens - before.input_tokens),
        cached_tokens=max(0, total.cached_tokens - before.cached_tokens),
        output_tokens=max(0, total.output_tokens - before.output_tokens),
        source="provider",
    )


def moment(seconds: int | None) -> str:
    """Seconds since 1970 as a time in UTC; empty for what is none."""
    if seconds is None or not 0 < seconds < 10**11:
        return ""
    return stamp(datetime.fromtimestamp(seconds, UTC))
