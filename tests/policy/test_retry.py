"""What follows an attempt: every ceiling holds, every lineage ends, and it ends once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.gate import CommandRun, Outcome
from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.settings import AutomationMode, OnQuota, RepoSettings
from orchestrator.model.steps import (
    AttemptStep,
    Block,
    Continue,
    Correct,
    Escalate,
    FollowUp,
    NextAgent,
    Publish,
    WaitUntil,
)
from orchestrator.model.task import Attempt, AttemptKind, Task, TaskType
from orchestrator.model.times import parse, stamp
from orchestrator.policy import route
from orchestrator.policy.retry import UNSPENT_WITHOUT_WORK, WRITE_RESULT, next_step, spent
from orchestrator.policy.route import Health, NoRoute, Route
from tests.policy.builders import CHAIN, HEAD, NOW, ago, attempt, blocked, finding, repo, task, verdict

ONWARD = Route(agent="claude")
NOBODY = NoRoute(why="all were tried")
LATER = NoRoute(why="all cool", until=ago(hours=-1))
DISPATCHER_ONLY = repo(automation_mode=AutomationMode.DISPATCHER_ONLY)
REFUSED = verdict(finding())
Plays = dict[int, dict[str, Any]]
CORRECTION, CI, RESUME = AttemptKind.CORRECTION, AttemptKind.CI, AttemptKind.RESUME
INVALID: dict[str, Any] = {"status": Status.BLOCKED, "blocker_code": BlockerCode.INVALID_RESULT_CONTRACT}
QUOTA: dict[str, Any] = {"status": Status.BLOCKED, "spent": False, "failure": FailureClass.QUOTA}
PARTIAL: dict[str, Any] = {"status": Status.PARTIAL, "blocker_code": BlockerCode.MISSING_CONTEXT}


def after(
    *attempts: Attempt, settings: RepoSettings | None = None, onward: Any = ONWARD, **changes: Any
) -> AttemptStep:
    told: dict[str, Any] = {"attempts": attempts, "verdict": REFUSED} | changes
    broke = str(told.pop("broke", ""))
    return next_step(replace(task(), **told), settings or repo(), onward=onward, broke=broke)


def test_a_verdict_that_passed_is_published_whatever_was_spent() -> None:
    runs = tuple(attempt(n) for n in range(1, 20))
    assert after(*runs, verdict=verdict(), onward=NOBODY, settings=DISPATCHER_ONLY) == Publish()


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.CANNOT_TELL])
def test_what_did_not_pass_is_never_published(outcome: Outcome) -> None:
    for settings in (repo(), DISPATCHER_ONLY):
        for onward in (ONWARD, NOBODY, LATER):
            for run in (attempt(), attempt(**PARTIAL), blocked(1, "codex"), attempt(**QUOTA), attempt(**INVALID)):
                for judged in (verdict(finding(outcome=outcome)), replace(verdict(), findings=()), None):
                    step = after(run, settings=settings, onward=onward, verdict=judged)
                    assert not isinstance(step, Publish)


def test_complete_but_refused_goes_back_to_its_author_with_the_findings() -> None:
    found = (finding(), finding("tree_safe", Outcome.CANNOT_TELL, "odd link"), finding("has_change", Outcome.PASS, ""))
    step = after(attempt(), verdict=verdict(*found))
    assert step == Correct(agent="codex", findings=("verification: 2 tests fail", "tree_safe: odd link"))


def test_corrections_stop_at_three() -> None:
    runs = [attempt(), *(attempt(n, kind=CORRECTION) for n in (2, 3, 4))]
    assert isinstance(after(*runs[:3]), Correct)
    assert after(*runs) == FollowUp(agent="claude", why="s")


def test_a_correction_that_was_not_charged_does_not_count() -> None:
    runs = (attempt(), *(attempt(n, kind=CORRECTION, spent=n != 3) for n in (2, 3, 4)))
    assert isinstance(after(*runs), Correct)


def test_a_refused_repair_of_the_pull_request_is_corrected_too() -> None:
    assert isinstance(after(attempt(), attempt(2, kind=CI)), Correct)


def test_complete_without_a_diff_is_no_case_for_corrections() -> None:
    step = after(attempt(blocker_code=BlockerCode.NO_DIFF_PRODUCED))
    assert isinstance(step, FollowUp)


def test_complete_without_a_verdict_goes_on_with_the_next_agent() -> None:
    assert isinstance(after(attempt(), verdict=None), FollowUp)


def test_blocked_goes_to_the_next_agent_in_the_same_run_and_partial_waits_in_the_inbox() -> None:
    assert after(blocked(1, "codex")) == NextAgent(agent="claude", why="no way")
    assert after(attempt(**PARTIAL)) == FollowUp(agent="claude", why="s")


def test_what_was_called_complete_is_told_by_what_the_gate_found() -> None:
    runs = [attempt(n, kind=CORRECTION, findings=("verification: exit code 127.\nmake: not found",)) for n in (1, 2, 3)]
    step = after(*runs, onward=NOBODY)
    assert isinstance(step, Escalate)
    assert step.why == "every agent of the chain was tried; the last: verification: exit code 127."


def test_why_falls_back_to_findings_and_then_to_the_code() -> None:
    assert after(blocked(1, "codex", summary="", findings=("a: b", "c: d"))) == NextAgent(
        agent="claude", why="a: b, c: d"
    )
    assert after(blocked(1, "codex", summary="")) == NextAgent(agent="claude", why="missing_context")


def test_a_clean_end_without_a_result_is_asked_once_for_the_file() -> None:
    assert after(attempt(**INVALID)) == Continue(agent="codex", message=WRITE_RESULT)
    assert isinstance(after(attempt(**INVALID, failure=FailureClass.DID_NOTHING)), Continue)


def test_it_is_asked_once_per_agent_only() -> None:
    asked = (attempt(**INVALID), attempt(2, kind=RESUME, **INVALID))
    assert isinstance(after(*asked), NextAgent)
    assert isinstance(after(*asked, attempt(3, kind=CORRECTION, **INVALID)), NextAgent)
    assert after(*asked, attempt(3, agent="claude", **INVALID)) == Continue(agent="claude", message=WRITE_RESULT)


@pytest.mark.parametrize("failure", [FailureClass.WALL_TIME, FailureClass.CRASHED, FailureClass.AUTH])
def test_a_run_that_broke_is_not_asked_for_a_file(failure: FailureClass) -> None:
    assert isinstance(after(attempt(**INVALID, failure=failure)), NextAgent)


def test_an_uncharged_run_hands_on_waits_or_ends_but_spends_nothing() -> None:
    run = attempt(**QUOTA)
    assert after(run) == NextAgent(agent="claude", why="codex: quota")
    assert after(run, onward=LATER) == WaitUntil(not_before=LATER.until, why="codex: quota; all cool")
    assert after(run, onward=NOBODY) == Escalate(
        why="no agent can run: all were tried", code=BlockerCode.FALLBACK_EXHAUSTED
    )


def test_four_charged_attempts_are_the_ceiling_and_uncharged_ones_are_not() -> None:
    four = [blocked(n, f"a{n}") for n in range(1, 5)]
    step = after(*four)
    assert isinstance(step, Escalate)
    assert step.why.startswith("4 attempts spent")
    assert step.code is BlockerCode.MISSING_CONTEXT
    assert isinstance(after(*four[:3], attempt(4, **QUOTA), replace(four[3], spent=True), max_attempts=5), NextAgent)


def test_the_ceiling_of_the_task_goes_before_the_repositorys() -> None:
    assert isinstance(after(blocked(1, "codex"), max_attempts=1), Escalate)
    assert isinstance(after(*(blocked(n, "codex") for n in range(1, 6)), max_attempts=9), NextAgent)


def test_an_exhausted_chain_escalates_and_a_cooling_one_is_waited_for() -> None:
    step = after(blocked(1, "codex"), onward=NOBODY)
    assert isinstance(step, Escalate)
    assert step.code is BlockerCode.FALLBACK_EXHAUSTED
    assert after(blocked(1, "codex"), onward=LATER) == WaitUntil(not_before=LATER.until, why="all cool")


@pytest.mark.parametrize("spoil", [{}, QUOTA, INVALID, PARTIAL], ids=["complete", "quota", "invalid", "partial"])
def test_twelve_runs_are_the_end_of_it_whatever_they_were(spoil: dict[str, Any]) -> None:
    runs = [attempt(n, kind=CI, agent=CHAIN[n % 4]) for n in range(1, 12)]
    assert not isinstance(after(*runs[:10], attempt(11, **spoil)), Escalate)
    step = after(*runs, attempt(12, **spoil))
    assert isinstance(step, Escalate)
    assert "12 agent runs" in step.why
    assert step.code is not BlockerCode.NONE


def test_a_persons_retry_counts_from_there() -> None:
    spent = [blocked(n, name) for n, name in enumerate(CHAIN, 1)]
    assert isinstance(after(*spent), Escalate)
    assert isinstance(after(*spent, blocked(5, "codex"), counted_from=4), NextAgent)


def test_dispatcher_only_blocks_where_others_follow_up_or_escalate() -> None:
    alone = DISPATCHER_ONLY
    assert after(attempt(**PARTIAL), settings=alone) == Block(why="s", code=BlockerCode.MISSING_CONTEXT)
    assert isinstance(after(blocked(1, "codex"), settings=alone), NextAgent), "the chain itself still runs"
    for step in (
        after(blocked(1, "codex"), settings=alone, onward=NOBODY),
        after(*(blocked(n, "codex") for n in range(1, 5)), settings=alone),
        after(*(attempt(n) for n in range(1, 13)), settings=alone),
        after(attempt(**QUOTA), settings=alone, onward=NOBODY),
    ):
        assert isinstance(step, Block)


# --- Whole lineages -----------------------------------------------------------------------------------------------


@dataclass
class Lineage:
    """One task driven to its end by the decisions alone, as `pipeline.settle` carries them out."""

    play: Callable[[int], dict[str, Any]]
    """Run number -> how the run ends; `passes` says whether the gate lets it through."""
    settings: RepoSettings = field(default_factory=repo)
    task: Task = field(default_factory=task)
    now: datetime = NOW
    cooling: dict[str, str] = field(default_factory=dict)
    waits: int = 0

    def run(self) -> AttemptStep:
        for _ in range(200):
            chosen = route.choose(self.task, self.settings, self.health(), self.now)
            if isinstance(chosen, NoRoute):
                assert chosen.until, "a task that nobody can take must have been ended by the step before"
                self.wait(chosen.until, self.task.next_kind)
                continue
            self.work(chosen.agent)
            if end := self.settle():
                return end
        raise AssertionError(f"still going after {len(self.task.attempts)} runs")

    def health(self) -> dict[str, Health]:
        return {name: Health(cooling_until=self.cooling.get(name, "")) for name in CHAIN}

    def work(self, agent: str) -> None:
        n = len(self.task.attempts) + 1
        told = dict(self.play(n))
        passes = told.pop("passes", False)
        if told.get("failure") is FailureClass.QUOTA:
            self.cooling[agent] = stamp(self.now + timedelta(hours=1))
        times = {"started": stamp(self.now), "ended": stamp(self.now + timedelta(minutes=10))}
        self.now += timedelta(minutes=10)
        run = attempt(n, agent=agent, kind=self.task.next_kind, **(times | told))
        judged = verdict() if passes else REFUSED
        self.task = replace(self.task, attempts=(*self.task.attempts, run), verdict=judged)

    def settle(self) -> AttemptStep | None:
        fresh = replace(self.task, next_agent="", next_kind=AttemptKind.ATTEMPT)
        step = next_step(self.task, self.settings, onward=route.choose(fresh, self.settings, self.health(), self.now))
        last = self.task.attempts[-1]
        match step:
            case Correct(agent=agent):
                self.go_on(AttemptKind.CORRECTION, agent)
            case Continue(agent=agent):
                self.go_on(AttemptKind.RESUME, agent)
            case NextAgent(agent=agent) | FollowUp(agent=agent):
                self.go_on(AttemptKind.ATTEMPT if last.spent else last.kind, agent)
            case WaitUntil(not_before=until):
                self.wait(until, AttemptKind.ATTEMPT if last.spent else last.kind)
            case _:
                return step
        return None

    def go_on(self, kind: AttemptKind, agent: str) -> None:
        self.task = replace(self.task, next_kind=kind, next_agent=agent, verdict=None)

    def wait(self, until: str, kind: AttemptKind) -> None:
        assert parse(until) > self.now, "a wait that is over already would spin"
        self.waits += 1
        self.now = parse(until)
        self.task = replace(self.task, next_kind=kind, next_agent="", verdict=None)

    def kinds(self) -> list[str]:
        return [a.kind.value for a in self.task.attempts]

    def agents(self, kind: AttemptKind) -> list[str]:
        return [a.agent for a in self.task.attempts if a.kind is kind]


ALWAYS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "blocked": ({"status": Status.BLOCKED, "blocker_code": BlockerCode.MISSING_CONTEXT}, ["attempt"] * 4),
    "partial": (PARTIAL, ["attempt"] * 4),
    "nothing changed": ({"status": Status.PARTIAL, "blocker_code": BlockerCode.NO_DIFF_PRODUCED}, ["attempt"] * 4),
    "invalid": (INVALID, ["attempt", "resume"] * 4),
    "failing verification": (
        {"status": Status.COMPLETE, "blocker_code": BlockerCode.TEST_FAILURE},
        ["attempt", "correction", "correction", "correction", "attempt", "attempt", "attempt"],
    ),
    "timing out": (
        {"status": Status.BLOCKED, "blocker_code": BlockerCode.TIMEOUT, "failure": FailureClass.WALL_TIME},
        ["attempt"] * 4,
    ),
}


@pytest.mark.parametrize("name", ALWAYS)
def test_a_task_that_never_succeeds_ends_in_one_escalation_and_no_agent_gets_it_twice(name: str) -> None:
    ending, kinds = ALWAYS[name]
    lineage = Lineage(play=lambda n: ending)
    step = lineage.run()
    assert isinstance(step, Escalate)
    assert step.code is ending["blocker_code"]
    assert lineage.kinds() == kinds
    assert lineage.agents(AttemptKind.ATTEMPT) == list(CHAIN)


@pytest.mark.parametrize("name", ALWAYS)
def test_dispatcher_only_never_escalates_and_never_follows_up(name: str) -> None:
    lineage = Lineage(play=lambda n: ALWAYS[name][0], settings=DISPATCHER_ONLY)
    assert isinstance(lineage.run(), Block)
    if name in ("partial", "nothing changed"):
        assert lineage.kinds() == ["attempt"]


@pytest.mark.parametrize("on_quota", OnQuota)
def test_a_task_whose_agents_are_always_out_of_quota_waits_and_ends(on_quota: OnQuota) -> None:
    lineage = Lineage(play=lambda n: QUOTA, settings=repo(on_quota=on_quota))
    step = lineage.run()
    assert isinstance(step, Escalate)
    assert len(lineage.task.attempts) == repo().max_runs
    assert lineage.task.count(AttemptKind.ATTEMPT) == 0, "no attempt is spent"
    assert lineage.waits == (11 if on_quota is OnQuota.WAIT else 2)
    expected = ["codex"] * 12 if on_quota is OnQuota.WAIT else list(CHAIN) * 3
    assert lineage.agents(AttemptKind.ATTEMPT) == expected


def test_quota_in_the_middle_costs_no_attempt_and_the_work_is_finished() -> None:
    plays: Plays = {1: PARTIAL, 2: QUOTA, 3: {"status": Status.COMPLETE, "passes": True}}
    lineage = Lineage(play=lambda n: plays[n])
    assert lineage.run() == Publish()
    assert lineage.agents(AttemptKind.ATTEMPT) == ["codex", "claude", "gemini"]


def test_a_repair_that_meets_quota_stays_a_repair() -> None:
    plays: Plays = {1: {"status": Status.COMPLETE}, 2: QUOTA, 3: {"status": Status.COMPLETE, "passes": True}}
    lineage = Lineage(play=lambda n: plays[n])
    assert lineage.run() == Publish()
    assert lineage.kinds() == ["attempt", "correction", "correction"]


def test_a_persons_retry_after_an_escalation_starts_the_whole_chain_again() -> None:
    ending = ALWAYS["blocked"][0]
    first = Lineage(play=lambda n: ending)
    first.run()
    again = replace(first.task, counted_from=len(first.task.attempts), next_agent="", verdict=None)
    second = Lineage(play=lambda n: ending, task=again)
    assert isinstance(second.run(), Escalate)
    assert second.agents(AttemptKind.ATTEMPT) == list(CHAIN) * 2


ENDINGS = [*(ending for ending, _ in ALWAYS.values()), QUOTA, {"status": Status.COMPLETE}]


@given(st.lists(st.sampled_from(ENDINGS), min_size=12, max_size=12), st.sampled_from((repo(), DISPATCHER_ONLY)))
def test_any_mixture_of_failures_ends_within_every_ceiling(plays: list[dict[str, Any]], settings: RepoSettings) -> None:
    lineage = Lineage(play=lambda n: plays[n - 1], settings=settings)
    step = lineage.run()
    assert isinstance(step, Escalate if settings.automation_mode is AutomationMode.FULL else Block)
    done = lineage.task
    assert len(done.attempts) <= settings.max_runs
    assert done.count(AttemptKind.ATTEMPT) <= done.max_attempts
    assert done.count(AttemptKind.CORRECTION) <= settings.max_corrections
    charged = [a.agent for a in done.attempts if a.kind is AttemptKind.ATTEMPT and a.spent]
    assert len(charged) == len(set(charged)), "no agent gets the same work twice"
    resumed = lineage.agents(AttemptKind.RESUME)
    charged_resumes = [a.agent for a in done.attempts if a.kind is AttemptKind.RESUME and a.spent]
    assert len(charged_resumes) == len(set(charged_resumes)), resumed


# --- money, a person's stop, trouble of the agent's own, circles ----------------------------------------------------

TROUBLE: dict[str, Any] = {"status": Status.BLOCKED, "spent": False, "failure": FailureClass.SERVER}


def test_a_task_that_has_spent_its_budget_ends_once_for_that_reason_unless_it_passed() -> None:
    broke = "budget: web-7 spent 5.10 USD of 5.00 USD (task)"
    for run in (attempt(**PARTIAL), blocked(1, "codex"), attempt(**QUOTA), attempt(**INVALID), attempt()):
        assert after(run, broke=broke) == Escalate(why=broke, code=BlockerCode.QUOTA_LIMITED)
    assert after(attempt(), broke=broke, verdict=verdict()) == Publish()
    assert isinstance(after(attempt(**PARTIAL), broke=broke, settings=DISPATCHER_ONLY), Block)


def test_a_run_over_its_cap_is_partial_work_that_somebody_else_goes_on_with() -> None:
    stopped = attempt(status=Status.PARTIAL, blocker_code=BlockerCode.QUOTA_LIMITED, failure=FailureClass.BUDGET)
    assert isinstance(after(stopped), FollowUp)


@pytest.mark.parametrize("onward", [ONWARD, NOBODY, LATER])
def test_a_run_that_a_person_stopped_is_followed_by_no_run(onward: Any) -> None:
    stopped = attempt(status=Status.BLOCKED, spent=False, failure=FailureClass.STOPPED)
    step = after(stopped, onward=onward)
    assert isinstance(step, Block)
    assert step.code is BlockerCode.MANUAL_INTERVENTION_REQUIRED


@pytest.mark.parametrize("failure", FailureClass)
def test_trouble_without_work_is_not_charged_and_a_tasks_own_difficulty_is(failure: FailureClass) -> None:
    run = attempt(failure=failure)
    assert spent(run, worked=True)
    assert spent(run, worked=False) is (failure not in UNSPENT_WITHOUT_WORK)
    assert not spent(replace(run, spent=False), worked=True), "what was not charged stays so"


def test_a_providers_bad_hour_costs_no_attempt_and_the_work_is_finished_after_it() -> None:
    plays: Plays = dict.fromkeys(range(1, 7), TROUBLE) | {7: {"status": Status.COMPLETE, "passes": True}}
    lineage = Lineage(play=lambda n: plays[n])
    assert lineage.run() == Publish()
    assert lineage.task.count(AttemptKind.ATTEMPT) == 1
    assert lineage.agents(AttemptKind.ATTEMPT)[:3] == ["codex", "claude", "codex"], "rested, a run later"


def test_trouble_that_never_ends_is_bounded_and_waits_longer_each_time() -> None:
    lineage = Lineage(play=lambda n: TROUBLE, settings=repo(chains=((TaskType.IMPLEMENTATION, ("codex",)),)))
    assert isinstance(lineage.run(), Escalate)
    assert len(lineage.task.attempts) == repo().max_runs
    assert lineage.task.count(AttemptKind.ATTEMPT) == 0
    rests = [10, 20, 40, 80, 160, *[240] * 6]
    assert lineage.waits == len(rests)
    assert lineage.now - NOW == timedelta(minutes=sum(rests) + 12 * 10)


def test_the_same_failure_twice_ends_the_lineage_with_agents_left() -> None:
    run = CommandRun(command="pytest", exit=1, seconds=1, tail="1 failed: expected 29, got 28")
    red: dict[str, Any] = {
        "status": Status.COMPLETE,
        "blocker_code": BlockerCode.TEST_FAILURE,
        "verification": run,
        "findings": ("verification: it ended with 1",),
    }
    lineage = Lineage(play=lambda n: red)
    step = lineage.run()
    assert isinstance(step, Escalate)
    assert "the same failure twice" in step.why
    assert lineage.kinds() == ["attempt", "correction", "attempt"], "a correction that changed nothing is the last one"
    assert lineage.agents(AttemptKind.ATTEMPT) == ["codex", "claude"]


def test_no_new_diff_ends_the_lineage_with_agents_left() -> None:
    idle: dict[str, Any] = {"status": Status.BLOCKED, "blocker_code": BlockerCode.MISSING_CONTEXT, "head_sha": HEAD}
    lineage = Lineage(play=lambda n: idle)
    step = lineage.run()
    assert isinstance(step, Escalate)
    assert step.why.startswith("no new diff: claude (run 2)")


def test_one_agent_gets_no_more_than_its_share_of_runs_and_all_no_more_than_their_time() -> None:
    kinds = [AttemptKind.ATTEMPT, *[CORRECTION] * 3, *[CI] * 3]
    runs = [attempt(n, kind=kind) for n, kind in enumerate(kinds, 1)]
    assert not isinstance(after(*runs, verdict=None), Escalate)
    step = after(*runs, attempt(8, kind=CI))
    assert isinstance(step, Escalate)
    assert "8 runs of codex" in step.why
    long = attempt(agent="claude", started=ago(hours=7), ended=ago(minutes=1))
    step = after(long)
    assert isinstance(step, Escalate)
    assert "worked for 419 minutes, at most 360" in step.why
    assert not isinstance(after(long, max_runtime_minutes=600), Escalate), "a longer limit of its own counts"


def test_a_clock_that_was_set_forward_during_a_run_ends_no_lineage() -> None:
    """By the wall clock it ran for two days, by the other for a minute."""
    jumped = attempt(1, started=ago(days=2), ended=ago(minutes=1), seconds=60.0, status=Status.BLOCKED)
    onward = Route(agent="claude")
    step = next_step(task(attempts=(jumped,), verdict=verdict(finding())), repo(), onward=onward)
    assert isinstance(step, NextAgent)
    long = replace(jumped, seconds=None)
    assert isinstance(next_step(task(attempts=(long,), verdict=verdict(finding())), repo(), onward=onward), Escalate)


# --- what a person said after its end, and each side of every edge


def heard(*attempts: Attempt, **more: Any) -> AttemptStep:
    work = task(attempts=attempts, verdict=verdict())
    return next_step(work, more.pop("settings", repo()), onward=ONWARD, unheard=True, **more)


def test_what_a_person_said_too_late_is_heard_before_the_work_is_published() -> None:
    assert heard(attempt()) == Correct(agent="codex", findings=())
    assert heard(attempt(failure=FailureClass.CRASHED)) == Publish()
    assert heard(attempt(), broke="budget: spent") == Publish()
    rounds = (attempt(1), *(attempt(n, kind=CORRECTION) for n in (2, 3)))
    assert isinstance(heard(*rounds), Correct)
    assert heard(*rounds, attempt(4, kind=CORRECTION)) == Publish(), "three corrections are all there are"
    assert isinstance(heard(*rounds, settings=repo(max_runs=4)), Correct)
    assert heard(*rounds, settings=repo(max_runs=3)) == Publish()


def test_agents_may_work_to_the_very_minute() -> None:
    def ended(seconds: float) -> AttemptStep:
        return after(attempt(1, seconds=seconds, status=Status.PARTIAL), max_attempts=4, max_runtime_minutes=1)

    assert not isinstance(ended(360 * 60), Escalate)
    late = ended(360 * 60 + 1)
    assert isinstance(late, Escalate)
    assert "worked for 360 minutes, at most 360" in late.why
    idle = replace(attempt(2, agent="claude", status=Status.PARTIAL), seconds=1.0)
    uncharged = attempt(1, seconds=99_999.0, spent=False)
    assert not isinstance(after(uncharged, idle), Escalate), "what was not charged is no time"


def test_of_several_findings_the_first_line_of_the_first_is_told() -> None:
    run = attempt(status=Status.COMPLETE, findings=("verification: one\nmore", "secrets: two"))
    step = after(run, verdict=None, onward=NOBODY)
    assert isinstance(step, Escalate)
    assert step.why.endswith("the last: verification: one")
