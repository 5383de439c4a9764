"""The score's history as a picture, where matplotlib is installed: total and metrics over time, coverage below."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator import disk
from orchestrator.model.objective import Objective
from orchestrator.model.times import parse
from orchestrator.policy.score import REGRESSED
from orchestrator.state.scores import Scored

MISSING = "not drawn: matplotlib is not installed; .venv/bin/pip install -c constraints.txt '.[plot]' brings it"


def draw(history: Sequence[Scored], objective: Objective, path: Path) -> str:
    """Writes the PNG, whole or not at all, and returns its path; else a sentence that says why there is none."""
    try:
        from matplotlib.figure import Figure  # without pyplot: no window, no global state
    except ImportError:
        return MISSING
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    times: Any = [parse(s.at) for s in history]
    for metric in objective.metrics:
        values = [s.metrics.get(metric.id) for s in history]
        # A gap where it was unmeasured: a line across would claim something.
        shown = [float("nan") if v is None else v for v in values]
        above.plot(times, shown, marker=".", linewidth=1, alpha=0.7, label=_plain(metric.name))
    totals = [s.total if s.coverage > 0 else float("nan") for s in history]
    above.plot(times, totals, marker="o", linewidth=2.5, color="black", label="score")
    above.axhline(0, color="grey", linewidth=0.6)
    above.axhline(REGRESSED, color="firebrick", linewidth=0.8, linestyle="--", label=f"regressed ({REGRESSED})")
    above.set(ylim=(-1.05, 1.05), ylabel="score", title=_plain(f"{objective.repo}: {objective.primary_outcome}"[:90]))
    above.legend(loc="best", fontsize="small")
    below.fill_between(times, [s.coverage for s in history], step="post", alpha=0.4, color="steelblue")
    below.plot(times, [s.coverage for s in history], drawstyle="steps-post", marker=".", color="steelblue")
    below.set(ylim=(0, 1.05), ylabel="coverage")
    below.tick_params(axis="x", rotation=30)
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font has not: boxes stand for them
        figure.savefig(data, format="png", dpi=110)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, data.getvalue())
    except OSError as error:
        return f"not drawn: {path}: {error.strerror}"
    return str(path)


def _plain(text: str) -> str:
    """A dollar sign would begin a formula, an underline at the beginning hides a line from the legend."""
    return text.replace("$", r"\$").lstrip("_")
