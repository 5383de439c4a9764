"""What was read of one source, as it is kept between two readings: facts only, judged at each use."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.planning import Privacy, Trust


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One source of production feedback or research, normalised. Whether it weighs depends on the hour."""

    name: str
    kind: str
    """Value of a SignalClass or of a SourceKind."""
    source: str
    """Address or path, as configured."""
    observed_at: str = ""
    """UTC, ISO 8601; empty = nothing tells."""
    stale_after_hours: float
    provenance: str = ""
    trust: Trust = Trust.LOW
    trust_note: str = ""
    privacy: Privacy = Privacy.RESTRICTED
    privacy_note: str = ""
    text: str = ""
    """Redacted and bounded; empty where it may not be kept."""
    metric: str = ""
    value: float | None = None
    last_value: float | None = None
    """What it was before, at `last_at`."""
    last_at: str = ""
    implications: tuple[str, ...] = ()
    unread: str = ""
    """Why the source could not be read; empty = it was."""
    unfit: str = ""
    """Why its figures cannot be used, though it was read; empty = they can."""
    retry: bool = False
    """It could not be read for a passing reason."""
    counted: bool = True
    """Against `max_inputs`; the objective's own metrics are not."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """What one refresh read: the machine's twin of PRODUCTION_FEEDBACK.md or PLANNING_RESEARCH.md."""

    generated: str
    """When all sources were read: UTC, ISO 8601."""
    tried: str
    """When those that could not be reached were last tried again."""
    block: str
    """Hash of the block of the configuration it was made by: another block makes it void."""
    objective: str = ""
    """Hash of the objective's sources, likewise."""
    kept: tuple[Kept, ...] = ()
