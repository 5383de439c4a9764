"""The ledger's head in a commit message: written by us, read among words that others chose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_LINE = re.compile(r"Ledger: (\d{1,12}) ([0-9a-f]{16,64})(?: ([0-9a-f]{12}))?")
_PULL = re.compile(r"\(#(\d{1,10})\)$")


@dataclass(frozen=True, kw_only=True)
class Trailer:
    seq: int
    hash: str
    chain: str = ""


def trailers(heads: Mapping[str, tuple[int, str]]) -> list[str]:
    """Lines for a message: the head of each chain by its label."""
    return [f"Ledger: {seq} {digest} {chain}" for chain, (seq, digest) in heads.items()]


def told(message: str) -> tuple[Trailer, ...]:
    """Every well-formed line of the message's last paragraph: git's trailers stand there, an agent's words before."""
    last = message.strip().replace("\r\n", "\n").rsplit("\n\n", 1)[-1]
    found = (_LINE.fullmatch(line.rstrip()) for line in last.split("\n"))
    return tuple(Trailer(seq=int(m[1]), hash=m[2], chain=m[3] or "") for m in found if m)


def pull_number(message: str) -> int | None:
    """The pull request that a squash commit's title names."""
    found = _PULL.search(message.split("\n", 1)[0].rstrip())
    return int(found[1]) if found else None
