"""Open items that nobody will move: no owner, no next action, no deadline, or the deadline is over."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, ok, warn
from orchestrator.operations import cards

MOST = 10


def look(given: Given) -> Iterator[Finding]:
    home = cards.home(given.services())
    # That a role does not tick is told by `cron`, against the machine's own clock.
    every = [card for column in home.columns.values() for card in column if not card.subject.startswith("role:")]
    stuck = [card for card in every if card.standing.stuck]
    for card in stuck[:MOST]:
        issue = f"{card.repo}#{card.issue}" if card.issue else card.repo
        yield warn(card.standing.stuck, f"agent-os explain {issue}", card.subject)
    if len(stuck) > MOST:
        yield warn(f"{len(stuck) - MOST} more", "agent-os status --stuck")
    if not stuck:
        yield ok(f"open items: {len(every)}, each with an owner, a next action and a deadline")


CHECK = Check(
    name="stuck", why="What has no owner and no deadline stays for ever.", look=look, needs=("configuration",)
)
