"""What a person ordered for one task: `orders/<task>/0001.json`, small files a person can read.

Wanted: an order is taken once. It stands as `NNNN.json` until its effect has happened and is then renamed to
`NNNN.done`, so a worker that dies in between leaves it to be found again. Numbers are never used twice: two orders of
one task can be told apart as long as the task's folder stands, which is as long as its file does (`retention`).

An unreadable file (edited by hand) is put aside as `NNNN.bad`: it must not end the run that it was meant for.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator import disk

MOST_CHARACTERS = 20_000
"""Of one message; what is longer belongs into the issue."""
_serial = itertools.count()


class OrderKind(Enum):
    SEND = "send"
    """A message for the agent."""
    STOP = "stop"
    """End the run and give the task up; its work is kept."""
    HOLD = "hold"
    """End the run and pause; a retry goes on from its work."""


@dataclass(frozen=True, kw_only=True)
class Order:
    kind: OrderKind
    by: str
    at: str
    """UTC, as `times.stamp` writes it."""
    text: str = ""
    number: int = 0
    """Given by `Orders.put`."""


@dataclass(frozen=True, kw_only=True)
class Orders:
    root: Path
    """runtime/state; kept in `orders/`."""

    def put(self, task: str, order: Order) -> Order:
        """Writes the order down, after all earlier ones of this task; returns it with its number. Raises OSError."""
        folder = self.folder(task)
        folder.mkdir(parents=True, exist_ok=True)
        said = {"order": order.kind.value, "text": order.text, "by": order.by, "at": order.at}
        data = (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")
        while True:
            number = max((n for n, _ in self._numbered(task)), default=0) + 1
            tmp = folder / f".{os.getpid()}.{next(_serial)}.tmp"
            with contextlib.suppress(FileExistsError):  # somebody else took that number a moment ago
                disk.create(folder / f"{number:04d}.json", data, tmp=tmp)
                return Order(kind=order.kind, by=order.by, at=order.at, text=order.text, number=number)

    def pending(self, task: str) -> tuple[Order, ...]:
        """Orders not carried out yet, oldest first. Asked several times a second: one look into a folder."""
        return self._read(task, ".json")

    def heard(self, task: str) -> tuple[Order, ...]:
        """Messages that an agent of this task was given, oldest first."""
        return tuple(o for o in self._read(task, ".done") if o.kind is OrderKind.SEND)

    def _read(self, task: str, suffix: str) -> tuple[Order, ...]:
        names = sorted((n, name) for n, name in self._numbered(task) if name.endswith(suffix))
        found: list[Order] = []
        for number, name in names:
            path = self.folder(task) / name
            try:
                found.append(_order(json.loads(path.read_text("utf-8")), number))
            except FileNotFoundError:
                continue
            except (ValueError, TypeError, KeyError, OSError):
                with contextlib.suppress(OSError):
                    os.rename(path, path.with_suffix(".bad"))
        return tuple(found)

    def done(self, task: str, number: int) -> None:
        """Its effect has happened. Safe to repeat."""
        path = self.folder(task) / f"{number:04d}.json"
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, path.with_suffix(".done"))
            disk.sync_dir(path.parent)

    def withdraw(self, task: str, *kinds: OrderKind) -> tuple[Order, ...]:
        """Takes back pending orders of these kinds, as a retry does with the stop before it."""
        taken = tuple(o for o in self.pending(task) if o.kind in kinds)
        for order in taken:
            self.done(task, order.number)
        return taken

    def folder(self, task: str) -> Path:
        return self.root / "orders" / task

    def _numbered(self, task: str) -> list[tuple[int, str]]:
        try:
            names = os.listdir(f"{self.root}/orders/{task}")  # asked all the time: a Path costs ten times the look
        except FileNotFoundError:
            return []
        return [(int(name.split(".", 1)[0]), name) for name in names if name.split(".", 1)[0].isdigit()]


def _order(data: dict[str, object], number: int) -> Order:
    return Order(
        kind=OrderKind(data["order"]), by=str(data["by"]), at=str(data["at"]), text=str(data["text"]), number=number
    )
