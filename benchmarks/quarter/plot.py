"""The quarter as a table and as a picture: what plans chose, week by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.quarter.judging import Seen
from benchmarks.quarter.stage import WEEKS

_NAMES = {"pays": "as exported", "turned": "sign turned round", "off": "attribution off"}


def shares(seen: Sequence[Seen]) -> list[tuple[float, float, float]]:
    """Per week the areas' shares of what was promoted, over all seeds."""
    found = []
    for weekly in zip(*(s.weekly for s in seen), strict=True):
        sums = [sum(week[i] for week in weekly) for i in range(3)]
        total = sum(sums) or 1
        found.append((sums[0] / total, sums[1] / total, sums[2] / total))
    return found


def table(seen: Mapping[str, Sequence[Seen]]) -> str:
    lines = ["week  " + "   ".join(f"{_NAMES[name]:>20}" for name in seen)]
    lines.append("      " + "   ".join(f"{'pays hurts idle':>20}" for _ in seen))
    by = {name: shares(list(quarters)) for name, quarters in seen.items()}
    for week in range(WEEKS):
        cells = ["".join(f"{x:>6.0%}" for x in by[name][week]) if week < len(by[name]) else "" for name in seen]
        lines.append(f"{week + 1:>4}  " + "   ".join(f"{c:>20}" for c in cells))
    return "\n".join(lines)


def draw(seen: Mapping[str, Sequence[Seen]], file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(seen), figsize=(12, 3.6), sharey=True)
    for axis, (name, quarters) in zip(axes, seen.items()):
        weekly = shares(list(quarters))
        for i, (label, colour) in enumerate((("pays", "#2a7"), ("hurts", "#c43"), ("neither", "#888"))):
            axis.plot(
                range(1, len(weekly) + 1), [w[i] for w in weekly], label=label, color=colour, marker="o", markersize=3
            )
        axis.set_title(f"{_NAMES[name]} ({len(quarters)} seeds)", fontsize=10)
        axis.set_xlabel("week")
        axis.set_ylim(-0.03, 1.03)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("share of the issues promoted")
    axes[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
