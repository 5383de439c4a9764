"""`agent-os status`: who has to act first, then what goes on by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli import show

if TYPE_CHECKING:
    from orchestrator.operations import Overview
    from orchestrator.operations.cards import Card, Home
    from orchestrator.services import Services


def status(services: Services, *, as_json: bool) -> None:
    from orchestrator import operations
    from orchestrator.operations import cards

    seen, home = operations.status(services), cards.home(services)
    if as_json:
        by_who = {who.value: found for who, found in home.columns.items()}
        columns = {"columns": by_who, "done_today": home.done_today, "off": home.off}
        click.echo(show.as_json({**show.fields(seen), "home": columns}))
        return
    from orchestrator.operations import switch

    _print(seen, home, [f"OFF: {o.text} (`{f'agent-os on {o.what}'.strip()}`)" for o in switch.switches(services).off])


def _print(seen: Overview, home: Home, off: list[str]) -> None:
    counts = "  ".join(f"{who.value} {len(found)}" for who, found in home.columns.items())
    told = any(seen.counts.values()) or any(home.columns.values())
    click.echo(f"{counts}  done today {home.done_today}" if told else "no tasks yet")
    click.echo(f"workers {seen.workers} of {seen.workers_max}, ledger at {seen.ledger_seq}")
    for line in (*off, *seen.waits.splitlines(), *seen.plans, *seen.objectives):
        show.say(line)
    # Plans and objectives were told just now, with all their words.
    told_above = ("plan:", "fault:")
    cards = [(w, c) for w, found in home.columns.items() for c in found if not c.subject.startswith(told_above)]
    if cards:
        click.echo()
        rows = [
            (who.value, _about(c), c.task, c.agent, c.standing.action or c.doing, _by(c), c.title) for who, c in cards
        ]
        show.table(rows, ("who acts", "issue", "task", "agent", "next", "by", "title"))
    for name in seen.ignored:
        click.echo(f"ignored in the mailbox: {name}", err=True)


def _about(card: Card) -> str:
    return f"{card.repo}#{card.issue}" if card.issue else card.repo


def _by(card: Card) -> str:
    """To the minute, UTC."""
    late = " late" if card.standing.overdue else ""
    return f"{card.standing.deadline[:16].replace('T', ' ')}{late}"
