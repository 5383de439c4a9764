"""What was read of a source, made one normalised entry: production inputs, the objective's metrics, research."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.model.evidence import Snapshot
from orchestrator.model.feedback import Kept
from orchestrator.model.objective import Direction, Metric, Source
from orchestrator.model.planning import (
    FeedbackInput,
    PlanningResearch,
    Privacy,
    ProductionFeedback,
    ResearchSource,
    SignalClass,
    SourceType,
    Trust,
)
from orchestrator.policy import sections
from orchestrator.policy.guarding import STALE
from orchestrator.policy.interpret import other_unit

_WORD = 300
"""Characters of a provenance or a note, on one line."""
_MEANS = {
    SignalClass.ANALYTICS.value: "Figures: work that moves them is measured against them.",
    SignalClass.USER_FEEDBACK.value: "Words of users: work that answers them serves somebody who asked.",
    SignalClass.PRODUCT_INSPECTION.value: "Seen in the product itself: work that mends what was seen can be looked at.",
    SignalClass.INCIDENT_SLO.value: "An incident or a missed service level: repairs of it go before features.",
    SignalClass.MARKET_SIGNAL.value: "Said about the market: a hint, no measurement.",
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What reading a source gave."""

    text: str = ""
    """Redacted."""
    cut: bool = False
    """There is more of it."""
    snapshot: Snapshot | None = None
    """The same as a metric snapshot, where it is one."""
    broken: str = ""
    """Why it is no metric snapshot, where it is a file of that kind."""
    unread: str = ""
    retry: bool = False
    at: str
    """When it was read: UTC, ISO 8601."""


def of_input(
    source: FeedbackInput,
    seen: Seen,
    block: ProductionFeedback,
    before: Kept | None,
    metrics: Sequence[Metric] = (),
) -> Kept:
    """The configuration's word goes first, for it is the operator's; the file's own fills what it leaves open.
    `metrics`: of the objective; one that the file is about tells the unit of its figures."""
    snapshot = seen.snapshot or Snapshot(file="")
    last = _last(snapshot, before)
    metric = snapshot.metric
    known = next((m for m in metrics if m.id == metric.casefold()), None)
    kept = Kept(
        name=source.name,
        kind=source.signal_class.value,
        source=source.path or source.url,
        observed_at=source.observed_at or _observed(snapshot),
        stale_after_hours=block.stale_after_hours if source.stale_after_hours is None else source.stale_after_hours,
        provenance=_line(source.provenance or snapshot.provenance),
        trust=source.trust_level,
        trust_note=_line(source.trust_note),
        privacy=source.privacy,
        privacy_note=_line(source.privacy_note),
        text=_text(seen, source.privacy, block),
        metric=metric,
        value=_value(snapshot),
        last_value=last[0],
        last_at=last[1],
        implications=_implies(source.signal_class, metric or source.name, snapshot, last, None),
        unread=_line(seen.unread),
        retry=seen.retry,
    )
    return _in_unit(kept, snapshot, known)


def of_metric(metric: Metric, source: Source, seen: Seen, block: ProductionFeedback, before: Kept | None) -> Kept:
    """A metric of the objective with a planning source: its file tells trust and privacy, or it stays guarded."""
    snapshot = seen.snapshot or Snapshot(file="")
    unread = seen.unread or seen.broken
    if snapshot.metric and snapshot.metric.casefold() != metric.id:
        unread = f"it tells about {snapshot.metric}, not about {metric.id}"
    last = _last(snapshot, before)
    kept = Kept(
        name=metric.name or metric.id,
        kind=SignalClass.ANALYTICS.value,
        source=source.path or source.url,
        observed_at=_observed(snapshot),
        stale_after_hours=block.stale_after_hours,
        provenance=_line(snapshot.provenance),
        trust=snapshot.trust,
        trust_note="as the evidence file says",
        privacy=snapshot.privacy,
        privacy_note="as the evidence file says",
        text=_text(seen, snapshot.privacy, block),
        metric=metric.id,
        value=_value(snapshot),
        last_value=last[0],
        last_at=last[1],
        implications=_implies(SignalClass.ANALYTICS, metric.id, snapshot, last, metric.direction),
        unread=_line(unread),
        retry=seen.retry,
        counted=False,
    )
    return _in_unit(kept, snapshot, metric)


