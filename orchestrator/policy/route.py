"""Which agent runs next, and why none of the others.

The operator's chain is the order; what is known of each candidate (`Health`) takes it out or, when the evidence is
clear, puts it back (`policy.health`). Nothing here spends an attempt: whoever cannot run now is passed over or waited
for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from orchestrator.model.result import FailureClass
from orchestrator.model.settings import OnQuota, RepoSettings
from orchestrator.model.task import Attempt, AttemptKind, Task
from orchestrator.model.times import parse, stamp
from orchestrator.policy import explore
from orchestrator.policy import health as judged
from orchestrator.policy.health import Known, Record

BUSY_SECONDS = 60
"""When somebody whose runs are all taken is asked again."""
REST = timedelta(minutes=10)
MOST_REST = timedelta(hours=4)
"""After trouble of its own in a task, an agent is not given it again for REST, twice as long each further time."""


LONGEST_COOLING = timedelta(days=35)


class Why(Enum):
    """What the decision says of one candidate."""

    CHOSEN = "chosen"
    EXPLORED = "explored"
    """Chosen before its turn, to learn how it does (`policy.explore`)."""
    AFTER = "after"
    """It could run; another one goes first."""
    USED = "used"
    """It had its attempt at this work."""
    UNFIT = "unfit"
    """Its preflight failed."""
    PAUSED = "paused"
    LACKS = "lacks"
    """It cannot do what this work needs."""
    COOLING = "cooling"
    """Its provider refused; until the time it told."""
    RESTING = "resting"
    """It had trouble of its own in this very task just now."""
    BREAKER = "breaker"
    """Too many failures of its own in an hour."""
    BUSY = "busy"
    """As many runs of it as it may have are under way."""
    BUDGET = "budget"


PASSING = frozenset({Why.COOLING, Why.RESTING, Why.BREAKER, Why.BUSY, Why.BUDGET})
"""They pass with time: a task waits for them."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is known of one agent now."""

    unfit: str = ""
    """Why its preflight failed; empty = fit."""
    cooling_until: str = ""
    """After quota: not before this time. Empty = now."""
    paused: bool = False
    can: frozenset[str] = frozenset()
    """Capabilities, by name: resume, live_message, read_only, cost_known, json_ask."""
    record: Record = field(default_factory=Record)
    of_type: Known = field(default_factory=Known)
    """The same in tasks of the type at hand."""
    since: int = 0
    """Tasks of other agents since its last run."""
    breaker_until: str = ""
    """Its circuit breaker is open until then."""
    probing: bool = False
    """Its breaker allows one probe."""
    running: int = 0
    """Runs of it that are under way, this task's own not among them."""
    max_parallel: int = 0
    """0 = no cap."""
    over: str = ""
    """The ceiling of its budget that is reached, in words."""
    over_until: str = ""


@dataclass(frozen=True, kw_only=True)
class Considered:
    """One candidate and what the decision says of it."""

    agent: str
    why: Why
    words: str
    until: str = ""

    def __str__(self) -> str:
        return f"{self.agent}: {self.words}"


