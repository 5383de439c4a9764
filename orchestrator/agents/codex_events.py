"""What Codex's lines mean. They tell a failure in words only, and usage as the sum of the whole session, none at all
for a failed turn: what is missing is read from its session record (`codex_record`)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.agents.codex_record import Record, used
from orchestrator.agents.lines import (
    LONG,
    JsonLines,
    Object,
    inner,
    items,
    since,
    whole,
    word,
)
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import (
    Command,
    Edit,
    Error,
    Event,
    Job,
    Quota,
    SessionStarted,
    Terminal,
    Text,
    Thinking,
    UsageReport,
)

LOOK = 5.0
"""Seconds between two looks into the record while it works."""


class Events(JsonLines):
    def __init__(self, job: Job) -> None:
        self.record = Record(home=Path(job.home))
        self.record.thread = job.resume
        self.before = self.record.total() or Usage()
        """What the session had used before this run."""
        self.looked = 0.0
        self.open = True
        """Its last turn has not told its usage."""
        self.failed: str | None = None

    def event(self, data: Object) -> Iterable[Event]:
        match data.get("type"):
            case "thread.started":
                self.record.thread = word(data, "thread_id")
                yield SessionStarted(id=self.record.thread)
            case "item.completed":
                yield from _item(inner(data, "item"))
                yield from self._meanwhile()
            case "turn.completed":
                self.open = False
                yield UsageReport(usage=since(used(inner(data, "usage")), self.before))
                yield Terminal(ok=True)
            case "turn.failed":
                self.failed = word(data, "error", "message")
                yield Terminal(ok=False)
            case "error":
                yield Text(text=word(data, "message"), noise=True)  # also each of its own retries; not the end

    def _meanwhile(self) -> Iterable[Event]:
        now = time.monotonic()
        if now - self.looked < LOOK:
            return
        self.looked = now
        if total := self.record.total():
            yield UsageReport(usage=since(total, self.before))

    def end(self) -> Iterable[Event]:
        """By now the record is complete."""
        if self.open and (total := self.record.total()):
            yield UsageReport(usage=since(total, self.before))
        if self.failed is not None:
            failure, reset_at = self.record.why()
            yield Error(failure=failure, text=self.failed)
            if failure is FailureClass.QUOTA:
                yield Quota(reset_at=reset_at)


def _item(item: Object) -> Iterator[Event]:
    match item.get("type"):
        case "agent_message":
            yield Text(text=word(item, "text", limit=LONG))
        case "reasoning":
            yield Thinking(text=word(item, "text", limit=LONG))
        case "command_execution":
            yield Command(command=word(item, "command"), exit=whole(item, "exit_code"))
        case "file_change" if item.get("status") != "failed":
            yield from (Edit(path=word(change, "path")) for change in items(item, "changes"))
        case "mcp_tool_call":
            yield Command(command=f"[{word(item, 'server')}] {word(item, 'tool')}")
        case "web_search":
            yield Command(command=f"[web search] {word(item, 'query')}")
        case "error":
            yield Text(text=word(item, "message"), noise=True)
