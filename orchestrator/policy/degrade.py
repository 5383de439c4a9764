"""How the agents did in a window, and which of them do so badly that somebody should look (ORIGIN 1A.8).

A task counts once per agent that ran it, by that agent's last run. Degraded is an agent that ends fewer than 60 % of at
least four tasks well; the cause is what blocked most of them, or, where nothing does, a peer that does clearly better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.findings import AgentScore, Cause, Finding, FindingKind
from orchestrator.model.objective import Score
from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.times import stamp
from orchestrator.policy.health import Run

WINDOW_DAYS = 7.0
THRESHOLD = 0.60
"""Success below it is degraded ..."""
MIN_TASKS = 4
"""... with at least so many tasks."""
PEER_TASKS = 3
PEER_RATE = 0.60
PEER_GAP = 0.25
"""A peer shows that another agent would do better: with so many tasks, such success, and so much more of it."""
MOST_EVIDENCE = 8

CAUSES: Mapping[str, Cause] = {
    BlockerCode.QUOTA_LIMITED.value: Cause.QUOTA,
    BlockerCode.MISSING_CREDENTIALS.value: Cause.AUTHENTICATION,
    BlockerCode.ENVIRONMENT_FAILURE.value: Cause.ENVIRONMENT,
    BlockerCode.RUNNER_FAILURE.value: Cause.ENVIRONMENT,
    BlockerCode.WORKFLOW_VALIDATION_FAILED.value: Cause.ENVIRONMENT,
    BlockerCode.TEST_FAILURE.value: Cause.ENVIRONMENT,
}
NOBODYS = frozenset({FailureClass.STOPPED, FailureClass.BUDGET})
"""A person or a ceiling ended the run: it says nothing of anybody."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A task that was merged in the window."""

    task: str
    repo: str
    type: str


def scores(runs: Iterable[Run], merged: Iterable[Merged]) -> tuple[AgentScore, ...]:
    """Per agent; per agent and repository; per agent and type of task. In this order, by name."""
    told = [r for r in runs if r.failure not in NOBODYS]
    authors = _authors(told)
    landed = [(authors[m.task], m) for m in merged if m.task in authors]
    cuts: tuple[tuple[Callable[[Run], str], Callable[[Merged], str], str], ...] = (
        (lambda r: "", lambda m: "", ""),
        (lambda r: r.repo, lambda m: m.repo, "repo"),
        (lambda r: r.type, lambda m: m.type, "type"),
    )
    found: list[AgentScore] = []
    for of_run, of_merged, field in cuts:
        groups: dict[tuple[str, str], list[Run]] = {}
        for run in told:
            groups.setdefault((run.agent, of_run(run)), []).append(run)
        for (agent, value), mine in sorted(groups.items()):
            if field and not value:
                continue
            count = sum(1 for author, m in landed if author == agent and of_merged(m) == value)
            found.append(_score(agent, mine, count, **({field: value} if field else {})))
    return tuple(found)


def findings(runs: Sequence[Run], scored: Sequence[AgentScore]) -> tuple[Finding, ...]:
    """One per agent and repository where it is degraded. An agent that is so in no repository, having had too few tasks
    in each, but is over all, gets one without a repository. Worst first."""
    last = _last(r for r in runs if r.failure not in NOBODYS)
    by_repo = [s for s in scored if s.repo]
    over_all = [s for s in scored if not s.repo and not s.type]
    bad = [(s, by_repo) for s in by_repo if degraded(s)]
    named = {s.agent for s, _ in bad}
    bad += [(s, over_all) for s in over_all if degraded(s) and s.agent not in named]
    found = [_finding(s, [p for p in among if p.repo == s.repo], last) for s, among in bad]
    return tuple(sorted(found, key=lambda f: (f.rate or 0.0, -f.failures, f.id)))


def degraded(score: AgentScore) -> bool:
    return score.tasks >= MIN_TASKS and score.rate < THRESHOLD


