"""What the planner, the groomer and the measuring of outcomes are told per repository (validated now, used later)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SourceType(Enum):
    WEB = "web"
    """An https address on an allowed domain."""
    FILE = "file"
    """A file in, beside or (expanded) outside of the repository."""


class SourceKind(Enum):
    """What a research source is."""

    OFFICIAL_DOCS = "official_docs"
    COMPETITOR = "competitor"
    REPO_REFERENCE = "repo_reference"
    PRODUCT_SURFACE = "product_surface"


class SignalClass(Enum):
    """What a feedback input tells about."""

    ANALYTICS = "analytics"
    USER_FEEDBACK = "user_feedback"
    PRODUCT_INSPECTION = "product_inspection"
    INCIDENT_SLO = "incident_slo"
    MARKET_SIGNAL = "market_signal"
    """Only in the older `planning_signals`."""


class Trust(Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Privacy(Enum):
    PUBLIC = "public"
    INTERNAL = "internal"
    RESTRICTED = "restricted"


class PlanApproval(Enum):
    AUTO = "auto"
    """Plans apply by themselves."""
    REQUIRED = "required"
    """A person approves on Telegram, the web page or the command line."""


@dataclass(frozen=True, kw_only=True)
class ResearchSource:
    name: str
    type: SourceType
    kind: SourceKind = SourceKind.REPO_REFERENCE
    url: str = ""
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanningResearch:
    """Bounded reading before planning: named sources only, no search."""

    enabled: bool = False
    max_age_hours: float = 72
    max_sources: int = 4
    max_source_chars: int = 4000
    allowed_domains: tuple[str, ...] = ()
    artifact_file: str = "PLANNING_RESEARCH.md"
    sources: tuple[ResearchSource, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FeedbackInput:
    name: str
    type: SourceType
    signal_class: SignalClass
    url: str = ""
    path: str = ""
    observed_at: str = ""
    """UTC, ISO 8601; empty = the source tells, else freshness is unknown."""
    provenance: str = ""
    trust_level: Trust = Trust.LOW
    trust_note: str = ""
    privacy: Privacy = Privacy.RESTRICTED
    privacy_note: str = ""
    stale_after_hours: float | None = None
    """Over the block's own."""


@dataclass(frozen=True, kw_only=True)
class ProductionFeedback:
    """What production says; entries that are stale, little trusted or too private are shown but guarded."""

    enabled: bool = False
    max_age_hours: float = 24
    stale_after_hours: float = 72
    minimum_trust_level: Trust = Trust.MEDIUM
    allowed_privacy_levels: tuple[Privacy, ...] = (Privacy.PUBLIC, Privacy.INTERNAL)
    max_inputs: int = 6
    max_source_chars: int = 4000
    allowed_domains: tuple[str, ...] = ()
    artifact_file: str = "PRODUCTION_FEEDBACK.md"
    inputs: tuple[FeedbackInput, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OutcomeCheck:
    id: str
    """Lower case `[a-z0-9_.-]`: what an issue's `## Outcome Checks` names."""
    name: str = ""
    type: SourceType
    url: str = ""
    path: str = ""
    measurement_window_days: float = 7
    comparison_window: str = ""


@dataclass(frozen=True, kw_only=True)
class OutcomeAttribution:
    """Measuring after the merge."""

    enabled: bool = False
    max_source_chars: int = 4000
    allowed_domains: tuple[str, ...] = ()
    checks: tuple[OutcomeCheck, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """When two issues are one (DECISIONS D8). Cosines of sentence vectors."""

    threshold: float = 0.75
    """From here on a duplicate."""
    ask_from: float = 0.60
    """From here up to the threshold an agent is asked with both texts."""
    closed_days: float = 90
    """Issues closed so lately are compared with, too."""


@dataclass(frozen=True, kw_only=True)
class Cadence:
    """Planning rhythm of one repository. Days may be fractions; 0 = dormant."""

    plan_size: int = 5
    sprint_cadence_days: float = 7
    groomer_cadence_days: float = 7
    planner_allow_early_refresh: bool = False
    planner_agents: tuple[str, ...] = ("claude", "codex")
    plan_approval: PlanApproval = PlanApproval.AUTO
    plan_after: tuple[str, ...] = ()
    """Keys of the repositories that are planned first."""
    stale_issue_days: float = 30
    """An issue that nobody touched for longer is stale."""
    new_issues_per_day: int = 5
    """So many issues the program files in this repository in 24 hours at most."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Ceilings on spending (DECISIONS D14). 0 = no ceiling. Tokens are input, cached and output together; they hold
    where money is unknown: subscriptions, and models without a price."""

    run_usd: float = 3.0
    task_usd: float = 5.0
    day_usd: float = 50.0
    month_usd: float = 500.0
    run_tokens: int = 10_000_000
    task_tokens: int = 25_000_000
    day_tokens: int = 250_000_000
    month_tokens: int = 2_500_000_000
    subscription_share: float = 0.5
    """Of a subscription's told window, 0 to 1."""
