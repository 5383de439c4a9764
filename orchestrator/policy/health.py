"""How an agent has done lately: what that says about its place in the chain, and when it is left alone for a while.

*Place.* Success is a share with its uncertainty (Wilson's score interval), and evidence fades with a half-life of a
day. The operator's order stands until the evidence is clear: an agent goes behind the others only while its best case
is worse than the worst case of another one that could run. An agent that was never tried has the widest interval, so it
is never put back; one that was put back is tried less, its evidence fades, and it gets another chance in a few days.

*Circuit breaker.* Five failures of the agent's own (not of its task) within an hour open it for an hour; then one
probe decides whether it closes or stays open for another hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.task import AttemptKind

TROUBLE = frozenset(
    {
        FailureClass.SERVER,
        FailureClass.NETWORK,
        FailureClass.CRASHED,
        FailureClass.AUTH,
        FailureClass.MISCONFIGURED,
        FailureClass.NO_OUTPUT,
    }
)
"""The agent's or its provider's own trouble; they count for the breaker."""
UNSAID = frozenset({FailureClass.QUOTA, FailureClass.STOPPED, FailureClass.NOT_INSTALLED, FailureClass.BUDGET})
"""Ends that say nothing of how good or sound an agent is."""
THE_TASKS = frozenset(
    {
        BlockerCode.MISSING_CONTEXT,
        BlockerCode.MISSING_CREDENTIALS,
        BlockerCode.DEPENDENCY_BLOCKED,
        BlockerCode.MANUAL_INTERVENTION_REQUIRED,
    }
)
"""What stopped a sound agent lay in its task."""
FAILURES = 5
OPEN_FOR = timedelta(hours=1)
HALF_LIFE = timedelta(days=1)
Z = 1.96
"""95 % of the mass lies inside. Four failures against four successes are just clear."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One past run, as the metrics tell it."""

    agent: str
    at: datetime
    kind: AttemptKind = AttemptKind.ATTEMPT
    status: Status | None = None
    code: BlockerCode = BlockerCode.NONE
    failure: FailureClass = FailureClass.NONE
    refused: bool = False
    """The gate refused what it left."""
    task: str = ""
    n: int = 0
    """Which run of its task it was."""
    repo: str = ""
    """owner/name."""
    type: str = ""
    """Of the task."""
    usd: float | None = None
    """What it cost; None = nobody told."""


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """Closed when neither is set."""

    open_until: datetime | None = None
    half: bool = False
    """The hour is over: one probe."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Successes and runs, each weighted by its age; 0 runs = nothing known."""

    wins: float = 0.0
    runs: float = 0.0

    @property
    def low(self) -> float:
        return _wilson(self.wins, self.runs)[0]

    @property
    def high(self) -> float:
        return _wilson(self.wins, self.runs)[1]

    @property
    def words(self) -> str:
        if self.runs < 0.05:
            return "nothing known lately"
        return f"success {self.wins / self.runs:.0%} lately, between {self.low:.0%} and {self.high:.0%}"


def breaker(runs: Iterable[Run], now: datetime) -> Breaker:
    """The state of one agent's circuit breaker after its runs."""
    opened: datetime | None = None
    recent: list[datetime] = []
    for run in sorted((r for r in runs if r.at <= now), key=lambda r: r.at):
        if opened is not None and run.at < opened + OPEN_FOR:
            continue  # it was under way when the breaker opened
        if run.failure in TROUBLE:
            recent = [at for at in recent if run.at - at < OPEN_FOR] + [run.at]
            if opened is not None or len(recent) >= FAILURES:
                opened, recent = run.at, []
        elif run.failure not in UNSAID:
            opened = None
    if opened is None:
        return Breaker()
    until = opened + OPEN_FOR
    return Breaker(open_until=until) if now < until else Breaker(half=True)


def record(runs: Iterable[Run], now: datetime) -> Record:
    """What one agent's runs say of it, newer ones more than older ones."""
    wins = total = 0.0
    for run in runs:
        won = success(run)
        if won is None or run.at > now:
            continue
        weight = 0.5 ** ((now - run.at) / HALF_LIFE)
        wins, total = wins + weight * won, total + weight
    return Record(wins=wins, runs=total)


def success(run: Run) -> bool | None:
    """None: this run says nothing of its agent."""
    if run.kind is AttemptKind.RESUME or run.failure in UNSAID:
        return None
    if run.failure is not FailureClass.NONE:
        return False
    if run.code in THE_TASKS:
        return None
    return run.status is Status.COMPLETE and run.code is BlockerCode.NONE and not run.refused


def ranked(names: Sequence[str], records: Mapping[str, Record]) -> tuple[tuple[str, str], ...]:
    """The names in the order to ask them, each with the name that clearly outdoes it (empty: none does)."""
    known = {name: records.get(name, Record()) for name in names}
    outdone: dict[str, str] = {}
    for name in names:
        better = [other for other in names if known[other].low > known[name].high]
        outdone[name] = max(better, key=lambda n: known[n].low, default="")
    ahead = [name for name in names if not outdone[name]]
    behind = sorted((name for name in names if outdone[name]), key=lambda n: -known[n].high)
    return tuple((name, outdone[name]) for name in (*ahead, *behind))


def _wilson(wins: float, runs: float) -> tuple[float, float]:
    """Wilson's score interval (E. B. Wilson, JASA 22, 1927); (0, 1) for nothing known."""
    if runs <= 0:
        return 0.0, 1.0
    share, z2 = wins / runs, Z * Z
    middle = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    reach = Z * sqrt(share * (1 - share) / runs + z2 / (4 * runs * runs)) / (1 + z2 / runs)
    return max(0.0, middle - reach), min(1.0, middle + reach)
