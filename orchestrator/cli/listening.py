"""The bot beside the other roles in `up`: under cron it has a process of its own, here a thread, so that an answer does
not wait for a tick, nor a tick for somebody to say something."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from orchestrator.roles import bot
from orchestrator.roles.base import fence
from orchestrator.services import Services
from orchestrator.state import locks

if TYPE_CHECKING:
    from orchestrator.web.desk import Desk

ROLE = "bot"
SECONDS = 3.0
"""Of one look: how long `up` may have to wait for it when it ends."""


@contextlib.contextmanager
def beside(desk: Desk, say: Callable[[str], object]) -> Iterator[bool]:
    """Listens for the block, with a desk that nobody else uses; yields whether there is anything to listen to."""
    said = desk.services.settings.telegram
    if not (said.token and said.chat_id):
        yield False
        return
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            services = desk.services  # whoever may order is asked anew
            with fence(services, None, f"role {ROLE}"):
                for line in _look(services):
                    say(f"{services.now():%H:%M:%S} {ROLE}: {line}")
            over.wait(1)

    thread = threading.Thread(target=run, name=ROLE, daemon=True)
    thread.start()
    try:
        yield True
    finally:
        over.set()
        thread.join(timeout=SECONDS + 2)


def _look(services: Services) -> tuple[str, ...]:
    """Under the role's own lock: cron may be running it too."""
    lock = services.settings.runtime / "state" / "locks" / f"role-{ROLE}.lock"
    with locks.hold(lock) as mine:
        if not mine or services.switches.of(role=ROLE) is not None:
            return ()
        return bot.tick(services, seconds=SECONDS).did
