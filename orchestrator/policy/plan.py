"""Which issues a sprint takes up, and why. A candidate's score is a sum of terms, each shown with its reason.

    priority     the repository's `priority_weights` (30, 10, 0)
    age          1 a week, at most 5: old wishes rise a little
    outcome      25 times the direction's credit (-1 to 1, shrunken by how little was measured), times how much the
                 objective cares about the metrics that the issue names (0 to 2, 1 where it names none)
    exploration  3 * sqrt(ln(1 + N) / (1 + n)), at most 6: N measurements in all, n of the direction. Nothing while
                 nothing is measured anywhere: then all are equally unknown
    feedback     keywords shared with production feedback and research that may weigh; a guarded entry gives nothing
    planner      what an agent named first gets 8, what it named last a little, what it did not name nothing

So an agent's word moves an issue by less than a third of what a clear outcome does: what an objective punished stays
behind what it rewarded, whatever the agent says. And one direction gets at most four fifths of a plan while there is
another one: what pays today is not all that is tried.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from orchestrator.model.issue import Issue
from orchestrator.model.objective import DEAD_BAND, Direction, Objective
from orchestrator.model.outcome import Expected, Hypothesis
from orchestrator.model.plan import Candidate, Item, Term
from orchestrator.model.planning import OutcomeCheck
from orchestrator.model.task import Priority
from orchestrator.model.times import parse, stamp
from orchestrator.policy import sections
from orchestrator.policy.attribute import Credit
from orchestrator.policy.hypothesis import Wanted
from orchestrator.policy.score import weights

AGE, MOST_AGE = 1.0, 5.0
OUTCOME = 25.0
EXPLORE, MOST_EXPLORED = 3.0, 6.0
PLANNER = 8.0
SHARE = 0.8
LONGEST = 300
"""Characters of a rationale."""
_NUMBER = re.compile(r"#?([1-9][0-9]{0,9})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An open issue that may be worked on."""

    issue: Issue
    direction: str
    checks: tuple[str, ...] = ()
    """Ids that it names under `## Outcome Checks`."""
    feedback: tuple[float, str] = (0.0, "")
    """Points of production feedback and research, and why."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of the repository when it is planned."""

    now: datetime
    size: int
    weights: tuple[tuple[Priority, float], ...]
    credit: Mapping[str, Credit] = field(default_factory=dict)
    objective: Objective | None = None
    checks: tuple[OutcomeCheck, ...] = ()
    """Of the configuration."""
    main: Mapping[str, str] = field(default_factory=dict)
    """Direction to the check that was measured most for it."""
    written: Mapping[int, Wanted] = field(default_factory=dict)
    """Issue to the hypothesis that stands in its text."""
    measuring: bool = True
    """Outcomes are attributed: without that nothing is expected, for nobody would look."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """An agent's answer: what it would take up, best first, and why."""

    promote: tuple[str, ...] = ()
    rationales: tuple[str, ...] = ()
    """One per promoted issue; any other number of them is not used."""
    focus: str = ""


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """Candidates with the agent's term, best first."""

    candidates: tuple[Candidate, ...]
    rationales: Mapping[int, str]
    ignored: tuple[str, ...]
    """What the agent named that is no candidate."""


def candidates(seen: Sequence[Seen], facts: Facts) -> tuple[Candidate, ...]:
    """Best first; equal ones by their number, so that the order they came in says nothing."""
    total = sum(max(0.0, c.n) for c in facts.credit.values())
    return _sorted(
        Candidate(
            issue=one.issue.number,
            title=sections.visible(one.issue.title).strip() or f"Issue #{one.issue.number}",
            direction=one.direction,
            checks=one.checks,
            terms=(
                _priority(one, facts),
                _age(one, facts.now),
                _outcome(one, facts),
                _exploration(one, facts, total),
                Term(name="feedback", value=round(one.feedback[0], 6), why=one.feedback[1] or "nothing speaks for it"),
            ),
        )
        for one in seen
    )


