"""Where an open item stands: who acts next, what that is, by when. Derived on each read, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Who(Enum):
    """Whose turn it is: the columns of the home page."""

    YOU = "you"
    """A person has to act."""
    AGENTS = "agents"
    """An agent or one of our own steps is at work."""
    CI = "ci"
    """Checks or GitHub itself."""
    WAITING = "waiting"
    """Nothing is wrong: a slot, a cool-down, a budget, a dependency, its turn."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    who: Who
    action: str
    """What happens next, or what a person has to do; empty breaks the liveness invariant."""
    deadline: str = ""
    """UTC, as `times.stamp` writes it: when it must have moved on its own, or has been reminded of; empty breaks the
    liveness invariant."""
    overdue: bool = False
    """The deadline has passed."""
    stuck: str = ""
    """What breaks the liveness invariant (no owner, no next action, no deadline, overdue), in words; empty = live."""
