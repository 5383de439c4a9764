"""The outbox of alerts: one file per signature, pending until it went out, then kept as the proof that it was told."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.model.chat import Button, Keyboard


@dataclass(frozen=True, kw_only=True)
class Waiting:
    name: str
    signature: str
    text: str
    at: str = ""
    """When it was raised: UTC, as `times.stamp` writes it; empty in files of an older version."""
    keyboard: Keyboard = ()


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """`root/pending/*.json` waits, `root/told/*.json` went out (or was only for the ledger)."""

    root: Path

    def add(self, signature: str, text: str, *, at: str = "", keyboard: Keyboard = ()) -> bool:
        """False when this signature was ever added before."""
        name = hashlib.sha256(signature.encode()).hexdigest()[:24] + ".json"
        for folder in ("pending", "told"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        if (self.root / "told" / name).exists():
            return False
        entry = Waiting(name=name, signature=signature, text=text, at=at, keyboard=keyboard)
        data = json.dumps(_said(entry, "pending"), ensure_ascii=False, indent=1)
        beside = self.root / "pending" / f"{name}.{os.getpid()}.{threading.get_ident()}.tmp"
        try:
            with beside.open("w", encoding="utf-8") as file:
                file.write(data + "\n")
                file.flush()
                os.fsync(file.fileno())
            # The link appears whole or not at all, and once: two processes that alert at once make one file.
            os.link(beside, self.root / "pending" / name)
        except FileExistsError:
            return False
        finally:
            beside.unlink(missing_ok=True)
        return True

    def pending(self) -> tuple[Waiting, ...]:
        """Oldest first. An unreadable file (a disk's fault, a person's edit) goes, so that it can be told anew."""
        folder = self.root / "pending"
        if not folder.is_dir():
            return ()
        found: list[tuple[float, Waiting]] = []
        for path in folder.glob("*.json"):
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
                found.append((path.stat().st_mtime, _waiting(path.name, data)))
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError, AttributeError):
                path.unlink(missing_ok=True)
        return tuple(w for _, w in sorted(found, key=lambda f: (f[0], f[1].name)))

    @contextlib.contextmanager
    def sending(self, entry: Waiting) -> Iterator[bool]:
        """True when this process may send it. Found in state `sending`, an earlier one died over it: taken as sent."""
        path = self.root / "pending" / entry.name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            yield False
            return
        with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            if not path.exists():
                yield False
                return
            state = json.loads(file.read() or "{}").get("state")
            if state == "sending":
                self.close(entry, "unknown")
                yield False
                return
            self._write(entry, "pending", "sending")
            yield True

    def keep(self, entry: Waiting, why: str) -> None:
        """It did not go out: it waits for the next flush."""
        self._write(entry, "pending", "pending", why)

    def close(self, entry: Waiting, how: str) -> None:
        self._write(entry, "told", how)
        (self.root / "pending" / entry.name).unlink(missing_ok=True)

    def _write(self, entry: Waiting, folder: str, state: str, why: str = "") -> None:
        data = _said(entry, state) | ({"why": why} if why else {})
        path = self.root / folder / entry.name
        beside = path.with_suffix(f".{os.getpid()}.tmp")
        beside.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        with contextlib.suppress(FileNotFoundError):
            # Its time is when it was raised: being tried in vain does not put it behind the others.
            raised = (self.root / "pending" / entry.name).stat().st_mtime_ns
            os.utime(beside, ns=(raised, raised))
        beside.replace(path)


def _said(entry: Waiting, state: str) -> dict[str, object]:
    keys = [[{"text": b.text, "data": b.data} for b in row] for row in entry.keyboard]
    said: dict[str, object] = {"signature": entry.signature, "text": entry.text, "state": state, "at": entry.at}
    return said | ({"keyboard": keys} if keys else {})


def _waiting(name: str, data: dict[str, Any]) -> Waiting:
    """Raises KeyError, TypeError."""
    keys = data.get("keyboard", [])
    return Waiting(
        name=name,
        signature=data["signature"],
        text=data["text"],
        at=data.get("at", ""),
        keyboard=tuple(tuple(Button(text=b["text"], data=b["data"]) for b in row) for row in keys),
    )
