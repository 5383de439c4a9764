"""The record holds: nothing is lost, no tampering before the last anchor goes unseen, a kill costs nothing told.

1. Four processes append a thousand events each to one chain: all of them are there, and the chain holds.
2. A thousand seeded tampers with what stood before the last anchor, in ten ways, from a changed byte to the whole
   chain made anew with the right key: each is told. Tampers with the exposed tail after it are counted apart: a cut
   there cannot be seen by anybody, which is why `verify` says how long the tail is.
3. The same against a real repository: heads in merge commits and in our ref, fetched from a hub over HTTP.
4. Writers are killed with SIGKILL at any moment, and at every place of an append, after so many of a line's bytes:
   the next write repairs, and what was acknowledged is there.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.proof import Report
from orchestrator.clock import Clock
from orchestrator.ledger import Ledger, hash_of
from orchestrator.ledger.anchor import Anchor, label
from orchestrator.ledger.check import mac_of
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.operations import records
from orchestrator.redact import Redactor
from tests.journeys.world import World, works

SEED = 20_261_126
WRITERS, EACH = 4, 1_000
TAMPERS = 1_000
TAIL_TAMPERS = 200
KILLS = 100
EVENTS, ANCHORED = 240, 200
CHAIN = "one"
Lines = list[bytes]

APPEND = """
import sys
from pathlib import Path
from orchestrator.clock import Clock
from orchestrator.ledger import Ledger
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.redact import Redactor
root, me, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = Ledger(root=root, clock=Clock(), redact=Redactor(), host="one", rotate_bytes=200_000)
actor = Actor(kind="worker", id=me)
for n in range(count):
    ledger.write(Event(kind=EventKind.VERDICT, actor=actor, data={"n": n}))
"""
DYING = """
import os, random, signal, sys
from pathlib import Path
from orchestrator import disk
from orchestrator.clock import Clock
from orchestrator.ledger import Ledger
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.redact import Redactor
ledger = Ledger(root=Path(sys.argv[1]), clock=Clock(), redact=Redactor(), host="one", rotate_bytes=2_000)
last, share = int(sys.argv[2]), float(sys.argv[3])
whole = disk.write_all
def torn(fd, data):
    os.write(fd, data[: round(share * len(data))])
    os.kill(os.getpid(), signal.SIGKILL)
n = 0
while True:
    n += 1
    if n == last:
        disk.write_all = torn
    record = ledger.write(Event(kind=EventKind.VERDICT, actor=Actor(kind="worker", id="k"), data={"n": n}))
    print(record.seq, record.mac, flush=True)
"""
"""Dies in its `last`-th append (0: it is killed from outside) when `share` of the line is written."""


def prove(report: Report) -> None:
    report.figures["seed"] = SEED
    with tempfile.TemporaryDirectory(prefix="ledger-") as scratch:
        root = Path(scratch)
        report.hold("appends_lost", appends(root / "appends", WRITERS, EACH), at_most=0)
        report.figures["appends"] = WRITERS * EACH
        tampers(report, root / "tampers", random.Random(SEED), before=TAMPERS, after=TAIL_TAMPERS)
        outside(report, root / "outside", random.Random(SEED))
        kills(report, root / "kills", random.Random(SEED), KILLS)


def appends(root: Path, writers: int, each: int) -> int:
    """Events missing after all writers have ended; the chain's problems count as one each."""
    command = (sys.executable, "-c", APPEND, str(root / "ledger"))
    started = [subprocess.Popen((*command, str(n), str(each))) for n in range(writers)]
    failed = sum(1 for p in started if p.wait(300) != 0)
    ledger = _ledger(root)
    seen = Counter((r.actor.id, r.data["n"]) for r in ledger.read())
    lost = sum(1 for n in range(writers) for i in range(each) if seen[str(n), i] != 1)
    return lost + failed + len(ledger.verify().problems)


# --- tampering


@dataclass(frozen=True, kw_only=True)
class Whole:
    """An untouched ledger, in memory."""

    segments: tuple[tuple[str, Lines], ...]
    key: bytes
    anchor: Anchor

    def write(self, root: Path, segments: list[tuple[str, Lines]], key: bytes) -> Ledger:
        shutil.rmtree(root, ignore_errors=True)
        ledger = _ledger(root)
        ledger.root.mkdir(parents=True)
        for name, lines in segments:
            (ledger.root / name).write_bytes(b"".join(line + b"\n" for line in lines))
        file = root / "state" / "ledger.key"
        file.parent.mkdir()
        file.write_bytes(key + b"\n")
        file.chmod(0o600)
        return ledger


