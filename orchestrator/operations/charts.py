"""Small line charts as SVG, made here: no script, no style in the markup, every word escaped.

Colours and sizes are the stylesheet's, by class. A gap in the values is a gap in the line: a line across it would claim
something that nobody measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from orchestrator.model.times import parse

WIDTH, HEIGHT = 640, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 10, 24
MOST = 400
"""Points of one line; of more, every n-th is drawn and the last."""


@dataclass(frozen=True, kw_only=True)
class Point:
    at: str
    """UTC, ISO 8601."""
    value: float | None
    """None: nothing was known then."""


def line(title: str, points: Sequence[Point], *, low: float, high: float, marks: Sequence[float] = (0.0,)) -> str:
    """A chart from `low` to `high` with lines at `marks`; empty without a value. `title`: what a screen reader hears,
    before the first and the last value."""
    points = _fewer(points)
    known = [p for p in points if p.value is not None]
    if not known:
        return ""
    times = [parse(p.at).timestamp() for p in points]
    first, last = min(times), max(times)

    def x(at: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (at - first) / (last - first) if last > first else (WIDTH + _LEFT) / 2

    def y(value: float) -> float:
        held = min(max(value, low), high)
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (high - held) / (high - low)

    told = f"{title}: {len(known)} values, {_number(known[0].value)} on {known[0].at[:10]}"
    told += f", {_number(known[-1].value)} on {known[-1].at[:10]}"
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(told)}>']
    for mark in (low, *marks, high):
        kind = "chart-zero" if mark in marks else "chart-axis"
        place = f"{y(mark):.1f}"
        parts.append(f'<line class="{kind}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{place}" y2="{place}"/>')
        parts.append(f'<text class="chart-word chart-end" x="{_LEFT - 6}" y="{y(mark) + 4:.1f}">{_number(mark)}</text>')
    placed = [(x(t), None if p.value is None else y(p.value)) for t, p in zip(times, points, strict=True)]
    for run in _runs(placed):
        joined = " ".join(f"{a:.1f},{b:.1f}" for a, b in run)
        parts.append(f'<polyline class="chart-line" points="{joined}"/>')
    a, b = next((a, b) for a, b in reversed(placed) if b is not None)
    parts.append(f'<circle class="chart-dot" cx="{a:.1f}" cy="{b:.1f}" r="4"/>')
    parts.append(f'<text class="chart-word" x="{_LEFT}" y="{HEIGHT - 6}">{escape(points[0].at[:10])}</text>')
    if last > first:
        end = f'x="{WIDTH - _RIGHT}" y="{HEIGHT - 6}"'
        parts.append(f'<text class="chart-word chart-end" {end}>{escape(points[-1].at[:10])}</text>')
    return "".join([*parts, "</svg>"])


def _fewer(points: Sequence[Point]) -> Sequence[Point]:
    if len(points) <= MOST:
        return points
    step = -(-len(points) // MOST)
    return [*points[:-1:step], points[-1]]


def _runs(placed: Sequence[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    """Stretches without a gap; one value alone is a short line, or nobody would see it."""
    run: list[tuple[float, float]] = []
    for a, b in (*placed, (0.0, None)):
        if b is not None:
            run.append((a, b))
        elif run:
            yield run if len(run) > 1 else [(run[0][0] - 2, run[0][1]), (run[0][0] + 2, run[0][1])]
            run = []


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")