def merge_answer(found: Sequence[Candidate], word: Word | None) -> Ordered:
    """The agent orders and explains; it never adds an issue, and each one that it names counts once."""
    known = {c.issue: c for c in found}
    named: dict[int, str] = {}
    ignored: list[str] = []
    reasons = word.rationales if word and len(word.rationales) == len(word.promote) else ()
    for n, text in enumerate(word.promote if word else ()):
        match = _NUMBER.fullmatch(text.strip())
        number = int(match[1]) if match else 0
        if number not in known:
            ignored.append(text.strip()[:40])
        elif number not in named:
            named[number] = " ".join(reasons[n].split())[:LONGEST] if reasons else ""
    places = {number: place for place, number in enumerate(named)}
    ordered = _sorted(
        replace(c, terms=(*c.terms, _planner(places.get(c.issue), len(places)))) if word else c for c in found
    )
    return Ordered(
        candidates=ordered, rationales={n: text for n, text in named.items() if text}, ignored=tuple(ignored)
    )


def deterministic(found: Sequence[Candidate], size: int) -> tuple[Candidate, ...]:
    """At most `size` candidates, best first, of one direction at most four fifths while there are others."""
    most = math.ceil(size * SHARE)
    taken: list[Candidate] = []
    passed: list[Candidate] = []
    counts: Counter[str] = Counter()
    for one in _sorted(found):
        fits = counts[one.direction] < most
        (taken if fits and len(taken) < size else passed).append(one)
        counts[one.direction] += fits
    return _sorted([*taken, *passed[: max(0, size - len(taken))]])


def items(chosen: Sequence[Candidate], rationales: Mapping[int, str], facts: Facts, by: str) -> tuple[Item, ...]:
    """What is promoted, each with its reason, its metric and what is expected of it."""
    made: list[Item] = []
    for one in chosen:
        wanted = facts.written.get(one.issue)
        metric = wanted.metric if wanted else metric_of(one, facts)
        made.append(
            Item(
                issue=one.issue,
                title=one.title,
                rationale=rationales.get(one.issue) or sentence(one),
                metric=metric,
                hypothesis=_hypothesis(wanted, metric, facts, by),
                direction=one.direction,
                score=round(one.score, 6),
            )
        )
    return tuple(made)


def metric_of(one: Candidate, facts: Facts) -> str:
    """The first check it names that is measured here, else what its direction was mostly measured by."""
    known = [c for c in one.checks if _known(c, facts)]
    return known[0] if known else facts.main.get(one.direction, "")


def expected(metric: str, facts: Facts, by: str) -> Hypothesis | None:
    """It moves the way that is better, by twice its dead band at least. None for a metric that nobody measures."""
    at = stamp(facts.now)
    found = facts.objective.metric(metric) if facts.objective else None
    if found is not None and found.outcome_check is not None:
        up = found.direction is Direction.INCREASE
        return Hypothesis(
            metric=found.id,
            expected=Expected.UP if up else Expected.DOWN,
            size=2 * found.dead_band,
            window_days=found.outcome_check.window_days,
            at=at,
            by=by,
        )
    check = next((c for c in facts.checks if c.id.casefold() == metric.casefold()), None)
    if check is None:
        return None
    days = check.measurement_window_days
    return Hypothesis(metric=check.id, expected=Expected.UP, size=2 * DEAD_BAND, window_days=days, at=at, by=by)


def _hypothesis(wanted: Wanted | None, metric: str, facts: Facts, by: str) -> Hypothesis | None:
    if not facts.measuring:
        return None
    return _as_written(wanted, facts) if wanted else expected(metric, facts, by)


def _as_written(wanted: Wanted, facts: Facts) -> Hypothesis:
    known = expected(wanted.metric, facts, "")
    days = wanted.window_days or (known.window_days if known else 7.0)
    return Hypothesis(
        metric=wanted.metric,
        expected=wanted.expected,
        size=wanted.size,
        window_days=days,
        at=stamp(facts.now),
        by="the issue",
    )


