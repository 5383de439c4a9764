"""What a settings file said before each change from here: `settings/<file>/<number>.yaml`, and who changed it.

A version may hold a secret, as the file itself does: nobody but the owner reads it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from orchestrator import disk
from orchestrator.state.locks import hold
from orchestrator.state.store import Busy, CorruptState

MOST = 20
"""Versions of one file; the oldest goes first."""
_WAIT = 10.0


@dataclass(frozen=True, kw_only=True)
class Version:
    n: int
    at: str
    """When it was replaced; UTC."""
    by: str
    """Who replaced it."""
    why: str
    """By what: the keys that were changed, or that something was put back."""


@dataclass(frozen=True, kw_only=True)
class Versions:
    root: Path
    """runtime/state."""

    @contextlib.contextmanager
    def changing(self, file: str) -> Iterator[None]:
        """Held by whoever changes the file from here. Raises Busy."""
        with hold(self.root / "locks" / f"settings-{file}.lock", wait=_WAIT) as mine:
            if not mine:
                raise Busy(file)
            yield

    def keep(self, file: str, data: bytes, *, at: str, by: str, why: str) -> int:
        """The number it got. For whoever is `changing` the file. Raises OSError."""
        folder = self._folder(file)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        n = max(self._numbers(file), default=0) + 1
        about = msgspec.json.encode(Version(n=n, at=at, by=by, why=why))
        disk.replace(folder / f"{n:06d}.yaml", data, mode=0o600)
        disk.replace(folder / f"{n:06d}.json", about, mode=0o600)
        for old in self._numbers(file)[:-MOST]:
            (folder / f"{old:06d}.json").unlink(missing_ok=True)
            (folder / f"{old:06d}.yaml").unlink(missing_ok=True)
        return n

    def all(self, file: str) -> tuple[Version, ...]:
        """Newest first. One that a kill left half written is passed over."""
        found = []
        for n in reversed(self._numbers(file)):
            try:
                about = (self._folder(file) / f"{n:06d}.json").read_bytes()
                found.append(msgspec.json.decode(about, type=Version))
            except (OSError, ValueError):
                continue
        return tuple(found)

    def read(self, file: str, n: int) -> bytes | None:
        """None: it is not kept (any more). Raises CorruptState."""
        path = self._folder(file) / f"{n:06d}.yaml"
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as why:
            raise CorruptState(path, str(why)) from why

    def _numbers(self, file: str) -> list[int]:
        try:
            names = os.listdir(self._folder(file))
        except FileNotFoundError:
            return []
        return sorted(int(n[:6]) for n in names if n.endswith(".yaml") and n[:6].isdecimal() and len(n) == 11)

    def _folder(self, file: str) -> Path:
        if not file or file.startswith(".") or "/" in file or "\0" in file:
            raise ValueError(f"{file!r} names no settings file")
        return self.root / "settings" / file
