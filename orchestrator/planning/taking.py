"""One measurement after a merge, read from its source: computed where there are numbers, asked of a model where not."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator import evidence, sources
from orchestrator.model.evidence import Snapshot
from orchestrator.model.planning import SourceType
from orchestrator.model.times import parse, stamp
from orchestrator.planning import prose
from orchestrator.planning.prose import Asking
from orchestrator.policy import interpret
from orchestrator.policy.attached import Attached
from orchestrator.policy.attribute import Due
from orchestrator.policy.interpret import Reading


@dataclass(frozen=True, kw_only=True)
class Taken:
    reading: Reading
    """Without an interpretation nothing was gained yet."""
    evidence: str = ""
    """SHA-256 of what was read."""
    how: str = ""
    """`from the numbers` or `by the words, as anna reads them`."""
    counts: bool = True
    """False = it was not even tried: there is nobody or no money to ask for."""
    instead: str = ""
    """What stands in the record in the place of a source, where none is read."""


def take(asking: Asking, what: Attached, due: Due, rules: sources.Rules) -> Taken:
    """Never raises for what the source or a model does. Raises Busy, CorruptState, OSError for our own state."""
    if what.source.type is not SourceType.FILE:
        return _other(asking, what, due, rules, stamp(asking.services.now()))
    place = sources.confined(what.source.path, rules)
    if isinstance(place, sources.Unread):
        return _nothing(place.why)
    written = _written(place)
    if not what.source.path.lower().endswith((*evidence.YAML, *evidence.PROSE)):
        return _other(asking, what, due, rules, written)
    try:
        snapshot = evidence.read(place)
    except (evidence.EvidenceError, OSError) as why:
        return _nothing(f"unreadable: {why}")
    return _read(asking, what, due, snapshot, written, _hash(place), rules.most_chars)


def _other(asking: Asking, what: Attached, due: Due, rules: sources.Rules, observed: str) -> Taken:
    """Text without a form of ours; an address is observed when it is read."""
    found = sources.read(what.source, rules)
    if isinstance(found, sources.Unread):
        return _nothing(found.why)
    text = Snapshot(file=found.where, summary=found.text)
    hash = hashlib.sha256(found.text.encode()).hexdigest()
    return _read(asking, what, due, text, observed, hash, rules.most_chars)


def _read(asking: Asking, what: Attached, due: Due, snapshot: Snapshot, written: str, hash: str, most: int) -> Taken:
    numbers = snapshot.value is not None or bool(snapshot.series)
    if numbers and what.metric is not None:
        baseline = dict(due.shipped.baseline).get(what.metric.id)
        reading = interpret.read(
            what.metric, snapshot, merged_at=due.shipped.at, window_days=due.window_days or 0.0,
            now=asking.services.now(), baseline=baseline,
        )  # fmt: skip
        return Taken(reading=reading, evidence=hash, how="from the numbers")
    if numbers and not snapshot.summary:
        why = f"nothing tells which way of {what.id} is better: the objective has no metric of that id"
        return Taken(reading=Reading(interpretation=None, why=why), evidence=hash)
    observed = snapshot.observed_at or written
    if why := _outside(due, observed):
        return Taken(reading=Reading(interpretation=None, why=why, early=True), evidence=hash)
    return _asked(asking, what, due, snapshot, observed, hash, most)


def _outside(due: Due, observed: str) -> str:
    if not observed:
        return "nothing tells when the text was written"
    window = timedelta(days=due.window_days or 0.0)
    why = interpret.outside(parse(observed), parse(due.shipped.at), window)
    return f"the text is {why}" if why else ""


def _asked(asking: Asking, what: Attached, due: Due, snapshot: Snapshot, observed: str, hash: str, most: int) -> Taken:
    said = asking.said(prose.question(what, due, str(asking.services.redact(snapshot.summary))[:most]), what.metric)
    if isinstance(said, prose.Unasked):
        return Taken(reading=Reading(interpretation=None, why=said.why, prose=True), evidence=hash, counts=False)
    if not said.agent:
        why = f"the evidence is prose, and no model told what it says: {said.why}"
        return Taken(reading=Reading(interpretation=None, why=why, prose=True), evidence=hash)
    reading = prose.answered(what.metric, said.interpretation, said.movement, said.summary)
    reading = replace(reading, until=observed)
    return Taken(reading=reading, evidence=hash, how=f"by the words, as {said.agent} reads them")


def _nothing(why: str) -> Taken:
    return Taken(reading=Reading(interpretation=None, why=why))


def _written(place: Path) -> str:
    """When the file was last changed; empty where nobody can tell."""
    try:
        return stamp(datetime.fromtimestamp(os.stat(place).st_mtime, UTC))
    except (OSError, OverflowError, ValueError):
        return ""


def _hash(place: Path) -> str:
    try:
        return hashlib.sha256(place.read_bytes()).hexdigest()
    except OSError:
        return ""
