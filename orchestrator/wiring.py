"""The one place that builds real services. Opens nothing and asks nobody: connections are made when first used."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator import agents, config, machine
from orchestrator.agents import keys
from orchestrator.clock import CLOCK_ENV, Clock
from orchestrator.git import Git
from orchestrator.github.auth import TokenSource
from orchestrator.github.client import GitHub, Hooks
from orchestrator.ledger import Ledger
from orchestrator.ledger import key as ledger_key
from orchestrator.mailbox.box import Mailbox
from orchestrator.memory import Memory
from orchestrator.model.errors import Observed, SwitchedOff, Told
from orchestrator.model.event import Actor
from orchestrator.model.settings import AutomationMode, RepoSettings, Settings
from orchestrator.policy import capacity
from orchestrator.redact import Redactor
from orchestrator.services import OBSERVING, Services
from orchestrator.state.alerts import Outbox
from orchestrator.state.approvals import Approvals
from orchestrator.state.cadence import Cadence
from orchestrator.state.cooldowns import Cooldowns
from orchestrator.state.effects import Effects
from orchestrator.state.etags import Etags, Kept
from orchestrator.state.finished import Finished
from orchestrator.state.metrics import Metrics
from orchestrator.state.orders import Orders
from orchestrator.state.outcomes import Outcomes
from orchestrator.state.pacing import Pacing
from orchestrator.state.plans import Plans
from orchestrator.state.recent import Recent
from orchestrator.state.served import Served
from orchestrator.state.sessions import Sessions
from orchestrator.state.signatures import Signatures
from orchestrator.state.spend import Spend
from orchestrator.state.switches import HEARING, Switches
from orchestrator.state.trains import Trains
from orchestrator.state.verdicts import Verdicts
from orchestrator.state.watched import Landings

OPERATOR, INSTALL = "operator", "install"
"""Who acts by a person's own order; and who sets up or takes away, which also a repository in observe allows."""


def settings(file: Path, root: Path, env: Mapping[str, str]) -> Settings:
    """The resolved configuration; the number of workers is one by now, also where the machine decides it. Raises
    ConfigError."""
    found = _read(file, root, env)
    if found.max_parallel_workers:
        return found
    carried = capacity.workers(
        total_mb=machine.total_memory_mb(), free_mb=machine.free_memory_mb(), cores=machine.cores()
    )
    return replace(found, max_parallel_workers=carried)


def build(settings: Settings, env: Mapping[str, str], *, kind: str, id: str) -> Services:
    """Services of one process. `kind` and `id` say who acts: role, worker or operator. Raises BadClock."""
    clock = Clock(file=Path(env[CLOCK_ENV]) if env.get(CLOCK_ENV) else None)
    clock.offset()  # what stands in its file is said here, and not by whoever looks at the clock first
    state = settings.runtime / "state"
    token = TokenSource(settings.github, clock, environ=env)
    known = agents.AGENTS.values()
    login_files = {name for agent in known for name in agent.login_files}
    secrets = config.known_secrets(settings, env, variables=keys.variables(known), login_files=login_files)
    redact = Redactor(known=(*secrets, *token.known_secrets()), later=_later(token, state))
    observed = _Observed(settings, env)
    wall = _wall(settings, Switches(root=state), observed, kind=kind, id=id)
    return Services(
        settings=settings,
        clock=clock,
        redact=redact,
        github=GitHub(settings.github, clock, token, _hooks(settings, state, clock, wall)),
        git=Git(
            root=settings.runtime / "repos",
            worktrees=settings.worktrees,
            clock=clock,
            credentials=lambda url: token.token() if _ours(settings, url) else None,
            may_push=lambda url: wall(next((r.name for r in settings.repos if r.clone_url == url), "")),
        ),
        mailbox=Mailbox(root=settings.runtime / "mailbox", locks=state / "locks"),
        ledger=Ledger(root=settings.runtime / "ledger", clock=clock, redact=redact),
        memory=Memory(root=state / "memory"),
        effects=Effects(root=state, clock=clock),
        signatures=Signatures(root=state),
        outbox=Outbox(root=state / "alerts"),
        cadence=Cadence(root=state),
        cooldowns=Cooldowns(root=state),
        served=Served(root=state),
        orders=Orders(root=state),
        switches=Switches(root=state),
        observed=observed,
        sessions=Sessions(root=state),
        approvals=Approvals(root=state),
        verdicts=Verdicts(root=state),
        trains=Trains(root=state),
        outcomes=Outcomes(runtime=settings.runtime),
        plans=Plans(root=state),
        metrics=Metrics(runtime=settings.runtime, clock=clock),
        spend=Spend(root=state / "spend", clock=clock),
        finished=Finished(root=state / "spend"),
        recent=Recent(runtime=settings.runtime),
        landings=Landings(root=state),
        actor=Actor(kind=kind, id=id or str(os.getpid())),
    )


