"""What Claude Code's lines mean; see `claude` for the traps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from orchestrator.agents.lines import (
    LONG,
    JsonLines,
    Object,
    added,
    at,
    count,
    inner,
    items,
    moment,
    money,
    of_status,
    whole,
    word,
)
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.stream import (
    Command,
    Denied,
    Edit,
    Error,
    Event,
    Quota,
    SessionStarted,
    Terminal,
    Text,
    Thinking,
    UsageReport,
)

OWED = 1000
"""Tool calls remembered until their result comes."""
EDITS = {"Edit": "file_path", "MultiEdit": "file_path", "Write": "file_path", "NotebookEdit": "notebook_path"}
CODES = {
    "rate_limit": FailureClass.QUOTA,
    "billing_error": FailureClass.QUOTA,
    "account_on_hold": FailureClass.AUTH,
    "authentication_failed": FailureClass.AUTH,
    "oauth_org_not_allowed": FailureClass.AUTH,
    "verification_required": FailureClass.AUTH,
    "cloud_credential_error": FailureClass.AUTH,
    "model_not_found": FailureClass.MISCONFIGURED,
    "overloaded": FailureClass.SERVER,
    "server_error": FailureClass.SERVER,
    "connection_failed": FailureClass.NETWORK,
    "stream_idle_timeout": FailureClass.NETWORK,
    "prompt_too_long": FailureClass.CONTEXT_OVERFLOW,
}
"""Its own codes: `terminal_reason`, `api_error`, the assistant line's `error`."""

_EXIT = re.compile(r"Exit code (\d{1,3})\b")


class Events(JsonLines):
    def __init__(self) -> None:
        self.session = ""
        self.reset_at = ""
        self.code = ""
        self.owed: dict[str, Object] = {}
        self.done = Usage(source="provider")
        """Of the results so far."""
        self.open: dict[str, Usage] = {}
        """Of the answers since: by id, for one answer comes in several lines."""

    def event(self, data: Object) -> Iterable[Event]:
        if (session := word(data, "session_id")) and session != self.session:
            self.session = session
            yield SessionStarted(id=session)
        match data.get("type"):
            case "assistant":
                yield from self._said(data)
            case "user":
                yield from self._results(data)
            case "result":
                yield from self._ended(data)
            case "rate_limit_event":
                yield from self._limit(inner(data, "rate_limit_info"))
            case "system" if data.get("subtype") == "api_retry":
                code, status = word(data, "error"), whole(data, "error_status")
                yield Error(
                    failure=_class(data, code, status), text=f"it tries again after {code} {status or ''}".rstrip()
                )

    def _said(self, data: Object) -> Iterable[Event]:
        self.code = word(data, "error") or self.code
        failed = bool(data.get("error")) or data.get("is_api_error_message") is True
        for part in items(data, "message", "content"):
            match part.get("type"):
                case "text":
                    yield Text(text=word(part, "text", limit=LONG), noise=failed)
                case "thinking":
                    yield Thinking(text=word(part, "thinking", limit=LONG))
                case "tool_use" if len(self.owed) < OWED:
                    self.owed[word(part, "id")] = part
                case "tool_use":
                    yield _tool(part, {})
        if not failed:
            yield from self._meanwhile(inner(data, "message"))

    def _meanwhile(self, message: Object) -> Iterable[Event]:
        """What is known before the result tells all: the input of each answer, not yet its output."""
        used = _usage(inner(message, "usage"))
        key = word(message, "id")
        if key and key not in self.open and used.input_tokens + used.cached_tokens:
            self.open[key] = used
            yield UsageReport(usage=added((self.done, *self.open.values()), None))

    def _results(self, data: Object) -> Iterable[Event]:
        for part in items(data, "message", "content"):
            call = self.owed.pop(word(part, "tool_use_id"), None)
            if part.get("type") == "tool_result" and call is not None:
                yield _tool(call, part)

    def _limit(self, info: Object) -> Iterable[Event]:
        if info.get("status") != "rejected" or info.get("isUsingOverage") is True:
            return
        self.reset_at = moment(whole(info, "resetsAt")) or self.reset_at
        yield Quota(reset_at=self.reset_at)

    def _ended(self, data: Object) -> Iterable[Event]:
        yield from self.end()
        self.open = {}
        self.done = _result_usage(self.done, data)
        yield UsageReport(usage=self.done)
        for denied in items(data, "permission_denials"):
            yield Denied(what=f"{word(denied, 'tool_name')} {_shown(inner(denied, 'tool_input'))}".strip())
        ok = data.get("is_error") is False and data.get("subtype") == "success"
        if not ok:
            failure = _class(data, self.code, whole(data, "api_error_status"))
            yield Error(failure=failure, text=word(data, "result") or word(data, "subtype"))
            if failure is FailureClass.QUOTA:
                yield Quota(reset_at=self.reset_at)
        yield Terminal(ok=ok)

    def end(self) -> Iterable[Event]:
        """Tools that never answered."""
        owed, self.owed = self.owed, {}
        return tuple(_tool(call, {}) for call in owed.values())


def _class(data: Object, code: str, status: int | None) -> FailureClass:
    """By the most telling code: what ended it, the API's own type and status, the assistant line's code."""
    for own in (word(data, "terminal_reason"), word(data, "api_error")):
        if own in CODES:
            return CODES[own]
    told = of_status(status, word(data, "api_error_type"))
    return CODES.get(code, FailureClass.UNKNOWN) if told is FailureClass.UNKNOWN else told


def _tool(call: Object, result: Object) -> Event:
    """A tool call with what came of it; without a result nobody knows."""
    name, given = word(call, "name"), inner(call, "input")
    failed = result.get("is_error") is True
    if name in EDITS and result and not failed:
        return Edit(path=word(given, EDITS[name]))
    if name == "Bash":
        return Command(command=word(given, "command"), exit=_exit(result))
    return Command(command=f"[{name}] {_shown(given)}".strip())


def _exit(result: Object) -> int | None:
    """0 for a good end; a failure says its number at the head of the tool's answer, or nothing."""
    if not result:
        return None
    if result.get("is_error") is not True:
        return 0
    content = result.get("content")
    said = _EXIT.match(content) if isinstance(content, str) else None
    return int(said.group(1)) if said else None


def _shown(given: Object) -> str:
    for key in ("file_path", "path", "pattern", "query", "url", "description", "command"):
        if said := word(given, key):
            return said
    return ""


def _usage(used: Object) -> Usage:
    """`input_tokens` leaves out what was read from the cache and what was written to it; the latter is input too."""
    return Usage(
        input_tokens=count(used, "input_tokens") + count(used, "cache_creation_input_tokens"),
        cached_tokens=count(used, "cache_read_input_tokens"),
        output_tokens=count(used, "output_tokens"),
        source="provider",
    )


def _result_usage(before: Usage, data: Object) -> Usage:
    """All results of this run together. Older versions tell no per-result parts: tokens then, and no money."""
    parts = at(data, "model_usage_since_last_result")
    if not isinstance(parts, Mapping):
        return added((before, _usage(inner(data, "usage"))), None)
    models = [inner(parts, name) for name in parts if isinstance(name, str)]
    used = [
        Usage(
            input_tokens=count(m, "inputTokens") + count(m, "cacheCreationInputTokens"),
            cached_tokens=count(m, "cacheReadInputTokens"),
            output_tokens=count(m, "outputTokens"),
        )
        for m in models
    ]
    costs = [money(m, "costUSD") for m in models]
    known = [cost for cost in costs if cost is not None]
    total = (before.cost_usd or 0.0) + sum(known) if len(known) == len(costs) else None
    return added((before, *used), total)
