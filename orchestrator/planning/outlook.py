"""What will be measured of a piece of work, and why it is not yet: in words, for whoever asks. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.model.objective import Objective
from orchestrator.model.outcome import Measured, Shipped
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import parse, stamp
from orchestrator.planning import measuring
from orchestrator.planning.measuring import Round
from orchestrator.policy import attached, attribute
from orchestrator.services import Services
from orchestrator.state.tries import Key
from orchestrator.yamlread.problems import near


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """One repository, as of now."""

    repo: RepoSettings
    round: Round

    def of(self, shipped: Shipped) -> tuple[str, ...]:
        """Each check of a merge: what came of it, or what it waits for."""
        return tuple(f"{check or 'nothing named'}: {self._check(shipped, check)}" for check in shipped.checks or ("",))

    def ahead(self, checks: Iterable[str]) -> tuple[str, ...]:
        """Each check of work that is not merged yet."""
        return tuple(f"{check}: {self._ahead(check)}" for check in checks)

    def waiting(self) -> tuple[str, ...]:
        """All that waits in the repository, oldest merge first."""
        return tuple(
            f"#{one.pull} {check or 'nothing named'}: {self._check(one, check)}"
            for one in sorted(self.round.merged, key=lambda s: (parse(s.at), s.pull))
            for check in one.checks or ("",)
            if self._measured(one, check) is None
        )

    def unknown(self, check: str) -> str:
        """Why nothing measures this id; empty = something does."""
        block, objective = self.repo.outcome_attribution, self.round.objective
        if attached.find(check, block, objective) is not None:
            return ""
        if objective is not None and objective.metric(check.casefold()) is not None:
            return f"the objective's metric {check} has no outcome_check"
        return f"neither the configuration nor the objective knows it{near(check, _known(self.repo, objective))}"

    def _ahead(self, check: str) -> str:
        if why := self.unknown(check):
            return why
        what = attached.find(check, self.repo.outcome_attribution, self.round.objective)
        assert what is not None
        return f"is read from {what.source.path or what.source.url} {what.window_days:g} days after the merge"

    def _check(self, shipped: Shipped, check: str) -> str:
        found = self._measured(shipped, check)
        if found is not None:
            return _told(found, self.unknown(check) if found.source == attribute.MISSING else "")
        if not check or (why := self.unknown(check)):
            return f"{why if check else 'nothing is attached to it'}; the scorer will note it so"
        return self._waits(shipped, check)

    def _waits(self, shipped: Shipped, check: str) -> str:
        round, since = self.round, self._since(shipped, check)
        if round.now < since:
            guard = self._late_guard(shipped, check)
            own = f", with the guard {guard}" if guard else ""
            return f"too early: it is measured from {stamp(since)}{own}"
        tried = round.tries.seen(Key(repo=self.repo.name, task=shipped.task, pull=shipped.pull, check=check))
        if tried is not None:
            n, why, next = tried
            again = f"; tried again after {next}" if next else ""
            return f"tried {n} {'time' if n == 1 else 'times'}: {why}{again}"
        open_guards = [g for g in shipped.checks if g in round.guards and g != check and not self._measured(shipped, g)]
        if open_guards and check not in round.guards:
            return f"waits for the guard {open_guards[0]}, which is not measured yet"
        return f"due since {stamp(since)}: the scorer's next tick reads it"

    def _since(self, shipped: Shipped, check: str) -> datetime:
        checks = [check, *(g for g in shipped.checks if g in self.round.guards and check not in self.round.guards)]
        days = max(self.round.window(shipped, c) or 0.0 for c in checks)
        return parse(shipped.at) + timedelta(days=days)

    def _late_guard(self, shipped: Shipped, check: str) -> str:
        own = self.round.window(shipped, check) or 0.0
        late = [g for g in shipped.checks if g in self.round.guards and (self.round.window(shipped, g) or 0.0) > own]
        return late[0] if late and check not in self.round.guards else ""

    def _measured(self, shipped: Shipped, check: str) -> Measured | None:
        key = (shipped.task, shipped.pull, check)
        return next((m for m in self.round.measured if (m.task, m.pull, m.check) == key), None)


def outlook(services: Services, repo: RepoSettings) -> Outlook | None:
    """None while the repository's objective cannot be used: what its ids mean is not known. Raises CorruptState."""
    round = measuring.look(services.looking(), repo)
    return Outlook(repo=repo, round=round) if round is not None else None


def _told(one: Measured, unknown: str) -> str:
    moved = f" ({one.movement:+.1%})" if one.movement is not None else ""
    verdict = f", hypothesis {one.hypothesis.value}" if one.hypothesis else ""
    why = f": {unknown or one.summary}" if unknown or one.summary else ""
    return f"{one.interpretation.value}{moved}{verdict}, measured {one.at}{why}"


def _known(repo: RepoSettings, objective: Objective | None) -> Sequence[str]:
    metrics = [m.id for m in objective.metrics] if objective else []
    return [c.id for c in repo.outcome_attribution.checks] + metrics
