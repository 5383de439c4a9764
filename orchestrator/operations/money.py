"""What the work cost, for a person: by task, issue, agent, repository or day, and per merged pull request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date
from enum import Enum

from orchestrator.pipeline import funds
from orchestrator.services import Services
from orchestrator.state.spend import Share


class By(Enum):
    """What the costs are summed up by."""

    TASK = "task"
    ISSUE = "issue"
    AGENT = "agent"
    REPO = "repo"
    DAY = "day"


@dataclass(frozen=True, kw_only=True)
class CostLine:
    name: str
    usd: float | None
    """None: no run told money."""
    tokens: int
    runs: int
    untold: int
    """Runs that used tokens and told no money: `usd` is then the least it can be."""


@dataclass(frozen=True, kw_only=True)
class CostReport:
    by: str
    since: str
    """First day, UTC."""
    lines: tuple[CostLine, ...]
    """Dearest first; days in their order."""
    total: CostLine
    merged: int
    """Pull requests merged since then."""
    usd_per_merged: float | None
    """All that was spent, also on what never merged, for each of them; None without money or merges."""
    over: tuple[str, ...]
    """Ceilings that are reached now, in words."""


@dataclass
class _Sum:
    usd: float = 0.0
    told: bool = False
    tokens: int = 0
    runs: set[str] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)

    def add(self, share: Share) -> None:
        self.usd += share.usd
        self.told = self.told or share.run.usd is not None
        self.tokens += share.tokens
        self.runs.add(share.run.key)
        if share.run.usd is None and share.run.tokens:
            self.untold.add(share.run.key)

    def line(self, name: str) -> CostLine:
        usd = round(self.usd, 6) if self.told else None
        return CostLine(name=name, usd=usd, tokens=self.tokens, runs=len(self.runs), untold=len(self.untold))


def cost(services: Services, *, by: By = By.TASK, since: date | None = None) -> CostReport:
    """From the first of this month (UTC) unless `since` says otherwise. Raises CorruptState."""
    first = since or services.now().astimezone(UTC).date().replace(day=1)
    sums: dict[str, _Sum] = {}
    total = _Sum()
    for share in services.spend.since(first):
        total.add(share)
        sums.setdefault(_name(share, by), _Sum()).add(share)
    lines = [each.line(name) for name, each in sums.items()]
    if by is By.DAY:
        lines.sort(key=lambda line: line.name)
    else:
        lines.sort(key=lambda line: (-(line.usd or 0.0), -line.tokens, line.name))
    merged = sum(1 for e in services.finished.all() if e.ending == "merged" and e.at[:10] >= first.isoformat())
    return CostReport(
        by=by.value,
        since=first.isoformat(),
        lines=tuple(lines),
        total=total.line("total"),
        merged=merged,
        usd_per_merged=round(total.usd / merged, 6) if merged and total.told else None,
        over=tuple(over.words for over in funds.standing_now(services)),
    )


def _name(share: Share, by: By) -> str:
    run = share.run
    match by:
        case By.TASK:
            return run.task
        case By.ISSUE:
            return f"{run.repo}#{run.issue}" if run.issue else f"{run.repo} (no issue)"
        case By.AGENT:
            return run.agent
        case By.REPO:
            return run.repo
        case By.DAY:
            return share.day.isoformat()