def of_research(source: ResearchSource, seen: Seen, block: PlanningResearch) -> Kept:
    """As fresh as its reading: an address says today what it says today."""
    web = source.type is SourceType.WEB
    return Kept(
        name=source.name,
        kind=source.kind.value,
        source=source.path or source.url,
        observed_at="" if seen.unread else seen.at,
        stale_after_hours=STALE * block.max_age_hours,
        provenance="read from its address" if web else "read from its file",
        trust=Trust.MEDIUM,
        trust_note="named in the configuration; foreign words",
        privacy=Privacy.PUBLIC if web else Privacy.INTERNAL,
        text=_cut(seen, block.max_source_chars),
        unread=_line(seen.unread),
        retry=seen.retry,
    )


def _in_unit(kept: Kept, snapshot: Snapshot, metric: Metric | None) -> Kept:
    """Figures in another unit than the objective's are told to people, and nothing is ever compared with them."""
    why = other_unit(metric, snapshot) if metric else ""
    if not why:
        return kept
    return replace(kept, unfit=_line(why), value=None, last_value=None, last_at="", implications=())


def _text(seen: Seen, privacy: Privacy, block: ProductionFeedback) -> str:
    """What is too private for planning is not written down a second time."""
    return _cut(seen, block.max_source_chars) if privacy in block.allowed_privacy_levels else ""


def _observed(snapshot: Snapshot) -> str:
    return snapshot.observed_at or (snapshot.period[1] if snapshot.period else "")


def _value(snapshot: Snapshot) -> float | None:
    return snapshot.series[-1].value if snapshot.value is None and snapshot.series else snapshot.value


def _last(snapshot: Snapshot, before: Kept | None) -> tuple[float | None, str]:
    """The value before this one, and of when it is: as the file tells, else as we read it last."""
    if _value(snapshot) is None:
        return None, ""
    if snapshot.baseline is not None:
        return snapshot.baseline.value, snapshot.baseline.start
    if before is None:
        return None, ""
    if before.observed_at == _observed(snapshot):
        return before.last_value, before.last_at
    return before.value, before.observed_at


def _implies(
    kind: SignalClass, name: str, snapshot: Snapshot, last: tuple[float | None, str], direction: Direction | None
) -> tuple[str, ...]:
    means = (_MEANS[kind.value],)
    value, (before, at) = _value(snapshot), last
    if value is None or before is None:
        return means
    of = f" of {at[:10]}" if at else ""
    if value == before:
        return (f"{_line(name)} is {value:g}, as at its last reading{of}.", *means)
    side = "above" if value > before else "below"
    by = f"{abs(value - before) / abs(before):.1%} " if before else ""
    verdict = ""
    if direction is not None:
        verdict = ": better" if (value > before) == (direction is Direction.INCREASE) else ": worse, it wants work"
    return (f"{_line(name)} is {value:g}, {by}{side} its last reading ({before:g}{of}){verdict}.", *means)


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _WORD else flat[: _WORD - 1] + "…"


def _cut(seen: Seen, most: int) -> str:
    """At most so many characters, ending at a line's or a word's end; that more is left out is said. What nobody sees
    who reads the source is not told to an agent either."""
    text = sections.visible(seen.text).strip()
    if len(text) <= most and not seen.cut:
        return text
    note = "\n[the rest is left out]"
    kept = text[: max(0, most - len(note))]
    return kept[: max(kept.rfind("\n"), kept.rfind(" ")) if len(kept) > len(note) else 0].rstrip() + note[:most]
