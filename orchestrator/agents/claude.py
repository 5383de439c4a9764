"""Claude Code (`claude`), headless: JSON lines in, JSON lines out.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- Standard input is JSON lines, the first holds the prompt, so a message can follow while it runs. Several messages may
  be answered by one `result` or by one each; usage is summed over the results.
- `result.total_cost_usd` and `modelUsage` are sums over the session, also over earlier runs of it;
  `model_usage_since_last_result` is this result's part and holds what subagents used. `usage` leaves those out.
- An API error ends with `subtype: success` and `is_error: true`: only `is_error` decides. Its class comes from
  `terminal_reason`, `api_error`, `api_error_type`, `api_error_status` and the assistant line's `error`: codes all.
- A subscription's limit shows as `rate_limit_event` with the time of its end, before anything fails.

Access: ANTHROPIC_API_KEY, or CLAUDE_CODE_OAUTH_TOKEN (what `claude setup-token` prints for a subscription), both by the
gateway: the program sends the second as `Authorization: Bearer`, and the gateway puts the real one there. Else a login
folder (`~/.claude` with `.credentials.json`), with which it goes to its provider by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from orchestrator.agents.base import (
    Capabilities,
    Gateway,
    Provider,
    Reader,
    Tally,
    installed,
    no_files,
    program,
    settle,
)
from orchestrator.agents.claude_events import Events
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job, RunOutcome

BY_KEY = "anthropic"
BY_TOKEN = "anthropic-subscription"
TOKEN = "CLAUDE_CODE_OAUTH_TOKEN"
READ_ONLY_TOOLS = "Read,Glob,Grep"

capabilities = Capabilities(
    resume=True, live_message=True, read_only=True, cost_known=True, json_ask=True, terminal=True, interrupt=True
)
providers = (
    Provider(name=BY_KEY, base_url="https://api.anthropic.com", key_env="ANTHROPIC_API_KEY"),
    Provider(name=BY_TOKEN, base_url="https://api.anthropic.com", key_env=TOKEN),
)
login_files = (".credentials.json",)
login_hosts = ("api.anthropic.com", "platform.claude.com")
login_home = ".claude"
files = no_files


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    words = [*program(settings, "claude"), "-p", "--verbose"]
    words += ["--input-format", "stream-json", "--output-format", "stream-json"]
    if job.read_only:
        words += ["--tools", READ_ONLY_TOOLS, "--permission-mode", "dontAsk", "--strict-mcp-config"]
        words += ["--setting-sources", "user"]  # the repository's hooks would run commands
    else:
        words += ["--permission-mode", "bypassPermissions"]
    if gateway.model:
        words += ["--model", gateway.model]
    if job.resume:
        words += ["--resume", job.resume]
    return words


def stdin(job: Job) -> bytes:
    return message(job.prompt)


def message(text: str) -> bytes:
    """One line. A text that begins with a slash would be taken for a command of the program's own."""
    said = f"Message: {text}" if text.lstrip().startswith("/") else text
    line = {"type": "user", "message": {"role": "user", "content": [{"type": "text", "text": said}]}}
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    """IS_SANDBOX: as root it refuses to go without questions otherwise."""
    quiet = dict.fromkeys(
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY", "IS_SANDBOX"), "1"
    )
    quiet["CLAUDE_CODE_MAX_RETRIES"] = "1"
    if not gateway.url:
        return quiet
    # `key_env` names the operator's variable; one that is called as the token's is a token.
    token = gateway.provider == BY_TOKEN or settings.key_env.endswith("OAUTH_TOKEN")
    return {**quiet, "ANTHROPIC_BASE_URL": gateway.url, TOKEN if token else "ANTHROPIC_API_KEY": gateway.key}


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "claude")


def reader(job: Job) -> Reader:
    return Events()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)