def cause(score: AgentScore, peers: Iterable[AgentScore]) -> tuple[Cause, str]:
    """Of a degraded one; with the peer that does clearly better where that is the cause."""
    if score.blocked >= max(2, score.failures // 2) and score.blocker in CAUSES:
        return CAUSES[score.blocker], ""
    better = [p for p in peers if p.agent != score.agent and _outdoes(p, score)]
    if better:
        best = min(better, key=lambda p: (-p.rate, -p.tasks, p.agent))
        return Cause.MODEL_SELECTION, best.agent
    return Cause.ENVIRONMENT, ""


def business(score: Score, repo: str, evidence: Sequence[str], at: str) -> Finding:
    """Of an objective that regressed (`policy.score.regressed`)."""
    worst = sorted((m for m in score.metrics if m.value is not None and m.value < 0), key=lambda m: m.value or 0.0)
    named = ", ".join(f"{m.id} {m.value:+.2f} (weight {m.weight:.0%})" for m in worst[:3])
    known = sum(1 for m in score.metrics if m.value is not None)
    lost = sum(1 for m in score.metrics if m.inconclusive)
    return Finding(
        id=f"business_objective:{repo}",
        kind=FindingKind.BUSINESS_REGRESSED,
        cause=Cause.OBJECTIVE,
        repo=repo,
        summary=f"{repo}: the objective scores {score.total:+.4f} with a value for {score.coverage:.0%} of its weight"
        + (f", {lost} of {known} metrics inconclusive" if lost else "")
        + (f"; {named}" if named else ""),
        score=score.total,
        coverage=score.coverage,
        evidence=tuple(evidence[:MOST_EVIDENCE]),
        at=at,
    )


def won(run: Run) -> bool:
    """It ended complete, without a blocker, and the gate refused nothing."""
    return (
        run.failure is FailureClass.NONE
        and run.status is Status.COMPLETE
        and run.code is BlockerCode.NONE
        and not run.refused
    )


def blocker(run: Run) -> str:
    """What stopped a run that did not end well: its code, else how the program failed, else who refused it."""
    if run.code is not BlockerCode.NONE:
        return str(run.code.value)
    if run.failure is not FailureClass.NONE:
        return str(run.failure.value)
    return "refused_by_the_gate" if run.refused else (run.status.value if run.status else "no_status")


def _score(agent: str, runs: Sequence[Run], merged: int, *, repo: str = "", type: str = "") -> AgentScore:
    last = _last(runs).values()
    lost = Counter(blocker(r) for r in last if not won(r))
    most, count = min(lost.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    told = [r.usd for r in runs if r.usd is not None]
    return AgentScore(
        agent=agent,
        repo=repo,
        type=type,
        tasks=len(last),
        successes=sum(1 for r in last if won(r)),
        merged=merged,
        usd=round(sum(told), 6) if told else None,
        unpriced=len(runs) - len(told),
        blocker=most,
        blocked=count,
    )


def _last(runs: Iterable[Run]) -> dict[tuple[str, str], Run]:
    """(agent, task) to that agent's last run of it."""
    found: dict[tuple[str, str], Run] = {}
    for run in runs:
        known = found.get(key := (run.agent, run.task))
        if known is None or _order(run) >= _order(known):
            found[key] = run
    return found


def _order(run: Run) -> tuple[datetime, int]:
    return run.at, run.n


def _authors(runs: Iterable[Run]) -> dict[str, str]:
    """Task to the agent whose good run of it was the last: what was merged is that one's."""
    found: dict[str, Run] = {}
    for run in runs:
        known = found.get(run.task)
        if won(run) and (known is None or _order(run) >= _order(known)):
            found[run.task] = run
    return {task: run.agent for task, run in found.items()}


def _outdoes(peer: AgentScore, score: AgentScore) -> bool:
    # Without a division: 0.65 - 0.40 is not 0.25 in floating point, and 0.25 itself is exact.
    enough = peer.successes * score.tasks - score.successes * peer.tasks >= PEER_GAP * peer.tasks * score.tasks
    return peer.tasks >= PEER_TASKS and peer.rate >= PEER_RATE and enough


def _finding(score: AgentScore, peers: Sequence[AgentScore], last: Mapping[tuple[str, str], Run]) -> Finding:
    why, peer = cause(score, peers)
    failed = [
        run
        for (agent, _), run in last.items()
        if agent == score.agent and score.repo in ("", run.repo) and not won(run)
    ]
    failed.sort(key=lambda r: (_order(r), r.task), reverse=True)
    where = score.repo or "all repositories"
    told = f"{score.agent} ended {score.successes} of {score.tasks} tasks well in {where} ({score.rate:.0%})"
    told += f"; {score.blocked} of {score.failures} were stopped by {score.blocker}"
    told += f"; {peer} does clearly better" if peer else ""
    return Finding(
        id=f"agent_remediation:{score.agent}:{score.repo or 'all'}:{why.value}",
        kind=FindingKind.EXECUTION_DEGRADED,
        cause=why,
        repo=score.repo,
        summary=told,
        agent=score.agent,
        peer=peer,
        rate=score.rate,
        tasks=score.tasks,
        failures=score.failures,
        blocker=score.blocker,
        evidence=tuple(f"run:{run.key}" for run in failed[:MOST_EVIDENCE]),
        at=stamp(failed[0].at) if failed else "",
    )
