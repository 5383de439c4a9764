"""What a message's buttons offer: `actions/<id>.json`, one small file each, readable by a person, taken once.

Wanted: each offer is carried out once, whoever presses how often, over restarts, and with two programs that look at the
same press. So a press holds the action's lock while it is carried out, and notes `taken` before and `done` after it.
Found in `taken` without anybody holding the lock, whoever took it died: the same press comes again (it was not
confirmed to Telegram) and goes on. The id comes from the alert's signature: an alert made again makes the same action.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

import msgspec

from orchestrator import disk
from orchestrator.model.chat import ActionKind, Choice, Offer
from orchestrator.model.times import parse, stamp
from orchestrator.state import locks
from orchestrator.state.store import Busy, CorruptState

LASTS = timedelta(hours=48)
KEPT = timedelta(days=60)
"""How long a person can look up what became of it."""
WAIT = 20.0
"""Seconds to wait for another press that is being carried out."""
_ID = re.compile(r"[0-9a-f]{12}")


class Stands(Enum):
    PENDING = "pending"
    TAKEN = "taken"
    """Being carried out, or whoever carried it out died."""
    DONE = "done"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Action:
    id: str
    """Twelve hexadecimal digits."""
    kind: ActionKind
    target: str
    """A task's id, or a plan's."""
    subject: str
    """Of the alert that offered it."""
    created: str
    expires: str
    head_sha: str = ""
    status: Stands = Stands.PENDING
    handled_by: str = ""
    """The person: the operator's login."""
    handled_action: Choice | None = None
    handled_at: str = ""
    result: str = ""
    """What was told to whoever pressed."""

    def data(self, choice: Choice) -> str:
        """What the button carries."""
        return f"{self.kind.value}:{self.id}:{choice.value}"


def parse_data(data: str) -> tuple[ActionKind, str, Choice] | None:
    """Of a pressed button: kind, action id, choice. None for anything we did not write."""
    parts = data.split(":")
    if len(parts) != 3 or not _ID.fullmatch(parts[1]):
        return None
    try:
        return ActionKind(parts[0]), parts[1], Choice(parts[2])
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class Actions:
    root: Path
    """runtime/state; kept in `actions/`."""

    def offer(self, offer: Offer, *, signature: str, subject: str, now: datetime) -> Action:
        """The action of this alert; made once, what happened to it since stands."""
        id = hashlib.sha256(signature.encode("utf-8", "replace")).hexdigest()[:12]
        if (known := self.get(id)) is not None:
            return known
        made = Action(
            id=id, kind=offer.kind, target=offer.target, subject=subject, head_sha=offer.head_sha,
            created=stamp(now), expires=stamp(now + LASTS),
        )  # fmt: skip
        self._put(made)
        return made

    def get(self, id: str) -> Action | None:
        """Raises CorruptState."""
        if not _ID.fullmatch(id):
            return None
        path = self._path(id)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Action)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as why:
            raise CorruptState(path, str(why)) from why

    @contextlib.contextmanager
    def held(self, id: str) -> Iterator[Action | None]:
        """The action as it stands, nobody else carrying it out meanwhile; None for one that is not there. Raises Busy,
        CorruptState."""
        if not _ID.fullmatch(id):
            yield None
            return
        with locks.hold(self._path(id).with_suffix(".lock"), wait=WAIT) as mine:
            if not mine:
                raise Busy(str(self._path(id)))
            yield self.get(id)

    def take(self, action: Action, choice: Choice, by: str, now: datetime) -> Action:
        """Noted before it is carried out. Only while `held`."""
        taken = replace(
            action, status=Stands.TAKEN, handled_by=by, handled_action=choice, handled_at=stamp(now), result=""
        )
        self._put(taken)
        return taken

    def done(self, action: Action, result: str) -> None:
        self._put(replace(action, status=Stands.DONE, result=result))

    def again(self, action: Action) -> None:
        """It could not be carried out now: it may be pressed again."""
        self._put(replace(action, status=Stands.PENDING, handled_by="", handled_action=None, handled_at="", result=""))

    def expired(self, action: Action, now: datetime) -> bool:
        """Whether its time is over; noted when it is."""
        if action.status is Stands.PENDING and now >= parse(action.expires):
            self._put(replace(action, status=Stands.EXPIRED))
            return True
        return action.status is Stands.EXPIRED

    def sweep(self, now: float) -> int:
        """Removes what was over long ago; how much it was. `now`: in seconds of the epoch, as the files' times are."""
        old = [p for p in (self.root / "actions").glob("*.json") if now - p.stat().st_mtime > KEPT.total_seconds()]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _path(self, id: str) -> Path:
        return self.root / "actions" / f"{id}.json"

    def _put(self, action: Action) -> None:
        path = self._path(action.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, msgspec.json.format(msgspec.json.encode(action), indent=1) + b"\n")
