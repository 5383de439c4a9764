"""What a piece of work is expected to do: read from an issue, and judged once it was measured."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.model.objective import DEAD_BAND, Direction, Interpretation
from orchestrator.model.outcome import Expected, Hypothesis, HypothesisVerdict
from orchestrator.policy import sections

SECTION = "hypothesis"
MOST = 2000
"""Characters of the section; more is no hypothesis."""
LONGEST = 365
"""Days of a window."""
_ID = re.compile(r"[a-z0-9_.-]{1,80}")
_EXPECTED = re.compile(r"(up|down)(?:\s{1,3}(?:by\s{1,3})?(\d{1,3}(?:\.\d{1,3})?)\s?%)?")
_WINDOW = re.compile(r"(\d{1,3})\s?(days?|d|weeks?|w)")
_EPSILON = 1e-9


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A hypothesis as somebody wrote it down."""

    metric: str
    expected: Expected
    size: float
    """Relative change at least; 0 = any beyond the dead band."""
    window_days: float | None
    """None = that of the metric's own check."""


@dataclass(frozen=True, kw_only=True)
class Malformed:
    why: str


def read(body: str) -> Wanted | Malformed | None:
    """The `## Hypothesis` of an issue: a line each for `metric:`, `expected: up 5%` and, optionally, `window: 14 days`.

    None without such a section. What it says beside these lines is prose. Never raises.
    """
    text = sections.split(body).get(SECTION, "")
    if not text:
        return None
    if len(text) > MOST:
        return Malformed(why=f"## Hypothesis is longer than {MOST} characters")
    said: dict[str, str] = {}
    for line in sections.bullets(text):
        key, colon, value = line.replace("**", "").replace("`", "").partition(":")
        key = key.strip().casefold()
        if not colon or key not in ("metric", "expected", "window"):
            continue
        if key in said:
            return Malformed(why=f"`{key}:` stands in it twice")
        said[key] = value.strip().casefold()
    return _wanted(said)


def _wanted(said: dict[str, str]) -> Wanted | Malformed:
    if not _ID.fullmatch(said.get("metric", "")):
        return Malformed(why="`metric:` is not the id of a metric")
    expected = _EXPECTED.fullmatch(said.get("expected", ""))
    if expected is None:
        return Malformed(why="`expected:` is not like `up 5%` or `down`")
    window = _WINDOW.fullmatch(said["window"]) if "window" in said else None
    if "window" in said and window is None:
        return Malformed(why="`window:` is not like `14 days`")
    days = float(window[1]) * (7 if window[2].startswith("w") else 1) if window else None
    if days is not None and not 1 <= days <= LONGEST:
        return Malformed(why=f"`window:` is not between 1 and {LONGEST} days")
    return Wanted(
        metric=said["metric"], expected=Expected(expected[1]), size=float(expected[2] or 0) / 100, window_days=days
    )


def words(hypothesis: Hypothesis) -> str:
    """`conversion goes up by at least 5 % within 14 days`"""
    size = f" by at least {hypothesis.size * 100:g} %" if hypothesis.size else ""
    return f"{hypothesis.metric} goes {hypothesis.expected.value}{size} within {hypothesis.window_days:g} days"


def verdict(
    hypothesis: Hypothesis,
    interpretation: Interpretation,
    movement: float | None,
    *,
    share: float = 1.0,
    direction: Direction | None = None,
    dead_band: float = DEAD_BAND,
) -> HypothesisVerdict:
    """What the measurement says of it. `direction`: which way of the metric is better; needed where only words were
    read, without a `movement`.

    Supported: this work's part of the movement reaches what was expected, beyond the dead band. Refuted: not even the
    whole movement does. In between, and where nothing was measured, it is inconclusive.
    """
    if interpretation is Interpretation.INCONCLUSIVE:
        return HypothesisVerdict.INCONCLUSIVE
    sign = 1.0 if hypothesis.expected is Expected.UP else -1.0
    if movement is None:
        return _by_words(sign, hypothesis.size, interpretation, direction)
    whole = movement * sign
    reached = whole > dead_band and whole >= hypothesis.size - _EPSILON
    if not reached:
        return HypothesisVerdict.REFUTED
    own = whole * share
    if own >= max(hypothesis.size, dead_band) - _EPSILON:
        return HypothesisVerdict.SUPPORTED
    return HypothesisVerdict.INCONCLUSIVE


def _by_words(
    sign: float, size: float, interpretation: Interpretation, direction: Direction | None
) -> HypothesisVerdict:
    """Words tell the way alone: a size that was expected cannot be checked against them."""
    if interpretation is Interpretation.UNCHANGED:
        return HypothesisVerdict.REFUTED
    if direction is None:
        return HypothesisVerdict.INCONCLUSIVE
    better = 1.0 if direction is Direction.INCREASE else -1.0
    moved = better if interpretation is Interpretation.IMPROVED else -better
    if moved != sign:
        return HypothesisVerdict.REFUTED
    return HypothesisVerdict.INCONCLUSIVE if size else HypothesisVerdict.SUPPORTED
