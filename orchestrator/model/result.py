"""What an agent says about its run: the contract `.agent_result.md`. A claim, never a fact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    COMPLETE = "complete"
    """The agent believes the goal is reached."""
    PARTIAL = "partial"
    """Some of it is done; NEXT_STEP says what is left."""
    BLOCKED = "blocked"
    """The agent cannot go on."""


class BlockerCode(Enum):
    """Why a run is not complete. The seed's twelve and two of our own at the end."""

    NONE = "none"
    MISSING_CONTEXT = "missing_context"
    MISSING_CREDENTIALS = "missing_credentials"
    ENVIRONMENT_FAILURE = "environment_failure"
    DEPENDENCY_BLOCKED = "dependency_blocked"
    QUOTA_LIMITED = "quota_limited"
    RUNNER_FAILURE = "runner_failure"
    TIMEOUT = "timeout"
    TEST_FAILURE = "test_failure"
    MANUAL_INTERVENTION_REQUIRED = "manual_intervention_required"
    FALLBACK_EXHAUSTED = "fallback_exhausted"
    INVALID_RESULT_CONTRACT = "invalid_result_contract"
    NO_DIFF_PRODUCED = "no_diff_produced"
    WORKFLOW_VALIDATION_FAILED = "workflow_validation_failed"


@dataclass(frozen=True, kw_only=True)
class AgentResult:
    """The twelve fields of the contract, plus what we think of its form.

    `valid` is False when STATUS or the code was missing or unknown; what could be read is kept, and `problem` says
    what was wrong.
    """

    status: Status
    blocker_code: BlockerCode = BlockerCode.NONE
    summary: str = ""
    done: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    next_step: str = ""
    files_changed: tuple[str, ...] = ()
    tests_run: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    attempted_approaches: tuple[str, ...] = ()
    manual_steps: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    """Sections the contract does not know, kept as text: (heading, text)."""
    valid: bool = True
    problem: str = ""


class FailureClass(Enum):
    """How an agent run went wrong, as told by status codes, events and exit, never by wording alone."""

    NONE = "none"
    QUOTA = "quota"
    """The provider refuses for now; no attempt is spent, the agent cools down."""
    AUTH = "auth"
    CONTEXT_OVERFLOW = "context_overflow"
    SERVER = "server"
    NETWORK = "network"
    NO_OUTPUT = "no_output"
    """The silence watchdog ended it."""
    WALL_TIME = "wall_time"
    """The run passed its time limit."""
    CRASHED = "crashed"
    DID_NOTHING = "did_nothing"
    NOT_INSTALLED = "not_installed"
    """A failed preflight: no attempt is spent."""
    MISCONFIGURED = "misconfigured"
    """The provider does not know what was asked for (404: model or address); only the operator can mend it."""
    RESOURCES = "resources"
    """It passed its limit of memory, processes or disk."""
    BUDGET = "budget"
    """It passed its cap of money or tokens and was stopped; its work is kept."""
    STOPPED = "stopped"
    """A person ordered it to stop or to wait; no attempt is spent."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens and money of one run; `source` is provider, computed or unknown, never guessed from characters."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    source: str = "unknown"
