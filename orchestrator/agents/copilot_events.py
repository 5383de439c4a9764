"""What Copilot's lines mean, and what its session record adds.

Its last line names the session, and none tells usage. `~/.copilot/session-state/<session id>/events.jsonl` ends with
`session.shutdown`, whose `modelMetrics` hold the tokens of the whole session. An agent can write there; see
`codex_record` for what that is worth.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from orchestrator.agents.lines import (
    LONG,
    JsonLines,
    Object,
    added,
    count,
    inner,
    objects,
    of_status,
    parsed,
    since,
    tail,
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

OWED = 1000
"""Tool calls remembered until they end."""
SESSIONS = 1000
"""Of one HOME that are looked at."""
LAST = 400_000
"""Bytes of the record's end that are looked at."""
EDITS = ("create", "edit", "str_replace_editor", "write")
TYPES = {
    "rate_limit": FailureClass.QUOTA,
    "quota": FailureClass.QUOTA,
    "authentication": FailureClass.AUTH,
    "authorization": FailureClass.AUTH,
    "context_limit": FailureClass.CONTEXT_OVERFLOW,
}
"""`session.error.errorType`, where neither status nor code says more."""

_SESSION = re.compile(r"[0-9a-f-]{36}")


class Events(JsonLines):
    def __init__(self, job: Job) -> None:
        self.states = Path(job.home) / ".copilot" / "session-state"
        self.session = job.resume
        self.known = _sessions(self.states)
        self.before = _total(self.states, job.resume) or Usage()
        """What the session had used before this run."""
        self.last = FailureClass.UNKNOWN
        """Of its last request, where that failed: `session.error` repeats the status, not the code."""
        self.owed: dict[str, Object] = {}

    def event(self, data: Object) -> Iterable[Event]:
        told = inner(data, "data")
        match data.get("type"):
            case "assistant.message":
                self.last = FailureClass.UNKNOWN
                yield from _said(told)
            case "tool.execution_start" if len(self.owed) < OWED:
                self.owed[word(told, "toolCallId")] = told
            case "tool.execution_complete":
                yield _tool(self.owed.pop(word(told, "toolCallId"), told), told)
            case "model.call_failure":
                self.last = _refused(told)
                yield Error(failure=self.last, text=f"its provider answered {whole(told, 'statusCode') or 'nothing'}")
            case "session.error":
                yield from self._error(told)
            case "result":
                self.session = word(data, "sessionId") or self.session
                yield SessionStarted(id=self.session)
                yield Terminal(ok=whole(data, "exitCode") == 0)

    def _error(self, told: Object) -> Iterable[Event]:
        failure = self.last
        if failure is FailureClass.UNKNOWN:
            failure = of_status(whole(told, "statusCode"))
        if failure is FailureClass.UNKNOWN:
            failure = TYPES.get(word(told, "errorType"), FailureClass.UNKNOWN)
        yield Error(failure=failure, text=word(told, "message"))
        if failure is FailureClass.QUOTA:
            yield Quota()

    def end(self) -> Iterable[Event]:
        """A run that was killed named no session: it is the one that was not there before."""
        for call in self.owed.values():
            yield _tool(call, {})
        new = _sessions(self.states) - self.known
        if not self.session and len(new) == 1:
            self.session = new.pop()
            yield SessionStarted(id=self.session)
        if total := _total(self.states, self.session):
            yield UsageReport(usage=since(total, self.before))


def _refused(told: Object) -> FailureClass:
    """`errorMessage` is the error of the answer's body, as JSON in a text."""
    if told.get("failureKind") == "transport":
        return FailureClass.NETWORK
    return of_status(whole(told, "statusCode"), word(parsed(word(told, "errorMessage")), "code"))


def _said(told: Object) -> Iterable[Event]:
    if thought := word(told, "reasoningText", limit=LONG):
        yield Thinking(text=thought)
    if text := word(told, "content", limit=LONG):
        yield Text(text=text)


def _tool(call: Object, end: Object) -> Event:
    name, given = word(call, "toolName"), inner(call, "arguments")
    if name in EDITS and end.get("success") is True:
        return Edit(path=word(given, "path"))
    if name == "bash":
        return Command(command=word(given, "command"), exit=whole(end, "shellExecution", "exitCode"))
    shown = (word(given, key) for key in ("path", "pattern", "query", "url", "description"))
    return Command(command=f"[{name}] {next((each for each in shown if each), '')}".strip())


def _sessions(states: Path) -> set[str]:
    try:
        with os.scandir(states) as entries:
            return {entry.name for entry in islice(entries, SESSIONS) if _SESSION.fullmatch(entry.name)}
    except OSError:
        return set()


def _total(states: Path, session: str) -> Usage | None:
    """All tokens of a session so far; its `inputTokens` includes what was read from the cache."""
    if not _SESSION.fullmatch(session):
        return None
    found = objects(tail(states / session / "events.jsonl", LAST))
    ends = [inner(line, "data", "modelMetrics") for line in found if line.get("type") == "session.shutdown"]
    if not ends:
        return None
    models = (inner(each, "usage") for each in ends[-1].values() if isinstance(each, Mapping))
    return added(_usage(used) for used in models)


def _usage(used: Object) -> Usage:
    cached = count(used, "cacheReadTokens")
    return Usage(
        input_tokens=max(0, count(used, "inputTokens") - cached),
        cached_tokens=cached,
        output_tokens=count(used, "outputTokens"),
    )
