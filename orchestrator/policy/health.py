"""How an agent has done lately: what that says about its place in the chain, and when it is left alone for a while.

*Place.* Success is a share with its uncertainty (Wilson's score interval), and evidence fades with a half-life of a
day. The operator's order stands until the evidence is clear: an agent goes behind the others only while its best case
is worse than the worst case of another one that could run, or while another one does at least as well for a third of
the money. What is known of the type of task at hand goes before what is known over all. An agent that was never tried
has the widest interval, so it is never put back; one that was put back is tried less, its evidence fades, and it gets
another chance in a few days, or sooner by a probe (`policy.explore`).

*Circuit breaker.* Five failures of the agent's own (not of its task) within an hour open it for an hour; then one
probe decides whether it closes or stays open for another hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
OF_TYPE = 3.0
"""Runs of one type, faded ones less, from which on it is the type at hand that decides."""
PRICED = 5
CHEAPER = 3.0
"""With so many successes of the type each, an agent that does as well for a third of the money goes first."""
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
    key: str = ""
    """`<task>/<n>/<started>`: names it for good."""
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


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a week's runs of one type of task say of an agent; those that say nothing of it are not counted."""

    type: str = ""
    record: Record = field(default_factory=Record)
    runs: int = 0
    wins: int = 0
    usd: float | None = None
    """What these runs cost together; None while one of them told no price."""

    @property
    def usd_per_win(self) -> float | None:
        """Failed runs are paid for by the successful ones."""
        return None if self.usd is None or not self.wins else self.usd / self.wins


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


def known(runs: Iterable[Run], type: str, now: datetime) -> Known:
    """Of tasks of this type. `runs`: one agent's, of a week."""
    mine = [r for r in runs if r.type == type and r.at <= now and success(r) is not None]
    prices = [r.usd for r in mine]
    return Known(
        type=type,
        record=record(mine, now),
        runs=len(mine),
        wins=sum(1 for r in mine if success(r)),
        usd=sum(p for p in prices if p is not None) if mine and None not in prices else None,
    )


def ranked(
    names: Sequence[str], records: Mapping[str, Record], of_type: Mapping[str, Known] | None = None
) -> tuple[tuple[str, str], ...]:
    """The names in the order to ask them, each with the name that clearly outdoes it (empty: none does). `of_type`:
    what is known of them in tasks of the type at hand; it decides where both have enough of those."""
    told = {name: records.get(name, Record()) for name in names}
    types = of_type or {}
    outdone: dict[str, str] = {}
    for name in names:
        better = [other for other in names if outdoes(other, name, told, types)]
        outdone[name] = max(better, key=lambda n: told[n].low, default="")
    ahead = [name for name in names if not outdone[name]]
    behind = sorted((name for name in names if outdone[name]), key=lambda n: -told[n].high)
    return tuple((name, outdone[name]) for name in (*ahead, *behind))


def outdoes(other: str, name: str, records: Mapping[str, Record], of_type: Mapping[str, Known]) -> str:
    """In words, how `other` is clearly better than `name`; empty when it is not."""
    mine, theirs = of_type.get(name, Known()), of_type.get(other, Known())
    typed = min(mine.record.runs, theirs.record.runs) >= OF_TYPE
    old, new = (mine.record, theirs.record) if typed else (records[name], records[other])
    if new.low > old.high:
        return f"{other} does clearly better{f' in {mine.type}' if typed else ''} ({new.words} against {old.words})"
    was, costs = mine.usd_per_win, theirs.usd_per_win
    if was is None or costs is None or min(mine.wins, theirs.wins) < PRICED or old.low > new.high:
        return ""
    if theirs.wins * mine.runs < mine.wins * theirs.runs or was < CHEAPER * costs:
        return ""
    return f"{other} does as well in {mine.type} for {costs:.2f} USD a success, against {was:.2f}"


def _wilson(wins: float, runs: float) -> tuple[float, float]:
    """Wilson's score interval (E. B. Wilson, JASA 22, 1927); (0, 1) for nothing known."""
    if runs <= 0:
        return 0.0, 1.0
    share, z2 = wins / runs, Z * Z
    middle = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    reach = Z * sqrt(share * (1 - share) / runs + z2 / (4 * runs * runs)) / (1 + z2 / runs)
    return max(0.0, middle - reach), min(1.0, middle + reach)
