"""What passes between a chat and us: buttons under our messages, and what people wrote or pressed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, kw_only=True)
class Button:
    text: str
    data: str
    """1 to 64 bytes; comes back when it is pressed."""


Keyboard = tuple[tuple[Button, ...], ...]
"""Rows of buttons."""


@dataclass(frozen=True, kw_only=True)
class Update:
    """One thing that happened to the bot. Everything in it was written by whoever wrote to the bot: hostile."""

    id: int
    chat: int = 0
    """0: no chat that we could answer in."""
    private: bool = False
    sender: int = 0
    """User id; 0 where Telegram names nobody (channels, anonymous admins)."""
    text: str = ""
    message: int = 0
    """Number of the message in its chat: the one written, or the one whose button was pressed."""
    written: int = 0
    """When, in Unix seconds; 0: not told."""
    carried: bool = False
    """Not the sender's own words: forwarded, or put in by another bot."""
    query: str = ""
    """Set when a button was pressed."""
    data: str = ""
    """The pressed button's."""
    keyboard: Keyboard = ()
    """What stands under the message now."""


class ActionKind(Enum):
    """What a message's buttons are about. Its value begins the button's data."""

    ESCALATION = "esc"
    """A stopped task (escalated or blocked): Re-queue, Close."""
    HEAD = "head"
    """A change that waits for a person: Approve, Reject; about one head."""
    PLAN = "plan"
    """A sprint plan: Approve, Skip."""


class Choice(Enum):
    REQUEUE = "requeue"
    CLOSE = "close"
    APPROVE = "approve"
    REJECT = "reject"


CHOICES: dict[ActionKind, tuple[tuple[Choice, str], ...]] = {
    ActionKind.ESCALATION: ((Choice.REQUEUE, "Re-queue"), (Choice.CLOSE, "Close")),
    ActionKind.HEAD: ((Choice.APPROVE, "Approve"), (Choice.REJECT, "Reject")),
    ActionKind.PLAN: ((Choice.APPROVE, "Approve"), (Choice.REJECT, "Skip")),
}
"""What can be chosen, and the words on the button."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What an alert lets a person decide with one press."""

    kind: ActionKind
    target: str
    """A task's id, or a plan's."""
    head_sha: str = ""
    """Of ActionKind.HEAD: the published head that is approved or refused, and no other."""
