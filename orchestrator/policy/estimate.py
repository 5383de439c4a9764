"""What a task will cost, from what tasks of its kind did cost; and the one line that tells both.

The interval is made of order statistics and assumes no distribution: of n exchangeable values, the next one falls
between the k-th smallest and the k-th largest with probability (n + 1 - 2k) / (n + 1). From 9 tasks on that holds 80 %
or more; 5 to 8 give the widest there is and say how sure it is; fewer say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.model.names import RepoName
from orchestrator.model.task import Attempt, Estimate, TaskType

FEWEST = 5
OUTSIDE = 0.1
"""Share of values that may fall out at each end."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """One finished task. None: nobody told."""

    repo: RepoName
    type: str
    usd: float | None
    tokens: int | None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What runs came to. `usd` None: no run told money; `partly`: some used tokens and told no money."""

    usd: float | None = None
    tokens: int = 0
    partly: bool = False


def estimate(past: Sequence[Past], repo: RepoName, type: TaskType) -> Estimate:
    """From the repository's tasks of this type, else all repositories', else all tasks; unknown from fewer than 5."""
    alike = [p for p in past if p.type == type.value]
    kinds = (
        ([p for p in alike if p.repo.casefold() == repo.casefold()], "of its kind"),
        (alike, f"of type {type.value} in all repositories"),
        (list(past), "of all kinds"),
    )
    for tasks, words in kinds:
        if len(tasks) < FEWEST:
            continue
        usd = _interval([p.usd for p in tasks if p.usd is not None])
        tokens = _interval([p.tokens for p in tasks if p.tokens is not None])
        if usd is None and tokens is None:
            continue
        sure = max(_sure(len([p for p in tasks if p.usd is not None])), _sure(len([p for p in tasks if p.tokens])))
        return Estimate(
            usd_low=round(usd[0], 4) if usd else None,
            usd_high=round(usd[1], 4) if usd else None,
            tokens_low=int(tokens[0]) if tokens else None,
            tokens_high=int(tokens[1]) if tokens else None,
            tasks=len(tasks),
            basis=f"{len(tasks)} tasks {words}" + (f", {sure:.0%} sure" if sure < 1 - 2 * OUTSIDE else ""),
        )
    finished = len(kinds[0][0])
    counted = f"{finished} task" + ("" if finished == 1 else "s")
    return Estimate(tasks=finished, basis=f"only {counted} of its kind finished so far")


def cost(attempts: Iterable[Attempt]) -> Cost:
    """All runs together."""
    usd, tokens, told, untold = 0.0, 0, False, False
    for used in (a.usage for a in attempts):
        count = used.input_tokens + used.cached_tokens + used.output_tokens
        tokens += count
        if used.cost_usd is not None:
            usd, told = usd + used.cost_usd, True
        elif count:
            untold = True
    return Cost(usd=round(usd, 6) if told else None, tokens=tokens, partly=told and untold)


def line(cost: Cost, expected: Estimate | None) -> str:
    """`Cost: 1.20 USD (estimated 0.80 to 2.00 from 14 tasks of its kind)`; what is unknown is said to be."""
    if cost.usd is None:
        spent = f"unknown, {cost.tokens:,} tokens" if cost.tokens else "unknown"
    else:
        spent = f"{_usd(cost.usd)} USD"
        if cost.partly:
            spent = f"at least {spent}, {cost.tokens:,} tokens"
    return f"Cost: {spent} ({words(expected)})"


def words(expected: Estimate | None) -> str:
    """The estimate alone."""
    if expected is None:
        return "no estimate was made"
    if expected.usd_low is not None and expected.usd_high is not None:
        return f"estimated {_usd(expected.usd_low)} to {_usd(expected.usd_high)} from {expected.basis}"
    if expected.tokens_low is not None and expected.tokens_high is not None:
        return f"estimated {expected.tokens_low:,} to {expected.tokens_high:,} tokens from {expected.basis}"
    return f"no estimate: {expected.basis}"


def held(cost: Cost, expected: Estimate) -> str:
    """How the estimate did: within, below, above, or unknown where either side is."""
    if cost.usd is not None and not cost.partly and expected.usd_low is not None and expected.usd_high is not None:
        return _place(cost.usd, expected.usd_low, expected.usd_high)
    if cost.tokens and expected.tokens_low is not None and expected.tokens_high is not None:
        return _place(cost.tokens, expected.tokens_low, expected.tokens_high)
    return "unknown"


def _place(value: float, low: float, high: float) -> str:
    return "below" if value < low else "above" if value > high else "within"


def _interval(values: Sequence[float]) -> tuple[float, float] | None:
    if len(values) < FEWEST:
        return None
    ordered = sorted(values)
    k = max(1, int((len(ordered) + 1) * OUTSIDE + 1e-9))
    return ordered[k - 1], ordered[-k]


def _sure(n: int) -> float:
    """How sure the interval from so many values is."""
    if n < FEWEST:
        return 0.0
    k = max(1, int((n + 1) * OUTSIDE + 1e-9))
    return (n + 1 - 2 * k) / (n + 1)


def _usd(value: float) -> str:
    return f"{value:.2f}" if value >= 0.01 or not value else f"{value:.4f}"
