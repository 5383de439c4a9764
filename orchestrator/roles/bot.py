"""What people say to the Telegram bot. Listens through the whole minute, so that answers come at once."""

from __future__ import annotations

from pathlib import Path

from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services

EVERY = "* * * * *"
SECONDS = 50.0
"""How long a tick of cron's listens; the next begins within the minute."""


def watched(services: Services) -> list[Path]:
    return []


def tick(services: Services, *, dry_run: bool = False, seconds: float = SECONDS) -> Ticked:
    """Without a bot of its own (token and chat), there is nothing to do until the configuration changes."""
    said = services.settings.telegram
    if not (said.token and said.chat_id):
        return Ticked(settled=True)
    if dry_run:
        return Ticked(did=("would ask Telegram what was said to the bot",))
    from orchestrator.bot import poll

    did: list[str] = []
    with fence(services, None, "bot"):
        did += poll.poll(services, lambda: fence(services, None, "an order from Telegram"), seconds=seconds)
    return Ticked(did=tuple(did))
