"""Cursor's agent (`cursor-agent`), by its documentation alone: UNPROVEN, no run of the real program was seen.

Command line and events as its reference describes them: print mode, `--output-format stream-json`, one JSON object per
line, a `result` line at a good end and none after a failure, whose words go to standard error. So a failure without a
status counts as crashed. The prompt lies in a file that a short argument names: whether it reads standard input is not
documented.

Access: its models are reached through Cursor's own service only, whose address cannot be changed, so no gateway stands
between: CURSOR_API_KEY (named in `env`) is seen by the agent, or a login folder (`~/.config/cursor` with `auth.json`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orchestrator.agents.base import (
    PROMPT_FILE,
    Capabilities,
    Gateway,
    Provider,
    Reader,
    Tally,
    installed,
    no_env,
    no_message,
    no_stdin,
    program,
    prompt_in_file,
    settle,
)
from orchestrator.agents.lines import LONG, JsonLines, Object, count, inner, items, whole, word
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import (
    Command,
    Denied,
    Edit,
    Error,
    Event,
    Job,
    RunOutcome,
    SessionStarted,
    Terminal,
    Text,
    Thinking,
    UsageReport,
)

NAME = "cursor-agent"
KEY = "CURSOR_API_KEY"
EDITS = ("editToolCall", "writeToolCall", "deleteToolCall")

capabilities = Capabilities(resume=True, read_only=True, json_ask=True, terminal=True)
providers: tuple[Provider, ...] = ()
login_files = ("auth.json",)
login_hosts = ("cursor.com", "*.cursor.com", "*.cursor.sh")
login_home = ".config/cursor"
stdin = no_stdin
env = no_env
message = no_message


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, NAME), "-p", "--output-format", "stream-json", "--trust"]
    words += ["--mode", "ask"] if job.read_only else ["--force"]
    if gateway.model:
        words += ["--model", gateway.model]
    if job.resume:
        words += ["--resume", job.resume]
    return [*words, f"Read the file {Path(job.home) / PROMPT_FILE} and do what it says."]


def files(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    return prompt_in_file(job)


def preflight(settings: AgentSettings) -> str | None:
    if missing := installed(settings, NAME):
        return missing
    with_key = KEY in settings.env and bool(os.environ.get(KEY))
    if with_key or (settings.login and (Path(settings.login) / login_files[0]).is_file()):
        return None
    return f"no access: neither {KEY} (set, and named in `env`) nor a login folder with {login_files[0]}"


def reader(job: Job) -> Reader:
    return Events()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)


class Events(JsonLines):
    def __init__(self) -> None:
        self.session = ""

    def event(self, data: Object) -> Iterable[Event]:
        if (session := word(data, "session_id")) and session != self.session:
            self.session = session
            yield SessionStarted(id=session)
        match data.get("type"):
            case "assistant":
                for part in items(data, "message", "content"):
                    if text := word(part, "text", limit=LONG):
                        yield Text(text=text)
            case "thinking":
                if text := word(data, "text", limit=LONG):
                    yield Thinking(text=text)
            case "tool_call" if data.get("subtype") == "completed":
                yield from _tool(inner(data, "tool_call"))
            case "result":
                yield from _ended(data)


def _tool(call: Object) -> Iterable[Event]:
    """`{"<name>ToolCall": {"args": ..., "result": {"success" | "failure" | "rejected": ...}}}`."""
    for name, told in call.items():
        given, result = inner(told, "args"), inner(told, "result")
        if not given:
            continue
        if "rejected" in result:
            yield Denied(what=f"{name} {word(given, 'command') or word(given, 'path')}".strip())
        elif name in EDITS and "success" in result:
            yield Edit(path=word(given, "path"))
        elif name == "shellToolCall":
            ended = inner(result, "success") or inner(result, "failure")
            yield Command(command=word(given, "command"), exit=whole(ended, "exitCode"))
        else:
            shown = word(given, "path") or word(given, "pattern") or word(given, "query")
            yield Command(command=f"[{name.removesuffix('ToolCall')}] {shown}".strip())


def _ended(data: Object) -> Iterable[Event]:
    """`usage` is not documented; where it comes, its `inputTokens` is taken for what was not cached."""
    if used := inner(data, "usage"):
        yield UsageReport(
            usage=Usage(
                input_tokens=count(used, "inputTokens") + count(used, "cacheWriteTokens"),
                cached_tokens=count(used, "cacheReadTokens"),
                output_tokens=count(used, "outputTokens"),
                source="provider",
            )
        )
    ok = data.get("subtype") == "success" and data.get("is_error") is False
    if not ok:
        yield Error(failure=FailureClass.UNKNOWN, text=word(data, "result"))
    yield Terminal(ok=ok)
