"""mini-swe-agent (`mini`): one tool (a shell), one loop, any provider that litellm knows how to ask.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- It asks at a terminal unless it is told not to, and prints for people: `mini_told` makes its messages lines of JSON.
- Of itself it tries each request ten times, and litellm and the provider's library three times below that.
- A command may take 30 seconds of its own accord; tests take longer.
- It fetches a price list from the network at its start, and waits for it, unless litellm is told to use its own.
- It keeps no session, and its model has to end with a command of its own: no resuming, no answers in bare JSON.

Access: a key of OpenAI or of anybody who speaks chat completions (`base_url`, `key_env`) by the gateway.
"""

from __future__ import annotations

import json
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
    no_message,
    no_stdin,
    program,
    prompt_in_file,
    settle,
)
from orchestrator.agents.lines import LONG, JsonLines, Object, added, at, count, inner, money, whole, word
from orchestrator.model import cutting
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import (
    Command,
    Error,
    Event,
    Job,
    RunOutcome,
    Terminal,
    Text,
    UsageReport,
)

TOLD = Path(__file__).with_name("mini_told.py")
FOLDER = ".agent-os/mini"
"""Below HOME: its configuration and our class."""
COMMAND_SECONDS = 900
CLASSES = {
    "AuthenticationError": FailureClass.AUTH,
    "PermissionDeniedError": FailureClass.AUTH,
    "RateLimitError": FailureClass.QUOTA,
    "NotFoundError": FailureClass.MISCONFIGURED,
    "ContextWindowExceededError": FailureClass.CONTEXT_OVERFLOW,
    "InternalServerError": FailureClass.SERVER,
    "ServiceUnavailableError": FailureClass.SERVER,
    "BadGatewayError": FailureClass.SERVER,
    "APIConnectionError": FailureClass.NETWORK,
    "Timeout": FailureClass.NETWORK,
}
"""`exit_status` after an error is the name of litellm's exception, which stands for the status it got."""

capabilities = Capabilities(terminal=True)
providers = (Provider(name="openai", base_url="https://api.openai.com/v1", key_env="OPENAI_API_KEY", model="gpt-5.1"),)
login_files: tuple[str, ...] = ()
login_hosts: tuple[str, ...] = ()
login_home = ""
stdin = no_stdin
message = no_message


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    home = Path(job.home)
    words = [*program(settings, "mini"), "-m", f"openai/{gateway.model}", "-t", str(home / PROMPT_FILE)]
    return [*words, "-c", "mini.yaml", "-c", str(home / FOLDER / "run.yaml"), "-o", str(home / FOLDER / "last.json")]


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    return {
        "OPENAI_API_KEY": gateway.key,
        "OPENAI_API_BASE": gateway.url,
        "PYTHONPATH": str(Path(job.home) / FOLDER),
        "MSWEA_CONFIGURED": "true",
        "MSWEA_SILENT_STARTUP": "1",
        "MSWEA_COST_TRACKING": "ignore_errors",
        "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "TYPER_STANDARD_TRACEBACK": "1",
    }


def files(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    """Its configuration is YAML; JSON without unusual characters is that as well."""
    run = {
        "agent": {"agent_class": "mini_told.Told", "cost_limit": 0, "step_limit": 0},
        "model": {"model_kwargs": {"drop_params": True, "num_retries": 0, "max_retries": 0}},
        # What it runs shall not see our class.
        "environment": {"timeout": COMMAND_SECONDS, "env": {"PYTHONPATH": ""}},
    }
    return {
        **prompt_in_file(job),
        f"{FOLDER}/run.yaml": json.dumps(run),
        f"{FOLDER}/mini_told.py": TOLD.read_text(encoding="utf-8"),
    }


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "mini")


class Events(JsonLines):
    """The lines of `mini_told`."""

    def __init__(self) -> None:
        self.usages: list[Usage] = []
        self.costs: list[float] = []
        self.commands: list[str] = []

    def event(self, data: Object) -> Iterable[Event]:
        match data.get("mini"):
            case "assistant":
                if text := word(data, "text", limit=LONG):
                    yield Text(text=text)
                yield from self._used(data)
                commands = at(data, "commands")
                self.commands += [c for c in commands if isinstance(c, str)] if isinstance(commands, list) else []
            case "tool":
                said = self.commands.pop(0) if self.commands else ""
                yield Command(command=cutting.head(said, LONG), exit=whole(data, "returncode"))
            case "exit":
                yield from _ended(word(data, "exit_status"), word(data, "why"))

    def _used(self, data: Object) -> Iterable[Event]:
        used = inner(data, "usage")
        if not used:
            return
        cached = count(used, "prompt_tokens_details", "cached_tokens")
        self.usages.append(
            Usage(
                input_tokens=max(0, count(used, "prompt_tokens") - cached),
                cached_tokens=cached,
                output_tokens=count(used, "completion_tokens"),
            )
        )
        # 0 is what it says of a model whose price it does not know.
        self.costs.append(money(data, "cost") or 0.0)
        yield UsageReport(usage=added(self.usages, sum(self.costs) if all(self.costs) else None))


def _ended(status: str, why: str) -> Iterable[Event]:
    if status != "Submitted":
        yield Error(failure=CLASSES.get(status, FailureClass.UNKNOWN), text=why or status)
    yield Terminal(ok=status == "Submitted")


def reader(job: Job) -> Reader:
    return Events()


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)
