"""What the scorer found in a week: how the agents did, and what went clearly wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FindingKind(Enum):
    EXECUTION_DEGRADED = "execution_degraded"
    """An agent ends too few of its tasks well."""
    BUSINESS_REGRESSED = "business_objective_regressed"
    """What shipped moved a repository's objective the wrong way."""


class Cause(Enum):
    """Why an agent does badly, as far as its blockers tell."""

    QUOTA = "quota"
    AUTHENTICATION = "authentication"
    ENVIRONMENT = "environment"
    MODEL_SELECTION = "model_selection"
    """Another agent does clearly better with the same kind of work."""
    OBJECTIVE = "objective"
    """Of a business finding."""


@dataclass(frozen=True, kw_only=True)
class AgentScore:
    """One agent's week: over all, in one repository, or with one type of task."""

    agent: str
    repo: str = ""
    """owner/name; empty = all."""
    type: str = ""
    """A task type; empty = all."""
    tasks: int = 0
    successes: int = 0
    merged: int = 0
    """Tasks of this agent that were merged in the week."""
    usd: float | None = None
    """What its runs cost; None = no run told."""
    unpriced: int = 0
    """Runs whose cost nobody knows; they are not in `usd`."""
    blocker: str = ""
    """What stopped most of its failed tasks."""
    blocked: int = 0
    """How many."""

    @property
    def failures(self) -> int:
        return self.tasks - self.successes

    @property
    def rate(self) -> float:
        """Success, 0 to 1; 1 with no task, for nothing is wrong then."""
        return self.successes / self.tasks if self.tasks else 1.0

    @property
    def usd_per_merged(self) -> float | None:
        """Everything its runs cost, failed ones too, per merged task. None: not known, or nothing merged."""
        return None if self.usd is None or not self.merged else self.usd / self.merged


@dataclass(frozen=True, kw_only=True)
class Finding:
    id: str
    """`agent_remediation:<agent>:<repo>:<cause>` or `business_objective:<repo>`: the same cause, the same id."""
    kind: FindingKind
    cause: Cause
    repo: str
    """owner/name; empty = the whole installation."""
    summary: str
    """One sentence with the figures."""
    agent: str = ""
    peer: str = ""
    """Who does better (`model_selection`)."""
    rate: float | None = None
    """Success, 0 to 1."""
    tasks: int = 0
    failures: int = 0
    blocker: str = ""
    score: float | None = None
    """Of an objective, -1 to 1."""
    coverage: float | None = None
    evidence: tuple[str, ...] = ()
    """Ids of recorded facts: `run:<key>` of what failed, `outcome:<task>/<check>` of what was measured. Newest first, a
    few."""
    at: str = ""
    """Newest of its evidence. UTC, ISO 8601."""


@dataclass(frozen=True, kw_only=True)
class Week:
    """The scorer's artifact."""

    generated_at: str
    """UTC, ISO 8601."""
    window_days: float
    threshold: float
    """Success below it is degraded."""
    whole: bool = True
    """False: the metrics were rotated away twice inside of the window, its beginning is not known."""
    scores: tuple[AgentScore, ...] = ()
    findings: tuple[Finding, ...] = ()
