"""Which issues a person ordered through us, and the hash of what they said: `ordered/<repository key>.jsonl`.

The issue itself was made by our own account. This file is how anybody can tell whose words they are, as long as title
and body are still the ones that were ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from orchestrator.state import lines
from orchestrator.state.store import CorruptState


@dataclass(frozen=True, kw_only=True)
class Mission:
    number: int
    """Of the issue."""
    by: str
    """The person's login."""
    at: str
    text_sha256: str
    """Of title and body as they were ordered (`policy.trust.digest_of`)."""


@dataclass(frozen=True, kw_only=True)
class Ordered:
    root: Path
    """runtime/state."""

    def put(self, repo: str, mission: Mission) -> None:
        """On the disk when this returns. `repo`: a key. Safe to repeat."""
        if self.who(repo, mission.number, mission.text_sha256) is None:
            lines.append(self._path(repo), msgspec.json.encode(mission).decode(), sync=True)

    def who(self, repo: str, number: int, text_sha256: str) -> Mission | None:
        """Who ordered exactly this text as this issue. Raises CorruptState."""
        path = self._path(repo)
        for n, line in enumerate(lines.read(path), 1):
            try:
                said = msgspec.json.decode(line, type=Mission)
            except ValueError as why:
                raise CorruptState(path, f"line {n}: {why}") from why
            if (said.number, said.text_sha256) == (number, text_sha256):
                return said
        return None

    def _path(self, repo: str) -> Path:
        return self.root / "ordered" / f"{repo}.jsonl"
