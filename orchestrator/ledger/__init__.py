"""The append-only record of every decision and effect, chained so that no edit goes unseen.

JSON lines in segments `<host>-<number>.jsonl`, one chain per writing host. `prev` is the hash of the line before, so a
line cannot be changed, dropped or moved without all later ones; `mac` is made with a key that agents cannot read, so
the chain cannot be made anew either. What no chain can show is a missing end, or that all of it was made anew with
another key: for that `verify` takes anchors, earlier heads that were told to the outside.

Appending is one locked, synced write after the last line alone was read: its cost does not grow with the ledger. A line
torn by a kill or a full disk was never acknowledged; the next write moves it aside and says so in its event.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Any

from orchestrator import disk
from orchestrator.clock import Clock
from orchestrator.ledger import key as keyfile
from orchestrator.ledger.anchor import Anchor, Chain, Told, compare, exposed, label
from orchestrator.ledger.check import GENESIS, Check, mac_of
from orchestrator.ledger.files import append, last_line, lines, lines_back, record, records, set_torn_aside
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
    """Of this host's chain: with `head_seq` an anchor for a later `verify`."""
    problems: tuple[str, ...]
    told: tuple[Told, ...] = ()
    """Each anchor that was given, and what does not fit it."""
    exposed: int = 0
    """Events after the last anchor that matches, of all chains together: a cut among them would not be seen."""


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

        Raises LedgerBusy, KeyUnusable, OSError; then nothing stays behind.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with disk.locked(self.root / f"{self.name}.lock", wait=_WAIT) as mine:
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

    def head(self, chain: str = "") -> tuple[int, str]:
        """(seq, hash) of the last event of a chain (empty: this host's); (0, GENESIS) of an empty one."""
        for segment in reversed(self._segments(chain)):
            line = last_line(segment)
            if line is not None:
                return self._seq(line, chain), hash_of(line)
        return 0, GENESIS

    def read(self, since_seq: int = 0) -> Iterator[Record]:
        """Events with a higher seq, oldest first, those of several hosts by time. Unreadable lines are left out."""
        chains = [self._chain(host, since_seq) for host in self.chains()]
        return iter(chains[0]) if len(chains) == 1 else merge(*chains, key=lambda r: (r.at, r.seq))

    def newest(self, chain: str = "", *, before: int = 0) -> Iterator[Record]:
        """Events newest first, read from the end as they are taken; of one chain, or of all by time. `before`: of one
        chain, those of a lower seq; the later ones are not read."""
        names = [chain] if chain else self.chains()
        each = [
            records(line for s in reversed(self._segments(name)) for line in lines_back(s, before)) for name in names
        ]
        return each[0] if len(each) == 1 else merge(*each, key=lambda r: (r.at, r.seq), reverse=True)

    def mark(self) -> tuple[tuple[str, int], ...]:
        """Name and size of each chain's newest segment: as long as it is the same, nothing was written."""
        newest = (self._segments(name)[-1:] for name in self.chains())
        return tuple((s.name, s.stat().st_size) for found in newest for s in found)

    def tail(self, n: int) -> tuple[Record, ...]:
        """The last n events, oldest first. Reads from the newest segment back."""
        found: list[Record] = []
        for host in self.chains():
            own: list[Record] = []
            for segment in reversed(self._segments(host)):
                if len(own) >= n:
                    break
                own = [*records(lines(segment)), *own]
            found += own[-n:] if n else []
        return tuple(sorted(found, key=lambda r: (r.at, r.seq))[-n:] if n else ())

    def verify(self, anchors: Sequence[Anchor] = ()) -> Verification:
        """Checks every line of every host. `anchors` are earlier heads, told to the outside of this machine."""
        problems = self._key_problems()
        wanted = frozenset(a.seq for a in anchors)
        events = segments = 0
        chains = {label(self.name): Chain()}
        for host in self.chains():
            files = self._segments(host)
            segments += len(files)
            check = Check(host=host, key=self._key_or_none(), wanted=wanted, problems=problems)
            events += check.run(files)
            chains[label(host)] = Chain(end=check.seq, digests=check.digests)
        told = compare(anchors, chains)
        problems += [t.why for t in told if t.why and t.anchor.sure]
        seq, digest = self.head()
        more = [f"and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
        return Verification(
            ok=not problems, events=events, segments=segments, head_seq=seq, head_hash=digest,
            problems=(*problems[:_MOST_PROBLEMS], *more), told=told, exposed=exposed(told, chains),
        )  # fmt: skip

    def heads(self) -> dict[str, tuple[int, str]]:
        """(seq, hash) of this host's chain and of every other in this ledger's folder, by label."""
        return {label(host): self.head(host) for host in {self.name, *self.chains()}}

    def trailer(self) -> str:
        """The head as a line of a commit message tells it: `<seq> <hash> <label of the chain>`."""
        seq, digest = self.head()
        return f"{seq} {digest} {label(self.name)}"

    def holds(self, seq: int, digest: str) -> bool:
        """Is this line of this host's chain the one with this hash?"""
        if seq == 0:
            return digest == GENESIS
        found = (line for segment in self._segments() for line in lines(segment) if hash_of(line) == digest)
        return any(self._seq(line) == seq for line in found)

    @property
    def name(self) -> str:
        """Of the chain that this host writes."""
        return re.sub(r"[^A-Za-z0-9.]", "-", self.host or socket.gethostname()) or "host"

    def chains(self) -> list[str]:
        """Names of the hosts that wrote here."""
        try:
            found = {m[1] for n in os.listdir(self.root) if (m := _SEGMENT.fullmatch(n))}
        except FileNotFoundError:
            return []
        return sorted(found)

    # --- inside

    def _segments(self, host: str = "") -> list[Path]:
        wanted = host or self.name
        try:
            names = sorted(os.listdir(self.root))
        except FileNotFoundError:
            return []
        return [self.root / n for n in names if (m := _SEGMENT.fullmatch(n)) and m[1] == wanted]

    def _repair(self) -> str:
        segments = self._segments()
        return set_torn_aside(segments[-1]) if segments else ""

    def _current(self) -> Path:
        """The segment to append to; a new one when the last is full."""
        segments = self._segments()
        if segments and segments[-1].stat().st_size < self.rotate_bytes:
            return segments[-1]
        number = int(_SEGMENT.fullmatch(segments[-1].name)[2]) + 1 if segments else 1  # type: ignore[index]  # matched
        return self.root / f"{self.name}-{number:06d}.jsonl"

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

    def _seq(self, line: bytes, chain: str = "") -> int:
        """The number of the last event, also when its line was made unreadable: writing goes on, `verify` tells."""
        try:
            return int(json.loads(line)["seq"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return max((r.seq for s in self._segments(chain) for r in records(lines(s))), default=0)

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
            return keyfile.read(self._key_path)
        except keyfile.KeyUnusable:
            return None

    def _key_problems(self) -> list[str]:
        try:
            if keyfile.read(self._key_path) is None and self.chains():
                return ["the key is missing: nobody can tell whether the chain was made anew"]
        except keyfile.KeyUnusable as why:
            return [str(why)]
        if keyfile.open_to_others(self._key_path):
            return [f"others may read {self._key_path.name}, and write lines that look like ours: chmod 600"]
        return []

    def _key(self) -> bytes:
        """Raises KeyUnusable, OSError. One is made only for a ledger that holds nothing yet: beside lines of another
        key a new one would make a chain that nobody can prove."""
        key = keyfile.read(self._key_path)
        if key is None and self.head()[0]:
            raise keyfile.KeyUnusable(
                f"{self._key_path} is missing, and {self.root} holds events written with it: put it back from a "
                "backup; or, knowing that the record starts anew, move that folder away"
            )
        return key or keyfile.make(self._key_path)


def hash_of(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
