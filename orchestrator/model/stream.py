"""What an agent run tells while it runs (DECISIONS D13). Adapters turn each CLI's own events into these."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.model.result import FailureClass
from orchestrator.model.result import Usage as Tokens


@dataclass(frozen=True, kw_only=True)
class StreamEvent:
    n: int = 0
    at: str = ""


@dataclass(frozen=True, kw_only=True)
class Text(StreamEvent):
    text: str
    noise: bool = False
    """Words of the program, not of the agent (warnings, traces): shown, but no sign of work and no answer."""


@dataclass(frozen=True, kw_only=True)
class Thinking(StreamEvent):
    text: str


@dataclass(frozen=True, kw_only=True)
class Edit(StreamEvent):
    path: str


@dataclass(frozen=True, kw_only=True)
class Command(StreamEvent):
    command: str
    exit: int | None = None


@dataclass(frozen=True, kw_only=True)
class UsageReport(StreamEvent):
    usage: Tokens = field(default_factory=Tokens)


@dataclass(frozen=True, kw_only=True)
class SessionStarted(StreamEvent):
    id: str


@dataclass(frozen=True, kw_only=True)
class Quota(StreamEvent):
    reset_at: str = ""
    """UTC, ISO 8601; empty when the provider did not say."""


@dataclass(frozen=True, kw_only=True)
class Denied(StreamEvent):
    what: str


@dataclass(frozen=True, kw_only=True)
class Error(StreamEvent):
    failure: FailureClass
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Terminal(StreamEvent):
    """The CLI said it is over, and how."""

    ok: bool


Event = Text | Thinking | Edit | Command | UsageReport | SessionStarted | Quota | Denied | Error | Terminal


@dataclass(frozen=True, kw_only=True)
class Job:
    """One agent run, serialisable: what it gets."""

    task: str
    n: int
    prompt: str
    workspace: str
    home: str
    """The run's own HOME."""
    log: str
    """`runtime/logs/<task>/<n>.log`; events go beside it as `.jsonl`."""
    wall_seconds: float
    silence_seconds: float
    resume: str = ""
    """Session id to go on with."""
    env: tuple[tuple[str, str], ...] = ()
    read_only: bool = False
    """It may look and answer, not change anything (reviews, questions)."""


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """One agent run, as we saw it end."""

    exit: int | None
    failure: FailureClass
    session: str = ""
    reset_at: str = ""
    usage: Tokens = field(default_factory=Tokens)
    seconds: float = 0.0
    detail: str = ""
    requests: int = 0
    """Requests to its provider that our proxy saw; 0 also where it goes there by itself."""
    sandbox: str = ""
    """How it was confined: bubblewrap, landlock or none."""
