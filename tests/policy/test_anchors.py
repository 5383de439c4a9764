"""What a commit message says of the ledger's head, and of its pull request."""

from __future__ import annotations

import pytest

from orchestrator.policy.anchors import Trailer, pull_number, told, trailers

DIGEST = "ab" * 16


def test_what_is_written_is_read_back() -> None:
    lines = trailers({"0123456789ab": (7, DIGEST)})
    assert lines == [f"Ledger: 7 {DIGEST} 0123456789ab"]
    message = "Parse dates (#12)\n\nDates are parsed.\n\nTask: web-7\n" + "\n".join(lines)
    assert told(message) == (Trailer(seq=7, hash=DIGEST, chain="0123456789ab"),)
    assert told(message.replace("\n", "\r\n") + "  \r\n") == told(message)


def test_an_older_line_names_no_chain() -> None:
    assert told(f"x\n\nLedger: 12 {DIGEST}") == (Trailer(seq=12, hash=DIGEST),)


@pytest.mark.parametrize(
    "message",
    [
        f"x\n\nLedger: 7 {DIGEST}\n\nAn agent's words come last.",
        f"x\n\nLedger: 7 {DIGEST} and more",
        f"x\n\n Ledger: 7 {DIGEST}",
        "x\n\nLedger: 7 abc",
        "x\n\nLedger: 1234567890123 " + DIGEST,
        "",
    ],
)
def test_what_stands_elsewhere_or_is_spelt_otherwise_is_no_anchor(message: str) -> None:
    assert told(message) == ()


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Parse dates (#12)", 12),
        ("Parse dates (#12)  \n\nSee (#99)", 12),
        ("Undo (#3) again (#12)", 12),
        ("Parse dates (#12) now\n\n(#99)", None),
        ("Parse dates\n(#99)", None),
        ("", None),
    ],
)
def test_the_title_names_the_pull_request(message: str, number: int | None) -> None:
    assert pull_number(message) == number
