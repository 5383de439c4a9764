"""What the proxies saw, one line of JSON each: `Exchange` and `Refusal` to the file and back."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.model.exchange import Exchange, Refusal
from orchestrator.model.result import Usage

MOST_EXCHANGES = 20_000
MOST_REFUSALS = 200
"""Lines of each kind in one run's record: the agent decides how often it asks, the disk is ours."""

_WORD = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


def word(value: object) -> str:
    """A code or a model's name as the provider told it; empty for anything that could be a sentence."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


class Record:
    """The writing side."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.exchanges = self.refusals = 0

    @property
    def full(self) -> bool:
        return self.exchanges >= MOST_EXCHANGES

    def exchange(self, seen: Exchange) -> None:
        self.exchanges += 1
        if self.exchanges <= MOST_EXCHANGES:
            self._write({"exchange": asdict(seen)})

    def refusal(self, refused: Refusal) -> None:
        self.refusals += 1
        if self.refusals <= MOST_REFUSALS:
            self._write({"refusal": asdict(refused)})

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self.fd, json.dumps(line, separators=(",", ":")).encode() + b"\n")


class Reading:
    """The reading side: asked every few seconds while a run lasts, it reads only what is new."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.at = 0
        self.seen: list[Exchange] = []
        self.refused: list[Refusal] = []

    def exchanges(self) -> tuple[Exchange, ...]:
        """Empty where there is no file."""
        self._look()
        return tuple(self.seen)

    def refusals(self) -> tuple[Refusal, ...]:
        self._look()
        return tuple(self.refused)

    def _look(self) -> None:
        try:
            with self.file.open("rb") as source:
                source.seek(self.at)
                data = source.read()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]  # a last line without its end is still being written
        self.at += len(whole)
        for line in whole.splitlines():
            try:
                told = json.loads(line)
            except ValueError:  # torn where the disk was full; it must not end the run
                continue
            if "exchange" in told:
                self.seen.append(_exchange(told["exchange"]))
            elif "refusal" in told:
                self.refused.append(Refusal(**told["refusal"]))


def _exchange(data: dict[str, Any]) -> Exchange:
    usage = data["usage"]
    return Exchange(**{**data, "usage": Usage(**usage) if usage else None})
