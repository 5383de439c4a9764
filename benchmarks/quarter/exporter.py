"""The world outside: what merged work does to the business, and the exporter that writes it down day by day.

Each merged issue of one area moves a metric for good from its merge on. The program knows none of it: it reads the
evidence files alone, which carry a little noise.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from orchestrator.model.times import stamp

PAYS, HURTS, IDLES = "area:onboarding", "area:promotion", "area:polish"
AREAS = (PAYS, HURTS, IDLES)
EFFECT = 0.08
"""Relative change of a metric by one merged issue: four times the dead band."""
NOISE = 0.004
DAYS_SHOWN = 60
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
METRICS = {"activation": 40.0, "retention": 25.0}
"""Metrics and where they stood before anything was merged."""


@dataclass(frozen=True, kw_only=True)
class Landed:
    """A merge, as the world sees it."""

    area: str
    at: datetime


def objective(repo: str, evidence: Path) -> str:
    """The objective file of one repository."""
    metrics = [
        {
            "id": name,
            "name": name.capitalize(),
            "weight": weight,
            "direction": "increase",
            "source": {"type": "file", "path": str(evidence / f"{name}_latest.yaml")},
            "outcome_check": {
                "type": "file",
                "path": str(evidence / f"{name}_post_merge.yaml"),
                "measurement_window_days": WINDOW_DAYS,
            },
        }
        for name, weight in (("activation", 0.7), ("retention", 0.3))
    ]
    return yaml.safe_dump(
        {"primary_outcome": f"People stay with {repo}", "evaluation_window_days": 28, "metrics": metrics},
        sort_keys=False,
    )


WINDOW_DAYS = 6
"""Shorter than a sprint, so that a merge is measured before the next plan."""


def export(
    folder: Path, landed: Sequence[Landed], start: datetime, now: datetime, rng: random.Random, *, sign: int
) -> None:
    """Writes what an exporter of the user's would write this morning. `sign` -1: what paid hurts, and the other way."""
    folder.mkdir(parents=True, exist_ok=True)
    first = max(start - timedelta(days=14), now - timedelta(days=DAYS_SHOWN))
    for metric, base in METRICS.items():
        series = []
        day = first
        while day + timedelta(days=1) <= now:
            end = day + timedelta(days=1)
            value = base * _level(metric, landed, day, sign) * (1 + rng.gauss(0, NOISE))
            series.append({"value": round(value, 4), "from": stamp(day), "to": stamp(end)})
            day = end
        if not series:
            continue
        common = {
            "metric": metric,
            "observed_at": stamp(now),
            "provenance": "the exporter of the proof",
            "trust": "high",
            "privacy": "internal",
        }
        _write(folder / f"{metric}_latest.yaml", {**common, "value": series[-1]["value"]})
        _write(folder / f"{metric}_post_merge.yaml", {**common, "series": series})


def _level(metric: str, landed: Sequence[Landed], at: datetime, sign: int) -> float:
    """Relative to the base: activation follows what is merged, retention stays where it is."""
    if metric != "activation":
        return 1.0
    level = 1.0
    for one in landed:
        if one.at <= at:
            level *= 1 + sign * EFFECT * {PAYS: 1, HURTS: -1}.get(one.area, 0)
    return level


def _write(path: Path, data: Mapping[str, object]) -> None:
    tmp = path.with_suffix(".tmp")
    tmp.write_text(yaml.dump(dict(data), Dumper=_DUMPER, sort_keys=False))
    tmp.replace(path)
