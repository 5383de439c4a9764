"""The hub's log of requests: what tests count and look into."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 20_000


@dataclass(kw_only=True)
class Facts:
    """What the layers learn about a request while it is served (in `scope["hub"]`)."""

    operation: str | None = None
    login: str | None = None
    token: str | None = None
    points: int = 0
    writes: bool = False
    applied: bool | None = None
    """Whether it took effect, where a fault rule makes the status tell otherwise."""
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class Record:
    """One answered request. `status` 0 means the connection was dropped; `applied`: a write took effect."""

    method: str
    path: str
    operation: str | None
    login: str | None
    token: str | None
    status: int
    applied: bool
    write: bool
    points: int
    at: str
    seconds: float


class RequestLog:
    """The newest requests and their counters."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records.clear()
            self._counters = {"requests": 0, "graphql_points": 0, "writes": 0}

    def add(self, record: Record) -> None:
        """Note a request."""
        with self._lock:
            self._records.append(record)
            self._counters["requests"] += 1
            self._counters["graphql_points"] += record.points
            self._counters["writes"] += record.write

    def all(self) -> list[Record]:
        """The records, oldest first."""
        with self._lock:
            return list(self._records)

    @property
    def counters(self) -> dict[str, int]:
        """requests, graphql_points, writes since the last reset."""
        with self._lock:
            return dict(self._counters)

    def as_json(self) -> dict[str, Any]:
        """Counters and records for GET /_hub/requests."""
        return {"counters": self.counters, "requests": [asdict(record) for record in self.all()]}
