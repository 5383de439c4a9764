"""Open items that break the liveness invariant: listed for a person, and told once per item and state."""

from __future__ import annotations

from orchestrator import notify
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.operations import cards
from orchestrator.operations.cards import Card
from orchestrator.services import Services

JOB = "stuck"
HOUR = 1 / 24


def stuck(services: Services) -> tuple[Card, ...]:
    """Every open item without an owner, a next action or a deadline, or past its deadline."""
    return tuple(card for card in cards.every(services) if card.standing.stuck)


def tell(services: Services) -> int:
    """Once an hour at most: an event and an alert for each that was not told of in this state. How many were found.
    A silent role is told of by what waits for it: where nothing does, a stopped clock wakes nobody."""
    now = services.now()
    if not services.cadence.due(JOB, "", HOUR, now):
        return 0
    found = tuple(card for card in stuck(services) if not card.subject.startswith("role:"))
    for card in found:
        subject, why = f"stuck:{card.subject}", card.standing.stuck
        if services.signatures.seen(subject, why):
            continue
        services.record(EventKind.STUCK, repo=card.repo, subject=card.subject, why=why, who=card.standing.who.value)
        text = services.redact(f"{card.repo} {card.subject}: {card.title}\nStuck: {why}".strip())
        action = f"agent-os explain {card.task}" if card.task else "agent-os status --stuck"
        notify.alert(
            services,
            Alert(kind=AlertKind.SYSTEM, subject=subject, state=why, text=text, link=card.url, action=action),
        )
        services.signatures.remember(subject, why)
    services.cadence.ran(JOB, "", HOUR, now)
    return len(found)
