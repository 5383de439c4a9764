"""The write-ahead journal of what a task did outside: `effects/<task>.jsonl`, one line per intent and per completion.

Wanted: each effect once, as seen from outside, wherever the worker dies. The intent is on the disk before the effect
begins and its completion after it ended; a worker that finds an intent alone does not know, so it looks. What it then
does not find may only not be visible *yet*: it acts again only once the intent is older than the settle time.

Only intents are synced: a completion lost with the power leaves its intent standing, and looking finds the effect.
Of a line torn by a kill (`lines`): a torn intent means nothing was begun, a torn completion leaves its intent standing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.clock import Clock
from orchestrator.model.times import parse
from orchestrator.state import lines
from orchestrator.state.store import CorruptState


class Unsettled(Exception):
    """An earlier try may still become visible: leave the task for a later tick."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key}: an earlier try may still show up")
        self.key = key


class Uncertain(Exception):
    """Raised by an effect that may or may not have been applied. So says any exception whose `uncertain` is true."""

    uncertain = True


@dataclass(frozen=True, kw_only=True)
class Done:
    result: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Intended:
    at: datetime
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Journal:
    """One task's effects. The task's claim is held by whoever writes."""

    path: Path
    clock: Clock

    def state(self, key: str) -> Done | Intended | None:
        """None when it was never begun, or is known to have failed. Raises CorruptState."""
        state: Done | Intended | None = None
        for number, line in enumerate(lines.read(self.path), 1):
            try:
                entry = json.loads(line)
                if entry["key"] != key:
                    continue
                match entry["state"]:
                    case "done":
                        state = Done(result=dict(entry["result"]))
                    case "intended":
                        state = Intended(at=parse(entry["at"]), what=entry["what"])
                    case "failed":
                        state = None
                    case other:
                        raise ValueError(f"unknown state {other!r}")
            except (ValueError, KeyError, TypeError) as why:
                raise CorruptState(self.path, f"line {number}: {why}") from why
        return state

    def result(self, key: str) -> dict[str, str] | None:
        """What the effect gave, None while it is not done."""
        state = self.state(key)
        return state.result if isinstance(state, Done) else None

    def intend(self, key: str, what: str) -> None:
        self._write(key=key, state="intended", what=what)

    def done(self, key: str, result: dict[str, str]) -> None:
        self._write(key=key, state="done", result=result)

    def failed(self, key: str, why: str) -> None:
        """It is certain that nothing was applied: the next try acts at once."""
        self._write(key=key, state="failed", why=why)

    def once(
        self,
        key: str,
        what: str,
        *,
        look: Callable[[], dict[str, str] | None],
        act: Callable[[], dict[str, str]],
        settle_seconds: float,
        now: datetime,
    ) -> dict[str, str]:
        """The effect's result: recorded, found by `look`, or made now by `act`.

        Raises Unsettled, CorruptState, and what `look` and `act` raise. An exception of `act` whose `uncertain` is true
        leaves the intent standing; after any other error the next try acts at once. A kill leaves the intent standing.
        """
        state = self.state(key)
        if isinstance(state, Done):
            return state.result
        if isinstance(state, Intended):
            found = look()
            if found is not None:
                self.done(key, found)
                return found
            if now < state.at:  # the clock was set back: settle from now on, not until the old time comes again
                self.intend(key, what)
                raise Unsettled(key)
            if now - state.at < timedelta(seconds=settle_seconds):
                raise Unsettled(key)
        self.intend(key, what)
        try:
            result = act()
        except Exception as error:
            if not getattr(error, "uncertain", False):
                self.failed(key, f"{type(error).__name__}: {error}"[:300])
            raise
        self.done(key, result)
        return result

    def _write(self, **entry: object) -> None:
        line = json.dumps({"at": self.clock.now().isoformat(timespec="milliseconds"), **entry}, ensure_ascii=False)
        lines.append(self.path, line, sync=entry["state"] == "intended")


@dataclass(frozen=True, kw_only=True)
class Effects:
    root: Path
    """runtime/state; kept in `effects/`."""
    clock: Clock

    def of(self, task: str) -> Journal:
        """Raises ValueError for a task id that is no file name."""
        return Journal(path=lines.path_of(self.root / "effects", task), clock=self.clock)
