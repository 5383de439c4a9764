"""People who may look at this installation and give it orders."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Right(Enum):
    """What a person may do."""

    SEE = "see"
    """Read status, tasks, transcripts, costs."""
    ORDER = "order"
    """Send, hold, stop, retry, file, plan, switch off and on."""
    APPROVE = "approve"
    """Approve and refuse changes and plans."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    github: str
    """Login on GitHub; the name that the ledger records."""
    telegram: int | None = None
    """Their user id in Telegram; None = they give no orders there."""
    may: frozenset[Right] = frozenset(Right)
