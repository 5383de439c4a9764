"""The bundle of rooms every step works with. Built once, in `wiring`; frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from orchestrator.clock import Clock
from orchestrator.git import Git, Repository
from orchestrator.github.client import GitHub
from orchestrator.ledger import Ledger
from orchestrator.mailbox.box import Mailbox
from orchestrator.memory import Memory
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.model.issue import Board
from orchestrator.model.settings import AutomationMode, RepoSettings, Settings
from orchestrator.model.task import Task
from orchestrator.redact import Redactor
from orchestrator.state.alerts import Outbox
from orchestrator.state.approvals import Approvals
from orchestrator.state.cadence import Cadence
from orchestrator.state.cooldowns import Cooldowns
from orchestrator.state.effects import Effects
from orchestrator.state.finished import Finished
from orchestrator.state.metrics import Metrics
from orchestrator.state.orders import Orders
from orchestrator.state.outcomes import Outcomes
from orchestrator.state.plans import Plans
from orchestrator.state.recent import Recent
from orchestrator.state.served import Served
from orchestrator.state.sessions import Sessions
from orchestrator.state.signatures import Signatures
from orchestrator.state.spend import Spend
from orchestrator.state.switches import Switches
from orchestrator.state.trains import Trains
from orchestrator.state.verdicts import Verdicts
from orchestrator.state.watched import Landings

OBSERVING = "{name} is in the mode observe: what would be done is said, and not done (`agent-os mode` changes it)"


class NotManaged(Exception):
    """A task names a repository that the configuration does not."""


def _observed(repo: RepoSettings) -> bool:
    return repo.automation_mode is AutomationMode.OBSERVE


@dataclass(frozen=True, kw_only=True)
class Services:
    settings: Settings
    clock: Clock
    redact: Redactor
    github: GitHub
    git: Git
    mailbox: Mailbox
    ledger: Ledger
    memory: Memory
    effects: Effects
    signatures: Signatures
    outbox: Outbox
    cadence: Cadence
    cooldowns: Cooldowns
    metrics: Metrics
    spend: Spend
    finished: Finished
    recent: Recent
    landings: Landings
    served: Served
    orders: Orders
    switches: Switches
    sessions: Sessions
    approvals: Approvals
    verdicts: Verdicts
    trains: Trains
    outcomes: Outcomes
    plans: Plans
    observed: Callable[[RepoSettings], bool] = field(default=_observed, repr=False, compare=False)
    """Whether a repository is in observe by now: `settings` are what this process read when it began."""
    boards: dict[str, Board] = field(default_factory=dict, repr=False, compare=False)
    """Ids of the boards seen by this process, by project key: they do not change while the board stands."""
    actor: Actor
    """Who acts: the role or worker this process is."""
    dry: bool = False
    """Somebody only looks: nothing is recorded and nobody is told."""

    def looking(self) -> Services:
        """The same for whoever only looks (`dry`)."""
        return replace(self, dry=True)

    def now(self) -> datetime:
        return self.clock.now()

    def repo(self, task: Task) -> RepoSettings:
        """Raises NotManaged for a repository outside the allow-list."""
        found = self.settings.repo(task.repo)
        if found is None:
            raise NotManaged(f"{task.repo} is not in {self.settings.config_file.name}")
        return found

    def stopped(self, repo: RepoSettings | None = None) -> str:
        """Why nothing is done now for this repository, or without one for any, in words; empty = nothing stands against
        it. Cheap: asked several times a second."""
        off = self.switches.of(repo=repo.key if repo else "")
        if off is not None:
            return off.words
        return OBSERVING.format(name=repo.name) if repo is not None and self.observed(repo) else ""

    def repository(self, repo: RepoSettings) -> Repository:
        return self.git.of(repo.key, repo.clone_url)

    def log_dir(self, task: Task) -> Path:
        return self.settings.runtime / "logs" / task.id

    def record(
        self,
        kind: EventKind,
        task: Task | None = None,
        hashes: Mapping[str, str] = MappingProxyType({}),
        /,
        *,
        repo: str = "",
        **data: object,
    ) -> None:
        """One ledger event by this process's actor. `hashes`: name to SHA-256 of what it rests on and does not hold."""
        if self.dry:
            return
        self.ledger.write(
            Event(
                kind=kind,
                actor=self.actor,
                repo=task.repo if task else repo,
                task=task.id if task else "",
                hashes=dict(hashes),
                data=dict(data),
            )
        )
