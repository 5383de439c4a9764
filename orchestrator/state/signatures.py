"""The last state known of each subject: what did not change since is not told, recorded or looked at again.

Only the last state counts, so a subject that goes back to an earlier state has changed. What must be told once for ever
stands in `alerts`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from orchestrator.state.store import Store

MOST = 5000
"""Subjects kept; those not touched for longest are forgotten first."""
_LONG = 200


@dataclass(frozen=True, kw_only=True)
class Signatures:
    root: Path
    """runtime/state; kept in `signatures.json`."""

    def seen(self, subject: str, state: str) -> bool:
        """Is this the state last remembered of the subject? Raises CorruptState."""
        return self._store.read().get(subject) == _short(state)

    def all(self) -> dict[str, str]:
        """The last state of every subject; a long one is cut. Raises CorruptState."""
        return {str(k): str(v) for k, v in self._store.read().items()}

    def remember(self, subject: str, state: str) -> None:
        with self._store.change() as data:
            if data.get(subject) == _short(state):
                return
            data.pop(subject, None)
            data[subject] = _short(state)
            for oldest in list(data)[: max(0, len(data) - MOST)]:
                del data[oldest]

    @property
    def _store(self) -> Store:
        return Store(path=self.root / "signatures.json")


def _short(state: str) -> str:
    if len(state) <= _LONG:
        return state
    return f"{state[:_LONG]} #{hashlib.sha256(state.encode('utf-8', 'replace')).hexdigest()[:32]}"
