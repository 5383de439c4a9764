"""The shape of the evidence blocks of config.yaml, and the words the whole schema is written in."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from orchestrator.model.planning import Privacy, SignalClass, SourceKind, SourceType, Trust

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
Number = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Amount = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Block(Struct, kw_only=True, forbid_unknown_fields=True):
    """Every mapping of the file refuses keys it does not know."""


class ResearchSource(Block, kw_only=True):
    """One named source read before planning."""

    name: Text
    """What the source is called in the artifact."""
    type: SourceType
    """How it is read."""
    kind: SourceKind | None = None
    """What it is. Default: repo_reference."""
    url: str | None = None
    """For web: https, on one of `allowed_domains`."""
    path: str | None = None
    """For file: relative to the repository or beside it."""


class Research(Block, kw_only=True):
    """Bounded reading before planning: only the sources named here, no search."""

    enabled: bool | None = None
    """Default: false."""
    max_age_hours: Positive | None = None
    """The artifact is refreshed only when older. Default: 72."""
    max_sources: Count | None = None
    """So many sources weigh at most, in their order; guarded ones take no place. Default: 4."""
    max_source_chars: Count | None = None
    """Default: 4000."""
    allowed_domains: list[Text] | None = None
    """Hosts that web sources may be on. Empty = none."""
    artifact_file: Text | None = None
    """A plain name that ends in .md, in the repository's folder of `runtime/analysis`.
    Default: PLANNING_RESEARCH.md."""
    sources: list[ResearchSource] | None = None
    """What is read."""


class FeedbackInput(Block, kw_only=True):
    """One signal from production."""

    name: Text
    """What the entry is called in the artifact."""
    type: SourceType
    """How it is read."""
    signal_class: SignalClass | None = None
    """What it tells about. Required, but for the older planning_signals."""
    input_type: SignalClass | None = None
    """Older spelling of signal_class, in planning_signals only."""
    url: str | None = None
    """For web: https, on one of `allowed_domains`."""
    path: str | None = None
    """For file: relative to the repository or beside it, or starting with ~ or a variable."""
    observed_at: str | None = None
    """When it was measured: UTC, ISO 8601."""
    provenance: str | None = None
    """Where the figures come from."""
    trust_level: Trust | None = None
    """Default: low."""
    trust_note: str | None = None
    """Why that much."""
    privacy: Privacy | None = None
    """Default: restricted."""
    privacy_note: str | None = None
    """Why that level."""
    stale_after_hours: Positive | None = None
    """For this entry, over the block's own."""


class Feedback(Block, kw_only=True):
    """Signals from production for planning. Guarded entries stay visible but do not weigh."""

    enabled: bool | None = None
    """Default: false."""
    max_age_hours: Positive | None = None
    """The artifact is refreshed only when older. Default: 24."""
    stale_after_hours: Positive | None = None
    """Entries observed longer ago are guarded. Default: 3 times `max_age_hours`, which is 72."""
    minimum_trust_level: Trust | None = None
    """Entries below are guarded. Default: medium."""
    allowed_privacy_levels: list[Privacy] | None = None
    """Entries of other levels are guarded. Default: public, internal."""
    max_inputs: Count | None = None
    """So many inputs weigh at most, in their order; guarded ones take no place. Default: 6."""
    max_source_chars: Count | None = None
    """Default: 4000."""
    allowed_domains: list[Text] | None = None
    """Hosts that web inputs may be on. Empty = none."""
    artifact_file: Text | None = None
    """A plain name that ends in .md, in the repository's folder of `runtime/analysis`.
    Default: PRODUCTION_FEEDBACK.md."""
    inputs: list[FeedbackInput] | None = None
    """What is read."""


class OutcomeCheck(Block, kw_only=True):
    """One measurement made after a merge."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9_.-]+$")]
    """What an issue names under `## Outcome Checks`."""
    name: str | None = None
    """For people."""
    type: SourceType
    """How it is read."""
    url: str | None = None
    """For web: https, on one of `allowed_domains`."""
    path: str | None = None
    """For file."""
    measurement_window_days: Positive | None = None
    """Measured this long after the merge. Default: 7."""
    comparison_window: str | None = None
    """What is compared with what, in words."""


class Attribution(Block, kw_only=True):
    """Measuring what merged work changed."""

    enabled: bool | None = None
    """Default: false."""
    max_source_chars: Count | None = None
    """Default: 4000."""
    allowed_domains: list[Text] | None = None
    """Hosts that web checks may be on. Empty = none."""
    checks: Annotated[list[OutcomeCheck], Meta(max_length=12)] | None = None
    """At most 12."""
