"""What a person wants of set-up, and what came of each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from orchestrator.model.settings import AutomationMode


class Did(Enum):
    DID = "did"
    THERE = "was there"
    WOULD = "would do"
    NOTE = "note"
    """Nothing was done; a person should know."""


@dataclass(frozen=True, kw_only=True)
class Step:
    did: Did
    what: str
    """One line."""


class Schedule(Enum):
    NONE = "none"
    CRON = "cron"
    SYSTEMD = "systemd"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was said on the command line or to the wizard; empty = found out, or left as it is."""

    repos: tuple[str, ...] = ()
    """owner/name."""
    verify: str = ""
    """Command for every repository; empty = proposed from its files, or `none`."""
    board: str = "new"
    """new, none, or a number, or owner/number."""
    agents: tuple[str, ...] = ()
    """Names of adapters, or NAME=COMMAND for a command line of one's own. Empty = whichever are found with access."""
    url: str = ""
    """Which GitHub; empty = github.com."""
    token_env: str = "GITHUB_TOKEN"
    token_file: str = ""
    operator: str = ""
    """GitHub login of the person; empty = the token's account."""
    mode: AutomationMode | None = None
    """None = nobody consented: observe."""
    telegram_chat: str = ""
    schedule: Schedule = Schedule.NONE
    objective: bool = True
    dry: bool = False


@dataclass(kw_only=True)
class Steps:
    """Told as they come, and kept."""

    say: Callable[[Step], None]
    done: list[Step] = field(default_factory=list)

    def add(self, did: Did, what: str) -> None:
        step = Step(did=did, what=what)
        self.done.append(step)
        self.say(step)

    def count(self, did: Did) -> int:
        return sum(step.did is did for step in self.done)
