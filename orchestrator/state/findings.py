"""`analysis/agent_scorer_findings.json`, the scorer's artifact, and `analysis/metrics_report.md`, the same for people.

Both are written whole, also in a week in which nothing ran (defect D30), and read back only while they are fresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from orchestrator import disk
from orchestrator.model.findings import Finding, Week
from orchestrator.model.times import parse
from orchestrator.state.store import CorruptState

MAX_AGE_DAYS = 8.0


@dataclass(frozen=True, kw_only=True)
class Findings:
    runtime: Path

    def write(self, week: Week, report: str) -> None:
        """Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(self.report, report.encode("utf-8", "replace"))
        disk.replace(self.path, msgspec.json.format(msgspec.json.encode(week), indent=1) + b"\n")

    def week(self) -> Week | None:
        """The newest week that was scored, however old. Raises CorruptState."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Week)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as why:
            raise CorruptState(self.path, str(why)) from why

    def read(self, now: datetime, max_age_days: float = MAX_AGE_DAYS) -> tuple[Finding, ...]:
        """The findings of a fresh week; none when it is older, or dated further ahead than that by a clock that was
        set back. Raises CorruptState."""
        week = self.week()
        if week is None:
            return ()
        try:
            age = now - parse(week.generated_at)
        except ValueError as why:
            raise CorruptState(self.path, f"generated_at: {why}") from why
        return week.findings if abs(age) <= timedelta(days=max_age_days) else ()

    @property
    def path(self) -> Path:
        return self.runtime / "analysis" / "agent_scorer_findings.json"

    @property
    def report(self) -> Path:
        return self.runtime / "analysis" / "metrics_report.md"