def _read(file: Path, root: Path, env: Mapping[str, str]) -> Settings:
    """Raises ConfigError."""
    adapters = frozenset(agents.AGENTS)
    return config.load(file, env=env, root=root, known_agents=adapters, adapters=adapters)


class _Observed:
    """Is a repository in observe, by the configuration as it stands now: a worker lives for hours, and a person who
    puts a repository in observe means its run under way, too. A file that cannot be used changes nothing."""

    def __init__(self, settings: Settings, env: Mapping[str, str]) -> None:
        self._settings, self._env = settings, env
        self._names = _names(settings)
        self._seen = self._mark()
        self._lock = threading.Lock()

    def __call__(self, repo: RepoSettings) -> bool:
        with self._lock:
            if (mark := self._mark()) != self._seen:
                self._seen = mark
                with contextlib.suppress(config.ConfigError, Told, OSError):
                    read = _read(self._settings.config_file, self._settings.root, self._env)
                    # One that is not there any more stays as it was: nobody said anything about it.
                    gone = {n for n in self._names if read.repo(n) is None}
                    self._names = _names(read) | gone
            return repo.name.casefold() in self._names

    def _mark(self) -> tuple[int, int, int]:
        try:
            seen = os.stat(self._settings.config_file)
        except OSError:
            return (0, 0, 0)
        return (seen.st_mtime_ns, seen.st_size, seen.st_ino)


def _names(settings: Settings) -> frozenset[str]:
    return frozenset(r.name.casefold() for r in settings.repos if r.automation_mode is AutomationMode.OBSERVE)


def _wall(settings: Settings, switches: Switches, observed: _Observed, *, kind: str, id: str) -> Callable[[str], None]:
    """Asked before every write outside, whatever led to it. A person's own order is carried out also while work is
    switched off; a repository in observe is written to by nobody but whoever sets it up or takes it away."""

    def wall(name: str) -> None:
        if kind == INSTALL:
            return
        repo = settings.repo(name) if name else None
        if repo is not None and observed(repo):
            raise Observed(OBSERVING.format(name=repo.name))
        if kind == OPERATOR or id in HEARING:
            return
        off = switches.of(repo=repo.key if repo else "", role=id if kind == "role" else "")
        if off is not None:
            raise SwitchedOff(off.words)

    return wall


def _hooks(settings: Settings, state: Path, clock: Clock, wall: Callable[[str], None]) -> Hooks:
    said = settings.github
    pacing = Pacing(
        root=state,
        clock=clock,
        seconds_between=said.seconds_between_writes,
        per_minute=said.writes_per_minute,
        per_hour=said.writes_per_hour,
    )
    etags = Etags(root=state)

    def before_write() -> None:
        # Nobody counts on loopback unless told to: then no file is touched for it. Elsewhere 0 seconds between two
        # writes leaves the limits per minute and per hour as they are.
        if said.seconds_between_writes or not said.loopback:
            pacing.wait_for_write()

    def blocked_for() -> float:
        until = pacing.blocked_until()
        return max(0.0, (until - clock.now()).total_seconds()) if until else 0.0

    def etag_get(key: str) -> tuple[str, str] | None:
        kept = etags.get(key, "", "")
        return (kept.etag, kept.body) if kept else None

    def etag_put(key: str, etag: str, text: str) -> None:
        etags.put(key, "", "", Kept(etag=etag, body=text))

    return Hooks(
        may_write=wall,
        before_write=before_write,
        retry_after=pacing.note_retry_after,
        blocked_for=blocked_for,
        etag_get=etag_get,
        etag_put=etag_put,
    )


def _later(token: TokenSource, state: Path) -> Callable[[], tuple[str, ...]]:
    """What the redactor learns while we work: minted tokens, and the ledger's key, which the first line makes."""
    key: list[str] = []

    def held() -> tuple[str, ...]:
        if not key and (found := ledger_key.known(state / "ledger.key")):
            key.append(found)
        return (*token.held(), *key)

    return held


def _ours(settings: Settings, url: str) -> bool:
    """Only the configured host ever gets the token."""
    return url.startswith(settings.github.web_url.rstrip("/") + "/")
