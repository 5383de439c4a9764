"""What a refresh of production feedback or research read: `analysis/<repo key>/<NAME>.md` for people, and its twin
`<NAME>.json` that programs read. Derived: deleted or unreadable, it is read anew from its sources."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from orchestrator import disk
from orchestrator.model.feedback import Artifact
from orchestrator.state.locks import hold
from orchestrator.state.store import Busy

_WAIT = 180.0
"""Seconds for another role's refresh: it reads slow addresses."""


def fingerprint(value: object) -> str:
    """Of values of ours, to tell whether they changed."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    runtime: Path

    def folder(self, key: str) -> Path:
        """Of one repository, by key: `analysis/<key>`."""
        return self.runtime / "analysis" / key

    def read(self, key: str, file: str) -> Artifact | None:
        """The twin of `file` (`PRODUCTION_FEEDBACK.md`); None when there is none that can be read."""
        try:
            return msgspec.json.decode(self._twin(key, file).read_bytes(), type=Artifact)
        except (OSError, ValueError):
            return None

    def write(self, key: str, file: str, text: str, artifact: Artifact) -> None:
        """Text first: the twin tells that the refresh is done. Raises OSError."""
        self.folder(key).mkdir(parents=True, exist_ok=True)
        disk.replace(self.folder(key) / file, text.encode("utf-8", "replace"))
        disk.replace(self._twin(key, file), msgspec.json.format(msgspec.json.encode(artifact), indent=1) + b"\n")

    @contextlib.contextmanager
    def refreshing(self, key: str, file: str) -> Iterator[None]:
        """One refresh at a time. Raises Busy."""
        with hold(self.runtime / "state" / "locks" / f"{key}.{file}.lock", wait=_WAIT) as mine:
            if not mine:
                raise Busy(str(self.folder(key) / file))
            yield

    def page(self, key: str, file: str) -> bytes | None:
        """A page of ours (STRATEGY.md); None when there is none that can be read."""
        try:
            return (self.folder(key) / file).read_bytes()
        except OSError:
            return None

    def _twin(self, key: str, file: str) -> Path:
        return (self.folder(key) / file).with_suffix(".json")