def sentence(one: Candidate) -> str:
    """A candidate's score in words, of the terms that move it."""
    told = [f"{t.name} {t.value:+.1f} ({t.why})" for t in one.terms if t.value]
    return f"Score {one.score:.1f}: " + ("; ".join(told) or "no term speaks for or against it")


def repo_order(after: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Repository keys so that each comes after those it depends on, else as they stand; and those that wait for each
    other in a circle, which stay as they stand, at the end."""
    left = {key: {name for name in names if name in after and name != key} for key, names in after.items()}
    done: list[str] = []
    while ready := next((key for key, waits in left.items() if not waits), ""):
        done.append(ready)
        del left[ready]
        for waits in left.values():
            waits.discard(ready)
    return (*done, *left), tuple(left)


def named_dependencies(strategy: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """Keys of the repositories that `## Dependencies` of a STRATEGY.md names. `known`: key or owner/name, lower case,
    to key."""
    found: dict[str, None] = {}
    inside = False
    for line in strategy.splitlines():
        if line.startswith("#"):
            inside = line.strip("# ").casefold() == "dependencies"
        elif inside:
            for word in _NAME.findall(line):
                if key := known.get(word.strip(".").casefold()):
                    found[key] = None
    return tuple(found)


def _sorted(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(found, key=lambda c: (-round(c.score, 9), c.issue)))


def _priority(one: Seen, facts: Facts) -> Term:
    level = sections.priority(one.issue.labels)
    return Term(name="priority", value=dict(facts.weights).get(level, 0.0), why=f"prio:{level.value}")


def _age(one: Seen, now: datetime) -> Term:
    try:
        days = max(0.0, (now - parse(one.issue.created_at)).total_seconds() / 86400)
    except ValueError:
        return Term(name="age", value=0.0, why="nothing tells its age")
    return Term(name="age", value=round(min(MOST_AGE, AGE * days / 7), 2), why=f"open for {days:.0f} days")


def _outcome(one: Seen, facts: Facts) -> Term:
    credit = facts.credit.get(one.direction)
    if credit is None or credit.n <= 0:
        return Term(name="outcome", value=0.0, why=f"nothing of {one.direction} was measured yet")
    factor, named = _care(one, facts.objective)
    mean = min(1.0, max(-1.0, credit.mean))
    word = "paid" if mean > 0 else "was punished" if mean < 0 else "changed nothing"
    why = f"{one.direction} {word}: {mean:+.2f} over {credit.n:.1f} measurements"
    return Term(name="outcome", value=round(OUTCOME * mean * factor, 6), why=f"{why}, times {factor:.2f}{named}")


def _care(one: Seen, objective: Objective | None) -> tuple[float, str]:
    """Share of weight of the metrics it names against an equal share: 1 = as much as for any metric."""
    metrics = objective.metrics if objective else ()
    named = {c.casefold() for c in one.checks} & {m.id.casefold() for m in metrics}
    if not named:
        return 1.0, ""
    share = sum(w for m, w in zip(metrics, weights(metrics)) if m.id.casefold() in named)
    return min(2.0, share * len(metrics)), f" for {', '.join(sorted(named))}"


def _exploration(one: Seen, facts: Facts, total: float) -> Term:
    credit = facts.credit.get(one.direction)
    n = max(0.0, credit.n) if credit else 0.0
    value = min(MOST_EXPLORED, EXPLORE * math.sqrt(math.log(1 + total) / (1 + n)))
    return Term(name="exploration", value=round(value, 6), why=f"{n:.1f} of {total:.1f} measurements are of its kind")


def _planner(place: int | None, count: int) -> Term:
    if place is None:
        return Term(name="planner", value=0.0, why="not named by the agent")
    value = PLANNER * (count - place) / count
    return Term(name="planner", value=round(value, 6), why=f"named {place + 1} of {count} by the agent")


def _known(check: str, facts: Facts) -> bool:
    metric = facts.objective.metric(check) if facts.objective else None
    measured = metric is not None and metric.outcome_check is not None
    return measured or any(c.id.casefold() == check.casefold() for c in facts.checks)
