"""The short form of `bin/prove kill`: a few of its points, at the HTTP writes and among the system calls."""

from __future__ import annotations

from pathlib import Path

from benchmarks.proof import Report
from benchmarks.proofs import kill


def test_a_task_killed_at_some_of_its_points_ends_as_the_undisturbed_one(tmp_path: Path) -> None:
    theatre = kill.prepared(tmp_path)
    try:
        report = Report()
        points, wanted = kill.find_points(theatre)
        system = [p for p in points if not p.how.startswith("http")]
        http = [p for p in points if p.how.startswith("http")]
        assert len(http) >= 20
        chosen = [*http[::14], *system[:: max(1, len(system) // 2)]]
        report.failures += [answer for p in chosen if (answer := kill.one(theatre, p, wanted))]
        assert report.failures == []
    finally:
        theatre.close()
