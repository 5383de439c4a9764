"""What was written but cannot be seen yet: GitHub's lists and its search trail behind its writes."""

from __future__ import annotations

import re
import threading
import time
from contextvars import ContextVar

current: ContextVar[tuple[float, str] | None] = ContextVar("hub_lag", default=None)
"""Seconds, and where (`lists`, `search`, `all`, or a regex of the reading request's path), during which rows inserted
by the present request stay unseen."""

reading: ContextVar[str] = ContextVar("hub_reading", default="")
"""The path of the present request."""

PLACES = ("lists", "search")


class Lags:
    """Rows hidden until a moment of the real monotonic clock. Kept in memory: a restart shows everything."""

    def __init__(self) -> None:
        self.search_seconds = 0.0
        self._until: dict[tuple[str, str], dict[int, float]] = {}
        self._lock = threading.Lock()

    def inserted(self, table: str, identity: int) -> None:
        """Called by the database for each new row."""
        lag = current.get()
        if lag is not None:
            places = PLACES if lag[1] == "all" else (lag[1],)
            for place in places:
                self.hide(table, identity, place, lag[0])
        if self.search_seconds and table == "issues":
            self.hide(table, identity, "search", self.search_seconds)

    def hide(self, table: str, identity: int, place: str, seconds: float) -> None:
        """Keep one row out of `place` for that many real seconds."""
        with self._lock:
            self._until.setdefault((table, place), {})[identity] = time.monotonic() + seconds

    def hidden(self, table: str, place: str = "lists") -> frozenset[int]:
        """Ids of the rows of a table that `place` must not show now."""
        if not self._until:
            return frozenset()
        with self._lock:
            now, found = time.monotonic(), set()
            for (of, where), known in self._until.items():
                if of != table or not (where == place or (where not in PLACES and re.search(where, reading.get()))):
                    continue
                for identity in [identity for identity, until in known.items() if until <= now]:
                    del known[identity]
                found |= set(known)
            return frozenset(found)
