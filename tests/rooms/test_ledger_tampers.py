"""The ledger's proof in a short form: every way of tampering, kills in the middle of an append, writers at once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.proof import Report
from benchmarks.proofs import ledger as proof
from orchestrator.ledger import Ledger
from orchestrator.ledger.anchor import Anchor, label
from orchestrator.ledger.key import KeyUnusable
from tests.rooms.test_ledger import event, fill, ledger, segments

__all__ = ["ledger"]


def test_every_way_of_tampering_before_the_anchor_is_told_and_the_tail_is_named(tmp_path: Path) -> None:
    report = Report()
    proof.tampers(report, tmp_path, random.Random(1), before=5 * len(proof.WAYS), after=20)
    assert report.failures == []
    assert report.figures["tampers_before_the_anchor"] == 50
    assert report.figures["exposed_tail"] == 40


def test_a_kill_in_the_middle_of_an_append_loses_nothing_acknowledged(tmp_path: Path) -> None:
    report = Report()
    proof.kills(report, tmp_path, random.Random(2), 6)
    assert report.failures == []


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    assert proof.appends(tmp_path, 3, 50) == 0


def test_an_anchor_without_a_chain_is_looked_for_in_all_and_one_with_a_chain_in_its_own(ledger: Ledger) -> None:
    fill(ledger, 4)
    seq, digest = ledger.head()
    assert ledger.verify(anchors=[Anchor(seq=seq, hash=digest[:16])]).ok
    assert ledger.verify(anchors=[Anchor(seq=seq, hash=digest, chain=label("one"))]).exposed == 0
    for wrong in (
        Anchor(seq=seq, hash=digest[:15]),
        Anchor(seq=seq - 1, hash=digest),
        Anchor(seq=seq, hash=digest, chain=label("two")),
        Anchor(seq=10**9, hash=digest),
    ):
        assert not ledger.verify(anchors=[wrong]).ok, wrong


def test_an_unsure_anchor_that_does_not_fit_is_told_and_decides_nothing(ledger: Ledger) -> None:
    fill(ledger, 2)
    seen = ledger.verify(anchors=[Anchor(seq=9, hash="a" * 64, sure=False)])
    assert (seen.ok, seen.exposed, len(seen.told)) == (True, 2, 1)
    assert "ends at 2" in seen.told[0].why


def test_a_whole_chain_that_was_told_outside_and_is_gone_is_told(ledger: Ledger) -> None:
    fill(ledger, 2)
    other = Anchor(seq=5, hash="b" * 64, chain=label("the-other-host"))
    assert "ends at 0" in ledger.verify(anchors=[other]).problems[0]


@pytest.mark.parametrize("content", [b"", b"\n", b"secret", b"A" * 64, b"0" * 63])
def test_a_file_that_is_no_key_is_never_written_with(ledger: Ledger, content: bytes) -> None:
    fill(ledger, 2)
    key = ledger.root.parent / "state" / "ledger.key"
    key.write_bytes(content)
    with pytest.raises(KeyUnusable, match=r"ledger\.key"):
        ledger.write(event())
    assert "holds no key of ours" in ledger.verify().problems[0]
    assert ledger.head()[0] == 2


def test_a_key_that_is_gone_is_not_made_anew_beside_lines_of_the_old_one(ledger: Ledger) -> None:
    fill(ledger, 2)
    key = ledger.root.parent / "state" / "ledger.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(KeyUnusable, match="is missing"):
        ledger.write(event())
    assert not key.exists()
    key.write_bytes(kept)
    key.chmod(0o600)
    ledger.write(event())
    assert ledger.verify().ok


def test_a_key_that_is_a_folder_or_that_others_may_read_is_told(ledger: Ledger) -> None:
    fill(ledger, 1)
    key = ledger.root.parent / "state" / "ledger.key"
    key.chmod(0o644)
    assert "others may read" in ledger.verify().problems[0]
    key.unlink()
    key.mkdir()
    assert "cannot be read" in ledger.verify().problems[0]
    with pytest.raises(KeyUnusable):
        ledger.write(event())


def test_lines_that_are_hostile_json_are_problems_and_no_crash(ledger: Ledger) -> None:
    lines = fill(ledger, 3)
    for bad in (b"[" * 100_000, b"{}", b"[]", b"7", b"null", b'{"seq":[],"prev":{},"mac":1}', b"\xff\xfe", b""):
        segments(ledger)[0].write_bytes(b"".join(line + b"\n" for line in [lines[0], bad, *lines[1:]]))
        assert not ledger.verify(anchors=[Anchor(seq=2, hash="c" * 64)]).ok
        assert len(list(ledger.read())) == 3
        segments(ledger)[0].write_bytes(b"".join(line + b"\n" for line in [*lines, bad]))
        assert ledger.head()[0] == 3
