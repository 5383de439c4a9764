"""Which evidence weighs in planning. A guarded entry is visible to people and gives nothing: no point, no word.

Facts are kept as they were read (`model.feedback.Kept`) and judged at each use, so that what has grown stale since
weighs no more, whatever the file on the disk says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.model.evidence import Entry
from orchestrator.model.feedback import Artifact, Kept
from orchestrator.model.planning import PlanningResearch, Privacy, ProductionFeedback, SignalClass, SourceKind, Trust
from orchestrator.model.times import parse, stamp

_TRUST = tuple(Trust)
_KINDS: dict[str, SignalClass | SourceKind] = {
    **{c.value: c for c in SignalClass},
    **{k.value: k for k in SourceKind},
}
AHEAD = timedelta(hours=1)
"""Clocks differ by less; what was observed later than that from now says nothing about its age."""
RETRY_HOURS = 1.0
"""After so long a refresh is tried again that met a source which could not be reached."""
STALE = 3.0
"""Research and blocks that say nothing of their own are stale after so many times `max_age_hours`."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What an entry must be to weigh."""

    minimum_trust: Trust = Trust.LOW
    privacy: tuple[Privacy, ...] = tuple(Privacy)
    most: int
    """So many entries weigh at most, in the order of the configuration."""
    word: str = "max_inputs"
    """What the configuration calls that."""


def rules(block: ProductionFeedback) -> Rules:
    return Rules(
        minimum_trust=block.minimum_trust_level, privacy=tuple(block.allowed_privacy_levels), most=block.max_inputs
    )


def research_rules(block: PlanningResearch) -> Rules:
    """The operator named each source, which is all the trust there is to ask for."""
    return Rules(most=block.max_sources, word="max_sources")


def judge(kept: Kept, rules: Rules, now: datetime) -> Entry:
    """The entry as of now, with every reason why it does not weigh."""
    fresh, words, why = _freshness(kept, now)
    reasons = [f"unreadable source: {kept.unread}"] if kept.unread else []
    reasons += [each for each in (kept.unfit, why) if each]
    if _TRUST.index(kept.trust) < _TRUST.index(rules.minimum_trust):
        reasons.append(f"trust below minimum ({kept.trust.value} < {rules.minimum_trust.value})")
    if kept.privacy not in rules.privacy:
        reasons.append(f"privacy level not allowed ({kept.privacy.value})")
    return Entry(
        name=kept.name,
        kind=_KINDS[kept.kind],
        source=kept.source,
        observed_at=kept.observed_at,
        fresh=fresh,
        freshness=words,
        provenance=kept.provenance,
        trust=kept.trust,
        trust_note=kept.trust_note,
        privacy=kept.privacy,
        privacy_note=kept.privacy_note,
        guarded=tuple(reasons),
        text=kept.text,
        metric=kept.metric,
        value=kept.value,
        implications=() if reasons else kept.implications,
    )


def judged(kept: Sequence[Kept], rules: Rules, now: datetime) -> tuple[Entry, ...]:
    """All of them, in their order. Guarded entries take no place: what is beyond `most` is beyond it of those that
    would weigh, or a guarded one could push another out."""
    entries, weigh = [], 0
    for one in kept:
        entry = judge(one, rules, now)
        if entry.included and one.counted:
            weigh += 1
            if weigh > rules.most:
                entry = replace(entry, guarded=(f"beyond {rules.word} ({rules.most})",), implications=())
        entries.append(entry)
    return tuple(entries)


def due(known: Artifact | None, block: str, objective: str, max_age_hours: float, now: datetime) -> bool:
    """Whether all sources are read again: nothing is known, the configuration changed, or it is older than that."""
    if known is None or (known.block, known.objective) != (block, objective):
        return True
    return _older(known.generated, max_age_hours, now)


def retry(known: Artifact, now: datetime) -> bool:
    """Whether those that could not be reached are tried again. They alone: nothing else is read sooner for them."""
    return any(k.retry for k in known.kept) and _older(known.tried, RETRY_HOURS, now)


def _older(at: str, hours: float, now: datetime) -> bool:
    try:
        age = now - parse(at)
    except ValueError:
        return True
    return age >= timedelta(hours=hours) or age < -AHEAD


def _freshness(kept: Kept, now: datetime) -> tuple[bool | None, str, str]:
    """(fresh, in words, the reason against it)."""
    limit = f"{kept.stale_after_hours:g}h"
    try:
        at = parse(kept.observed_at)
    except ValueError:
        return None, f"unknown, stale after {limit}", "freshness unknown"
    if at > now + AHEAD:
        return None, f"observed later than now, {stamp(now)}", "freshness unknown (observed in the future)"
    hours = max(0.0, (now - at) / timedelta(hours=1))
    words = f"{hours:.1f}h old, stale after {limit}"
    if hours > kept.stale_after_hours:
        return False, words, f"stale ({hours:.1f}h > {limit})"
    return True, words, ""
