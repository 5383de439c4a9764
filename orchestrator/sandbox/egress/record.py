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


def exchanges(file: Path) -> tuple[Exchange, ...]:
    return tuple(_exchange(line["exchange"]) for line in _lines(file) if "exchange" in line)


def refusals(file: Path) -> tuple[Refusal, ...]:
    return tuple(Refusal(**line["refusal"]) for line in _lines(file) if "refusal" in line)


def _lines(file: Path) -> list[dict[str, Any]]:
    """Empty where there is no file. A last line without its end is still being written."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def _exchange(data: dict[str, Any]) -> Exchange:
    usage = data["usage"]
    return Exchange(**{**data, "usage": Usage(**usage) if usage else None})
