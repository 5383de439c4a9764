"""Small line charts as SVG, made here: no script, no style in the markup, every word escaped.

Colours and sizes are the stylesheet's, by class. A gap in the values is a gap in the line: a line across it would claim
something that nobody measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from orchestrator.model.times import parse

WIDTH, HEIGHT = 600, 140
"""Units of the drawing, which is stretched to its place; the words stand beside it in HTML, so that they are as large
as all others."""
_EDGE = 3
MOST = 400
"""Points of one line; of more, every n-th is drawn and the last."""


@dataclass(frozen=True, kw_only=True)
class Point:
    at: str
    """UTC, ISO 8601."""
    value: float | None
    """None: nothing was known then."""


def line(title: str, points: Sequence[Point], *, scale: Sequence[float] = (-1, 0, 1)) -> str:
    """A chart with a line at each value of `scale`, whose steps are even; empty without a value. `title`: what a screen
    reader hears, before the first and the last value."""
    points = _fewer(points)
    known = [p for p in points if p.value is not None]
    if not known:
        return ""
    times = [parse(p.at).timestamp() for p in points]
    first, last = min(times), max(times)
    low, high = scale[0], scale[-1]

    def x(at: float) -> float:
        share = (at - first) / (last - first) if last > first else 0.5
        return _EDGE + (WIDTH - 2 * _EDGE) * share

    def y(value: float) -> float:
        held = min(max(value, low), high)
        return _EDGE + (HEIGHT - 2 * _EDGE) * (high - held) / (high - low)

    told = f"{title}: {len(known)} values, {_number(known[0].value)} on {known[0].at[:10]}"
    told += f", {_number(known[-1].value)} on {known[-1].at[:10]}"
    placed = [(x(t), None if p.value is None else y(p.value)) for t, p in zip(times, points, strict=True)]
    shapes = [f'<line class="chart-axis" x1="0" x2="{WIDTH}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>' for mark in scale]
    for run in _runs(placed):
        joined = " ".join(f"{a:.1f},{b:.1f}" for a, b in run)
        shapes.append(f'<polyline class="chart-line" points="{joined}"/>')
    a, b = next((a, b) for a, b in reversed(placed) if b is not None)
    shapes.append(f'<line class="chart-dot" x1="{a:.1f}" x2="{a:.1f}" y1="{b:.1f}" y2="{b:.1f}"/>')
    words = "".join(f"<span>{_number(mark)}</span>" for mark in reversed(scale))
    dates = "".join(f"<span>{escape(p.at[:10])}</span>" for p in dict.fromkeys((points[0], points[-1])))
    return (
        f'<div class="chart"><div class="chart-scale" aria-hidden="true">{words}</div>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label={quoteattr(told)}>'
        f'{"".join(shapes)}</svg><div class="chart-dates" aria-hidden="true">{dates}</div></div>'
    )


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
