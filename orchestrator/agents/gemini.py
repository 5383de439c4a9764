"""Gemini CLI (`gemini`), headless: the prompt on standard input, JSON lines out.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- `@word` in a prompt is an order to read a file in, and `a@b` becomes `a @b`. A backslash before it stops that; the
  model sees the backslash, so the prompt says what it is.
- It echoes the prompt, and what stands in the pipe when it exits is lost: of an echo of 300 kB its `result` went with
  it. A long prompt goes into a file, for the model to read.
- It exits with 0 after an error inside of a stream, and after SIGTERM: only a `result` with `status: success` is good.
- Its exit code after a refusal is the status modulo 256 (401: 145, 429: 173, 503: 247), which is told back from it.
- Without a model it asks a small one before each turn which to take, and then tries ten times whatever `maxAttempts`
  says. `flash` is its own name for the newest model that every key may use.
- That a prompt was too long is told by a bare 400 INVALID_ARGUMENT: nothing but words tells it from other bad requests.
- It sends one copy of itself to work and pauses the first; GEMINI_CLI_NO_RELAUNCH leaves that out.
- Numbers in `result.stats` are this run's, also in a resumed session. Thoughts are in the total only.

Access: GEMINI_API_KEY by the gateway, else a login folder (`~/.gemini` with `oauth_creds.json`), with which it goes to
Google by itself.
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
    no_message,
    program,
    settle,
)
from orchestrator.agents.lines import LONG, JsonLines, Object, count, inner, of_status, word
from orchestrator.agents.tools import Calls, Tools
from orchestrator.model import cutting
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
    UsageReport,
)

LOOKING = ("read_file", "read_many_files", "list_directory", "glob", "grep_search", "search_file_content")
"""Its tools that change nothing."""
TOOLS = Tools(
    edits={"write_file": "file_path", "replace": "file_path"}, commands={"run_shell_command": "command"}
)  # fmt: skip
AT = "In this text `\\@` stands for `@`.\n\n"
LONG_PROMPT = 100_000
"""Characters of a prompt that it takes on standard input."""
FOLDER = "task"
"""Below HOME; the only folder beside the workspace where its tools may read."""
POINTER = "Your task stands in the file {path}. Read all of it, in parts where it is long, and do what it says.\n"
STATUSES = {status & 255: status for status in (400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 529)}
"""Exit codes that a refusal's status becomes."""
OWN_EXITS = {41: FailureClass.AUTH}
"""No access is set up (FatalAuthenticationError in its source)."""

capabilities = Capabilities(resume=True, read_only=True, json_ask=True, terminal=True)
providers = (
    Provider(
        name="google",
        base_url="https://generativelanguage.googleapis.com",
        key_env="GEMINI_API_KEY",
        model="flash",
    ),
)
login_files = ("oauth_creds.json", "google_accounts.json")
login_hosts = ("cloudcode-pa.googleapis.com", "oauth2.googleapis.com", "www.googleapis.com", "accounts.google.com")
login_home = ".gemini"
message = no_message


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "gemini"), "--output-format", "stream-json", "--skip-trust"]
    words += ["--approval-mode", "default" if job.read_only else "yolo"]
    if gateway.model:
        words += ["-m", gateway.model]
    if job.resume:
        words += ["--resume", job.resume]
    if _long(job):
        words += ["--include-directories", f"{job.home}/{FOLDER}"]
    return words


def stdin(job: Job) -> bytes:
    text = POINTER.format(path=f"{job.home}/{FOLDER}/task.md") if _long(job) else no_orders(job.prompt)
    return text.encode("utf-8", "replace")


def _long(job: Job) -> bool:
    return len(job.prompt) > LONG_PROMPT


def no_orders(prompt: str) -> str:
    """The prompt without what this program would take for an order to it: `@file`, and `/command` at its head."""
    text = f"Message: {prompt}" if prompt.lstrip().startswith("/") else prompt
    return AT + text.replace("@", "\\@") if "@" in text else text


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    alone = {"GEMINI_CLI_NO_RELAUNCH": "1"}
    if not gateway.url:
        return alone
    return {**alone, "GEMINI_API_KEY": gateway.key, "GOOGLE_GEMINI_BASE_URL": gateway.url}


def files(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    """`maxAttempts` 1: no retries of its own. Read-only leaves it no tool that writes or runs anything."""
    wanted: dict[str, object] = {
        "security": {"auth": {"selectedType": "gemini-api-key" if gateway.url else "oauth-personal"}},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False, "maxAttempts": 1},
    }
    if job.read_only:
        wanted["tools"] = {"core": list(LOOKING)}
    prompt = {f"{FOLDER}/task.md": job.prompt} if _long(job) else {}
    return {f"{login_home}/settings.json": json.dumps(wanted), **prompt}


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "gemini")


class Events(JsonLines):
    def __init__(self) -> None:
        self.calls = Calls(TOOLS)
        self.said = ""
        """A text comes in pieces; it is told whole."""

    def event(self, data: Object) -> Iterable[Event]:
        kind = data.get("type")
        if kind == "message" and data.get("role") == "assistant":
            self.said += word(data, "content", limit=LONG)
            if len(self.said) > LONG or data.get("delta") is not True:
                yield from self._text()
            return
        yield from self._text()
        match kind:
            case "init":
                yield SessionStarted(id=word(data, "session_id"))
            case "tool_use":
                yield from self.calls.called(word(data, "tool_id"), word(data, "tool_name"), inner(data, "parameters"))
            case "tool_result":
                yield from self.calls.answered(word(data, "tool_id"), failed=data.get("status") != "success")
            case "error":
                yield Text(text=word(data, "message"), noise=True)
            case "result":
                yield from self._ended(data)

    def _text(self) -> Iterable[Event]:
        said, self.said = cutting.head(self.said, LONG), ""
        return (Text(text=said),) if said.strip() else ()

    def _ended(self, data: Object) -> Iterable[Event]:
        yield from self.end()
        yield UsageReport(usage=_usage(inner(data, "stats")))
        ok = data.get("status") == "success"
        if not ok:
            yield Error(failure=FailureClass.UNKNOWN, text=word(data, "error", "message"))
        yield Terminal(ok=ok)

    def end(self) -> Iterable[Event]:
        return (*self._text(), *self.calls.rest())


def reader(job: Job) -> Reader:
    return Events()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    """The exit code tells what the provider answered where the lines tell it in words only."""
    if exit and tally.terminal is not None and not tally.terminal.ok:
        failure = OWN_EXITS.get(exit) or of_status(STATUSES.get(exit))
        if failure is FailureClass.QUOTA:
            tally.add(tally.quota or Quota())
        elif failure is not FailureClass.UNKNOWN:
            tally.add(Error(failure=failure, text=tally.error.text if tally.error else ""))
    return settle(tally, exit, killed, seconds, terminal=True)


def _usage(stats: Object) -> Usage:
    """`input` is what was not cached; what is in the total beside it and the answer are thoughts, which are output."""
    thoughts = count(stats, "total_tokens") - count(stats, "input_tokens") - count(stats, "output_tokens")
    return Usage(
        input_tokens=max(0, count(stats, "input_tokens") - count(stats, "cached")),
        cached_tokens=count(stats, "cached"),
        output_tokens=count(stats, "output_tokens") + max(0, thoughts),
        source="provider",
    )
