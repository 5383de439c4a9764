"""Cline (`cline --json`): the prompt on standard input, JSON lines out.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- It wants an argument even where a prompt comes on standard input, and puts the second below the first.
- By default it starts a daemon that outlives it; with the local backend it starts none and is twice as fast.
- A session can be resumed only in its own screen, not with `--json`: no resuming.
- It retries a refused request five times within a minute, and nothing turns that off.
- It ignores SIGTERM, and asks `data.cline.bot` once at its start even with telemetry off: our proxy refuses that.

Access: a key of OpenAI or of anybody who speaks chat completions (`base_url`, `key_env`; Cline's own service too) by
the gateway.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestrator.agents.base import (
    Capabilities,
    Gateway,
    Provider,
    Reader,
    Tally,
    installed,
    no_message,
    program,
    prompt_on_stdin,
    settle,
)
from orchestrator.agents.lines import LONG, JsonLines, Object, at, count, inner, items, money, noise, word
from orchestrator.model import cutting
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import (
    Command,
    Edit,
    Error,
    Event,
    Job,
    RunOutcome,
    Terminal,
    Text,
    Thinking,
    UsageReport,
)

FOLDER = ".cline/data/settings"
PROVIDER = "openai-compatible"
CLASSES = {"auth": FailureClass.AUTH, "context_window_exceeded": FailureClass.CONTEXT_OVERFLOW}
"""Its `errorClass`, from the provider's status and code; `unknown` is what it calls all others."""
EDITS = frozenset({"editor", "apply_patch"})
MOST_CALLS = 1000
"""Calls that are remembered until they have ended."""

capabilities = Capabilities(read_only=True, json_ask=True, terminal=True)
providers = (Provider(name="openai", base_url="https://api.openai.com/v1", key_env="OPENAI_API_KEY", model="gpt-5.1"),)
login_files: tuple[str, ...] = ()
login_hosts: tuple[str, ...] = ()
login_home = ""
stdin = prompt_on_stdin
message = no_message


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "cline"), "--json", "-P", PROVIDER, "-m", gateway.model, "--auto-approve", "true"]
    if job.read_only:
        words.append("--plan")
    return [*words, "Do what follows."]


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    return {"CLINE_SESSION_BACKEND_MODE": "local", "NODE_NO_WARNINGS": "1"}


def files(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    access = {"provider": PROVIDER, "apiKey": gateway.key, "model": gateway.model, "baseUrl": gateway.url}
    known = {PROVIDER: {"settings": access, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual"}}
    providers = {"version": 1, "lastUsedProvider": PROVIDER, "modes": {}, "providers": known}
    return {
        f"{FOLDER}/providers.json": json.dumps(providers),
        f"{FOLDER}/global-settings.json": json.dumps({"telemetryOptOut": True, "autoUpdateEnabled": False}),
    }


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "cline")


class Events(JsonLines):
    def __init__(self) -> None:
        self.calls: dict[str, Object] = {}

    def event(self, data: Object) -> Iterable[Event]:
        match data.get("type"):
            case "agent_event":
                yield from self._inside(inner(data, "event"))
            case "run_result":
                yield UsageReport(usage=_usage(data.get("aggregateUsage") or data.get("usage")))
                yield Terminal(ok=data.get("finishReason") == "completed")
            case "error":
                yield from noise(word(data, "message"))

    def _inside(self, event: Object) -> Iterator[Event]:
        match (event.get("type"), event.get("contentType")):
            case ("content_end", "text"):
                yield Text(text=word(event, "text", limit=LONG))
            case ("content_end", "reasoning"):
                yield Thinking(text=word(event, "text", limit=LONG) or word(event, "reasoning", limit=LONG))
            case ("content_start", "tool") if len(self.calls) < MOST_CALLS:
                self.calls[word(event, "toolCallId")] = inner(event, "input")
            case ("content_end", "tool"):
                given = self.calls.pop(word(event, "toolCallId"), {})
                yield from _tool(word(event, "toolName"), given, event)
            case ("usage", _):
                yield UsageReport(usage=_running(event))
            case ("error", _) if event.get("recoverable") is False:
                failure = CLASSES.get(word(event, "errorClass"), FailureClass.UNKNOWN)
                if word(event, "error", "name") == "ContextWindowOverflowError":
                    failure = FailureClass.CONTEXT_OVERFLOW
                yield Error(failure=failure, text=word(event, "error", "message"))


def _tool(name: str, given: Object, ended: Object) -> Iterator[Event]:
    if name in EDITS:
        yield Edit(path=word(given, "path") or "(patch)")
        return
    commands = at(given, "commands")
    if not isinstance(commands, list):
        yield Command(command=f"[{name}]")
        return
    results = items(ended, "output")
    for number, command in enumerate(commands[:100]):
        said = command if isinstance(command, str) else json.dumps(command, default=str)
        good = number < len(results) and results[number].get("success") is True
        yield Command(command=cutting.head(said, LONG), exit=0 if good else None)


def _usage(used: object) -> Usage:
    return _tokens(used, "inputTokens", "cacheReadTokens", "outputTokens")


def _running(event: Object) -> Usage:
    """The sum so far."""
    return _tokens(event, "totalInputTokens", "totalCacheReadTokens", "totalOutputTokens")


def _tokens(used: object, input: str, cached: str, output: str) -> Usage:
    """Its input includes what was cached. 0 USD is what it says of a model whose price it does not know."""
    return Usage(
        input_tokens=max(0, count(used, input) - count(used, cached)),
        cached_tokens=count(used, cached),
        output_tokens=count(used, output),
        cost_usd=money(used, "totalCost") or None,
        source="provider",
    )


def reader(job: Job) -> Reader:
    return Events()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)
