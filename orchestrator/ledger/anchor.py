"""Heads of a chain that were told to the outside: what no later edit of this machine can take back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.ledger.check import GENESIS

LEAST = 16
"""Hex digits of a hash that an anchor must tell at least; older merge commits carry so many."""


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """`hash` is the SHA-256 of the line `seq`, or its first digits."""

    chain: str = ""
    """Label of the chain; empty = not told: any chain of this ledger may hold it."""
    seq: int
    hash: str
    where: str = ""
    """For people: the ref or the commit that tells it."""
    sure: bool = True
    """It is ours for certain, so what contradicts it is wrong. False: somebody else may have written it."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """An anchor beside what the ledger says now."""

    anchor: Anchor
    why: str = ""
    """What does not fit; empty = it matches."""


@dataclass(kw_only=True)
class Chain:
    """What was met of one chain."""

    end: int = 0
    digests: dict[int, str] = field(default_factory=dict)
    """Of the lines that an anchor asks about."""


def label(name: str) -> str:
    """How a chain is called outside: the name of a machine is nobody's business there."""
    return hashlib.sha256(f"agent-os ledger {name}".encode()).hexdigest()[:12]


def compare(anchors: Iterable[Anchor], chains: Mapping[str, Chain]) -> tuple[Told, ...]:
    """Each anchor against the chain it names, or against all of them. `chains` by label."""
    return tuple(_compare(anchor, chains) for anchor in anchors)


def _compare(anchor: Anchor, chains: Mapping[str, Chain]) -> Told:
    if anchor.seq == 0 and GENESIS.startswith(anchor.hash):
        return Told(anchor=anchor)  # told before the first event: nothing can contradict it
    named = [chains.get(anchor.chain, Chain())] if anchor.chain else list(chains.values())
    digests = [d for c in named if (d := c.digests.get(anchor.seq))]
    if len(anchor.hash) >= LEAST and any(d.startswith(anchor.hash) for d in digests):
        return Told(anchor=anchor)
    of = f" of {anchor.chain}" if anchor.chain else ""
    if digests:
        return Told(anchor=anchor, why=f"event {anchor.seq}{of} is not the one that was told outside ({anchor.where})")
    end = max((c.end for c in named), default=0)
    said = "has no such line" if anchor.seq <= end else f"ends at {end}"
    return Told(anchor=anchor, why=f"event {anchor.seq}{of} was told outside ({anchor.where}), but the ledger {said}")


def exposed(told: Iterable[Told], chains: Mapping[str, Chain]) -> int:
    """Events after the last matching anchor of each chain: a cut among these would not be seen."""
    newest = dict.fromkeys(chains, 0)
    for each in told:
        for name in [each.anchor.chain] if each.anchor.chain else list(chains):
            fits = not each.why and name in chains
            if fits and chains[name].digests.get(each.anchor.seq, GENESIS).startswith(each.anchor.hash):
                newest[name] = max(newest[name], each.anchor.seq)
    return sum(chain.end - newest[name] for name, chain in chains.items())
