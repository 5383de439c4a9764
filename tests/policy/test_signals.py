"""Signals are found in recorded facts alone: each bites from its threshold on, and names facts that are there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestrator import signals
from orchestrator.model.backlog import Signal
from orchestrator.model.event import Actor, EventKind, Record
from orchestrator.model.steps import HandOver, Rework
from orchestrator.model.task import AttemptKind
from orchestrator.model.times import parse, stamp
from orchestrator.policy import merge
from orchestrator.signals import (
    blocker_spike,
    ci_rounds_exhausted,
    escalations,
    failing_tasks,
    over_budget,
    quota,
    repeated_crash,
    stalled_planner,
)
from orchestrator.signals.facts import CITED, Due, End, Facts, Run
from tests.policy.builders import NOW, WEB, ago, attempt, published, repo


def event(kind: EventKind, seq: int = 1, *, repo: str = WEB, task: str = "web-7", at: str = "", **data: Any) -> Record:
    return Record(
        v=1, seq=seq, at=at or ago(hours=1), actor=Actor(kind="role", id="queue"), repo=repo, task=task,
        kind=kind.value, cause_seq=None, hashes={}, data=data, prev="", mac="",
    )  # fmt: skip


def run(task: str = "web-7", *, hours: float = 1, **changes: Any) -> Run:
    at = NOW - timedelta(hours=hours)
    good = Run(
        key=f"{task}/1/{stamp(at)}", at=at, task=task, repo=WEB, agent="codex", status="blocked", code="test_failure",
        failure="none", type="implementation",
    )  # fmt: skip
    return replace(good, **changes)


def facts(*events: Record, **more: Any) -> Facts:
    return Facts(now=NOW, repos=frozenset({WEB}), events=events, **more)


def only(found: tuple[Signal, ...]) -> Signal:
    (signal,) = found
    return signal


def test_three_tasks_of_one_code_on_one_day_are_a_spike_and_two_are_not() -> None:
    runs = [run(f"web-{n}", hours=n / 10) for n in (1, 2, 3)]
    signal = only(blocker_spike.find(facts(runs=tuple(runs))))
    assert (signal.id, signal.repo) == ("blocker_spike:acme/web:test_failure", WEB)
    assert set(signal.evidence) == {r.id for r in runs}
    assert blocker_spike.find(facts(runs=tuple(runs[:2]))) == ()
    assert blocker_spike.find(facts(runs=(*runs[:2], replace(runs[2], at=NOW - timedelta(days=2))))) == ()
    assert blocker_spike.find(facts(runs=(*runs[:2], replace(runs[2], code="timeout")))) == ()
    again = [replace(runs[0], key=f"web-1/{n}/x") for n in (1, 2, 3)]
    assert blocker_spike.find(facts(runs=tuple(again))) == (), "one task's corrections are no spike"


@pytest.mark.parametrize("where", ["/srv/checkouts/web", "web", "acme/other", "", "../acme/web", "acme/web/x"])
def test_what_names_no_managed_repository_becomes_no_issue_anywhere(where: str) -> None:
    runs = tuple(run(f"web-{n}", repo=where) for n in (1, 2, 3))
    ends = tuple(End(at=NOW, task=f"web-{n}", repo=where, ending="blocked") for n in range(9))
    events = [event(EventKind.ESCALATED, n, task=f"web-{n}", repo=where, why="timeout: x") for n in (1, 2)]
    events += [event(EventKind.REVERTED, 3, repo=where), event(EventKind.VERDICT, 4, repo=where, head="a", passed=True)]
    assert [s for s in signals.find(facts(*events, runs=runs, ends=ends)) if s.repo] == []


def test_a_repository_is_named_as_configured_however_a_line_spells_it() -> None:
    runs = tuple(run(f"web-{n}", repo="ACME/Web", hours=n / 10) for n in (1, 2, 3))
    assert only(blocker_spike.find(facts(runs=runs))).repo == WEB


def test_a_crash_in_three_hours_is_about_the_program_and_an_outage_never() -> None:
    def at(n: int, error: str, where: str = "pull request") -> Record:
        return event(EventKind.CRASH, n, at=ago(hours=n), error=error, where=where)

    bug = [at(n, f"KeyError: 'web-{n}'") for n in (1, 2, 3)]
    signal = only(repeated_crash.find(facts(*bug)))
    assert (signal.repo, signal.count) == (None, 3)
    assert signal.id == "repeated_crash:pull request:KeyError"
    assert repeated_crash.find(facts(*bug[:2])) == ()
    assert repeated_crash.find(facts(*(replace(r, at=ago(minutes=r.seq)) for r in bug[:2]), bug[0])) == ()
    moved = [at(n, "ValueError: x", where=f"agent/web-{n} since #{n}") for n in (1, 2, 3)]
    moved = [replace(r, task=f"web-{r.seq}") for r in moved]
    assert len(repeated_crash.find(facts(*moved))) == 1, "names and numbers of what it was at do not tell crashes apart"
    several = [at(n, "ValueError: x", where=f"{('web', 'api', 'main')[n - 1]}: scoring") for n in (1, 2, 3)]
    found = only(repeated_crash.find(facts(*several, keys=frozenset({"web", "api", "main"}))))
    assert found.id == "repeated_crash:…: scoring:ValueError", "one fault, in whichever repository it shows"
    told = [at(n, "FileNotFoundError: x") for n in range(20)]
    outages = [replace(r, data={**r.data, "passing": True}) for r in told]
    assert repeated_crash.find(facts(*outages)) == ()


def test_two_tasks_given_up_for_one_reason_are_a_signal() -> None:
    same = [event(EventKind.ESCALATED, n, task=f"web-{n}", why="timeout: 3 runs") for n in (1, 2)]
    assert only(escalations.find(facts(*same))).id == "escalations:acme/web:timeout"
    assert escalations.find(facts(same[0], replace(same[0], seq=2))) == (), "one task, told twice"
    other = event(EventKind.ESCALATED, 2, task="web-2", why="no_diff_produced: x")
    assert escalations.find(facts(same[0], other)) == ()


def test_one_head_judged_both_ways_is_flaky_and_on_another_base_is_not() -> None:
    both = [
        event(EventKind.VERDICT, n, head="a" * 40, base="b" * 40, passed=n == 1, findings=["verification: exit 1"])
        for n in (1, 2)
    ]
    (signal,) = [s for s in signals.find(facts(*both)) if s.kind == "verification_flaky"]
    assert signal.evidence == ("ledger:1", "ledger:2")
    moved = replace(both[1], data={**both[1].data, "base": "c" * 40})
    assert signals.find(facts(both[0], moved)) == ()
    claimed = replace(both[1], data={**both[1].data, "findings": ["result_contract: nothing was changed"]})
    assert signals.find(facts(both[0], claimed)) == (), "no test said otherwise: a run changed nothing"


def test_a_pull_request_that_no_repair_mended_is_known_by_the_words_of_the_decision() -> None:
    spent = tuple(attempt(n, kind=AttemptKind.CI) for n in (1, 2, 3))
    step = merge.repair(published(attempts=spent), repo(), Rework(why="ci is red", failed=()))
    assert isinstance(step, HandOver)
    decided = event(EventKind.PULL_DECIDED, 5, step="HandOver", why=step.why)
    assert only(ci_rounds_exhausted.find(facts(decided))).evidence == ("ledger:5",)
    asked = event(EventKind.PULL_DECIDED, 6, step="HandOver", why="ada asked for changes after 12 runs")
    assert ci_rounds_exhausted.find(facts(asked)) == ()


def test_most_tasks_without_a_merge_are_a_signal_from_five_on() -> None:
    ends = [End(at=NOW, task=f"web-{n}", repo=WEB, ending="blocked" if n < 4 else "done") for n in range(6)]
    assert only(failing_tasks.find(facts(ends=tuple(ends)))).evidence[0] == "task:web-0"
    assert failing_tasks.find(facts(ends=tuple(ends[:4]))) == ()
    later = [*ends, *(replace(e, ending="done") for e in ends[:2])]
    assert failing_tasks.find(facts(ends=tuple(later))) == (), "how a task ended last counts"


def test_a_ceiling_on_three_days_and_a_quota_on_four() -> None:
    over = [event(EventKind.OVER_BUDGET, n, at=ago(days=n), task="", subject=WEB, cap="50 USD") for n in (1, 2, 3)]
    assert only(over_budget.find(facts(*over))).repo == WEB
    assert over_budget.find(facts(*over[:2])) == ()
    runs = tuple(run(f"web-{n}", hours=24 * n, code="quota_limited", failure="quota") for n in (1, 2, 3, 4))
    assert only(quota.find(facts(runs=runs))).id == "quota:codex"
    assert quota.find(facts(runs=runs[:3])) == ()


def test_a_planner_that_is_late_by_a_period_is_a_stall_only_when_it_is_not_healthy() -> None:
    due = Due(job="planner", subject="web", repo=WEB, next_due=NOW - timedelta(days=8), period_days=7, healthy=False)
    signal = only(stalled_planner.find(facts(dues=(due,))))
    assert (signal.repo, signal.evidence) == (None, ("cadence:planner/web",))
    for fine in (replace(due, healthy=True), replace(due, next_due=NOW - timedelta(days=6))):
        assert stalled_planner.find(facts(dues=(fine,))) == ()


def test_the_gravest_comes_first_and_each_cites_a_bounded_number_of_facts() -> None:
    spike = tuple(run(f"web-{n}", hours=n / 100) for n in range(40))
    broken = event(EventKind.MERGE_TREE_DIFFERS, 9, sha="d" * 40)
    found = signals.find(facts(broken, runs=spike))
    assert [s.kind for s in found] == ["broken_invariant", "blocker_spike"]
    assert all(0 < len(s.evidence) <= CITED and 0 < s.severity <= 1 for s in found)
    assert found[1].count == 40
    assert parse(found[1].at) <= NOW


def test_nothing_is_found_in_a_good_week() -> None:
    good = [event(EventKind.MERGED, n) for n in range(5)]
    runs = tuple(run(f"web-{n}", code="none", status="complete") for n in range(9))
    assert signals.find(facts(*good, runs=runs)) == ()
