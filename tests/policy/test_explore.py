"""Who goes first out of turn: a tenth of new work to the least known, a probe for those that were put back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.result import BlockerCode, Status
from orchestrator.model.task import AttemptKind, Task
from orchestrator.policy import explore
from orchestrator.policy import health as judged
from orchestrator.policy.health import Known, Record, Run
from orchestrator.policy.route import Health, Route, Why, choose
from tests.policy.builders import CHAIN, NOW, attempt, blocked, repo, task

WORSE, BETTER = Record(wins=0, runs=9), Record(wins=9, runs=9)
LUCKY = next(f"web-{n}" for n in range(1, 200) if explore.chosen(f"web-{n}"))
"""A task that is explored with."""
PLAIN = next(f"web-{n}" for n in range(1, 200) if not explore.chosen(f"web-{n}"))


def known(runs: int, wins: int | None = None, usd: float | None = None) -> Known:
    won = runs if wins is None else wins
    return Known(type="implementation", record=Record(wins=won, runs=runs), runs=runs, wins=won, usd=usd)


def pick(id: str, health: Mapping[str, Health], **changes: object) -> Route:
    got = choose(replace(task(id=id), **changes), repo(), {n: Health() for n in CHAIN} | dict(health), NOW)  # type: ignore[arg-type]
    assert isinstance(got, Route), got
    return got


SETTLED = {"codex": Health(of_type=known(9)), "claude": Health(of_type=known(2))}


def test_a_tenth_of_all_tasks_is_explored_with_and_always_the_same_ones() -> None:
    lucky = [n for n in range(2_000) if explore.chosen(f"web-{n}")]
    assert len(lucky) == 220
    assert lucky == [n for n in range(2_000) if explore.chosen(f"web-{n}")]


def test_the_least_known_goes_first_and_the_reason_is_told() -> None:
    route = pick(LUCKY, SETTLED)
    assert route.agent == "gemini", "it has no run of this type, claude has two"
    told = {r.agent: r for r in route.reasons}
    assert told["gemini"].why is Why.EXPLORED
    assert "explored: little is known of it in implementation (0 runs in a week, codex 9)" in told["gemini"].words
    assert told["codex"].words == "comes after gemini"
    assert pick(PLAIN, SETTLED).agent == "codex"


def test_a_fresh_installation_keeps_the_operators_order() -> None:
    assert pick(LUCKY, {}).agent == "codex"
    assert pick(LUCKY, {"codex": Health(of_type=known(4))}).agent == "codex"
    assert pick(LUCKY, {"codex": Health(of_type=known(5))}).agent == "claude"
    two = (("codex", ""), ("claude", ""))
    assert explore.least_known(LUCKY, two, {"codex": known(5)}) == "claude"
    assert explore.least_known(LUCKY, two[:1], {"codex": known(5)}) == "", "there is nobody else"
    alike = {name: Health(of_type=known(9)) for name in CHAIN}
    assert pick(LUCKY, alike).agent == "codex", "nobody is known less"


@pytest.mark.parametrize(
    "changes",
    [
        {"agent": "codex"},
        {"next_agent": "codex"},
        {"attempts": (attempt(kind=AttemptKind.CI, agent="codex"),)},
        {"next_kind": AttemptKind.CI},
    ],
    ids=["the issue names one", "a decision names one", "work under way", "a repair"],
)
def test_only_new_tasks_for_which_nobody_is_named_are_explored_with(changes: dict[str, object]) -> None:
    both = SETTLED | {"claude": Health(of_type=known(9))}
    route = pick(LUCKY, both, **changes)
    assert (route.agent, route.reasons[0].why) == ("codex", Why.CHOSEN)
    back = {"claude": Health(record=WORSE, since=99), "codex": Health(record=BETTER)}
    assert pick(PLAIN, back, **changes).agent == "codex"


def test_who_cannot_run_is_not_explored_with() -> None:
    away = {name: Health(unfit="gone") for name in ("claude", "gemini", "deepseek")}
    assert pick(LUCKY, SETTLED | away).agent == "codex"


def test_one_that_was_put_back_is_probed_after_twenty_tasks_and_one_probe_is_enough() -> None:
    def back(**changes: object) -> dict[str, Health]:
        bad = replace(Health(record=WORSE, since=explore.PROBE_AFTER), **changes)  # type: ignore[arg-type]
        return {"codex": bad, "claude": Health(record=BETTER)}

    route = pick(PLAIN, back())
    assert route.agent == "codex"
    assert route.reasons[0].why is Why.EXPLORED
    assert "a probe, after 20 tasks of others" in route.reasons[0].words
    assert "claude does clearly better" in route.reasons[0].words
    assert pick(PLAIN, back(since=explore.PROBE_AFTER - 1)).agent == "claude"
    assert pick(PLAIN, back(running=1)).agent == "claude", "it is being probed already"
    assert pick(LUCKY, back(since=0) | {"claude": Health(record=BETTER, of_type=known(9))}).agent != "codex"


def test_tasks_since_count_each_task_of_the_others_once() -> None:
    def run(agent: str, task: str, hours: float) -> Run:
        return Run(agent=agent, task=task, at=NOW - timedelta(hours=hours))

    runs = {
        "codex": (run("codex", "a", 9), run("codex", "b", 5)),
        "claude": (
            run("claude", "c", 8),
            run("claude", "b", 5),
            run("claude", "d", 4),
            run("claude", "d", 3),
            run("claude", "z", -1),
        ),
        "gemini": (run("gemini", "d", 2), run("gemini", "e", 1)),
    }
    assert explore.tasks_since("codex", runs, NOW) == 2
    assert explore.tasks_since("codex", runs | {"gemini": (run("gemini", "now", 0),)}, NOW) == 2, "one that ends now"
    assert explore.tasks_since("codex", runs | {"codex": (run("codex", "now", 0),)}, NOW) == 0
    assert explore.tasks_since("nobody", runs, NOW) == 0


# --- what is known of the type of task ------------------------------------------------------------------------------


def test_the_type_at_hand_decides_where_both_are_known_in_it() -> None:
    better_there = {"codex": known(9, wins=0), "claude": known(9)}
    overall = {"codex": BETTER, "claude": WORSE}
    assert judged.ranked(("codex", "claude"), overall, better_there) == (("claude", ""), ("codex", "claude"))
    assert "in implementation" in judged.outdoes("claude", "codex", overall, better_there)
    few = {"codex": known(9, wins=0), "claude": known(2)}
    assert judged.ranked(("codex", "claude"), overall, few)[0] == ("codex", "")
    assert judged.ranked(("codex", "claude"), overall, few | {"claude": known(3)})[0] == ("claude", ""), "three do"


def test_a_third_of_the_money_for_the_same_success_goes_first() -> None:
    def order(codex: Known, claude: Known) -> str:
        return judged.ranked(("codex", "claude"), {}, {"codex": codex, "claude": claude})[0][0]

    dear = known(6, usd=6.0)
    assert order(dear, known(6, usd=2.0)) == "claude"
    assert order(dear, known(6, usd=2.1)) == "codex", "not a third"
    assert order(known(4, usd=4.0), known(6, usd=0.6)) == "codex", "too few successes to tell"
    assert order(known(5, usd=5.0), known(5, usd=0.6)) == "claude", "five are enough"
    assert order(dear, known(8, wins=6, usd=0.6)) == "codex", "it does not do as well"
    assert order(dear, known(6, usd=None)) == "codex", "nobody told its price"
    words = judged.outdoes("claude", "codex", {n: Record() for n in CHAIN}, {"codex": dear, "claude": known(6, usd=2)})
    assert words == "claude does as well in implementation for 0.33 USD a success, against 1.00"


def test_what_is_known_counts_runs_of_the_type_that_say_something() -> None:
    def run(type: str = "docs", usd: float | None = 0.5, **changes: object) -> Run:
        return replace(Run(agent="codex", at=NOW, status=Status.COMPLETE, type=type, usd=usd), **changes)  # type: ignore[arg-type]

    runs = [
        run(),
        run(),
        run(refused=True),
        run(kind=AttemptKind.RESUME),
        run("design"),
        run(at=NOW + timedelta(hours=1)),
    ]
    told = judged.known(runs, "docs", NOW)
    assert (told.runs, told.wins, told.usd, told.usd_per_win) == (3, 2, 1.5, 0.75)
    assert judged.known([run(), run(usd=None)], "docs", NOW).usd is None
    assert judged.known([], "docs", NOW) == Known(type="docs")


# --- two hundred tasks ----------------------------------------------------------------------------------------------


def week(odds: Mapping[str, float], seed: int, *, tasks: int = 200, minutes: float = 20) -> tuple[Counter[str], ...]:
    """First choices and all runs per agent: every task goes on along the chain until somebody ends it well."""
    draw, now = random.Random(seed), NOW
    runs: dict[str, list[Run]] = {name: [] for name in CHAIN}
    firsts: Counter[str] = Counter()
    for number in range(tasks):
        work = task(id=f"web-{seed}-{number}")
        for n in range(len(CHAIN)):
            route = choose(work, repo(), {name: _health(name, runs, now) for name in CHAIN}, now)
            if not isinstance(route, Route):
                break
            firsts[route.agent] += n == 0
            now += timedelta(minutes=minutes)
            won = draw.random() < odds[route.agent]
            runs[route.agent].append(_run(route.agent, work, now, won))
            if won:
                break
            work = replace(work, attempts=(*work.attempts, blocked(n + 1, route.agent)))
    return firsts, Counter({name: len(done) for name, done in runs.items()})


def _health(name: str, runs: Mapping[str, list[Run]], now: datetime) -> Health:
    lately = {n: [r for r in done if r.at > now - timedelta(days=7)] for n, done in runs.items()}
    return Health(
        record=judged.record(lately[name], now),
        of_type=judged.known(lately[name], "implementation", now),
        since=explore.tasks_since(name, lately, now),
    )


def _run(agent: str, work: Task, at: datetime, won: bool) -> Run:
    code = BlockerCode.NONE if won else BlockerCode.TEST_FAILURE
    return Run(agent=agent, at=at, task=work.id, type="implementation", status=Status.COMPLETE, code=code)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_nobody_of_the_chain_starves_while_all_do_well(seed: int) -> None:
    firsts, runs = week(dict.fromkeys(CHAIN, 0.95), seed)
    assert min(runs[name] for name in CHAIN) >= 4, runs
    assert sum(firsts[name] for name in CHAIN[1:]) >= 8, "explored, not only fallen back on"
    assert firsts["codex"] >= 100, "the operator's first stays first"


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(CHAIN))
def test_a_degraded_agent_gets_a_small_share_and_is_not_forgotten(seed: int, bad: str) -> None:
    firsts, runs = week(dict.fromkeys(CHAIN, 0.95) | {bad: 0.05}, seed)
    assert firsts[bad] <= 30, f"{bad} got {firsts[bad]} of 200 first"
    assert runs[bad] >= 3
    assert sum(runs.values()) <= 260
