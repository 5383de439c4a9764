"""Recorded runs of the real programs: what they printed, how they ended, what our proxy saw; and their replay.

A file is lines of JSON: first what was observed and what it was understood as, then one line per line of output. What
differs from run to run and from machine to machine (paths, ports, ids, times) is replaced before it is written, so that
a new recording shows what the program itself changed.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.agents import AGENTS, failure
from orchestrator.agents.base import Tally
from orchestrator.model.exchange import Exchange
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import Job, RunOutcome
from orchestrator.model.times import parse, stamp

FOLDER = Path(__file__).parent / "golden"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When recorded runs began, as their files tell it."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One run as a file holds it."""

    agent: str
    version: str
    scenario: str
    exit: int | None
    killed: str
    exchanges: tuple[Exchange, ...]
    lines: tuple[str, ...] = field(repr=False)
    failure: FailureClass
    reset_at: str
    session: str
    usage: Usage
    did: int
    """Signs of work the reader saw."""


def path(agent: str, scenario: str) -> Path:
    return FOLDER / agent / f"{scenario}.jsonl"


def write(run: Recorded, file: Path) -> None:
    head = {k: v for k, v in asdict(run).items() if k != "lines"} | {"failure": run.failure.value}
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(head, ensure_ascii=False) + "\n"
    file.write_text(text + "".join(json.dumps({"line": line}, ensure_ascii=False) + "\n" for line in run.lines))


def read(file: Path) -> Recorded:
    first, *rest = file.read_text().splitlines()
    head = json.loads(first)
    head["failure"] = FailureClass(head["failure"])
    head["usage"] = Usage(**head["usage"])
    head["exchanges"] = tuple(_exchange(e) for e in head["exchanges"])
    return Recorded(**head, lines=tuple(json.loads(line)["line"] for line in rest))


def _exchange(data: dict[str, Any]) -> Exchange:
    usage = data.pop("usage")
    return Exchange(**data, usage=Usage(**usage) if usage else None)


def replay(run: Recorded, job: Job, *, exchanges: bool = True) -> tuple[RunOutcome, Tally]:
    """The run again, through its adapter's reader and everything that judges it."""
    agent = AGENTS[run.agent]
    reader, tally = agent.reader(job), Tally()
    for line in run.lines:
        for event in reader.line(line):
            tally.add(event)
    for event in reader.end():
        tally.add(event)
    outcome = agent.outcome(tally, run.exit, run.killed, 1.0)
    return failure.settled(outcome, run.exchanges if exchanges else (), None), tally


def wordless(line: str) -> str:
    """The line without any word for people: what it says must be told by its codes, numbers and events alone."""
    try:
        data = json.loads(line)
    except ValueError:
        return "x"
    return json.dumps(_wordless(data, "")) if isinstance(data, dict | list) else "x"


_FOR_PEOPLE = frozenset({"message", "text", "content", "result", "description", "title", "detail", "details", "output"})


def _wordless(data: Any, key: str) -> Any:
    if isinstance(data, dict):
        return {k: _wordless(v, k) for k, v in data.items()}
    if isinstance(data, list):
        return [_wordless(v, key) for v in data]
    if not isinstance(data, str):
        return data
    if data.lstrip().startswith(("{", "[")):
        try:  # an answer's body, passed on as a text
            return json.dumps(_wordless(json.loads(data), key))
        except ValueError:
            return "x"
    return "x" if key in _FOR_PEOPLE or re.search(r"\s", data) else data


class Plain:
    """Replaces what belongs to one run only. Made anew for each run; the same id gets the same replacement."""

    def __init__(self, known: Mapping[str, str], began: datetime) -> None:
        self.known = sorted(known.items(), key=lambda pair: -len(pair[0]))
        self.began = began
        self.ids: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        for found, instead in self.known:
            text = text.replace(found, instead)
        text = _DUMMY.sub("sk-dummy", _PORT.sub("127.0.0.1:1", text))
        text = _UUID.sub(lambda m: self._id(m[0], "00000000-0000-4000-8000-"), text)
        text = _NAMED_ID.sub(lambda m: self._id(m[0], f"{m[1]}_"), text)
        text = _TIME.sub(lambda m: self.time(m[0]), text)
        text = _EPOCH.sub(lambda m: self._epoch(m[0]), text)
        return _SPAN.sub(lambda m: f"{m[1]}1", text)

    def time(self, text: str) -> str:
        """A moment, as far from NOON as it was from the run's beginning, to five minutes."""
        try:
            at = parse(text)
        except ValueError:
            return text
        return stamp(self._moved(at)) if abs(at - self.began) < timedelta(days=40) else text

    def _moved(self, at: datetime) -> datetime:
        return NOON + timedelta(minutes=5 * round((at - self.began).total_seconds() / 300))

    def _epoch(self, digits: str) -> str:
        scale = 1000 if len(digits) == 13 else 1
        at = datetime.fromtimestamp(int(digits) / scale, UTC)
        if abs(at - self.began) > timedelta(days=40):
            return digits
        return str(int(self._moved(at).timestamp()) * scale)

    def _id(self, found: str, prefix: str) -> str:
        return self.ids.setdefault(found, f"{prefix}{len(self.ids) + 1:012d}")

    def exchange(self, seen: Exchange) -> Exchange:
        at, reset = self.time(seen.at), self.time(seen.reset_at) if seen.reset_at else ""
        return dataclasses.replace(seen, at=at, reset_at=reset, seconds=0.0, path=_RUN.sub("/s/", seen.path))


_PORT = re.compile(r"127\.0\.0\.1:\d{2,5}")
_DUMMY = re.compile(r"sk-none-[0-9a-f]+")
_RUN = re.compile(r"/s/[^/]+/")
_TIME = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_EPOCH = re.compile(r"(?<![\w.-])1[789]\d{8}(?:\d{3})?(?![\w.-])")
_SPAN = re.compile(r'("\w*(?:duration|latency|elapsed|_ms|Ms|ttft)\w*": ?)\d+(?:\.\d+)?')
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_NAMED_ID = re.compile(
    r"\b(ses|prt|msg|call|toolu|evt|req|resp|fc|run|task|conv|agent)_(?=[A-Za-z]*\d)[0-9A-Za-z]{6,}(?:_[0-9a-z]{5,10})?\b"
)
"""With a digit in it: `run_result` is a word."""
