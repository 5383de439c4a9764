"""`metrics/objective_scores.jsonl`: how each repository's business score went. One JSON object per line.

A line when the score changed, and one a day when it did not; the present is computed, never read from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from orchestrator.model.objective import Score
from orchestrator.state import lines
from orchestrator.state.locks import hold
from orchestrator.state.store import Busy

_WAIT = 10.0


@dataclass(frozen=True, kw_only=True)
class Scored:
    repo: str
    """Key."""
    at: str
    """UTC, ISO 8601."""
    total: float
    coverage: float
    metrics: dict[str, float | None]
    """Metric id to its value; None = unmeasured."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    runtime: Path

    def keep(self, score: Score) -> bool:
        """False when the last line of this repository is of the same day and says the same. Raises Busy, OSError."""
        metrics = {m.id: m.value for m in score.metrics}
        now = Scored(repo=score.repo, at=score.at, total=score.total, coverage=score.coverage, metrics=metrics)
        with hold(self.runtime / "state" / "locks" / f"{self._path.name}.lock", wait=_WAIT) as mine:
            if not mine:
                raise Busy(str(self._path))
            last = next(iter(self.history(score.repo)[-1:]), None)
            if last is not None and last.at[:10] == now.at[:10] and _same(last, now):
                return False
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lines.append(self._path, msgspec.json.encode(now).decode(), sync=True)
        return True

    def history(self, repo: str) -> tuple[Scored, ...]:
        """Of one repository, by its key; oldest first. Raises OSError."""
        return tuple(s for s in self._read() if s.repo == repo)

    def _read(self) -> Iterator[Scored]:
        """Lines that cannot be read are passed over: programs of several versions append to the file."""
        for line in lines.read(self._path):
            try:
                yield msgspec.json.decode(line, type=Scored)
            except ValueError:
                continue

    @property
    def _path(self) -> Path:
        return self.runtime / "metrics" / "objective_scores.jsonl"


def _same(one: Scored, other: Scored) -> bool:
    return (one.total, one.coverage, one.metrics) == (other.total, other.coverage, other.metrics)
