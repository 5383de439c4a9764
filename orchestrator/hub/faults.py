"""Rules that make the hub as bad as the world: when they match, and what they do. Seeded, so that a run repeats."""

from __future__ import annotations

import itertools
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests: regexes for method, path and GraphQL operation; `nth` (1 = first) of those that fit, with a
    probability, at most `times` times; `write` restricts to writes (not GET, not a GraphQL query, not a fetch)."""

    method: str | None = None
    path: str | None = None
    operation: str | None = None
    nth: int | None = None
    probability: float = 1.0
    times: int | None = None
    write: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Do:
    """What happens. Times are real seconds. `when` ("before" or "after" the request takes effect) goes with status,
    act and signal; `drop` says itself. `act` is a callable without arguments, or {"name", "args", "kwargs"} of a
    method of `hub.admin`. `lag` (seconds) hides rows made by the request, not changes of old ones, from `where`: lists,
    search, all, or a regex of the reading path. `graphql` is a list of errors answered with null data and HTTP 200."""

    latency: float = 0.0
    status: int | None = None
    retry_after: int | None = None
    message: str | None = None
    when: str = "before"
    drop: str | None = None
    truncate: bool = False
    graphql: tuple[Mapping[str, Any], ...] = ()
    lag: float | None = None
    where: str = "all"
    act: Any = None
    signal: int | None = None
    sig: int = 9


@dataclass(kw_only=True)
class Rule:
    """A match and its effect, with how often it was seen and used."""

    id: int
    match: Match
    do: Do
    seen: int = 0
    used: int = 0


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a rule is held against."""

    method: str
    path: str
    operation: str | None
    write: bool
    body: bytes = b""
    """Of a request of the API; empty for git's own."""


@dataclass
class Faults:
    """The rules in force. Thread safe."""

    seed: int = 0
    rules: list[Rule] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, match: Mapping[str, Any] | None = None, do: Mapping[str, Any] | None = None) -> int:
        """Put a rule in force; its number. Raises TypeError for a word that no rule knows, re.error for a bad regex."""
        effect = dict(do or {})
        effect["graphql"] = tuple(effect.get("graphql", ()))
        found = Match(**(match or {}))
        for pattern in (found.method, found.path, found.operation):
            re.compile(pattern or "")
        rule = Rule(id=next(self._numbers), match=found, do=Do(**effect))
        with self._lock:
            self.rules.append(rule)
        return rule.id

    def clear(self) -> None:
        """Take all rules away."""
        with self._lock:
            self.rules.clear()

    def remove(self, rule_id: int) -> None:
        """Take one rule away."""
        with self._lock:
            self.rules[:] = [rule for rule in self.rules if rule.id != rule_id]

    def effects(self, target: Target) -> list[Do]:
        """What the rules do to this request; counts it."""
        if not self.rules:
            return []
        with self._lock:
            return [rule.do for rule in self.rules if self._strikes(rule, target)]

    def _strikes(self, rule: Rule, target: Target) -> bool:
        match = rule.match
        pairs = ((match.method, target.method), (match.path, target.path), (match.operation, target.operation))
        if any(pattern is not None and not re.search(pattern, text or "") for pattern, text in pairs):
            return False
        if match.write is not None and match.write != target.write:
            return False
        rule.seen += 1
        if match.nth is not None and rule.seen != match.nth:
            return False
        if match.times is not None and rule.used >= match.times:
            return False
        if match.probability < 1.0 and self._random.random() >= match.probability:
            return False
        rule.used += 1
        return True