@dataclass(frozen=True, kw_only=True)
class Route:
    agent: str
    reasons: tuple[Considered, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NoRoute:
    """Nobody can run. `until` is set when somebody will be able to."""

    why: str
    until: str = ""
    reasons: tuple[Considered, ...] = ()


def chain(task: Task, repo: RepoSettings) -> tuple[str, ...]:
    """The preferred agent first, then the chain of the task's type without it."""
    rest = repo.chain(task.type)
    if task.agent not in ("", "auto"):
        return (task.agent, *(a for a in rest if a != task.agent))
    return rest


def choose(
    task: Task,
    repo: RepoSettings,
    health: Mapping[str, Health],
    now: datetime,
    *,
    needs: frozenset[str] = frozenset(),
) -> Route | NoRoute:
    """The next run's agent.

    An agent named by a decision (correction, reroute) goes first, then the issue's preference. Then the chain in order,
    as far as health leaves it, without those that were charged an attempt since the last reset: the same agent never
    gets the same work twice unless it is named. Repairs go to their author first, whoever was charged before. Of new
    tasks for which nobody is named a few go to somebody who is little known (`policy.explore`).
    `needs`: capabilities without which nobody is asked.
    """
    names = chain(task, repo)
    named = {task.next_agent, task.agent} - {"", "auto"}
    if task.next_agent:
        names = (task.next_agent, *(n for n in names if n != task.next_agent))
    states = {name: _state(name, task, health.get(name), now, needs) for name in names}
    first = next((n for n in names if states[n] is None or _waited_for(states[n], repo)), "")
    if first and states[first] is not None:
        return _nobody(names, states, waits_for=first)
    free = [n for n in names if states[n] is None]
    if not free:
        nobody = _nobody(names, states)
        return nobody if names else replace(nobody, why=f"no agent is configured for {task.type.value}")
    fixed = [n for n in free if n in named]
    records, types = {n: health[n].record for n in free}, {n: health[n].of_type for n in free}
    rest = judged.ranked([n for n in free if n not in named], records, types)
    new = not named and not task.counted and task.next_kind is AttemptKind.ATTEMPT
    tried, why = _explored(task, rest, health) if new else ("", "")
    order = [*((n, "") for n in fixed), *sorted(rest, key=lambda one: one[0] != tried)]
    return _route(names, states, order, health, why)


def _explored(task: Task, order: tuple[tuple[str, str], ...], health: Mapping[str, Health]) -> tuple[str, str]:
    """Who goes first out of turn, and why in words; two empty texts for nobody."""
    known = {name: health[name].of_type for name, _ in order}
    since = {name: health[name].since for name, _ in order}
    running = [name for name, _ in order if health[name].running]
    if name := explore.probed(order, since, running):
        return name, f"a probe, after {since[name]} tasks of others"
    if name := explore.least_known(task.id, order, known):
        first = order[0][0]
        counts = f"{known[name].runs} runs in a week, {first} {known[first].runs}"
        return name, f"explored: little is known of it in {task.type.value} ({counts})"
    return "", ""


def _state(name: str, task: Task, health: Health | None, now: datetime, needs: frozenset[str]) -> Considered | None:
    """Why this one cannot run now; None when it can."""

    def no(why: Why, words: str, until: str = "") -> Considered:
        return Considered(agent=name, why=why, words=words, until=until)

    if task.next_kind is AttemptKind.ATTEMPT and name != task.next_agent and name in _used(task):
        return no(Why.USED, "had its attempt")
    if health is None:
        return no(Why.UNFIT, "is not configured")
    if health.unfit:
        return no(Why.UNFIT, health.unfit)
    if health.paused:
        return no(Why.PAUSED, "is paused by the operator")
    if lacking := sorted(needs - health.can):
        return no(Why.LACKS, f"lacks {', '.join(lacking)}")
    if health.cooling_until and parse(health.cooling_until) > now:
        return no(Why.COOLING, f"cools down until {health.cooling_until}", health.cooling_until)
    if (until := rests_until(task, name)) is not None and until > now:
        return no(Why.RESTING, f"had trouble with this task, rests until {stamp(until)}", stamp(until))
    soon = stamp(now + timedelta(seconds=BUSY_SECONDS))
    if health.breaker_until:
        words = f"failed {judged.FAILURES} times in an hour, left alone until {health.breaker_until}"
        return no(Why.BREAKER, words, health.breaker_until)
    if health.probing and health.running:
        return no(Why.BREAKER, "failed too often lately, one probe of it is under way", soon)
    if health.max_parallel and health.running >= health.max_parallel:
        return no(Why.BUSY, f"{health.running} of at most {health.max_parallel} runs of it are under way", soon)
    if health.over:
        return no(Why.BUDGET, health.over, health.over_until)
    return None


def _waited_for(state: Considered | None, repo: RepoSettings) -> bool:
    """A cool-down that this repository waits out instead of asking somebody else."""
    return state is not None and state.why is Why.COOLING and repo.on_quota is OnQuota.WAIT


def _nobody(names: tuple[str, ...], states: Mapping[str, Considered | None], *, waits_for: str = "") -> NoRoute:
    """With every reason, and the first time at which somebody (or the one that is waited for) can be asked again."""
    could = f"could run, but this repository waits for {waits_for} (on_quota: wait)"
    reasons = tuple(states[n] or Considered(agent=n, why=Why.AFTER, words=could) for n in names)
    held = [r.until for r in reasons if r.until and (r.agent == waits_for if waits_for else r.why in PASSING)]
    return NoRoute(why="; ".join(map(str, reasons)), until=min(held, key=parse, default=""), reasons=reasons)


def _route(
    names: tuple[str, ...],
    states: Mapping[str, Considered | None],
    order: list[tuple[str, str]],
    health: Mapping[str, Health],
    explored: str,
) -> Route:
    """`explored`: why the first goes out of its turn; empty when it does not."""
    chosen = order[0][0]
    outdone = dict(order)
    records, types = {n: health[n].record for n in outdone}, {n: health[n].of_type for n in outdone}

    def words(name: str) -> Considered:
        state = states[name]
        if state is not None:
            return state
        first = Why.EXPLORED if explored else Why.CHOSEN
        why = first if name == chosen else Why.AFTER
        told = "chosen" if name == chosen else f"comes after {chosen}"
        told += f"; {explored}" if explored and name == chosen else ""
        if by := outdone[name]:
            told += f"; {judged.outdoes(by, name, records, types)}"
        if health[name].probing:
            told += "; a probe after its failures"
        return Considered(agent=name, why=why, words=told)

    return Route(agent=chosen, reasons=tuple(words(n) for n in names))


def left(task: Task, repo: RepoSettings, health: Mapping[str, Health]) -> tuple[str, ...]:
    """Fit agents that have not had their attempt yet, cooling ones included."""
    used = _used(task)
    return tuple(n for n in chain(task, repo) if n not in used and not health.get(n, Health(unfit="unknown")).unfit)


def rests_until(task: Task, name: str) -> datetime | None:
    """After uncharged trouble of its own in this task an agent rests, longer each time in a row."""
    own = [a for a in task.counted if a.agent == name and a.ended]
    in_a_row = 0
    for attempt in reversed(own):
        if not troubled(attempt):
            break
        in_a_row += 1
    if not in_a_row:
        return None
    rest: timedelta = min(REST * (1 << min(in_a_row - 1, 10)), MOST_REST)
    return parse(own[-1].ended) + rest


def troubled(attempt: Attempt) -> bool:
    """It ended by trouble of the agent's own and was charged nothing for it."""
    return not attempt.spent and attempt.failure in (*judged.TROUBLE, FailureClass.NOT_INSTALLED)


def cool_until(reset_at: str, now: datetime, minutes: float) -> str:
    """The provider's own reset time if it told one, else a fixed time from now. What a run told is foreign text: a time
    beyond any plan's period leaves an agent alone for that long only."""
    if not reset_at:
        return stamp(now + timedelta(minutes=minutes))
    return stamp(min(parse(reset_at), now + LONGEST_COOLING))


def _used(task: Task) -> set[str]:
    return {a.agent for a in task.counted if a.kind is AttemptKind.ATTEMPT and a.spent and a.ended}
