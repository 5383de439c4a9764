"""What set-up made, and what was there before it: `made.jsonl`, a line per thing, so that all can be taken away again.

Only what we made is ever removed; what stood before is noted too, so that a label of the same name that a person had is
known for theirs. What the program makes later at its work is found by its names instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import msgspec

from orchestrator.clock import Clock
from orchestrator.model.times import stamp
from orchestrator.state import lines
from orchestrator.state.store import CorruptState


class Kind(Enum):
    LABEL = "label"
    """`where` = owner/name of the repository."""
    BOARD = "board"
    """`where` = its owner, `name` = its number."""
    OPTION = "option"
    """A column of a board: `where` = owner/number."""
    FIELD = "field"
    """The Status field of a board: `where` = owner/number."""
    FILE = "file"
    """`name` = its path, `detail` = SHA-256 of what we wrote: what a person changed since is theirs."""
    FOLDER = "folder"
    CRONTAB = "crontab"
    """`detail` = empty where there was no crontab before."""
    TIMER = "timer"
    """A systemd unit file: `name` = its path."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    kind: Kind
    where: str = ""
    name: str
    ours: bool = True
    """False: it was there before us."""
    gone: bool = False
    """We took it away again."""
    at: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Made:
    root: Path
    """runtime/state."""
    clock: Clock

    @property
    def path(self) -> Path:
        return self.root / "made.jsonl"

    def note(self, kind: Kind, name: str, *, where: str = "", ours: bool = True, detail: str = "") -> None:
        """On the disk when this returns; nothing is added where the same stands already. Raises Busy, OSError,
        CorruptState."""
        now = self.of(kind, name, where=where)
        if now is not None and (now.ours, now.detail) == (ours, detail):
            return
        self._add(Entry(kind=kind, where=where, name=name, ours=ours, at=stamp(self.clock.now()), detail=detail))

    def forget(self, entry: Entry) -> None:
        """It was taken away."""
        self._add(replace(entry, gone=True))

    def of(self, kind: Kind, name: str, *, where: str = "") -> Entry | None:
        """The last word about one thing, None when there is none or it is gone. Names are compared as GitHub does."""
        same = (kind, where.casefold(), name.casefold())
        return next((e for e in self.all() if (e.kind, e.where.casefold(), e.name.casefold()) == same), None)

    def all(self) -> tuple[Entry, ...]:
        """What stands, each thing once, oldest first. Raises CorruptState."""
        found: dict[tuple[str, str, str], Entry] = {}
        for number, line in enumerate(lines.read(self.path), 1):
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except ValueError as why:
                raise CorruptState(self.path, f"line {number}: {why}") from why
            key = (entry.kind.value, entry.where.casefold(), entry.name.casefold())
            if entry.gone:
                found.pop(key, None)
            else:
                found[key] = entry
        return tuple(found.values())

    def _add(self, entry: Entry) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        lines.append(self.path, msgspec.json.encode(entry).decode(), sync=True)
