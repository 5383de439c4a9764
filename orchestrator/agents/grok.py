"""Grok Build (`grok`), headless: the prompt from a file in HOME, JSON lines out. Speaks chat completions.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- It takes no prompt on standard input, and an argument holds 128 KiB at most: so a file, and `--verbatim`, or a slash
  at its head is an order to the program.
- Its model list is asked from the provider at the start, before the first question.
- A failure tells its status as `http_status` inside of a text, or not at all; the rest is what our proxy saw. After 5xx
  and a broken connection it tries on for minutes, also with GROK_MAX_RETRIES=0, which ends the rest at once.
- It asks a title for each new session.
- It makes empty folders in /tmp/sessions.

Access: XAI_API_KEY by the gateway, else a login folder (`~/.grok` with `auth.json`), with which it goes to its provider
by itself; that way was not run here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.agents.base import (
    Capabilities,
    Gateway,
    Provider,
    Reader,
    Tally,
    installed,
    no_message,
    program,
    settle,
)
from orchestrator.agents.failure import CODES
from orchestrator.agents.lines import Object, added, at, count, inner, money, of_status, parsed, whole, word
from orchestrator.agents.messages import Messages
from orchestrator.agents.tools import Tools
from orchestrator.model import cutting
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Error, Event, Job, Quota, RunOutcome, UsageReport

PROMPT = "prompt.md"
TOOLS = Tools(
    edits={"write": "file_path", "search_replace": "file_path"}, commands={"run_terminal_command": "command"}
)  # fmt: skip
LOOKING = "read_file,list_dir,grep"
"""Its tools that change nothing."""

capabilities = Capabilities(resume=True, read_only=True, cost_known=True, json_ask=True, terminal=True)
providers = (Provider(name="xai", base_url="https://api.x.ai/v1", key_env="XAI_API_KEY"),)
login_files = ("auth.json",)
login_hosts = ("api.x.ai", "auth.x.ai", "accounts.x.ai", "cli-chat-proxy.grok.com")
login_home = ".grok"
message = no_message

_STATUS = re.compile(r'"http_status": (\d{3})\b|\((\d{3})\) from https?://|\(status (\d{3})\b')
_CODE = re.compile(r"([a-z_]{3,64}): ")
"""The provider's error type or code stands at the head where no status is told."""


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "grok"), "--output-format", "streaming-messages-json", "--verbatim"]
    if job.read_only:
        words += ["--permission-mode", "dontAsk", "--tools", LOOKING, "--no-subagents", "--disable-web-search"]
    else:
        words.append("--always-approve")
    if gateway.model:
        words += ["--model", gateway.model]
    if job.resume:
        words += ["--resume", job.resume]
    return [*words, "--prompt-file", f"{job.home}/{PROMPT}"]


def stdin(job: Job) -> bytes:
    return b""


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    quiet = {
        "GROK_DISABLE_AUTOUPDATER": "1",
        "GROK_TELEMETRY_ENABLED": "0",
        "GROK_FEEDBACK_ENABLED": "0",
        "GROK_MAX_RETRIES": "0",
    }
    if not gateway.url:
        return quiet
    addresses = ("GROK_XAI_API_BASE_URL", "GROK_CLI_CHAT_PROXY_BASE_URL", "GROK_MODELS_BASE_URL")
    model = {"GROK_DEFAULT_MODEL": gateway.model} if gateway.model else {}
    return {**quiet, **dict.fromkeys(addresses, gateway.url), **model, "XAI_API_KEY": gateway.key}


def files(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    return {PROMPT: job.prompt}


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "grok")


class Events(Messages):
    def __init__(self) -> None:
        super().__init__(TOOLS)
        self.answers = Usage(source="provider")

    def exit(self, part: Object) -> int | None:
        """A command's result is JSON in a text."""
        told = part.get("content")
        return whole(parsed(told), "exit_code") if isinstance(told, str) else None

    def answer(self, data: Object) -> Iterable[Event]:
        used = _usage(inner(data, "message", "usage"), None)
        if used.input_tokens or used.cached_tokens or used.output_tokens:
            self.answers = added((self.answers, used))
            yield UsageReport(usage=self.answers)

    def ended(self, data: Object, *, ok: bool) -> Iterable[Event]:
        yield UsageReport(usage=_usage(inner(data, "usage"), money(data, "total_cost_usd")))
        if ok:
            return
        errors = at(data, "errors")
        told = (
            [cutting.head(each, 2000) for each in errors if isinstance(each, str)] if isinstance(errors, list) else []
        )
        failure = _class("\n".join(told))
        yield Error(failure=failure, text=told[0] if told else word(data, "subtype"))
        if failure is FailureClass.QUOTA:
            yield Quota()


def reader(job: Job) -> Reader:
    return Events()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)


def _class(told: str) -> FailureClass:
    found = _STATUS.search(told)
    if found:
        return of_status(int(next(n for n in found.groups() if n)))
    code = _CODE.match(told)
    return CODES.get(code.group(1), FailureClass.UNKNOWN) if code else FailureClass.UNKNOWN


def _usage(used: Object, cost: float | None) -> Usage:
    """Input leaves out what was read from the cache and what was written to it; the latter is input too. A cost of 0
    is told also where the program knows no price."""
    return Usage(
        input_tokens=count(used, "input_tokens") + count(used, "cache_creation_input_tokens"),
        cached_tokens=count(used, "cache_read_input_tokens"),
        output_tokens=count(used, "output_tokens"),
        cost_usd=cost or None,
        source="provider",
    )