def make(root: Path) -> Whole:
    """EVENTS events in several segments, of which ANCHORED were told outside."""
    ledger = replace(_ledger(root), rotate_bytes=8_000)
    anchor = Anchor(seq=0, hash="")
    for n in range(1, EVENTS + 1):
        ledger.write(
            Event(kind=EventKind.CLAIMED, actor=Actor(kind="worker", id="w"), data={"n": n, "words": "x" * 40})
        )
        if n == ANCHORED:
            anchor = Anchor(chain=label(CHAIN), seq=n, hash=ledger.head()[1], where="the proof")
    names = sorted(ledger.root.glob("*.jsonl"))
    key = (root / "state" / "ledger.key").read_bytes().strip()
    return Whole(segments=tuple((f.name, f.read_bytes().splitlines()) for f in names), key=key, anchor=anchor)


Flat = list[tuple[str, bytes]]
"""(segment, line), in order."""
Tamper = Callable[[random.Random, Flat, int, bytes], Flat]
"""With a seeded chance, all lines, the index that it is about, and the real key."""


def edit(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    name, line = flat[at]
    where = chance.randrange(len(line))
    other = bytes([line[where] ^ (1 << chance.randrange(5))])
    return [*flat[:at], (name, line[:where] + (b"!" if other == b"\n" else other) + line[where + 1 :]), *flat[at + 1 :]]


def delete(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    return [*flat[:at], *flat[at + chance.randint(1, 5) :]]


def reorder(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    other = chance.choice([i for i in range(max(0, at - 20), at + 20) if i != at and i < len(flat)])
    changed = list(flat)
    changed[at], changed[other] = (flat[at][0], flat[other][1]), (flat[other][0], flat[at][1])
    return changed


def repeat(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    return [*flat[: at + 1], flat[at], *flat[at + 1 :]]


def truncate(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    return flat[:at]


def swap_segments(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    names = sorted({name for name, _ in flat})
    mine = flat[at][0]
    other = chance.choice([n for n in names if n != mine])
    swapped = {mine: other, other: mine}
    return sorted(((swapped.get(name, name), line) for name, line in flat), key=lambda pair: pair[0])


def drop_segment(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    return [pair for pair in flat if pair[0] != flat[at][0]]


def remade(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    """Every line from `at` on is made anew with the right key, so that the chain itself holds."""
    changed, prev = list(flat[:at]), hash_of(flat[at - 1][1]) if at else "0" * 64
    for offset, (name, line) in enumerate(flat[at:]):
        fields = json.loads(line)
        fields.pop("mac")
        fields["prev"] = prev
        fields["data"]["n"] += chance.randint(1, 9) if not offset else 0
        body = json.dumps(fields, separators=(",", ":")).encode()
        made = body[:-1] + b',"mac":"' + mac_of(key, body).encode() + b'"}'
        prev = hash_of(made)
        changed.append((name, made))
    return changed


def same(chance: random.Random, flat: Flat, at: int, key: bytes) -> Flat:
    return flat


WAYS: dict[str, tuple[Tamper, bool]] = {
    "edit": (edit, False),
    "delete": (delete, False),
    "reorder": (reorder, False),
    "repeat": (repeat, False),
    "truncate": (truncate, False),
    "swap_segments": (swap_segments, False),
    "drop_segment": (drop_segment, False),
    "key_replaced": (same, True),
    "remade_with_our_key": (remade, False),
    "all_remade_with_another_key": (remade, True),
}
"""Each way, and whether the key is replaced too."""


def tampers(report: Report, root: Path, chance: random.Random, *, before: int, after: int) -> None:
    whole = make(root / "made")
    flat = [(name, line) for name, lines in whole.segments for line in lines]
    intact = whole.write(root / "case", _grouped(flat), whole.key).verify(anchors=[whole.anchor])
    if not intact.ok or intact.exposed != EVENTS - ANCHORED:
        report.failures.append(f"untouched it should hold: {intact}")
    unseen: Counter[str] = Counter()
    for n in range(before):
        way = list(WAYS)[n % len(WAYS)]
        unseen[way] += _unseen(whole, root, flat, way, chance, chance.randrange(ANCHORED))
    report.hold("tampers_before_the_anchor_unseen", sum(unseen.values()), at_most=0)
    report.figures["tampers_before_the_anchor"] = before
    report.figures["exposed_tail"] = intact.exposed
    tail: Counter[str] = Counter()
    for n in range(after):
        way = ("edit", "delete", "reorder", "truncate")[n % 4]
        tail[way] += _unseen(whole, root, flat, way, chance, chance.randrange(ANCHORED, EVENTS - 1))
    report.figures["tampers_after_the_anchor"] = after
    report.figures["cuts_of_the_tail_unseen"] = tail["truncate"] + tail["delete"]
    report.hold("edits_after_the_anchor_unseen", tail["edit"] + tail["reorder"], at_most=0)


def _unseen(whole: Whole, root: Path, flat: Flat, way: str, chance: random.Random, at: int) -> int:
    tamper, rekeyed = WAYS[way]
    key = chance.randbytes(32).hex().encode() if rekeyed else whole.key
    at = 0 if rekeyed else at
    changed = tamper(chance, flat, at, key)
    return int(whole.write(root / "case", _grouped(changed), key).verify(anchors=[whole.anchor]).ok)


def _grouped(flat: Flat) -> list[tuple[str, Lines]]:
    groups: dict[str, Lines] = {}
    for name, line in flat:
        groups.setdefault(name, []).append(line)
    return list(groups.items())


# --- the same from outside


def outside(report: Report, root: Path, chance: random.Random, each: int = 2) -> None:
    """`ledger verify` as a person calls it, over a hub."""
    root.mkdir()
    world = World(root, board=False, top={"ledger_anchor_minutes": 60})
    try:
        world.play({"steps": works()})
        world.issue()
        world.rounds(lambda: world.place() == "done")
        world.monitor()
        ledger, state = world.services.ledger, world.settings.runtime / "state"
        file, key = next(ledger.root.glob("*.jsonl")), (state / "ledger.key").read_bytes().strip()
        told = world.events(EventKind.ANCHORED)[-1].data["seq"]
        assert isinstance(told, int)
        flat = [(file.name, line) for line in file.read_bytes().splitlines()]
        ways = [w for w in WAYS if "segment" not in w and "remade" not in w]
        unseen = [] if records.verify(world.services).ok else ["untouched"]
        for way in ways * each:
            tamper, rekeyed = WAYS[way]
            changed = tamper(chance, flat, chance.randrange(told - 2), key)
            file.write_bytes(b"".join(line + b"\n" for _, line in changed))
            (state / "ledger.key").write_bytes(chance.randbytes(32).hex().encode() if rekeyed else key)
            if records.verify(world.services).ok:
                unseen.append(way)
        report.figures["tampers_held_against_a_hub"] = len(ways) * each
        report.hold("of_these_unseen", len(unseen), at_most=0)
    finally:
        world.close()


# --- kills


def kills(report: Report, root: Path, chance: random.Random, count: int) -> None:
    """Every third from outside at a random moment, the others in the middle of a line. One ledger goes on through all
    of them, so that a repair meets what earlier repairs left."""
    told: dict[int, str] = {}
    torn = whole = 0
    for n in range(count):
        share = (0.0, 1.0, 0.999)[n // 3 % 3] if n % 3 == 1 else chance.random()
        last = chance.randint(1, 12) if n % 3 else 0
        told |= _killed(root, last, share, chance.uniform(0.0, 0.05))
        record = _ledger(root).write(Event(kind=EventKind.HEALED, actor=Actor(kind="role", id="queue")))
        torn += "ledger_repaired" in record.data
        whole += last > 0 and share == 1.0
        told[record.seq] = record.mac
    there = {r.seq: r.mac for r in _ledger(root).read()}
    report.figures["kills"] = count
    report.figures["of_them_before_the_acknowledgement_of_a_whole_line"] = whole
    report.hold("torn_lines_repaired", torn, at_least=count // 4)
    report.hold("acknowledged_events_lost", sum(1 for seq, mac in told.items() if there.get(seq) != mac), at_most=0)
    report.hold("problems_after_all_repairs", len(_ledger(root).verify().problems), at_most=0)
    report.figures["acknowledged_events"] = len(told)


def _killed(root: Path, last: int, share: float, seconds: float) -> dict[int, str]:
    """What a writer had acknowledged when it died."""
    command = (sys.executable, "-c", DYING, str(root / "ledger"), str(last), str(share))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        said = b""
        if not last:
            said = writer.stdout.readline()
            time.sleep(seconds)
            os.kill(writer.pid, signal.SIGKILL)
        said += writer.stdout.read()
    return {int(seq): mac.decode() for seq, mac in (line.split() for line in said.split(b"\n")[:-1])}


def _ledger(root: Path) -> Ledger:
    return Ledger(root=root / "ledger", clock=Clock(), redact=Redactor(), host=CHAIN)
