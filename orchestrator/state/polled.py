"""How far the bot has come with what people said to it: `bot.json`, one readable file.

Wanted: nothing that was said is lost and nothing is carried out twice. So Telegram is told that an update is done (by
the next question's offset) only after it was carried out and answered, and each step of that stands here first. After a
week without a message Telegram goes on with any number, perhaps a smaller one: then it is asked without an offset, and
what was handled before is known by its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

import msgspec

from orchestrator.model.chat import Keyboard
from orchestrator.model.times import parse, stamp
from orchestrator.state.store import Store

WEEK = timedelta(days=7)
RECENT = 200


class Step(Enum):
    """How far the update is that is handled now."""

    BEGUN = "begun"
    """It is being carried out; found so, it is carried out again, and whoever does knows it."""
    ANSWERED = "answered"
    """Carried out; the answer waits to be sent."""
    TELLING = "telling"
    """The answer is being sent; found so, it counts as sent."""


@dataclass(frozen=True, kw_only=True)
class Under:
    """The update that is handled now."""

    id: int
    step: Step
    since: str
    reply: str = ""
    """Of ANSWERED and TELLING."""
    keyboard: Keyboard = ()


@dataclass(frozen=True, kw_only=True)
class Polled:
    root: Path
    """runtime/state."""

    def offset(self, now: datetime) -> int:
        """What Telegram is asked from; 0 = from the first that it holds. Raises CorruptState."""
        data = self._store.read()
        at = data.get("at", "")
        return 0 if not at or now - parse(at) >= WEEK else int(data.get("offset", 0))

    def handled(self, id: int) -> bool:
        return id in self._store.read().get("recent", [])

    def under(self) -> Under | None:
        now = self._store.read().get("under")
        return msgspec.convert(now, Under) if now else None

    def note(self, id: int, step: Step, now: datetime, *, reply: str = "", keyboard: Keyboard = ()) -> Under:
        with self._store.change() as data:
            before = data.get("under") or {}
            since = before["since"] if before.get("id") == id else stamp(now)
            made = Under(id=id, step=step, since=since, reply=reply, keyboard=keyboard)
            data["under"] = msgspec.to_builtins(made)
            return made

    def close(self, id: int, now: datetime, *, ignored: bool = False) -> None:
        """It is done: Telegram may forget it."""
        with self._store.change() as data:
            data["offset"], data["at"] = id + 1, stamp(now)
            data["recent"] = [*data.get("recent", []), id][-RECENT:]
            data.pop("under", None)
            if ignored:
                data["ignored"] = int(data.get("ignored", 0)) + 1

    def ignored(self) -> int:
        """How much was said by people or in chats that have no say here."""
        return int(self._store.read().get("ignored", 0))

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "bot.json")
