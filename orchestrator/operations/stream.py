"""What happened since: events after a position of the ledger, for whoever watches. Read from the newest back, so that
a look costs what is new and not what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, takewhile

from orchestrator.ledger.anchor import label
from orchestrator.model.event import Record
from orchestrator.services import Services

MOST = 500
"""Events that are told at once; whoever missed more looks at everything anew."""


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One event, as much of it as says what to look at again."""

    position: str
    """Where the stream stands after it: what a watcher gives back to hear what came later."""
    at: str
    kind: str
    actor: str
    repo: str
    task: str


@dataclass(frozen=True, kw_only=True)
class News:
    position: str
    events: tuple[Happened, ...] = ()
    """Oldest first."""
    missed: bool = False
    """More happened than is told, or the position is none of this ledger: look at everything anew."""


def position(services: Services) -> str:
    """Where the ledger stands: `<label of the chain>:<seq>` of each of its chains."""
    return _text({chain: head[0] for chain, head in services.ledger.heads().items()})


def since(services: Services, position: str, *, most: int = MOST) -> News:
    """What came after the position; an unreadable one is told as everything missed."""
    heads = {chain: head[0] for chain, head in services.ledger.heads().items()}
    now = _text(heads)
    seen = _parse(position)
    if seen is None or any(seq > heads.get(chain, 0) for chain, seq in seen.items()):
        return News(position=now, missed=True)
    if sum(seq - seen.get(chain, 0) for chain, seq in heads.items()) > most:
        return News(position=now, missed=True)
    found: list[tuple[str, Record]] = []
    for name in services.ledger.chains():
        chain = label(name)
        newer = takewhile(lambda r, c=chain: r.seq > seen.get(c, 0), services.ledger.newest(name))  # type: ignore[misc]
        found += [(chain, r) for r in islice(newer, most)]
    found.sort(key=lambda each: (each[1].at, each[1].seq))
    events: list[Happened] = []
    for chain, record in found:
        seen[chain] = max(record.seq, seen.get(chain, 0))
        events.append(_happened(record, _text(seen)))
    return News(position=events[-1].position if events else _text(seen), events=tuple(events))


def _happened(record: Record, position: str) -> Happened:
    return Happened(
        position=position,
        at=record.at,
        kind=record.kind,
        actor=f"{record.actor.kind} {record.actor.id}",
        repo=record.repo,
        task=record.task,
    )


def _text(seqs: dict[str, int]) -> str:
    return ",".join(f"{chain}:{seq}" for chain, seq in sorted(seqs.items()))


def _parse(text: str) -> dict[str, int] | None:
    found: dict[str, int] = {}
    for part in text.split(",") if text else ():
        chain, _, seq = part.partition(":")
        if not chain.isalnum() or not (seq.isascii() and seq.isdigit()) or len(seq) > 15:
            return None
        found[chain] = int(seq)
    return found or None


def written(services: Services, task: str) -> int:
    """Bytes that the task's runs have written so far: another number, and there is something new to read."""
    return sum(p.stat().st_size for p in (services.settings.runtime / "logs" / task).glob("*.jsonl"))
