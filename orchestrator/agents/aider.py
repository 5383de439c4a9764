"""aider: edits that travel as text in its model's answers, chat completions by litellm.

Tested with the version in `versions.TESTED`; shapes and traps were seen in runs of the real program. What they force:

- Its exit code is 0 after every failure, and it prints for people. Its analytics log is data: one line per request
  begun, per answer (with its tokens) and at the end. We turn sending it off and let it write to standard output.
- It logs an answer of no tokens, and a guess at what was sent, where the model's context was too small.
- It runs no commands, so it cannot run tests; it keeps no session that could be resumed.
- It refuses to edit what git ignores, as our result file is, unless that file is named to it at the start.
- It leaves its files in the repository: histories go to HOME instead, its tag cache is removed after the run.
- A repository's `.env` would outrank our variables, so the same stand in an env file that is read last.
- It retries a refused request nine times within a minute; only what litellm and the provider's library add to that can
  be turned off.

Access: a key of OpenAI or of anybody who speaks chat completions (`base_url`, `key_env`) by the gateway.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
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
from orchestrator.agents.contract import NAME as RESULT
from orchestrator.agents.lines import LONG, Object, added, count, inner, money, noise, parsed, word
from orchestrator.model import cutting
from orchestrator.model.result import Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Edit, Event, Job, RunOutcome, Terminal, Text, UsageReport

FOLDER = ".agent-os/aider"
"""Below HOME: its settings and histories."""
PRICES = ".aider/caches/model_prices_and_context_window.json"
"""Below HOME: not empty, so it does not fetch the list from the network; litellm has one of its own."""
TAGS = ".aider.tags.cache.v4"
QUIET = (
    "--yes-always", "--no-pretty", "--no-stream", "--no-fancy-input", "--no-check-update", "--no-show-release-notes",
    "--no-show-model-warnings", "--no-suggest-shell-commands", "--no-detect-urls", "--disable-playwright",
    "--analytics-disable", "--no-gitignore", "--no-auto-commits", "--no-dirty-commits",
)  # fmt: skip

capabilities = Capabilities(read_only=True, json_ask=True, terminal=True)
providers = (Provider(name="openai", base_url="https://api.openai.com/v1", key_env="OPENAI_API_KEY", model="gpt-5.1"),)
login_files: tuple[str, ...] = ()
login_hosts: tuple[str, ...] = ()
login_home = ""
stdin = no_stdin
message = no_message

_EDITED = re.compile(r"Applied edit to (?P<path>\S.{0,1000})")


def argv(job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]:
    folder, model = Path(job.home) / FOLDER, f"openai/{gateway.model}"
    words = [*program(settings, "aider"), *QUIET, "--model", model, "--weak-model", model]
    words += ["--analytics-log", "/dev/stdout", "--env-file", str(folder / "env")]
    words += ["--model-settings-file", str(folder / "models.yml")]
    words += ["--chat-history-file", str(folder / "chat.md"), "--input-history-file", str(folder / "input")]
    words += ["--message-file", str(Path(job.home) / PROMPT_FILE)]
    if not (Path(job.workspace) / ".git").exists():
        words.append("--no-git")  # it would make a repository
    if job.read_only:
        return [*words, "--chat-mode", "ask"]
    return [*words, "--add-gitignore-files", "--file", RESULT]


def env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    """Unbuffered: its events go around the buffer, and only so they come in their order. It writes a name of its own
    into the repository's configuration where git knows none."""
    name = {"GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Agent OS"}
    email = {"GIT_CONFIG_KEY_1": "user.email", "GIT_CONFIG_VALUE_1": "agent-os@users.noreply.github.com"}
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONUNBUFFERED": "1"}
    return {**_access(gateway), **quiet, "GIT_CONFIG_COUNT": "2", **name, **email}


def _access(gateway: Gateway) -> dict[str, str]:
    return {"OPENAI_API_KEY": gateway.key, "OPENAI_API_BASE": gateway.url}


def files(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    models = [{"name": "aider/extra_params", "extra_params": {"max_retries": 0, "num_retries": 0}}]
    return {
        **prompt_in_file(job),
        f"{FOLDER}/env": "".join(f"{name}={value}\n" for name, value in _access(gateway).items()),
        f"{FOLDER}/models.yml": json.dumps(models),
        PRICES: '{"agent-os": {}}',
    }


def preflight(settings: AgentSettings) -> str | None:
    return installed(settings, "aider")


class Events(Reader):
    """What it prints between the start of a request and its answer's event is the answer, else it is its own words."""

    def __init__(self, job: Job) -> None:
        self.workspace = Path(job.workspace)
        self.tags = self.workspace / TAGS
        self.found = self.tags.is_symlink() or self.tags.exists()
        self.asked = self.answered = self.held = 0
        self.waiting: list[str] = []
        self.usages: list[Usage] = []

    def line(self, text: str) -> Iterable[Event]:
        data = parsed(text)
        if data is not None and "event" in data and "user_id" in data:
            return tuple(self._event(word(data, "event"), inner(data, "properties")))
        if self.asked > self.answered and self.held < LONG:
            self.held += len(text)
            self.waiting.append(text)
            return ()
        edited = _EDITED.fullmatch(text)
        return (*noise(text), *((Edit(path=edited["path"]),) if edited else ()))

    def _event(self, name: str, properties: Object) -> Iterable[Event]:
        match name:
            case "message_send_starting":
                yield from self._own_words()
                self.asked += 1
            case "message_send" if count(properties, "completion_tokens"):
                self.answered = self.asked
                if answer := "\n".join(self.waiting).strip():
                    yield Text(text=cutting.head(answer, LONG))
                self.waiting, self.held = [], 0
                yield self._used(properties)
            case "exit":
                yield from self._own_words()
                yield Terminal(ok=0 < self.asked == self.answered)

    def _used(self, properties: Object) -> Event:
        self.usages.append(
            Usage(input_tokens=count(properties, "prompt_tokens"), output_tokens=count(properties, "completion_tokens"))
        )
        # 0 is what it says of a model whose price it does not know.
        return UsageReport(usage=added(self.usages, money(properties, "total_cost") or None))

    def _own_words(self) -> Iterable[Event]:
        for text in self.waiting:
            yield from noise(text)
        self.waiting, self.held = [], 0

    def end(self) -> Iterable[Event]:
        """Takes away what it leaves in the workspace: its cache, and our result file where it only made it."""
        if not self.found:
            shutil.rmtree(self.tags, ignore_errors=True)  # which leaves a link alone
        result = self.workspace / RESULT
        with contextlib.suppress(OSError):
            if result.lstat().st_size == 0:
                result.unlink()
        return tuple(self._own_words())


def reader(job: Job) -> Reader:
    return Events(job)


def outcome(tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
    return settle(tally, exit, killed, seconds, terminal=True)
