"""What was observed outside: metric snapshots, and the normalised entries that plans are made from."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.planning import Privacy, SignalClass, SourceKind, Trust


@dataclass(frozen=True, kw_only=True)
class Point:
    """A value over a span of time. Times are UTC, ISO 8601; the end does not belong to it."""

    value: float
    start: str
    end: str


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One evidence file. With numbers it is computed with; with prose alone a model is asked."""

    file: str
    metric: str = ""
    value: float | None = None
    unit: str = ""
    observed_at: str = ""
    """UTC, ISO 8601; empty = the file does not tell."""
    period: tuple[str, str] | None = None
    """What span `value` was measured over."""
    baseline: Point | None = None
    """The value before, where the exporter tells it."""
    series: tuple[Point, ...] = ()
    """Values over time, oldest first: what lies before and after a merge is taken from it."""
    provenance: str = ""
    trust: Trust = Trust.LOW
    privacy: Privacy = Privacy.RESTRICTED
    summary: str = ""
    """Prose."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One source's evidence, normalised, with whether it may weigh in planning."""

    name: str
    kind: SignalClass | SourceKind
    source: str
    """Address or path, as configured."""
    observed_at: str = ""
    fresh: bool | None = None
    """None = nothing tells how old it is."""
    freshness: str = ""
    """In words: `12 h old, stale after 72 h`."""
    provenance: str = ""
    trust: Trust = Trust.LOW
    trust_note: str = ""
    privacy: Privacy = Privacy.RESTRICTED
    privacy_note: str = ""
    guarded: tuple[str, ...] = ()
    """Every reason why it does not weigh; empty = included."""
    text: str = ""
    """Bounded and redacted: foreign words, data to whoever reads them."""
    metric: str = ""
    """Id of the objective's metric it is about, if any."""
    value: float | None = None
    implications: tuple[str, ...] = ()

    @property
    def included(self) -> bool:
        return not self.guarded
