"""The ledger keeps every event, tells every change, and goes on after a torn write."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.clock import Clock
from orchestrator.ledger import Ledger
from orchestrator.ledger.anchor import Anchor, label
from orchestrator.ledger.check import GENESIS, mac_of
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.redact import Redactor

SECRET = "correct-horse-battery-9"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(root=tmp_path / "ledger", clock=Clock(), redact=Redactor(known=(SECRET,)), host="one")


def event(n: int = 0, **data: object) -> Event:
    actor = Actor(kind="role", id="queue")
    return Event(kind=EventKind.CLAIMED, actor=actor, repo="a/b", task="demo-1", data={"n": n, **data})


def told(ledger: Ledger) -> Anchor:
    """The head, as it was kept outside."""
    seq, digest = ledger.head()
    return Anchor(chain=label(ledger.name), seq=seq, hash=digest, where="kept")


def fill(ledger: Ledger, n: int) -> list[bytes]:
    for number in range(n):
        ledger.write(event(number))
    return segments(ledger)[-1].read_bytes().splitlines()


def segments(ledger: Ledger) -> list[Path]:
    return sorted(ledger.root.glob("*.jsonl"))


def test_a_line_has_the_agreed_fields_in_order_and_reads_back(ledger: Ledger) -> None:
    record = ledger.write(event(1, words=("a", "b")))
    line = json.loads(segments(ledger)[0].read_text())
    assert list(line) == [
        "v",
        "seq",
        "at",
        "actor",
        "repo",
        "task",
        "kind",
        "cause_seq",
        "hashes",
        "data",
        "prev",
        "mac",
    ]
    assert (record.seq, record.prev, record.kind, record.data) == (1, GENESIS, "claimed", {"n": 1, "words": ["a", "b"]})
    assert list(ledger.read()) == [record]


def test_each_line_names_the_hash_of_the_one_before(ledger: Ledger) -> None:
    lines = fill(ledger, 3)
    assert [json.loads(b)["prev"] for b in lines[1:]] == [hashlib.sha256(a).hexdigest() for a in lines[:-1]]
    assert ledger.head() == (3, hashlib.sha256(lines[-1]).hexdigest())


def test_text_is_redacted_before_it_is_hashed(ledger: Ledger) -> None:
    ledger.write(event(0, deep={"list": [f"x {SECRET}"], SECRET: 1}))
    assert SECRET not in segments(ledger)[0].read_text()
    assert ledger.verify().ok


def test_the_key_is_for_its_owner_alone(ledger: Ledger) -> None:
    ledger.write(event())
    key = ledger.root.parent / "state" / "ledger.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text().strip()) == 64


def test_four_processes_at_once_keep_every_event(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from orchestrator.clock import Clock\n"
        "from orchestrator.ledger import Ledger\n"
        "from orchestrator.model.event import *; from orchestrator.redact import Redactor\n"
        "l = Ledger(root=Path(sys.argv[1]), clock=Clock(), redact=Redactor(), host='one', rotate_bytes=40000)\n"
        "me = Actor(kind='w', id=sys.argv[2])\n"
        "for n in range(250): l.write(Event(kind=EventKind.CLAIMED, actor=me, data={'n': n}))\n"
    )
    root = tmp_path / "ledger"
    here = Path(__file__).parents[2]
    workers = [subprocess.Popen((sys.executable, "-c", script, root, str(n)), cwd=here) for n in range(4)]
    assert [w.wait(60) for w in workers] == [0, 0, 0, 0]
    ledger = Ledger(root=root, clock=Clock(), redact=Redactor(), host="one")
    seen = ledger.verify()
    assert (seen.ok, seen.events, seen.head_seq, seen.problems) == (True, 1000, 1000, ())
    assert seen.segments > 3
    by_worker = {id: [r.data["n"] for r in ledger.read() if r.actor.id == id] for id in "0123"}
    assert by_worker == {id: list(range(250)) for id in "0123"}


def test_segments_rotate_and_the_chain_goes_on(tmp_path: Path) -> None:
    ledger = Ledger(root=tmp_path / "l", clock=Clock(), redact=Redactor(), host="a-b", rotate_bytes=1500)
    fill(ledger, 20)
    assert len(segments(ledger)) > 3
    assert segments(ledger)[0].name == "a-b-000001.jsonl"
    assert ledger.verify().ok
    assert [r.seq for r in ledger.read(since_seq=13)] == list(range(14, 21))
    assert [r.seq for r in ledger.tail(7)] == list(range(14, 21))
    assert ledger.tail(0) == ()


def test_each_host_has_its_own_chain(tmp_path: Path) -> None:
    for host in ("one", "two", "one"):
        Ledger(root=tmp_path / "l", clock=Clock(), redact=Redactor(), host=host).write(event())
    one = Ledger(root=tmp_path / "l", clock=Clock(), redact=Redactor(), host="one")
    assert (one.verify().ok, one.verify().events, one.head()[0]) == (True, 3, 2)
    assert sorted(r.seq for r in one.read()) == [1, 1, 2]


def flip(lines: list[bytes], at: int) -> list[bytes]:
    line = lines[at]
    where = line.index(b'"n":') + 4
    return [
        *lines[:at],
        line[:where] + (b"9" if line[where : where + 1] != b"9" else b"8") + line[where + 1 :],
        *lines[at + 1 :],
    ]


def delete(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at] + lines[at + 1 :]


def swap(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]] if at + 1 < len(lines) else lines[::-1]


def garble(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], b"{not json", *lines[at + 1 :]]


def repeat(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[: at + 1], *lines[at:]]


def truncate(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at]


@pytest.mark.parametrize("tamper", [flip, delete, swap, garble, repeat, truncate])
def test_any_tampering_is_told_given_an_anchor(
    ledger: Ledger, tamper: Callable[[list[bytes], int], list[bytes]]
) -> None:
    lines = fill(ledger, 12)
    anchors = [told(ledger)]
    assert ledger.verify(anchors).ok
    for at in range(12):
        segments(ledger)[0].write_bytes(b"".join(line + b"\n" for line in tamper(lines, at)))
        assert not ledger.verify(anchors).ok, at


def test_a_missing_segment_is_told(tmp_path: Path) -> None:
    ledger = Ledger(root=tmp_path / "l", clock=Clock(), redact=Redactor(), host="h", rotate_bytes=800)
    fill(ledger, 12)
    segments(ledger)[1].unlink()
    assert not ledger.verify().ok


def test_a_chain_made_anew_without_the_key_is_told(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 5)
    forged = Ledger(root=tmp_path / "forged" / "ledger", clock=Clock(), redact=Redactor(), host="one")
    fill(forged, 5)
    segments(ledger)[0].write_bytes(segments(forged)[0].read_bytes())
    seen = ledger.verify()
    assert not seen.ok
    assert "not written with our key" in seen.problems[0]


def test_a_line_made_anew_even_with_the_key_breaks_the_chain_after_it(ledger: Ledger) -> None:
    lines = fill(ledger, 5)
    key = (ledger.root.parent / "state" / "ledger.key").read_bytes().strip()
    body = lines[2][: lines[2].index(b',"mac"')].replace(b'"n":2', b'"n":7') + b"}"
    forged = body[:-1] + b',"mac":"' + mac_of(key, body).encode() + b'"}'
    segments(ledger)[0].write_bytes(b"".join(line + b"\n" for line in [*lines[:2], forged, *lines[3:]]))
    assert ledger.verify().problems == ("one-000001.jsonl:4: does not continue the line before it",)


def test_an_end_cut_off_needs_the_anchor_to_be_seen(ledger: Ledger) -> None:
    lines = fill(ledger, 5)
    anchors = [told(ledger)]
    segments(ledger)[0].write_bytes(b"".join(line + b"\n" for line in lines[:-1]))
    assert ledger.verify().ok
    assert "ends at 4" in ledger.verify(anchors).problems[0]


def test_a_torn_line_is_moved_aside_and_told_in_the_next_event(ledger: Ledger) -> None:
    lines = fill(ledger, 3)
    whole = segments(ledger)[0].read_bytes()
    for cut in sorted(random.Random(7).sample(range(1, len(lines[2])), 8)):
        segments(ledger)[0].write_bytes(whole[: -len(lines[2]) - 1] + lines[2][:cut])
        assert ledger.head()[0] == 2
        record = ledger.write(event(99))
        assert record.seq == 3
        assert f"{cut} bytes of a torn line" in str(record.data["ledger_repaired"])
        assert ledger.verify().ok
    torn = segments(ledger)[0].with_name("one-000001.jsonl.torn").read_bytes()
    assert lines[2][:30] in torn


def test_a_torn_first_line_leaves_an_empty_ledger(ledger: Ledger) -> None:
    ledger.root.mkdir(parents=True)
    (ledger.root / "one-000001.jsonl").write_bytes(b'{"v":1,"se' * 20_000)
    assert ledger.head() == (0, GENESIS)
    assert ledger.write(event()).seq == 1
    assert ledger.verify().ok


def test_a_full_disk_leaves_no_torn_line(tmp_path: Path) -> None:
    """The file size limit stands in for the disk: a write is cut short by it in the same way."""
    ledger = Ledger(root=tmp_path / "ledger", clock=Clock(), redact=Redactor(), host="one")
    fill(ledger, 2)
    size = segments(ledger)[0].stat().st_size
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import signal

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
            try:
                ledger.write(event(3, long="x" * 500))
            except OSError:
                code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert segments(ledger)[0].stat().st_size == size
    assert ledger.write(event(4)).seq == 3
    assert ledger.verify().ok


def test_an_append_does_not_read_what_was_written_before(ledger: Ledger, tmp_path: Path) -> None:
    """A counted cost, not a timed one: bytes the process read for one append, with a short and with a long ledger."""

    def read_bytes() -> int:
        fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
        return int(fields["rchar"])

    def cost() -> int:
        before = read_bytes()
        ledger.write(event())
        return read_bytes() - before

    ledger.write(event())
    short = cost()
    fill(ledger, 400)
    assert cost() < short + 3 * 65536


def test_an_empty_ledger_holds(ledger: Ledger) -> None:
    seen = ledger.verify()
    assert (seen.ok, seen.events, seen.head_seq, seen.head_hash) == (True, 0, 0, GENESIS)
    assert list(ledger.read()) == []
