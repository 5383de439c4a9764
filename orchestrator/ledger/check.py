"""Does a chain hold: numbering, hashes, keyed marks. The hashes that anchors ask about are noted on the way."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

from orchestrator.ledger.files import lines

GENESIS = "0" * 64
"""`prev` of the first line, and the hash of an empty ledger's head."""
_MAC_TAIL = len(',"mac":"' + GENESIS + '"}')


class Check:
    """One host's chain, line by line."""

    def __init__(self, *, host: str, key: bytes | None, wanted: frozenset[int], problems: list[str]) -> None:
        self.host, self.key, self.wanted, self.problems = host, key, wanted, problems
        self.seq, self.prev = 0, GENESIS
        self.digests: dict[int, str] = {}
        """Of the events in `wanted`."""

    def run(self, segments: list[Path]) -> int:
        events = 0
        for number, segment in enumerate(segments, 1):
            if segment.name != f"{self.host}-{number:06d}.jsonl":
                self.problems.append(f"{segment.name}: segment {number} of {self.host} is missing before it")
                break
            for row, line in enumerate(lines(segment), 1):
                self._line(line, f"{segment.name}:{row}")
                events += 1
        return events

    def _line(self, line: bytes, where: str) -> None:
        try:
            data = json.loads(line)
            seq, prev, mac = data["seq"], data["prev"], data["mac"]
        except (ValueError, KeyError, TypeError, RecursionError):
            self.problems.append(f"{where}: not a ledger line")
            seq, prev, mac = self.seq + 1, None, None
        if seq != self.seq + 1:
            self.problems.append(f"{where}: event {seq} follows event {self.seq}")
        if prev is not None and prev != self.prev:
            self.problems.append(f"{where}: does not continue the line before it")
        if mac is not None and self.key is not None:
            body = line[:-_MAC_TAIL] + b"}"
            if not hmac.compare_digest(str(mac).encode(), mac_of(self.key, body).encode()):
                self.problems.append(f"{where}: was not written with our key, or was changed")
        digest = hashlib.sha256(line).hexdigest()
        if isinstance(seq, int) and seq in self.wanted:
            self.digests[seq] = digest
        self.seq = seq if isinstance(seq, int) else self.seq + 1
        self.prev = digest


def mac_of(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()
