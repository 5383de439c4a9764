"""The ledger for a person: searched from the newest back, a page at a time; and what the last proof of it said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge

import msgspec

from orchestrator import disk
from orchestrator.ledger.anchor import label
from orchestrator.model.event import Actor, Event, EventKind, Record
from orchestrator.model.operators import Right
from orchestrator.model.times import stamp
from orchestrator.operations import OrderRefused, people, records
from orchestrator.operations.records import Verified
from orchestrator.operations.wording import words
from orchestrator.services import Services
from orchestrator.state.store import CorruptState

MOST = 50
"""Events of one page."""
SEARCHED = 20_000
"""Events that are looked through for one page; then the person says whether to go on."""
KINDS = tuple(sorted(kind.value for kind in EventKind))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is looked for; empty = all."""

    subject: str = ""
    """A task id, owner/name, owner/name#N, or a commit sha."""
    kind: str = ""
    actor: str = ""
    """A part of the actor's kind or id."""
    text: str = ""
    """A part of anything the event says."""


@dataclass(frozen=True, kw_only=True)
class Line:
    seq: int
    at: str
    kind: str
    by: str
    repo: str
    task: str
    what: str
    """Its data, on one line."""


@dataclass(frozen=True, kw_only=True)
class LedgerPage:
    lines: tuple[Line, ...]
    """Newest first."""
    searched: int
    """Events that were looked through for them."""
    older: str
    """What to give as `before` for what came earlier; empty: nothing did."""
    full: bool
    """False: the search stopped before it had a page, so that a look stays short."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The last verification that was asked for from a page."""

    at: str
    by: str
    seconds: float
    found: Verified


def search(services: Services, asked: Asked, *, before: str = "", most: int = MOST) -> LedgerPage:
    """Raises OrderRefused for a `before` that is none."""
    seen = _position(services, before)
    lines: list[Line] = []
    searched, more = 0, False
    for chain, record in _newest(services, seen):
        if len(lines) >= most or searched >= SEARCHED:
            more = True
            break
        searched += 1
        seen[chain] = record.seq
        if _wanted(record, asked):
            lines.append(_line(services, record))
    older = ",".join(f"{chain}:{seq}" for chain, seq in sorted(seen.items())) if more else ""
    return LedgerPage(lines=tuple(lines), searched=searched, older=older, full=not more or len(lines) >= most)


def verify(services: Services, *, person: str, offline: bool = True) -> Proof:
    """Proves the record now, and keeps what was found for whoever looks next. An order: it reads all of it.
    Raises OrderRefused for whoever may not look."""
    people.require(services, person, Right.SEE)
    services.ledger.write(
        Event(
            kind=EventKind.ORDER,
            actor=Actor(kind="person", id=person),
            data={"order": "ledger verify", "offline": offline},
        )
    )
    began = services.clock.monotonic()
    found = records.verify(services, offline=offline)
    found = replace(found, problems=found.problems[:MOST], notes=found.notes[:MOST])
    took = round(services.clock.monotonic() - began, 3)
    proof = Proof(at=stamp(services.now()), by=person, seconds=took, found=found)
    path = services.settings.runtime / "state" / "ledger_proof.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(path, msgspec.json.format(msgspec.json.encode(proof), indent=1) + b"\n")
    return proof


def last_proof(services: Services) -> Proof | None:
    """Raises CorruptState."""
    path = services.settings.runtime / "state" / "ledger_proof.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Proof)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as why:
        raise CorruptState(path, str(why)) from why


def _line(services: Services, record: Record) -> Line:
    return Line(
        seq=record.seq,
        at=record.at,
        kind=record.kind,
        by=f"{record.actor.kind} {record.actor.id}",
        repo=record.repo,
        task=record.task,
        what=str(services.redact(words(record.data))),
    )


def _wanted(record: Record, asked: Asked) -> bool:
    if asked.kind and record.kind != asked.kind:
        return False
    if asked.actor and asked.actor.casefold() not in f"{record.actor.kind} {record.actor.id}".casefold():
        return False
    if asked.subject and not _about(record, asked.subject):
        return False
    return not asked.text or asked.text.casefold() in _all_words(record).casefold()


def _about(record: Record, subject: str) -> bool:
    return record.repo.casefold() == subject.casefold() or records.about(record, subject)


def _all_words(record: Record) -> str:
    parts: Sequence[str] = (record.repo, record.task, record.kind, *record.hashes.values())
    return " ".join((*parts, *map(str, record.data.values()), words(record.data, limit=1_000_000)))


def _newest(services: Services, seen: dict[str, int]) -> Iterator[tuple[str, Record]]:
    def of(name: str) -> Iterator[tuple[str, Record]]:
        before = seen.get(label(name), 0)
        return ((label(name), record) for record in services.ledger.newest(name, before=before))

    each = [of(name) for name in services.ledger.chains() if seen.get(label(name)) != 1]
    return merge(*each, key=lambda found: (found[1].at, found[1].seq), reverse=True)


def _position(services: Services, before: str) -> dict[str, int]:
    known = {label(name) for name in services.ledger.chains()}
    seen: dict[str, int] = {}
    for part in before.split(",") if before else ():
        chain, _, seq = part.partition(":")
        if chain not in known or not (seq.isascii() and seq.isdigit()) or len(seq) > 15 or seq == "0":
            raise OrderRefused("no such place in the ledger; begin with its newest events")
        seen[chain] = int(seq)
    return seen
