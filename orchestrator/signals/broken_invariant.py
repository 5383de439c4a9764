"""Something happened that must never happen: what was merged is not what was tested."""

from __future__ import annotations

from orchestrator.model.backlog import Signal
from orchestrator.model.event import EventKind
from orchestrator.signals.facts import CITED, Facts, event


def find(facts: Facts) -> tuple[Signal, ...]:
    records = facts.of(EventKind.MERGE_TREE_DIFFERS)
    if not records:
        return ()
    places = ", ".join(dict.fromkeys(f"{r.repo} at {str(r.data.get('sha'))[:12]}" for r in records[-CITED:]))
    return (
        Signal(
            id="broken_invariant:merge_tree_differs",
            kind="broken_invariant",
            repo=None,
            summary=f"What was merged is not what was tested: {places}",
            evidence=tuple(event(r) for r in records[-CITED:]),
            severity=1.0,
            count=len(records),
            at=records[-1].at,
            advice="Find out how another tree could land, close that way, and pin it with a test.",
        ),
    )
