"""Qwen Code (`qwen`), headless: the prompt on standard input, JSON lines out. Speaks chat completions.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- `@word` in a prompt is an order to read a file in, as with its parent `gemini`.
- `result.usage` is a sum over the session, also over earlier runs of it: a resumed run sums its own answers.
- It asks seven times before it gives up on 429 and 5xx (80 s), and no setting changes that; with its setting for rate
  limits left alone it does so ten times over, a minute apart. It sleeps as long as Retry-After says.
- Its launcher waits for a copy that works, which a signal to the launcher does not reach; only the end of the whole
  group does. QWEN_CODE_NO_RELAUNCH leaves a third process out.
- Left alone it asks the model a second time after each answer, for what to remember of it.
- A failure is told as `[API Error: 401 ...]`: the number is the provider's status, the words are nobody's business.

Access: the operator's key by the gateway; DashScope's international address unless `base_url` says another (the China
one, OpenRouter, a server of one's own). It has no subscription any more.
"""

from __future__ import annotations

import json
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
from orchestrator.agents.gemini import no_orders
from orchestrator.agents.lines import Object, added, count, inner, of_status, word
from orchestrator.agents.messages import Messages
from orchestrator.agents.tools import Tools
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Error, Event, Job, Quota, RunOutcome, UsageReport

TOOLS = Tools(
    edits={"write_file": "file_path", "edit": "file_path", "notebook_edit": "notebook_path"},
    commands={"run_shell_command": "command"},
)
LOOKING = ("read_file", "glob", "grep_search", "list_directory")
"""Its tools that change nothing."""
HANDING_ON = (
    "agent", "skill", "tool_call", "tool_search", "send_message", "enter_worktree", "exit_worktree", "record_artifact",
)  # fmt: skip
"""Tools that it keeps although only others were asked for, and that lead to more than looking."""

capabilities = Capabilities(resume=True, read_only=True, json_ask=True, terminal=True)
providers = (
    Provider(
        name="dashscope",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        key_env="DASHSCOPE_API_KEY",
        model="qwen3-coder-plus",
    ),
)
login_files: tuple[str, ...] = ()
login_hosts: tuple[str, ...] = ()
login_home = ""
message = no_message

_STATUS = re.compile(r"\[API Error: (\d{3})\b")


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "qwen"), "--auth-type", "openai", "--output-format", "stream-json"]
    words += ["--approval-mode", "default" if job.read_only else "yolo"]
    if job.read_only:
        words += ["--core-tools", *LOOKING, "--exclude-tools", *HANDING_ON]
    if gateway.model:
        words += ["--model", gateway.model]
    if job.resume:
        words += ["--resume", job.resume]
    return words


def stdin(job: Job) -> bytes:
    return no_orders(job.prompt).encode("utf-8", "replace")


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    quiet = {"QWEN_CODE_SUPPRESS_YOLO_WARNING": "1", "QWEN_CODE_NO_RELAUNCH": "1"}
    if not gateway.url:
        return quiet
    return {**quiet, "OPENAI_API_KEY": gateway.key, "OPENAI_BASE_URL": gateway.url}


def files(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    wanted = {
        "model": {"generationConfig": {"maxRetries": 0, "retryInitialDelayMs": 1000, "retryMaxDelayMs": 1000}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "memory": {"enableManagedAutoMemory": False, "enableManagedAutoDream": False, "enableAutoSkill": False},
    }
    return {".qwen/settings.json": json.dumps(wanted)}


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "qwen")


class Events(Messages):
    def __init__(self, resumed: bool) -> None:
        super().__init__(TOOLS)
        self.resumed = resumed
        self.answers = Usage(source="provider")

    def own_words(self, data: Object) -> bool:
        used = inner(data, "message", "usage")
        return not count(used, "output_tokens") and any(
            _STATUS.match(word(part, "text")) for part in _parts(data)
        )  # fmt: skip

    def answer(self, data: Object) -> Iterable[Event]:
        used = _usage(inner(data, "message", "usage"))
        if used.input_tokens or used.cached_tokens or used.output_tokens:
            self.answers = added((self.answers, used))
            yield UsageReport(usage=self.answers)

    def ended(self, data: Object, *, ok: bool) -> Iterable[Event]:
        yield UsageReport(usage=self.answers if self.resumed else _usage(inner(data, "usage")))
        if ok:
            return
        told = word(data, "error", "message")
        status = _STATUS.match(told)
        failure = of_status(int(status.group(1))) if status else FailureClass.UNKNOWN
        yield Error(failure=failure, text=told)
        if failure is FailureClass.QUOTA:
            yield Quota()


def reader(job: Job) -> Reader:
    return Events(resumed=bool(job.resume))


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)


def _parts(data: Object) -> Sequence[Object]:
    content = inner(data, "message").get("content")
    return [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []


def _usage(used: Object) -> Usage:
    """`input_tokens` holds the cached ones too."""
    cached = count(used, "cache_read_input_tokens")
    return Usage(
        input_tokens=max(0, count(used, "input_tokens") - cached),
        cached_tokens=cached,
        output_tokens=count(used, "output_tokens"),
        source="provider",
    )
