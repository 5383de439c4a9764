"""Measures what merged work did, once per task, pull request and check, when its window is over (docs/outcomes.md).

What cannot be read, or is too early, is tried again, and is inconclusive only after the last try. All checks of a merge
that are due are read together: when a guard got worse, nothing else of that merge counts as improved. What was taken
back before it was measured has no outcome.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from orchestrator import notify
from orchestrator.git import GitError
from orchestrator.github.errors import GitHubError
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.objective import DEAD_BAND, Interpretation, Objective
from orchestrator.model.outcome import Hypothesis, HypothesisVerdict, Measured, Shipped
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Task
from orchestrator.model.times import parse, stamp
from orchestrator.pipeline import effect, report
from orchestrator.planning import objectives, reach, taking
from orchestrator.planning.base_branch import BaseBranch
from orchestrator.planning.prose import Asking
from orchestrator.planning.taking import Taken
from orchestrator.policy import attached, attribute, hypothesis, interpret
from orchestrator.policy.attached import Attached
from orchestrator.policy.attribute import Due
from orchestrator.policy.interpret import Reading
from orchestrator.services import Services
from orchestrator.state.effects import Unsettled
from orchestrator.state.tries import Key, Tries

MOST = 700
"""Characters of a summary."""
_PATIENCE = timedelta(days=14)
"""So long a question waits for somebody who can be asked; after that, that nobody could be is a try that failed."""


def measure(services: Services, repo: RepoSettings) -> int:
    """How many measurements were written. Safe to repeat. Raises Busy, CorruptState, OSError."""
    if not repo.outcome_attribution.enabled:
        return 0
    tries = Tries(root=services.settings.runtime / "state")
    _tell_damage(services)
    _pay(services, repo, tries)
    round = look(services, repo)
    if round is None:
        return 0
    written = round.run()
    _pay(services, repo, tries)
    return written


def due(services: Services, repo: RepoSettings) -> int:
    """How many measurements the next `measure` would try. Writes nothing and tells nobody. Raises CorruptState."""
    if not repo.outcome_attribution.enabled:
        return 0
    round = look(services.looking(), repo)
    return len(round.due()) if round is not None else 0


def look(services: Services, repo: RepoSettings) -> Round | None:
    """What is known now. None while the objective is wrong, which a person was told: until it is mended nobody knows
    what its ids mean."""
    objective = objectives.of(services, repo)
    if objective is None and os.path.lexists(objectives.file_of(services, repo)):
        return None
    return Round(
        services=services,
        repo=repo,
        objective=objective,
        tries=Tries(root=services.settings.runtime / "state"),
        merged=services.outcomes.shipped(repo.name),
        expected={
            (r.issue, r.hypothesis.metric.casefold()): r.hypothesis for r in services.outcomes.hypotheses(repo.name)
        },
        measured=list(services.outcomes.measured(repo.name)),
        base=BaseBranch(services=services, repo=repo),
        asking=Asking(services=services, repo=repo),
        now=services.now(),
    )


@dataclass(frozen=True, kw_only=True)
class Round:
    """One tick over one repository."""

    services: Services
    repo: RepoSettings
    objective: Objective | None
    tries: Tries
    merged: tuple[Shipped, ...]
    expected: Mapping[tuple[int, str], Hypothesis]
    measured: list[Measured]
    """With what this tick measured."""
    base: BaseBranch
    asking: Asking
    now: datetime

    def run(self) -> int:
        due = self._over()
        return sum(self._merge(list(each), self.guards) for _, each in groupby(due, key=lambda d: d.shipped))

    def due(self) -> list[Due]:
        """Those that no earlier try put off."""
        return [one for one in self._over() if not self.tries.waits(self._key(one), self.now)]

    @property
    def guards(self) -> frozenset[str]:
        return frozenset(m.id for m in self.objective.metrics if m.guard) if self.objective else frozenset()

    def _over(self) -> tuple[Due, ...]:
        """Whose time of waiting is over."""
        return attribute.due(self.merged, self.measured, self.now, window=self.window, guards=self.guards)

    def window(self, shipped: Shipped, check: str) -> float | None:
        what = attached.find(check, self.repo.outcome_attribution, self.objective)
        if what is None:
            return None
        expected = self._hypothesis(shipped, check)
        return expected.window_days if expected else what.window_days

    def _hypothesis(self, shipped: Shipped, check: str) -> Hypothesis | None:
        """Only what was written down before the merge."""
        found = self.expected.get((shipped.issue, check)) if shipped.issue is not None else None
        return found if found and parse(found.at) <= parse(shipped.at) else None

    def _merge(self, due: Sequence[Due], guards: frozenset[str]) -> int:
        """The checks of one merge that are due, its guards first."""
        found: dict[str, tuple[Due, Taken]] = {}
        waiting = False
        for one in due:
            if waiting and one.check not in guards:
                continue  # whether it may count as improved is not known yet
            taken = self._take(one)
            if taken is not None:
                found[one.check] = (one, taken)
            elif one.check in guards:
                waiting = True
        for check, reading in self._guarded(due[0].shipped, found).items():
            one, taken = found[check]
            self._write(one, taken, reading)
        return len(found)

    def _take(self, due: Due) -> Taken | None:
        """None = look again at a later tick."""
        if not due.check:
            return _lost("nothing was attached to this work")
        what = attached.find(due.check, self.repo.outcome_attribution, self.objective)
        if what is None:
            return _lost(f"neither the configuration nor the objective knows {due.check}")
        key = self._key(due)
        if self.tries.waits(key, self.now):
            return None
        taken = self._read(what, due)
        if taken.reading.interpretation is not None:
            return taken
        if not taken.counts and self.now < due.since + _PATIENCE:
            return None
        tries = self.tries.count(key) + 1
        next = attribute.again(tries, due.since, self.now)
        self.tries.missed(key, str(self.services.redact(taken.reading.why))[:MOST], next)
        if next is not None:
            return None
        return _lost(f"given up after {tries} tries: {taken.reading.why}", taken.evidence)

    def _read(self, what: Attached, due: Due) -> Taken:
        try:
            if undone := self.base.undone(due.shipped):
                return _lost(undone, instead=attribute.REVERTED)
        except GitError as why:
            unknown = f"whether it still stands cannot be told: {why}"
            return Taken(reading=Reading(interpretation=None, why=unknown))
        block = self.repo.outcome_attribution
        rules = reach.rules(self.services, self.repo, domains=block.allowed_domains, most_chars=block.max_source_chars)
        return taking.take(self.asking, what, due, rules)

    def _guarded(self, shipped: Shipped, found: Mapping[str, tuple[Due, Taken]]) -> dict[str, Reading]:
        """The readings after the guards of the same merge, also those that an earlier tick wrote."""
        readings = {check: taken.reading for check, (_, taken) in found.items()}
        if self.objective is None:
            return readings
        earlier = {
            m.check: Reading(interpretation=m.interpretation, movement=m.movement, why=m.summary)
            for m in self.measured
            if m.pull == shipped.pull and m.task == shipped.task
        }
        judged = interpret.apply_guards({**earlier, **readings}, self.objective)
        return {check: judged[check] for check in found}

    def _write(self, due: Due, taken: Taken, reading: Reading) -> None:
        shipped, check = due.shipped, due.check
        what = attached.find(check, self.repo.outcome_attribution, self.objective)
        assert reading.interpretation is not None
        told = reading.interpretation is not Interpretation.INCONCLUSIVE
        claims = attribute.reach(check, self.merged, self.measured, window=self.window)
        claims.pop((shipped.task, shipped.pull), None)
        if reading.until:
            claims[shipped.task, shipped.pull] = parse(reading.until)
        together = attribute.sharers(shipped, check, self.merged, window=self.window, reach=claims)
        share = attribute.share(
            shipped, check, self.merged, window=self.window, reach=claims, measured=self.measured if told else ()
        )
        source = (what.source.path or what.source.url) if what else attribute.MISSING if check else attribute.NONE
        rule = f"{attribute.rule(shipped, together, share)}; read {taken.how}" if taken.how else "nothing was measured"
        if taken.instead:
            rule = f"{taken.instead}: {reading.why}"
        key = self._key(due)
        self.tries.owe(key, taken.evidence)
        one = Measured(
            repo=shipped.repo,
            task=shipped.task,
            issue=shipped.issue,
            pull=shipped.pull,
            check=check,
            direction=shipped.direction,
            interpretation=reading.interpretation,
            movement=reading.movement,
            share=share,
            sharers=tuple(s.task for s in together if s.pull != shipped.pull),
            rule=rule,
            source=taken.instead or source,
            summary=str(self.services.redact.head(reading.why, MOST)),
            merged_at=shipped.at,
            window_days=due.window_days or 0.0,
            claimed_to=reading.until,
            at=stamp(self.now),
            hypothesis=self._verdict(due, taken.reading, share),
        )
        self.services.outcomes.measure(one)
        self.measured.append(one)
        _tell(self.services, self.repo, self.tries, key, taken.evidence, comment=False)

    def _verdict(self, due: Due, read: Reading, share: float) -> HypothesisVerdict | None:
        """By what was read of its own metric: a guard says nothing about a hypothesis."""
        expected = self._hypothesis(due.shipped, due.check)
        if expected is None or read.interpretation is None:
            return None
        metric = self.objective.metric(due.check) if self.objective else None
        return hypothesis.verdict(
            expected,
            read.interpretation,
            read.movement,
            share=share,
            direction=metric.direction if metric else None,
            dead_band=metric.dead_band if metric else DEAD_BAND,
        )

    def _key(self, due: Due) -> Key:
        return Key(repo=self.repo.name, task=due.shipped.task, pull=due.shipped.pull, check=due.check)


def _lost(why: str, evidence: str = "", instead: str = "") -> Taken:
    reading = Reading(interpretation=Interpretation.INCONCLUSIVE, why=why)
    return Taken(reading=reading, evidence=evidence, instead=instead)


def _tell_damage(services: Services) -> None:
    """Once per set of lines: what stood there is not known any more, and may be measured or told again."""
    if lines := services.outcomes.damaged():
        named = ", ".join(str(n) for n in lines[:10]) + (f" and {len(lines) - 10} more" if len(lines) > 10 else "")
        text = f"metrics/outcome_attribution.jsonl: line {named} cannot be read, and is passed over."
        notify.alert(
            services,
            Alert(
                kind=AlertKind.SYSTEM, subject="outcomes", state=f"damaged:{named}", text=services.redact(text),
                action="mend the line from a backup, or delete it",
            ),
        )  # fmt: skip


def _pay(services: Services, repo: RepoSettings, tries: Tries) -> None:
    """What is still to be told of records that stand: a tick may have died, GitHub may have been away."""
    for key, evidence in tries.owed(repo.name):
        try:
            _tell(services, repo, tries, key, evidence, comment=True)
        except (GitHubError, Unsettled):
            tries.untold(key)


def _tell(services: Services, repo: RepoSettings, tries: Tries, key: Key, evidence: str, *, comment: bool) -> None:
    """The ledger, once; and where something had been expected the issue, once. Raises GitHubError, Unsettled."""
    known = services.outcomes.measured(repo.name)
    one = next((m for m in known if (m.task, m.pull, m.check) == (key.task, key.pull, key.check)), None)
    if one is None:
        tries.unwritten(key)
        return
    task = Task(id=TaskId(one.task), repo=RepoName(one.repo), issue=one.issue, title=one.task)
    journal, noted = services.effects.of(one.task), f"measured:{one.pull}:{one.check}"
    if journal.result(noted) is None:
        services.record(
            EventKind.MEASURED,
            task,
            {"evidence": evidence} if evidence else {},
            number=one.pull,
            check=one.check,
            direction=one.direction,
            interpretation=one.interpretation.value,
            movement=one.movement,
            share=one.share,
            sharers=list(one.sharers),
            rule=one.rule,
            source=one.source,
            summary=one.summary,
            hypothesis=one.hypothesis.value if one.hypothesis else "",
        )
        journal.done(noted, {})
    if one.hypothesis is not None:
        if not comment:
            return
        effect.comment(services, task, noted, words(one))
    tries.told(key)


def words(one: Measured) -> str:
    """The verdict, for the issue."""
    assert one.hypothesis is not None
    moved = f" ({one.movement:+.1%})" if one.movement is not None else ""
    quoted = "\n".join(f"> {line}" for line in report.defused(one.summary).splitlines())
    return (
        f"**Orchestrator**: measured `{one.check}` {one.window_days:g} days after #{one.pull} was merged: "
        f"{one.interpretation.value}{moved}. The hypothesis is {one.hypothesis.value}.\n\n{quoted}\n\n- {one.rule}"
    )
