"""What an agent adapter is, and what adapters borrow.

An adapter is one plain module per command line program. It says how the program is started and what its output means;
it knows no task, no GitHub and no mailbox. The prompt goes by standard input, because one argument may hold 128 KiB
at most. What it needs of its provider it gets from the `Gateway`: an address on loopback and a key that is none; the
real key is added by our proxy, where no agent can read it. The exit code alone is not the outcome: some programs end
with 0 after a provider's error, so an adapter whose program tells how it ended (`Capabilities.terminal`) also needs
that event to be good.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import (
    Command,
    Edit,
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

KILLED = {
    "budget": FailureClass.BUDGET,
    "stop": FailureClass.STOPPED,
    "hold": FailureClass.STOPPED,
    "off": FailureClass.STOPPED,
    "message": FailureClass.STOPPED,
    "memory": FailureClass.RESOURCES,
    "processes": FailureClass.RESOURCES,
    "disk": FailureClass.RESOURCES,
}
"""What the words mean that a run's watchers end it with."""

ASK = "ask"
"""`Job.task` of a question of the control plane; no task id looks like it."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a program can do, so that callers ask for nothing it cannot."""

    resume: bool = False
    """Goes on with an earlier session by its id."""
    live_message: bool = False
    """Takes another message while it runs."""
    read_only: bool = False
    """Can be started so that it changes nothing."""
    cost_known: bool = False
    """Reports money, not only tokens."""
    json_ask: bool = False
    """Answers a question with JSON and nothing else."""
    terminal: bool = False
    """Says itself how it ended; without that event a run counts as crashed."""
    interrupt: bool = False
    """Told by SIGINT to stop, it still ends with its terminal event; the others get SIGTERM."""


class Reader:
    """Turns one run's output lines into events. Made anew for each run, so one that knows its program may remember.

    As it stands every line is text: guessing at meaning in foreign output is how prose becomes state.
    """

    def line(self, text: str) -> Iterable[Event]:
        return (Text(text=text),) if text.strip() else ()

    def end(self) -> Iterable[Event]:
        """What is still owed once the output is over."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Whom an adapter's program asks. Several = a chain: the first whose key is at hand and who answers is taken."""

    name: str
    base_url: str
    """The provider's own address; the program's paths are appended to it."""
    key_env: str
    """The variable of ours that usually holds its key."""
    secret: str = ""
    """Its key's name in the agent's secrets file, where there is one."""
    model: str = ""
    """What this provider calls the model, where the settings name none."""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """How a run reaches its provider. Empty: by itself, with what its HOME holds (a subscription, or no provider)."""

    url: str = ""
    """Our reverse proxy on loopback: `http://127.0.0.1:PORT`, standing for the provider's `base_url`; no slash at
    the end."""
    key: str = ""
    """Stands for the real key there, and only there; new for each run."""
    provider: str = ""
    """Name of the provider behind it."""
    model: str = ""
    """The model to ask for: the settings' own, else the provider's."""
    proxy: str = ""
    """Our CONNECT proxy on loopback, for everything else; empty = no way out, or (unconfined) no proxy."""
    boxed: bool = False
    """Its files are confined by us (a workspace to be looked at is read-only): a sandbox of the program's own, which
    would not work inside of ours, is not needed."""


