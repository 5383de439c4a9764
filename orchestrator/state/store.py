"""One JSON object in one file, written whole, changed under a lock that stands beside it.

An unreadable file is an error and stays as it is: taken as empty it would make everything due, every alert new.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import disk
from orchestrator.model.errors import Told

_WAIT = 10.0
"""Seconds to wait for another process's change, which takes milliseconds."""


class CorruptState(Told):
    """The file cannot be read. A person repairs or deletes it; deleting it forgets what it held."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


class Busy(Exception):
    """Another process holds the store's lock far longer than a change takes."""


@dataclass(frozen=True, kw_only=True)
class Store:
    path: Path

    def read(self) -> dict[str, Any]:
        """What the file holds; empty when there is none yet. Raises CorruptState."""
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as why:
            raise CorruptState(self.path, str(why)) from why
        try:
            data = json.loads(text)
        except ValueError as why:
            raise CorruptState(self.path, f"no JSON: {why}") from why
        if not isinstance(data, dict):
            raise CorruptState(self.path, "no JSON object")
        return data

    @contextlib.contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """The data, to be changed in place; written when the block ends without an error and something changed."""
        with disk.locked(self.path.with_name(f"{self.path.name}.lock"), wait=_WAIT) as mine:
            if not mine:
                raise Busy(str(self.path))
            data = self.read()
            before = json.dumps(data, sort_keys=True)
            yield data
            if json.dumps(data, sort_keys=True) != before:
                text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
                disk.replace(self.path, text.encode("utf-8", "replace"))
