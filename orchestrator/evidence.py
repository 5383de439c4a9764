"""Metric snapshots as files: read with their lines named in errors, written only when a person asks.

The contract for whoever writes them is docs/evidence.md. What is read is data: bounded in size and depth, without
aliases and tags, and nothing in it can make us act.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Annotated

from msgspec import Meta, Struct

from orchestrator import disk
from orchestrator.model import times
from orchestrator.model.errors import Told
from orchestrator.model.evidence import Point, Snapshot
from orchestrator.model.planning import Privacy, Trust
from orchestrator.yamlread import files, lines
from orchestrator.yamlread.explain import ONE_AT_A_TIME, typed
from orchestrator.yamlread.lines import Document
from orchestrator.yamlread.problems import At, ConfigError, Problem

PROSE = (".md", ".txt")
YAML = (".yaml", ".yml", ".json")
MOST_POINTS = 2000
MOST_SHOWN = 40
"""Characters of a file that an error repeats, of a field's name and of what stands there each."""
MOST = 1e30
"""Numbers beyond are no measurements, and powers of them would not be finite."""
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?"
)

Number = Annotated[float, Meta(ge=-MOST, le=MOST)]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,80}\Z")]
Short = Annotated[str, Meta(max_length=200)]


class EvidenceError(Told):
    """The file is of no use. One line per problem: file, line, field, what stands there, what was expected."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(replace(p, key=_short(p.key), value=_short(p.value)) for p in problems)
        super().__init__("\n".join(map(str, self.problems)))


def _short(text: str) -> str:
    """What stands in the file is foreign, and may be a secret: enough of it to find the place."""
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


def moment(text: str) -> str:
    """A time of the contract as UTC; a day is its midnight. Raises ValueError."""
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    try:
        return times.stamp(times.parse(f"{text}T00:00:00Z" if len(text) == 10 else text))
    except OverflowError:
        raise ValueError(text) from None


class _Block(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class _Span(_Block, rename={"start": "from", "end": "to"}):
    start: str
    end: str


class _Point(_Block, rename={"start": "from", "end": "to"}):
    value: Number
    start: str
    end: str


class _File(_Block):
    metric: Id | None = None
    value: Number | None = None
    unit: Short | None = None
    observed_at: str | None = None
    period: _Span | None = None
    baseline: _Point | None = None
    series: Annotated[list[_Point], Meta(max_length=MOST_POINTS)] | None = None
    provenance: Annotated[str, Meta(max_length=2000)] | None = None
    trust: Trust | None = None
    privacy: Privacy | None = None
    summary: Annotated[str, Meta(max_length=50_000)] | None = None


def read(path: Path) -> Snapshot:
    """One evidence file: YAML (or JSON), or prose as `*.md` and `*.txt`. Times come out as UTC; a day is its midnight.

    Raises EvidenceError. A pipe, a device, a huge or a binary file is refused before it is read.
    """
    try:
        text = files.text(path)
    except ConfigError as error:
        raise EvidenceError(error.problems) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> Snapshot:
    """What `read` makes of a file's text; `file` is its name or address, and how it ends tells its form.

    Raises EvidenceError.
    """
    name = file.rsplit("/", 1)[-1]
    kind = PurePosixPath(name).suffix.lower()
    if kind in PROSE:
        return Snapshot(file=file, summary=text.strip())
    try:
        if kind not in YAML:
            expected = f"a file that ends in {', '.join((*YAML, *PROSE))}"
            raise ConfigError([Problem(file=name, line=0, key="", value="", expected=expected)])
        return _checked(text, name, file)
    except ConfigError as error:
        raise EvidenceError(error.problems) from None


def _checked(text: str, name: str, file: str) -> Snapshot:
    document = lines.read(text, name)
    with ONE_AT_A_TIME:
        said = typed(document, _File, "docs/evidence.md")
    return _Reading(document=document).snapshot(said, file)


def write(path: Path, snapshot: Snapshot) -> None:
    """Puts the snapshot in the place of the file, whole or not at all. Only a person's order does this.

    Raises EvidenceError when `read` would refuse it; OSError.
    """
    import yaml

    said = _plain(snapshot)
    # YAML has line ends that are none elsewhere: what cannot be seen is written out.
    visible = all(str(value).isprintable() for value in said.values())
    data = yaml.safe_dump(said, sort_keys=False, allow_unicode=visible, width=100).encode()
    try:
        _checked(data.decode(), path.name, str(path))
    except ConfigError as error:
        # The lines of a file that nobody sees would tell nothing.
        raise EvidenceError(replace(p, line=0) for p in error.problems) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(path, data)


class _Reading:
    """What types cannot say; everything wrong is gathered before it is told."""

    def __init__(self, *, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def snapshot(self, said: _File, file: str) -> Snapshot:
        if said.value is None and not said.series and not (said.summary or "").strip():
            self._bad((), "a value, a series or a summary")
        series = self._series(said.series or [])
        period = self._span(("period",), said.period.start, said.period.end) if said.period else None
        baseline = self._point(("baseline",), said.baseline) if said.baseline else None
        observed = self._time(("observed_at",), said.observed_at) if said.observed_at is not None else ""
        if self.problems:
            raise ConfigError(sorted(self.problems, key=lambda p: p.line))
        return Snapshot(
            file=file,
            metric=(said.metric or "").casefold(),
            value=said.value,
            unit=said.unit or "",
            observed_at=observed or (period[1] if period else series[-1].end if series else ""),
            period=period,
            baseline=baseline,
            series=series,
            provenance=said.provenance or "",
            trust=said.trust or Trust.LOW,
            privacy=said.privacy or Privacy.RESTRICTED,
            summary=(said.summary or "").strip(),
        )

    def _series(self, said: list[_Point]) -> tuple[Point, ...]:
        points = [(n, self._point(("series", n), p)) for n, p in enumerate(said)]
        points.sort(key=lambda each: each[1].start)
        for (_, before), (n, point) in pairwise(points):
            if before.end > point.start:
                self._bad(("series", n, "from"), f"points that do not overlap; one ends at {before.end}", said[n].start)
        return tuple(point for _, point in points)

    def _point(self, at: At, said: _Point) -> Point:
        start, end = self._span(at, said.start, said.end)
        return Point(value=said.value, start=start, end=end)

    def _span(self, at: At, start: str, end: str) -> tuple[str, str]:
        first, last = self._time((*at, "from"), start), self._time((*at, "to"), end)
        if first and last and first >= last:
            self._bad((*at, "to"), f"a time after `from` ({start}); it does not belong to the span itself", end)
        return first, last

    def _time(self, at: At, text: str) -> str:
        try:
            return moment(text)
        except ValueError:
            self._bad(at, "a time with a zone such as 2026-03-19T08:00:00Z, or a day", text)
            return ""

    def _bad(self, at: At, expected: str, value: object = "") -> None:
        self.problems.append(self.document.problem(at, expected, value))


def _plain(snapshot: Snapshot) -> dict[str, object]:
    """In the order of the contract; what is not said is left out."""

    def point(p: Point) -> dict[str, object]:
        return {"value": p.value, "from": p.start, "to": p.end}

    said: dict[str, object] = {
        "metric": snapshot.metric,
        "value": snapshot.value if snapshot.value is None or math.isfinite(snapshot.value) else str(snapshot.value),
        "unit": snapshot.unit,
        "observed_at": snapshot.observed_at,
        "period": dict(zip(("from", "to"), snapshot.period)) if snapshot.period else None,
        "baseline": point(snapshot.baseline) if snapshot.baseline else None,
        "series": [point(p) for p in snapshot.series],
        "provenance": snapshot.provenance,
        "trust": snapshot.trust.value,
        "privacy": snapshot.privacy.value,
        "summary": snapshot.summary,
    }
    return {k: v for k, v in said.items() if v not in (None, "", [])}
