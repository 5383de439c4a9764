"""What Kimi Code's lines mean, and what its session records add.

Its lines are messages of a conversation. Usage, error codes and, after a bad end, the session's id stand only in the
records below HOME: `~/.kimi-code/sessions/<folder>/<session id>/agents/<agent>/wire.jsonl`, one per agent of a session,
with `usage.record` per request and `turn.ended` with its reason and error. An agent can write there; it could only lie
about its own failure, and what our gateway saw outweighs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.agents.lines import (
    LONG,
    SHORT,
    JsonLines,
    Object,
    added,
    count,
    inner,
    items,
    objects,
    of_status,
    parsed,
    tail,
    whole,
    word,
)
from orchestrator.model import cutting
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import (
    Command,
    Edit,
    Error,
    Event,
    Job,
    SessionStarted,
    Terminal,
    Text,
    UsageReport,
)

CODES = {
    "provider.rate_limit": FailureClass.QUOTA,
    "provider.auth_error": FailureClass.AUTH,
    "provider.connection_error": FailureClass.NETWORK,
    "provider.overloaded": FailureClass.SERVER,
    "provider.not_found": FailureClass.MISCONFIGURED,
    "model.not_found": FailureClass.MISCONFIGURED,
    "model.not_configured": FailureClass.MISCONFIGURED,
    "model.config_invalid": FailureClass.MISCONFIGURED,
    "config.invalid": FailureClass.MISCONFIGURED,
    "auth.login_required": FailureClass.AUTH,
    "auth.token_missing": FailureClass.AUTH,
    "auth.token_unauthorized": FailureClass.AUTH,
    "context.overflow": FailureClass.CONTEXT_OVERFLOW,
}
"""`error.code` of a turn (the program's own table of codes); `provider.api_error` has the status beside it."""
EDITS = frozenset({"Write", "Edit", "StrReplaceFile", "WriteFile"})
MOST_BYTES = 32_000_000
"""Of one record, from its end."""
MOST_FILES = 200
"""Records that are looked at: an agent may make any number of folders."""


class Events(JsonLines):
    def __init__(self, job: Job) -> None:
        self.sessions = Path(job.home) / ".kimi-code" / "sessions"
        self.before = {path: _size(path) for path in self._records()}
        self.session = job.resume

    def event(self, data: Object) -> Iterable[Event]:
        if data.get("role") == "assistant":
            if text := word(data, "content", limit=LONG):
                yield Text(text=text)
            for call in items(data, "tool_calls"):
                yield _call(word(call, "function", "name"), word(call, "function", "arguments", limit=LONG))
            return
        match data.get("type"):
            case "turn.step.retrying":
                failure = of_status(whole(data, "status_code"))
                yield Error(failure=failure, text=word(data, "error_message"))
            case "session.resume_hint":
                self.session = word(data, "session_id")
                yield SessionStarted(id=self.session)
                yield Terminal(ok=True)

    def end(self) -> Iterable[Event]:
        """The new part of every record. Of a run without a good end also its session and why it failed."""
        new = {path: _since(path, self.before.get(path, 0)) for path in self._records()}
        usages = [_usage(record) for text in new.values() for record in _of(text, "usage.record")]
        if usages:
            yield UsageReport(usage=added(usages))
        for path, text in new.items():
            if path.parent.name != "main" or not text:
                continue
            session = path.parent.parent.parent.name
            if not self.session:
                self.session = session
                yield SessionStarted(id=session)
            ends = list(_of(text, "turn.ended"))
            if session == self.session and ends and word(ends[-1], "reason") != "completed":
                yield _why(inner(ends[-1], "error"))
                yield Terminal(ok=False)

    def _records(self) -> list[Path]:
        return sorted(self.sessions.glob("*/*/agents/*/wire.jsonl"))[:MOST_FILES]


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _since(path: Path, before: int) -> str:
    """What was written after the first `before` bytes; all of it where it was written anew."""
    size = _size(path)
    return tail(path, min(MOST_BYTES, size - before if size >= before else size))


def _of(text: str, kind: str) -> Iterator[Object]:
    """The objects of one kind. Most lines are long and of others, so they are told apart before they are read."""
    lines = "\n".join(line for line in text.splitlines() if f'"{kind}"' in line)
    return (data for data in objects(lines) if data.get("type") == kind)


def _usage(record: Object) -> Usage:
    used = inner(record, "usage")
    return Usage(
        input_tokens=count(used, "inputOther") + count(used, "inputCacheCreation"),
        cached_tokens=count(used, "inputCacheRead"),
        output_tokens=count(used, "output"),
        source="provider",
    )


def _why(error: Object) -> Error:
    """The first known code or status from the error down to its cause."""
    text, failure = word(error, "message"), FailureClass.UNKNOWN
    for _ in range(5):
        failure = CODES.get(word(error, "code")) or of_status(whole(error, "details", "statusCode"))
        if failure is not FailureClass.UNKNOWN or not (error := inner(error, "cause")):
            break
    return Error(failure=failure, text=text)


def _call(name: str, arguments: str) -> Event:
    given = parsed(arguments) or {}
    if name in EDITS:
        return Edit(path=word(given, "path") or word(given, "file_path"))
    if command := word(given, "command"):
        return Command(command=command)
    return Command(command=cutting.head(f"[{name}] {json.dumps(given, ensure_ascii=False)}", SHORT))
