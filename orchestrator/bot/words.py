"""What is answered, as plain text for a small screen."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.model.plan import Plan
from orchestrator.model.standing import Who
from orchestrator.notify import bullets
from orchestrator.operations import Overview
from orchestrator.operations.cards import Card, Home
from orchestrator.operations.explain import Explained

LINE = 160
MOST = 10
"""Cards shown of each column."""
HEADS = {Who.YOU: "Waits for you", Who.AGENTS: "At work", Who.CI: "With CI", Who.WAITING: "Waits its turn"}


def status(seen: Overview, off: Sequence[str], home: Home) -> str:
    turns = [f"{HEADS[who]}: {len(found)}" for who, found in home.columns.items() if found]
    counts = ", ".join(turns) or ("nothing is open" if any(seen.counts.values()) else "no tasks yet")
    done = f"done today: {home.done_today}" if home.done_today else ""
    lines = [
        *off,
        counts,
        done,
        f"workers {seen.workers} of {seen.workers_max}",
        seen.waits,
        *seen.plans,
        *seen.objectives,
    ]
    return "\n".join(line for line in lines if line)


def tasks(home: Home) -> str:
    parts = [*home.off]
    for who, cards in home.columns.items():
        if not cards:
            continue
        more = [f"…and {len(cards) - MOST} more"] if len(cards) > MOST else []
        parts.append("\n".join([f"{HEADS[who]} ({len(cards)})", *map(_card, cards[:MOST]), *more]))
    return "\n\n".join(parts) or "Nothing is open. /task TEXT files an issue and sets it Ready."


def _card(card: Card) -> str:
    return "\n".join([_short(f"• {card.task or card.subject}: {card.title}"), _short(f"  {card.standing.action}")])


def plan(plan: Plan, *, more: int = 0) -> str:
    until = f", waits until {plan.expires}" if plan.state.value == "pending" else ""
    lines = [_short(f"#{i.issue} {i.title}: {i.rationale}") for i in plan.items]
    rest = f"\n{more} more plans wait; /plan REPO shows them" if more else ""
    return f"Plan {plan.id}: {plan.state.value}{until}\n{bullets(lines) or 'nothing is on it'}{rest}"


def explained(told: Explained) -> str:
    lines = [f"{told.subject}  {_short(told.title)}", told.stands]
    lines += [f"waits: {line}" for line in told.why]
    lines += [f"moves: {line}" for line in told.moves]
    if told.standing and told.standing.action not in (*told.why, *told.moves):
        lines.append(f"next: {told.standing.action}")
    if told.standing and told.standing.deadline:
        lines.append(f"{HEADS[told.standing.who]}, until {told.standing.deadline[:16].replace('T', ' ')} UTC")
    return "\n".join(_short(line, 600) for line in lines if line)


def _short(text: str, most: int = LINE) -> str:
    flat = " ".join(text.split()) if not text.startswith("  ") else "  " + " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"
