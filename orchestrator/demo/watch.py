"""What happens, told while it happens: one line per event of the ledger and of the hub's CI.

Reads only what is on record, so it shows what any other reader would see, and in a thread of its own, so that pacing
delays the telling and never the work.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

from orchestrator.demo.scenario import Outcome
from orchestrator.demo.world import Filed, World
from orchestrator.hub.store import checks
from orchestrator.model.event import EventKind, Record

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

EVERY = 0.05
"""Seconds between two looks."""

Words = Callable[[Mapping[str, Any]], str]


def _first(items: Any) -> str:
    text = " ".join(str(items[0]).split()) if items else ""
    return text if len(text) <= 100 else text[:99] + "…"


def _ended(data: Mapping[str, Any]) -> str:
    return f"{data['agent']} ended after {data['seconds']} s: {data['status'] or data['failure']}"


def _verdict(data: Mapping[str, Any]) -> str:
    return "gate: passed" if data["passed"] else f"gate: not passed, {_first(data['findings'])}"


WORDS: dict[str, Words] = {
    EventKind.DISPATCHED.value: lambda d: "dispatched",
    EventKind.NOT_DISPATCHED.value: lambda d: f"not dispatched: {d['why']}",
    EventKind.HEALED.value: lambda d: "a dead worker's task goes on",
    EventKind.HAND_MOVE.value: lambda d: f"taken up again: {d.get('why') or 'moved by hand'}",
    EventKind.AGENT_STARTED.value: lambda d: f"{d['agent']} starts (run {d['n']}, {d['kind']})",
    EventKind.AGENT_ENDED.value: _ended,
    EventKind.VERDICT.value: _verdict,
    EventKind.REVIEWED.value: lambda d: (
        f"{d.get('reviewer') or 'nobody'} reviews it: {str(d['opinion']).replace('_', ' ')}"
    ),
    EventKind.APPROVED.value: lambda d: f"{d['by']} {'approves' if d['approve'] else 'refuses'} this head",
    EventKind.PULL_OPENED.value: lambda d: f"pull request #{d['number']} opened",
    EventKind.UPDATED.value: lambda d: "pull request brought up to date with main",
    EventKind.REWORK.value: lambda d: f"back to an engineer: {d['why']}",
    EventKind.MERGED.value: lambda d: f"pull request #{d['number']} merged as {str(d['sha'])[:10]}",
    EventKind.MERGE_TREE_DIFFERS.value: lambda d: "what was merged is not what was tested",
    EventKind.WITHDRAWN.value: lambda d: str(d["why"]),
    EventKind.BLOCKED.value: lambda d: f"blocked: {d['why']}",
    EventKind.ESCALATED.value: lambda d: f"escalated: {_first([d['why']])}",
    EventKind.REMEMBERED.value: lambda d: "remembered",
    EventKind.FOLDED.value: lambda d: f"CODEBASE.md has {len(d['tasks'])} new entries",
    EventKind.QUARANTINED.value: lambda d: f"a task file was set aside: {d['detail']}",
    EventKind.CRASH.value: lambda d: f"a step crashed: {d['error']}",
}
"""Events that are told, and how. The others stand in the ledger only."""


class Screen:
    """Where lines go: a live table of all stories below them on a terminal, plain lines elsewhere."""

    def __init__(self, *, to_stderr: bool, per_second: float) -> None:
        self.stream = sys.stderr if to_stderr else sys.stdout
        self.pause = 1 / per_second if per_second else 0.0
        self.began = time.monotonic()
        self.hush = False
        """Set when nobody waits for the rest any more."""
        self.live: Live | None = None
        self.doing: dict[str, tuple[str, str]] = {}
        """Issue -> (title, what happened last)."""
        if self.stream.isatty():
            from rich.console import Console
            from rich.live import Live

            self.live = Live(console=Console(file=self.stream), transient=True, refresh_per_second=10)
            self.live.start()

    def tell(self, name: str, title: str, words: str) -> None:
        """One line. The table shows the last of each issue."""
        if self.hush:
            return
        line = f"{time.monotonic() - self.began:6.1f} s  {name:<15}  {words}"
        if title:
            self.doing[name] = (title, words)
        if self.live is None:
            print(line, file=self.stream, flush=True)
        else:
            from rich.text import Text

            self.live.console.print(Text(line), overflow="ellipsis", no_wrap=True)
            self.live.update(self._table())
        if self.pause:
            time.sleep(self.pause)

    def end(self) -> None:
        """Leaves the terminal as it was. Safe to repeat."""
        if self.live is not None:
            self.live.stop()

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        # On a narrow terminal the titles and words are cut, never the names; what happens now gets the larger share.
        names = max((len(name) for name in self.doing), default=0)
        table.add_column("issue", no_wrap=True, min_width=names)
        table.add_column("", no_wrap=True, overflow="ellipsis", ratio=2)
        table.add_column("now", no_wrap=True, overflow="ellipsis", ratio=3)
        for name, (title, words) in self.doing.items():
            table.add_row(Text(name), Text(title), Text(words))
        table.expand = True
        return table


@dataclass(kw_only=True)
class Watch:
    """`with Watch(...)`: tells until the block ends, then what is left to tell."""

    world: World
    screen: Screen
    seq: int = 0
    """Of the last event that was told."""
    heads: dict[str, Filed] = field(default_factory=dict)
    """Pushed commits whose CI has not been told yet."""
    notes: SimpleQueue[tuple[Filed, str]] = field(default_factory=SimpleQueue)
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self.ledger = self.world.services("watch").ledger
        self.thread = threading.Thread(target=self._tell_all, name="watch", daemon=True)
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            self.screen.hush = True
        self.over.set()
        self.thread.join()

    def note(self, filed: Filed, words: str) -> None:
        """What a person did."""
        self.notes.put((filed, words))

    def _tell_all(self) -> None:
        while not self.over.wait(EVERY):
            self._look()
        self._look()

    def _look(self) -> None:
        """Tells what is new."""
        while not self.notes.empty():
            self._say(*self.notes.get())
        for record in self.ledger.read(self.seq):
            self.seq = record.seq
            self._event(record)
        for sha, filed in list(self.heads.items()):
            self._ci(sha, filed)

    def _say(self, filed: Filed, words: str) -> None:
        self.screen.tell(filed.name, filed.story.title, words)

    def _event(self, record: Record) -> None:
        filed = self._about(record)
        if filed and record.kind in (EventKind.PUSHED.value, EventKind.UPDATED.value):
            self.heads[str(record.data.get("sha") or record.data.get("head"))] = filed
        words = WORDS.get(record.kind)
        if words is None:
            return
        if filed:
            self._say(filed, words(record.data))
        else:
            self.screen.tell(record.repo or record.task or record.actor.id, "", words(record.data))

    def _about(self, record: Record) -> Filed | None:
        return next(
            (
                f
                for f in self.world.filed
                if record.task == f.task or (record.repo == f.story.repo and record.data.get("issue") == f.number)
            ),
            None,
        )

    def _ci(self, sha: str, filed: Filed) -> None:
        runs = checks.runs(self.world.hub.db, self.world.hub.admin.repository(filed.story.repo).id, [sha])[sha]
        if not runs or any(r.status != "completed" for r in runs):
            return
        del self.heads[sha]
        red = [r.name for r in runs if r.conclusion != "success"]
        if any(r.conclusion == "cancelled" for r in runs):
            return
        names = ", ".join(sorted(red or [r.name for r in runs]))
        self._say(filed, f"CI {'red' if red else 'green'}: {names}")


SIGNS = {
    Outcome.MERGED: "merged",
    Outcome.ESCALATED: "escalated to a person",
    Outcome.LEFT_ALONE: "left alone",
    Outcome.OPEN: "NOT ENDED",
}
