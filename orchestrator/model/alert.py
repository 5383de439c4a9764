"""Alerts: one per subject and state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.chat import Offer
from orchestrator.model.names import Public


class AlertKind(Enum):
    """The seed's table of what is told, and the sign each carries."""

    DISPATCHED = "dispatched"
    COMPLETED = "completed"
    BLOCKED = "blocked"
    ESCALATED = "escalated"
    MANUAL_ACTION = "manual_action"
    CI_FAILURE = "ci_failure"
    PLAN = "plan"
    """A sprint plan that waits for a person."""
    DIGEST = "digest"
    """The summary of a day."""
    SYSTEM = "system"
    """The program itself needs a person: disk, a broken invariant, a wrong tree after a merge."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """`subject` and `state` make its signature: the same pair is told once, also across restarts."""

    kind: AlertKind
    subject: str
    state: str
    text: Public
    link: str = ""
    action: str = ""
    """The one thing to do, or empty when nothing is asked."""
    offer: Offer | None = None
    """What can be decided with one press."""