class Agent(Protocol):
    """The shape of an adapter module."""

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Empty: it talks to no model provider (scripted), or does so in ways of its own (shell)."""
        ...

    @property
    def login_files(self) -> tuple[str, ...]:
        """Files below a subscription's login folder that make a login; empty: no subscription."""
        ...

    @property
    def login_hosts(self) -> tuple[str, ...]:
        """Where it goes by itself with a login: `api.example.com`, for the CONNECT proxy's allow-list."""
        ...

    @property
    def login_home(self) -> str:
        """Where that folder stands below HOME, as `.claude`."""
        ...

    def argv(self, job: Job, settings: AgentSettings, gateway: Gateway) -> Sequence[str]: ...

    def stdin(self, job: Job) -> bytes: ...

    def env(self, job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
        """Variables beyond the cleared environment, HOME and the names the settings allow."""
        ...

    def files(self, job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
        """Files below HOME that are written before each run: path to text."""
        ...

    def message(self, text: str) -> bytes:
        """A follow-up message as its standard input takes it while it runs; asked only of those that can."""
        ...

    def preflight(self, settings: AgentSettings) -> str | None:
        """Why it cannot run now, or None. A refusal here spends no attempt."""
        ...

    def reader(self, job: Job) -> Reader:
        """Made before the program starts: some tell what a whole session used, or tell it only in files of HOME."""
        ...

    def outcome(self, tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome: ...


@dataclass
class Tally:
    """What one run told, summed up as it came."""

    events: int = 0
    did: int = 0
    """Texts, thoughts, edits and commands: signs of work."""
    session: str = ""
    usage: Usage = field(default_factory=Usage)
    quota: Quota | None = None
    error: Error | None = None
    terminal: Terminal | None = None

    def add(self, event: Event) -> None:
        self.events += 1
        match event:
            case Text(noise=True):
                pass
            case Text() | Thinking() | Edit() | Command():
                self.did += 1
            case SessionStarted(id=id):
                self.session = id
            case UsageReport(usage=usage):
                self.usage = usage
            case Quota():
                self.quota = event
            case Error():
                self.error = event
            case Terminal():
                self.terminal = event
            case _:
                pass


def prompt_on_stdin(job: Job) -> bytes:
    return job.prompt.encode("utf-8", "replace")


PROMPT_FILE = ".agent-os/prompt.md"
"""Below HOME: where the prompt stands for programs that take none on standard input."""


def prompt_in_file(job: Job) -> dict[str, str]:
    """The prompt as one of an adapter's `files`."""
    return {PROMPT_FILE: job.prompt.encode("utf-8", "replace").decode("utf-8")}


def no_stdin(job: Job) -> bytes:
    return b""


def no_env(job: Job, settings: AgentSettings, gateway: Gateway) -> Mapping[str, str]:
    """Nothing beyond what every run gets."""
    return {}


no_files = no_env
"""No files of its own in HOME."""


def no_message(text: str) -> bytes:
    """For programs that take no message while they run."""
    return b""


def program(settings: AgentSettings, name: str) -> tuple[str, ...]:
    """How the program is started: what the settings say, else `<NAME>_BIN` of our environment, else its name."""
    return settings.command or (os.environ.get(binary_variable(name)) or name,)


def binary_variable(name: str) -> str:
    """The variable that says where a program is, as the seed's wrappers call it: CODEX_BIN."""
    return f"{name.upper().replace('-', '_')}_BIN"


def installed(settings: AgentSettings, name: str) -> str | None:
    """The preflight of most: its program is there."""
    word = program(settings, name)[0]
    return None if shutil.which(word) else f"{word!r} is not installed"


def settle(tally: Tally, exit: int | None, killed: str, seconds: float, *, terminal: bool) -> RunOutcome:
    """The outcome from events AND exit. A good end outweighs errors the program recovered from."""
    failure, detail = _failure(tally, exit, killed, terminal=terminal)
    return RunOutcome(
        exit=exit,
        failure=failure,
        session=tally.session,
        reset_at=tally.quota.reset_at if tally.quota is not None and failure is FailureClass.QUOTA else "",
        usage=tally.usage,
        seconds=seconds,
        detail=detail,
    )


def _failure(tally: Tally, exit: int | None, killed: str, *, terminal: bool) -> tuple[FailureClass, str]:
    good = tally.terminal.ok if tally.terminal is not None else not terminal
    if killed == "wall":
        return FailureClass.WALL_TIME, "it passed its time limit"
    if killed == "silence":
        return FailureClass.NO_OUTPUT, "it was silent for too long"
    if killed:
        return KILLED.get(killed, FailureClass.UNKNOWN), f"it was stopped: {killed}"
    if good and exit == 0:
        nothing = terminal and tally.did == 0
        return (FailureClass.DID_NOTHING, "it ended without doing anything") if nothing else (FailureClass.NONE, "")
    if tally.quota is not None:
        return FailureClass.QUOTA, "its provider refuses for now"
    if tally.error is not None:
        return tally.error.failure, tally.error.text
    if exit is None or exit < 0:
        return FailureClass.CRASHED, f"it was killed by signal {-exit}" if exit else "it could not be started"
    if tally.terminal is None and terminal:
        return FailureClass.CRASHED, f"it ended with exit code {exit} without saying how"
    return FailureClass.UNKNOWN, f"exit code {exit}"
