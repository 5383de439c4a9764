"""What a task is expected to cost before it is dispatched, and what it did cost in the end."""

from __future__ import annotations

import re
from dataclasses import replace

from orchestrator.github import pulls
from orchestrator.model.event import EventKind
from orchestrator.model.task import Estimate, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import effect
from orchestrator.policy import estimate
from orchestrator.policy.estimate import Cost
from orchestrator.services import Services
from orchestrator.state.finished import Ended

MARK = "<!-- agent-os:cost -->"
_MARKED = re.compile(rf"^Cost: .* {re.escape(MARK)}(?=\r?$)", re.MULTILINE)


def expected(services: Services, task: Task) -> Task:
    """The task with its estimate; one it has already stands."""
    if task.estimate is not None:
        return task
    return replace(task, estimate=estimate.estimate(services.finished.recent(), task.repo, task.type))


def note(services: Services, task: Task) -> None:
    """The estimate in the ledger, once per task."""
    if task.estimate is not None:
        effect.record(services, task, EventKind.ESTIMATED, "expected", **_words(task.estimate))


def before(services: Services, task: Task) -> Task:
    """For what no dispatcher estimated: a file by hand, a task of an older version."""
    if task.estimate is None:
        task = expected(services, task)
        note(services, task)
    return task


def after(services: Services, task: Task, ending: str) -> None:
    """The end of a task: its cost joins those that the next estimates come from. Safe to repeat."""
    spent = cost(services, task)
    services.finished.note(
        Ended(
            task=task.id,
            at=stamp(services.now()),
            repo=task.repo,
            issue=task.issue,
            type=task.type.value,
            ending=ending,
            usd=None if spent.partly else spent.usd,
            tokens=spent.tokens,
            runs=len(task.attempts),
        )
    )
    told = task.estimate or Estimate()
    effect.record(
        services, task, EventKind.ESTIMATED, f"settled:{ending}:{len(task.attempts)}:{task.ended}", **_words(told),
        ending=ending, usd="" if spent.usd is None else f"{spent.usd:.6f}", tokens=str(spent.tokens),
        held=estimate.held(spent, told),
    )  # fmt: skip


def cost(services: Services, task: Task) -> Cost:
    """All runs of the task, with those that were lost with their workers."""
    told = estimate.cost(task.attempts)
    noted = services.spend.task(task.id, 0)
    usd, tokens = sum(u for u, _ in noted.values()), sum(t for _, t in noted.values())
    return replace(
        told,
        usd=max(told.usd, round(usd, 6)) if told.usd is not None else (round(usd, 6) or None),
        tokens=max(told.tokens, tokens),
    )


def line(services: Services, task: Task) -> str:
    """Cost and estimate in one line, for people."""
    return estimate.line(cost(services, task), task.estimate)


def noted_in_pull(services: Services, task: Task, line: str) -> str:
    """The line for the pull request's text, with the mark that `settle_pull` finds it by."""
    services.effects.of(task.id).done("cost", {"line": line})
    return f"{line} {MARK}"


def settle_pull(services: Services, task: Task) -> None:
    """What the task did cost in the end, in its pull request: repairs came after it was opened. Only our own line is
    changed; where a person took it out, nothing is."""
    if task.pull_request is None:
        return
    number, told = task.pull_request, line(services, task)
    if services.effects.of(task.id).result("cost") == {"line": told}:
        return
    before = pulls.body(services.github, task.repo, number)
    after = _MARKED.sub(lambda found: f"{told} {MARK}", before)
    if after != before:
        text = services.redact(after)
        effect.repeatable(
            services, task, "edit_cost", f"cost in #{number}",
            lambda: pulls.edit(services.github, task.repo, number, body=text),
        )  # fmt: skip
    services.effects.of(task.id).done("cost", {"line": told})


def _words(told: Estimate) -> dict[str, str]:
    def said(value: float | None) -> str:
        return "" if value is None else f"{value:g}"

    return {
        "usd_low": said(told.usd_low),
        "usd_high": said(told.usd_high),
        "tokens_low": said(told.tokens_low),
        "tokens_high": said(told.tokens_high),
        "basis": told.basis,
    }
