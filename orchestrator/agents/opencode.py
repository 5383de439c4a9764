"""OpenCode (`opencode run`), headless: the prompt on standard input, JSON lines out. Speaks what its provider speaks.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- No line says that it is over: the end is good when the last step ended by itself and no error came after it.
- Without `--auto` a path outside of the workspace is refused in silence and it still exits with 0.
- It asks five times before it gives up (70 s) and sleeps as long as Retry-After says; no setting changes that.
- Without `--title` it asks the model for one first.
- Steps tell their own tokens, so a resumed session tells this run's.
- Read-only means that edits and commands are denied by its permissions, and that the repository's own configuration of
  it (`opencode.json`, plugins, and AGENTS.md with it) is not read.

Access: one of its providers by the gateway. `key_env` chooses where several keys are at hand, else the first is taken.
With a `base_url` of the operator's own the wire is chat completions, but for Anthropic's. Else a login folder
(`~/.local/share/opencode` with `auth.json`, as `opencode auth login` makes it), with which it goes there by itself; its
model is then named as the program does (`provider/model`). That way was not run here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.agents.base import (
    Capabilities,
    Gateway,
    Provider,
    Reader,
    Tally,
    installed,
    no_files,
    no_message,
    program,
    prompt_on_stdin,
    settle,
)
from orchestrator.agents.lines import LONG, JsonLines, Object, added, at, count, inner, of_status, parsed, whole, word
from orchestrator.agents.tools import Tools
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import (
    Error,
    Event,
    Job,
    Quota,
    RunOutcome,
    SessionStarted,
    Terminal,
    Text,
    Thinking,
    UsageReport,
)

TOOLS = Tools(edits={"write": "filePath", "edit": "filePath"}, commands={"bash": "command"})
COMPATIBLE = "@ai-sdk/openai-compatible"
WIRES = {"anthropic": "@ai-sdk/anthropic", "openai": "@ai-sdk/openai"}
"""Which of its built-in clients a provider needs; all others speak chat completions."""
OURS = "gateway"
"""What the provider is called in its configuration."""
LIMIT = {"context": 128_000, "output": 16_000}
"""Tokens; it shortens its history before it passes them. Less than the models of today can."""
DENIED = {"edit": "deny", "bash": "deny", "webfetch": "deny", "task": "deny", "external_directory": "deny"}
NAMES = {"ContextOverflowError": FailureClass.CONTEXT_OVERFLOW, "ProviderAuthError": FailureClass.AUTH}
CUT_SHORT = frozenset({"tool-calls", "error", "content-filter"})
"""Reasons of a step's end after which nothing may be missing."""

capabilities = Capabilities(resume=True, read_only=True, json_ask=True, terminal=True)
providers = (
    Provider(
        name="anthropic",
        base_url="https://api.anthropic.com/v1",
        key_env="ANTHROPIC_API_KEY",
        model="claude-sonnet-5",
    ),
    Provider(name="openai", base_url="https://api.openai.com/v1", key_env="OPENAI_API_KEY", model="gpt-5.3-codex"),
    Provider(
        name="openrouter",
        base_url="https://openrouter.ai/api/v1",
        key_env="OPENROUTER_API_KEY",
        model="anthropic/claude-sonnet-5",
    ),
    Provider(
        name="opencode", base_url="https://opencode.ai/zen/v1", key_env="OPENCODE_API_KEY", model="kimi-k2.7-code"
    ),
)  # fmt: skip
login_files = ("auth.json",)
login_hosts = ("opencode.ai", "api.githubcopilot.com", "chatgpt.com", "auth.openai.com", "api.openai.com")
login_home = ".local/share/opencode"
stdin = prompt_on_stdin
files = no_files
message = no_message


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "opencode"), "run", "--format", "json", "--thinking", "--auto"]
    if gateway.model:
        words += ["--model", f"{OURS}/{gateway.model}" if gateway.url else gateway.model]
    if job.resume:
        return [*words, "--session", job.resume]
    return [*words, "--title", f"{job.task} {job.n}"]


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    names = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SHARE")
    quiet = {f"OPENCODE_DISABLE_{name}": "1" for name in names}
    if job.read_only:
        quiet["OPENCODE_DISABLE_PROJECT_CONFIG"] = "1"
    return {**quiet, "OPENCODE_CONFIG_CONTENT": json.dumps(_config(job, settings, gateway))}


def _config(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, object]:
    config: dict[str, object] = {"autoupdate": False, "share": "disabled"}
    if job.read_only:
        config["permission"] = DENIED
    if gateway.url:
        npm = WIRES.get(gateway.provider, COMPATIBLE)
        if settings.base_url and npm != WIRES["anthropic"]:
            npm = COMPATIBLE
        named = f"{OURS}/{gateway.model}"
        model = {"tool_call": True, "limit": LIMIT}
        options = {"baseURL": gateway.url, "apiKey": gateway.key}
        config["provider"] = {OURS: {"npm": npm, "options": options, "models": {gateway.model: model}}}
        config |= {"model": named, "small_model": named, "enabled_providers": [OURS]}
    return config


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "opencode")


class Events(JsonLines):
    def __init__(self) -> None:
        self.session = ""
        self.steps = Usage(source="provider")
        self.reason = ""
        """Why the last step ended; empty while none has, or when an error came after it."""

    def event(self, data: Object) -> Iterable[Event]:
        if (session := word(data, "sessionID")) and session != self.session:
            self.session = session
            yield SessionStarted(id=session)
        part = inner(data, "part")
        match data.get("type"):
            case "text":
                yield Text(text=word(part, "text", limit=LONG))
            case "reasoning":
                yield Thinking(text=word(part, "text", limit=LONG))
            case "tool_use":
                state = inner(part, "state")
                failed = state.get("status") != "completed"
                exit = whole(state, "metadata", "exit")
                yield TOOLS.event(word(part, "tool"), inner(state, "input"), failed=failed, exit=exit)
            case "step_start":
                self.reason = ""
            case "step_finish":
                self.reason = word(part, "reason")
                self.steps = added((self.steps, _usage(inner(part, "tokens"))))
                yield UsageReport(usage=self.steps)
            case "error":
                self.reason = ""
                yield from _error(inner(data, "error"))

    def end(self) -> Iterable[Event]:
        return (Terminal(ok=bool(self.reason) and self.reason not in CUT_SHORT),)


def reader(job: Job) -> Reader:
    return Events()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)


def _error(error: Object) -> Iterable[Event]:
    """By the error's name, the provider's status and code, and the system's code of a broken connection."""
    name, told = word(error, "name"), inner(error, "data")
    body = parsed(word(told, "responseBody")) or parsed(word(told, "message")) or {}
    codes = (word(body, "error", "code"), word(body, "error", "type"), word(body, "code"), word(body, "type"))
    code = next((code for code in codes if code), "")
    failure = NAMES.get(name) or of_status(whole(told, "statusCode"), code)
    if failure is FailureClass.UNKNOWN and at(told, "metadata", "syscall") is not None:
        failure = FailureClass.NETWORK
    yield Error(failure=failure, text=f"{name}: {word(told, 'message')}")
    if failure is FailureClass.QUOTA:
        yield Quota()


def _usage(tokens: Object) -> Usage:
    """`input` leaves out what was read from the cache and what was written to it; the latter is input too. Thoughts
    are told beside the answer and are output."""
    read, written = count(tokens, "cache", "read"), count(tokens, "cache", "write")
    return Usage(
        input_tokens=count(tokens, "input") + written,
        cached_tokens=read,
        output_tokens=count(tokens, "output") + count(tokens, "reasoning"),
        source="provider",
    )
