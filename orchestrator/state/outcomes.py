"""`metrics/outcome_attribution.jsonl`: what was expected, what shipped, what was measured. One JSON object per line.

Every kind of record is written once: a hypothesis per issue and metric, a shipping per pull request and event, a
measurement per task, pull request and check. Writing the same again changes nothing and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from orchestrator.model.outcome import Hypothesis, Measured, Shipped
from orchestrator.state import lines
from orchestrator.state.locks import hold
from orchestrator.state.store import Busy

_WAIT = 10.0
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A hypothesis and what it is about."""

    repo: str
    issue: int
    direction: str
    hypothesis: Hypothesis


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    runtime: Path

    def register(self, registered: Registered) -> bool:
        """False when this issue has one for this metric already: it is never rewritten. Raises Busy, OSError."""
        return self._once("hypothesis", registered, lambda r: (r.repo.casefold(), r.issue, r.hypothesis.metric))

    def ship(self, shipped: Shipped) -> bool:
        """False when it is written already. Raises Busy, OSError."""
        return self._once(f"pr_{shipped.event}", shipped, lambda s: (s.repo.casefold(), s.pull, s.event))

    def measure(self, measured: Measured) -> bool:
        """False when it is written already. Raises Busy, OSError."""
        return self._once("snapshot", measured, lambda m: (m.repo.casefold(), m.task, m.pull, m.check))

    def hypotheses(self, repo: str) -> tuple[Registered, ...]:
        """Of one repository (owner/name), oldest first; so are the others."""
        return tuple(r for r in self._read("hypothesis", Registered) if r.repo.casefold() == repo.casefold())

    def shipped(self, repo: str, event: str = "merged") -> tuple[Shipped, ...]:
        return tuple(s for s in self._read(f"pr_{event}", Shipped) if s.repo.casefold() == repo.casefold())

    def measured(self, repo: str) -> tuple[Measured, ...]:
        return tuple(m for m in self._read("snapshot", Measured) if m.repo.casefold() == repo.casefold())

    def damaged(self) -> tuple[int, ...]:
        """Numbers, from 1, of the lines that are no JSON object, or no record of the kind that they say they are."""
        return tuple(n for n, line in enumerate(lines.read(self._path), 1) if not _whole(line))

    def _once(self, kind: str, value: T, key: Any) -> bool:
        with hold(self.runtime / "state" / "locks" / f"{self._path.name}.lock", wait=_WAIT) as mine:
            if not mine:
                raise Busy(str(self._path))
            if key(value) in {key(known) for known in self._read(kind, type(value))}:
                return False
            record = {"record_type": kind, **msgspec.to_builtins(value)}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lines.append(self._path, msgspec.json.encode(record).decode(), sync=True)
        return True

    def _read(self, kind: str, type: type[T]) -> Iterator[T]:
        """Lines that cannot be read are passed over: the file is appended to by programs of several versions. `damaged`
        tells of them."""
        mark = f'"record_type":"{kind}"'.encode()
        for line in lines.read(self._path):
            if mark not in line:
                continue
            try:
                yield msgspec.json.decode(line, type=type)
            except ValueError:  # MsgspecError, and UnicodeDecodeError for a bad byte
                continue

    @property
    def _path(self) -> Path:
        return self.runtime / "metrics" / "outcome_attribution.jsonl"


def _whole(line: bytes) -> bool:
    """Kinds that we do not know are another version's."""
    try:
        kind = msgspec.json.decode(line, type=_Kind).record_type
        if kind in _KINDS:
            msgspec.json.decode(line, type=_KINDS[kind])
    except ValueError:
        return False
    return True


class _Kind(msgspec.Struct):
    record_type: str


_KINDS: dict[str, Any] = {
    "hypothesis": Registered,
    "pr_opened": Shipped,
    "pr_merged": Shipped,
    "snapshot": Measured,
}
