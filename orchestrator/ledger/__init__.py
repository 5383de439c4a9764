"""The append-only record of every decision and effect, chained so that no edit goes unseen.

JSON lines in segments `<host>-<number>.jsonl`, one chain per writing host. `prev` is the hash of the line before, so a
line cannot be changed, dropped or moved without all later ones; `mac` is made with a key that agents cannot read, so
the chain cannot be made anew either. What no chain can show is a missing end: for that `verify` takes an anchor, an
earlier head that was told to the outside.

Appending is one locked, synced write after the last line alone was read: its cost does not grow with the ledger. A line
torn by a kill or a full disk was never acknowledged; the next write moves it aside and says so in its event.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Any

from orchestrator import disk
from orchestrator.clock import Clock
from orchestrator.ledger.check import GENESIS, Check, mac_of
from orchestrator.ledger.files import append, last_line, lines, record, records, set_torn_aside
from orchestrator.model.event import Event, EventKind, Record
from orchestrator.model.names import Public
from orchestrator.model.times import stamp

VERSION = 1
_SEGMENT = re.compile(r"(.+)-([0-9]{6})\.jsonl")
_MOST_PROBLEMS = 50
_WAIT = 30.0
_SHORT = 8
ON_THE_WAY = frozenset(
    {EventKind.CLAIMED, EventKind.ROUTED, EventKind.AGENT_STARTED, EventKind.AGENT_ENDED, EventKind.ALERT}
)
"""Told on the way to a decision. They survive a kill as all events do; only a power loss in the instants before the
next synced event, which carries them to the disk, could take them."""


class LedgerBusy(Exception):
    """Another process holds the ledger's lock far longer than an append takes. Nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    ok: bool
    events: int
    segments: int
    head_seq: int
    head_hash: str
    """Of this host's chain: with `head_seq` the anchor for a later `verify`."""
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    root: Path
    """runtime/ledger; the key stands beside it in `state/ledger.key`."""
    clock: Clock
    redact: Callable[[str], Public]
    host: str = ""
    """Empty: this machine's name."""
    rotate_bytes: int = 10_000_000

    def write(self, event: Event) -> Record:
        """Appends, synced to the disk before it returns but for ON_THE_WAY.

        Raises LedgerBusy, OSError; then nothing stays behind.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with disk.locked(self.root / f"{self._name}.lock", wait=_WAIT) as mine:
            if not mine:
                raise LedgerBusy(str(self.root))
            torn = self._repair()
            seq, prev = self.head()
            line = self._line(event, seq + 1, prev, torn)
            segment = self._current()
            new = not segment.exists()
            append(segment, line, sync=event.kind not in ON_THE_WAY)
            if new:  # the name must survive a power loss too
                disk.sync_dir(self.root)
        return record(json.loads(line))

    def head(self) -> tuple[int, str]:
        """(seq, hash) of this host's last event; (0, GENESIS) of an empty ledger."""
        for segment in reversed(self._segments()):
            line = last_line(segment)
            if line:
                return self._seq(line), hashlib.sha256(line).hexdigest()
        return 0, GENESIS

    def read(self, since_seq: int = 0) -> Iterator[Record]:
        """Events with a higher seq, oldest first, those of several hosts by time. Unreadable lines are left out."""
        chains = [self._chain(host, since_seq) for host in self._hosts()]
        return iter(chains[0]) if len(chains) == 1 else merge(*chains, key=lambda r: (r.at, r.seq))

    def tail(self, n: int) -> tuple[Record, ...]:
        """The last n events, oldest first. Reads from the newest segment back."""
        found: list[Record] = []
        for host in self._hosts():
            own: list[Record] = []
            for segment in reversed(self._segments(host)):
                if len(own) >= n:
                    break
                own = [*records(lines(segment)), *own]
            found += own[-n:] if n else []
        return tuple(sorted(found, key=lambda r: (r.at, r.seq))[-n:] if n else ())

    def verify(self, anchor: tuple[int, str] | None = None) -> Verification:
        """Checks every line of every host. `anchor` is an earlier head of this host, kept outside of this machine."""
        problems: list[str] = []
        events = segments = 0
        key = self._key_or_none()
        if key is None and self._segments():
            problems.append("the key is missing: nobody can tell whether the chain was made anew")
        for host in self._hosts():
            files = self._segments(host)
            segments += len(files)
            anchored = anchor if host == self._name else None
            events += Check(host=host, key=key, anchor=anchored, problems=problems).run(files)
        seq, digest = self.head()
        if anchor and anchor[0] > seq:
            problems.append(f"event {anchor[0]} was told outside, but the ledger ends at {seq}")
        shown = tuple(problems[:_MOST_PROBLEMS])
        return Verification(
            ok=not problems, events=events, segments=segments, head_seq=seq, head_hash=digest, problems=shown
        )

    # --- inside

    @property
    def _name(self) -> str:
        return re.sub(r"[^A-Za-z0-9.]", "-", self.host or socket.gethostname()) or "host"

    def _segments(self, host: str = "") -> list[Path]:
        wanted = host or self._name
        try:
            names = sorted(os.listdir(self.root))
        except FileNotFoundError:
            return []
        return [self.root / n for n in names if (m := _SEGMENT.fullmatch(n)) and m[1] == wanted]

    def _hosts(self) -> list[str]:
        try:
            found = {m[1] for n in os.listdir(self.root) if (m := _SEGMENT.fullmatch(n))}
        except FileNotFoundError:
            return []
        return sorted(found)

    def _repair(self) -> str:
        segments = self._segments()
        return set_torn_aside(segments[-1]) if segments else ""

    def _current(self) -> Path:
        """The segment to append to; a new one when the last is full."""
        segments = self._segments()
        if segments and segments[-1].stat().st_size < self.rotate_bytes:
            return segments[-1]
        number = int(_SEGMENT.fullmatch(segments[-1].name)[2]) + 1 if segments else 1  # type: ignore[index]  # matched
        return self.root / f"{self._name}-{number:06d}.jsonl"

    def _line(self, event: Event, seq: int, prev: str, torn: str) -> bytes:
        data = {**event.data, **({"ledger_repaired": torn} if torn else {})}
        fields = {
            "v": VERSION,
            "seq": seq,
            "at": stamp(self.clock.now()),
            "actor": self._redacted({"kind": event.actor.kind, "id": event.actor.id}),
            "repo": event.repo,
            "task": event.task,
            "kind": event.kind.value,
            "cause_seq": event.cause_seq,
            "hashes": event.hashes,
            "data": self._redacted(data),
            "prev": prev,
        }
        line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        body = line.encode("utf-8", "replace")
        return body[:-1] + b',"mac":"' + mac_of(self._key(), body).encode() + b'"}'

    def _redacted(self, value: Any) -> Any:
        """Every text that came from elsewhere, seen by the redactor before anything is hashed. What JSON does not know
        is written as text. Shorter than eight characters is no secret that anybody could tell from a word."""
        if isinstance(value, dict):
            return {str(self.redact(str(k))): self._redacted(v) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._redacted(v) for v in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        text = str(value)
        return text if len(text) < _SHORT else str(self.redact(text))

    def _seq(self, line: bytes) -> int:
        """The number of the last event, also when its line was made unreadable: writing goes on, `verify` tells."""
        try:
            return int(json.loads(line)["seq"])
        except (ValueError, KeyError, TypeError):
            return max((r.seq for s in self._segments() for r in records(lines(s))), default=0)

    def _chain(self, host: str, since_seq: int) -> Iterator[Record]:
        segments = self._segments(host)
        firsts = [next(iter(records(lines(s))), None) for s in segments[1:]] if since_seq else []
        skip = sum(1 for first in firsts if first is not None and first.seq <= since_seq)
        for segment in segments[skip:]:
            yield from (r for r in records(lines(segment)) if r.seq > since_seq)

    @property
    def _key_path(self) -> Path:
        return self.root.parent / "state" / "ledger.key"

    def _key_or_none(self) -> bytes | None:
        try:
            return self._key_path.read_bytes().strip()
        except FileNotFoundError:
            return None

    def _key(self) -> bytes:
        key = self._key_or_none()
        if key is None:
            self._key_path.parent.mkdir(parents=True, exist_ok=True)
            key = secrets.token_hex(32).encode()
            tmp = self._key_path.with_name(f".ledger.key.{os.getpid()}")
            try:
                disk.create(self._key_path, key + b"\n", tmp=tmp, mode=0o600)
            except FileExistsError:  # another host's process was first
                key = self._key_path.read_bytes().strip()
        return key
