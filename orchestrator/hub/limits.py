"""Rate limits: per token and hour for REST and GraphQL, and the secondary limit on creating content.

Figures: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from orchestrator.hub.clock import Clock

HOURLY = {"core": 5000, "graphql": 5000, "search": 30}
WINDOW_SECONDS = {"core": 3600, "graphql": 3600, "search": 60}
CONTENT_PER_MINUTE = 80
CONTENT_PER_HOUR = 500


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a token has left of a resource; `reset` in seconds since the epoch."""

    resource: str
    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        """The x-ratelimit-* headers."""
        return {
            "x-ratelimit-limit": str(self.limit), "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used), "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-resource": self.resource,
        }  # fmt: skip


class Limits:
    """Counters in memory, by the hub's clock (a test that jumps an hour gets a fresh budget)."""

    def __init__(self, clock: Clock, secondary: bool = False) -> None:
        self.clock = clock
        self.secondary = secondary
        self.limits = dict(HOURLY)
        self._used: dict[tuple[str, str], tuple[float, int]] = {}
        self._content: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def budget(self, key: str, resource: str) -> Budget:
        """The present state, uncharged."""
        return self.charge(key, resource, 0)

    def charge(self, key: str, resource: str, points: int) -> Budget:
        """Spend points of a token (its `Viewer.key`); the state after it. The caller refuses when nothing was left."""
        now = self.clock.epoch()
        with self._lock:
            start, used = self._used.get((key, resource), (now, 0))
            if not start <= now < start + WINDOW_SECONDS[resource]:
                start, used = now, 0
            used += points
            self._used[key, resource] = start, used
            limit = 60 if key == "anonymous" and resource == "core" else self.limits[resource]
            return Budget(resource=resource, limit=limit, used=used, reset=int(start + WINDOW_SECONDS[resource]))

    def charge_graphql(self, token: str, points: int) -> Budget:
        """Spend GraphQL points of a token."""
        return self.charge(token, "graphql", points)

    def exhaust(self, key: str, resource: str = "core") -> None:
        """Use up what a token has left (for tests)."""
        self.charge(key, resource, self.budget(key, resource).remaining)

    def content(self, key: str) -> int | None:
        """Count one creation of content; seconds to wait when the secondary limit is hit, else None."""
        if not self.secondary:
            return None
        now = self.clock.epoch()
        with self._lock:
            times = self._content[key]
            while times and not now - 3600 < times[0] <= now:
                times.popleft()
            recent = [moment for moment in times if moment > now - 60]
            if len(recent) >= CONTENT_PER_MINUTE:
                return max(1, int(recent[-CONTENT_PER_MINUTE] + 60 - now) + 1)
            if len(times) >= CONTENT_PER_HOUR:
                return max(1, int(times[0] + 3600 - now) + 1)
            times.append(now)
            return None
