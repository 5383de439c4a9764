"""PRODUCTION_FEEDBACK.md and PLANNING_RESEARCH.md for people (ORIGIN 4.16). Never read back: the twin beside it is."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.model.evidence import Entry
from orchestrator.model.feedback import Kept
from orchestrator.model.planning import PlanningResearch, ProductionFeedback
from orchestrator.policy.guarding import STALE

_SUMMARY = 200


def feedback(block: ProductionFeedback, repo: str, at: str, kept: Sequence[Kept], entries: Sequence[Entry]) -> str:
    """`entries` are `kept` as judged at `at`."""
    head = _head("Production Feedback", at, block.max_age_hours, block.stale_after_hours, repo)
    head.insert(-1, f"- Minimum trust: {block.minimum_trust_level.value}")
    head.insert(-1, f"- Allowed privacy: {', '.join(p.value for p in block.allowed_privacy_levels) or 'none'}")
    return _page(head, "Signal Class", kept, entries)


def research(block: PlanningResearch, repo: str, at: str, kept: Sequence[Kept], entries: Sequence[Entry]) -> str:
    head = _head("Planning Research", at, block.max_age_hours, STALE * block.max_age_hours, repo)
    return _page(head, "Kind", kept, entries)


def _head(title: str, at: str, refresh: float, stale: float, repo: str) -> list[str]:
    return [
        f"# {title}\n",
        f"- Generated: {at}",
        f"- Refresh after: {refresh:g}h",
        f"- Default stale after: {stale:g}h",
        f"- Scope: {repo}",
    ]


def _page(head: list[str], kind: str, kept: Sequence[Kept], entries: Sequence[Entry]) -> str:
    body = [_entry(kind, k, e) for k, e in zip(kept, entries, strict=True)]
    return "\n".join(head) + "\n\n" + ("\n".join(body) if body else "Nothing is configured to be read.\n")


def _entry(kind: str, kept: Kept, entry: Entry) -> str:
    use = f"guarded ({'; '.join(entry.guarded)})" if entry.guarded else "included"
    rows = [
        f"## {_flat(entry.name)}\n",
        f"- {kind}: {entry.kind.value}",
        f"- Source: {_flat(entry.source)}",
        f"- Observed At: {entry.observed_at or 'unknown'}",
        f"- Freshness: {entry.freshness.partition(',')[0]}",
        f"- Freshness Policy: stale after {kept.stale_after_hours:g}h",
        f"- Provenance: {_flat(entry.provenance) or 'not told'}",
        f"- Trust: {entry.trust.value}" + (f" ({_flat(entry.trust_note)})" if entry.trust_note else ""),
        f"- Privacy: {entry.privacy.value}" + (f" ({_flat(entry.privacy_note)})" if entry.privacy_note else ""),
        f"- Planning Use: {_flat(use)}",
    ]
    implies = [f"- {_flat(i)}" for i in entry.implications] or ["- None: guarded evidence weighs nothing."]
    return "\n".join(
        [
            *rows,
            f"\n### Signal Summary\n\n{_summary(entry)}",
            f"\n### Key Evidence\n\n{_quote(entry.text) or 'Nothing is kept of it.'}",
            "\n### Planning Implications\n",
            *implies,
            "",
        ]
    )


def _summary(entry: Entry) -> str:
    if entry.value is not None:
        return f"{_flat(entry.metric or entry.name)} is {entry.value:g}."
    first = next((line for line in map(_flat, entry.text.splitlines()) if line), "")
    return _quote(first[:_SUMMARY]) or "Nothing is known of it."


def _quote(text: str) -> str:
    """Every line marked: no line of a source can open an entry of its own."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def _flat(text: str) -> str:
    return " ".join(text.split())
