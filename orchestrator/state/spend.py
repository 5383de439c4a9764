"""What runs cost: `spend/<YYYY-MM>.jsonl`, one line at a run's start, every half minute while it runs and at its end.

Wanted: every worker sees what the others are spending now, nothing is counted twice, and a worker's death loses half a
minute at most. So each line holds what its run has used *so far*, and of one `key` (task, number, start) the newest
line counts. What a run used on a day is the difference between its last lines of that day and of the one before. A
run's lines stand in the file of the month it was started in; a run lives for hours, so at the beginning of a month the
file of the month before is read too.

Lines are not synced: a power loss may cost the last few. A line torn by a kill was counted by nobody; the next write
cuts it off. A file that a person spoiled is an error (`CorruptState`): money that cannot be read is not taken as none.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from orchestrator import disk
from orchestrator.clock import Clock
from orchestrator.model.result import Usage
from orchestrator.model.task import Attempt, Task
from orchestrator.model.times import parse, stamp
from orchestrator.state.store import Busy, CorruptState

SLOT = 600
"""Seconds of one place in a subscription's window."""
OVERLAP_DAYS = 2
"""For so long into a month, runs of the month before may still be spending."""
_WAIT = 10.0


@dataclass(frozen=True, kw_only=True)
class Line:
    """One run, as its newest line tells."""

    key: str
    at: str
    task: str
    n: int
    repo: str
    issue: int | None
    type: str
    agent: str
    usd: float | None
    """None while nobody told money."""
    input: int = 0
    cached: int = 0
    output: int = 0
    end: bool = False
    """False: it runs, or its worker died."""

    @property
    def tokens(self) -> int:
        return self.input + self.cached + self.output


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one run used on one day."""

    run: Line
    day: date
    usd: float
    tokens: int


def key(task: Task, attempt: Attempt) -> str:
    """The same for every line of one run, and for no other: a lost run that is repeated starts anew."""
    return f"{task.id}/{attempt.n}/{attempt.started}"


@dataclass
class _Month:
    """One file, as far as it was read."""

    offset: int = 0
    lines: int = 0
    runs: dict[str, Line] = field(default_factory=dict)
    days: dict[tuple[str, date], list[float]] = field(default_factory=dict)
    """(`repo:` or `agent:` and its name, day) to USD and tokens."""
    slots: dict[tuple[str, int], int] = field(default_factory=dict)
    """(agent, slot) to tokens."""
    shares: dict[tuple[str, date], list[float]] = field(default_factory=dict)
    """(key, day) to USD and tokens."""


@dataclass(frozen=True, kw_only=True)
class Spend:
    root: Path
    """runtime/state/spend."""
    clock: Clock
    _read: dict[str, _Month] = field(default_factory=dict, repr=False, compare=False)

    def note(self, task: Task, attempt: Attempt, usage: Usage, *, end: bool = False) -> None:
        """What this run has used so far. Raises CorruptState never, Busy and OSError when it cannot be written."""
        entry = {
            "key": key(task, attempt),
            "at": stamp(self.clock.now()),
            "task": task.id,
            "n": attempt.n,
            "repo": task.repo,
            "issue": task.issue,
            "type": task.type.value,
            "agent": attempt.agent,
            "usd": usage.cost_usd,
            "input": usage.input_tokens,
            "cached": usage.cached_tokens,
            "output": usage.output_tokens,
            "end": end,
        }
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        fd = disk.lock(self.root / f"{attempt.started[:7]}.jsonl", wait=_WAIT)
        if fd is None:
            raise Busy(str(self.root))
        with contextlib.closing(os.fdopen(fd, "r+b", buffering=0)) as file:
            size = _whole(file.seek(0, os.SEEK_END), fd)
            file.truncate(size)
            file.seek(size)
            disk.write_all(fd, line)

    def repo(self, name: str, *, month: bool = False) -> tuple[float, int]:
        """USD and tokens of a repository today, or this month. Raises CorruptState, as all below."""
        return self._sum(f"repo:{name.casefold()}", month)

    def agent(self, name: str, *, month: bool = False) -> tuple[float, int]:
        return self._sum(f"agent:{name}", month)

    def window(self, agent: str, hours: float) -> tuple[int, str]:
        """Tokens of the last `hours`, and when the oldest of them fall out of the window (empty: there are none)."""
        now = self.clock.now().timestamp()
        first = int((now - hours * 3600) // SLOT) + 1
        held = {
            slot: tokens
            for month in self._months(back=timedelta(hours=hours))
            for (name, slot), tokens in month.slots.items()
            if name == agent and slot >= first and tokens
        }
        if not held:
            return 0, ""
        leaves = (min(held) + 1) * SLOT + hours * 3600
        return sum(held.values()), stamp(datetime.fromtimestamp(max(leaves, now + 60), UTC))

    def task(self, id: str, counted_from: int, *, without: str = "") -> dict[int, tuple[float, int]]:
        """By number of the attempt: USD and tokens of all its runs, lost ones included, after the first so many.
        `without`: the key of a run that is left out."""
        found: dict[int, tuple[float, int]] = {}
        for line in self._runs():
            if line.task == id and line.n > counted_from and line.key != without:
                usd, tokens = found.get(line.n, (0.0, 0))
                found[line.n] = (usd + (line.usd or 0.0), tokens + line.tokens)
        return found

    def last(self, task: Task, attempt: Attempt) -> Line | None:
        """The newest line of one run."""
        wanted = key(task, attempt)
        return next((line for line in self._runs() if line.key == wanted), None)

    def open(self, alive: Callable[[str], bool]) -> dict[str, tuple[str, ...]]:
        """Agent to the tasks it runs now. Of a task's runs only the newest can be; `alive`: does a worker have it?"""
        newest: dict[str, Line] = {}
        for line in self._runs():
            before = newest.get(line.task)
            if before is None or (line.at, line.n) >= (before.at, before.n):
                newest[line.task] = line
        running: dict[str, tuple[str, ...]] = {}
        for line in newest.values():
            if not line.end and alive(line.task):
                running[line.agent] = (*running.get(line.agent, ()), line.task)
        return running

    def since(self, first: date) -> tuple[Share, ...]:
        """What every run used on each day from `first` on; reads the months from there."""
        shares: list[Share] = []
        for path in sorted(self.root.glob("????-??.jsonl")) if self.root.is_dir() else []:
            # A run's lines stand in the month it was started in, and may reach into the next one.
            if path.stem < f"{first - timedelta(days=OVERLAP_DAYS):%Y-%m}":
                continue
            month = self._month(path.stem)
            shares += [
                Share(run=month.runs[name], day=day, usd=usd, tokens=int(tokens))
                for (name, day), (usd, tokens) in month.shares.items()
                if day >= first
            ]
        return tuple(shares)

    # --- inside

    def _sum(self, who: str, whole_month: bool) -> tuple[float, int]:
        today = self.clock.now().astimezone(UTC).date()
        usd, tokens = 0.0, 0.0
        for month in self._months():
            for (name, day), (dollars, count) in month.days.items():
                if name == who and (day == today or (whole_month and day.replace(day=1) == today.replace(day=1))):
                    usd, tokens = usd + dollars, tokens + count
        return max(0.0, round(usd, 6)), max(0, int(tokens))

    def _runs(self) -> list[Line]:
        return [line for month in self._months() for line in month.runs.values()]

    def _months(self, back: timedelta = timedelta(0)) -> list[_Month]:
        now = self.clock.now().astimezone(UTC)
        first = now - back - timedelta(days=OVERLAP_DAYS)
        return [self._month(name) for name in sorted({f"{first:%Y-%m}", f"{now:%Y-%m}"})]

    def _month(self, name: str) -> _Month:
        """The file's sums: what came since the last look is added. Read anew when it became shorter (an edit)."""
        path = self.root / f"{name}.jsonl"
        month = self._read.setdefault(name, _Month())
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                if size < month.offset:
                    month = self._read[name] = _Month()
                file.seek(month.offset)
                data = file.read()
        except FileNotFoundError:
            self._read[name] = _Month()
            return self._read[name]
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines():
            month.lines += 1
            try:
                _add(month, json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as why:
                del self._read[name]
                raise CorruptState(path, f"line {month.lines}: {why!r}") from why
        month.offset += whole
        return month


def _add(month: _Month, entry: dict[str, object]) -> None:
    line = _line(entry)
    at = parse(line.at)
    before = month.runs.get(line.key)
    usd = (line.usd or 0.0) - ((before.usd or 0.0) if before else 0.0)
    tokens = line.tokens - (before.tokens if before else 0)
    month.runs[line.key] = line
    for where in ((f"repo:{line.repo.casefold()}", at.date()), (f"agent:{line.agent}", at.date())):
        _more(month.days, where, usd, tokens)
    _more(month.shares, (line.key, at.date()), usd, tokens)
    slot = (line.agent, int(at.timestamp() // SLOT))
    month.slots[slot] = month.slots.get(slot, 0) + tokens


def _more(sums: dict[tuple[str, date], list[float]], where: tuple[str, date], usd: float, tokens: int) -> None:
    held = sums.setdefault(where, [0.0, 0.0])
    held[0] += usd
    held[1] += tokens


def _line(entry: dict[str, object]) -> Line:
    usd, issue = entry["usd"], entry.get("issue")
    return Line(
        key=str(entry["key"]),
        at=str(entry["at"]),
        task=str(entry["task"]),
        n=_int(entry["n"]),
        repo=str(entry["repo"]),
        issue=None if issue is None else _int(issue),
        type=str(entry.get("type", "")),
        agent=str(entry["agent"]),
        usd=None if usd is None else float(str(usd)),
        input=_int(entry["input"]),
        cached=_int(entry["cached"]),
        output=_int(entry["output"]),
        end=entry["end"] is True,
    )


def _int(value: object) -> int:
    return int(str(value))


def _whole(size: int, fd: int) -> int:
    """Bytes up to the end of the last whole line: looks back from the end, at most a few kilobytes of a torn line."""
    at = size
    while at:
        start = max(0, at - 4096)
        cut = os.pread(fd, at - start, start).rfind(b"\n")
        if cut >= 0:
            return start + cut + 1
        at = start
    return 0
