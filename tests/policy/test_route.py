"""Which agent is next: named ones first, nobody twice, the unfit and the cooling left out and said so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.result import FailureClass, Status
from orchestrator.model.settings import OnQuota
from orchestrator.model.task import Attempt, AttemptKind, TaskType
from orchestrator.policy.health import Record
from orchestrator.policy.route import PASSING, Health, NoRoute, Route, Why, chain, choose, cool_until, left
from tests.policy.builders import CHAIN, HEALTHY, NOW, ago, attempt, blocked, repo, task

LATER, MUCH_LATER = ago(minutes=-30), ago(hours=-3)
COOL = Health(cooling_until=LATER)


def pick(*attempts: Attempt, health: dict[str, Health] | None = None, **changes: object) -> Route | NoRoute:
    settings = repo(on_quota=changes.pop("on_quota", OnQuota.FALLBACK))
    return choose(replace(task(attempts=attempts), **changes), settings, HEALTHY | (health or {}), NOW)  # type: ignore[arg-type]


def agent(route: Route | NoRoute) -> str:
    assert isinstance(route, Route), route
    return route.agent


def test_the_chain_of_the_type_decides() -> None:
    settings = repo(chains=((TaskType.DOCS, ("claude", "codex")), (TaskType.IMPLEMENTATION, CHAIN)))
    assert chain(task(type=TaskType.DOCS), settings) == ("claude", "codex")
    assert chain(task(), settings) == CHAIN
    assert chain(task(type=TaskType.DESIGN), settings) == ()


@pytest.mark.parametrize("word", ["", "auto"])
def test_no_preference_is_the_chain_itself(word: str) -> None:
    assert chain(task(agent=word), repo()) == CHAIN


def test_the_preferred_agent_goes_first_and_is_not_repeated() -> None:
    assert chain(task(agent="gemini"), repo()) == ("gemini", "codex", "claude", "deepseek")
    assert chain(task(agent="aider"), repo()) == ("aider", *CHAIN)


def test_the_first_fit_agent_is_chosen_and_the_reasons_are_told() -> None:
    route = pick(health={"codex": Health(unfit="no key")})
    assert agent(route) == "claude"
    assert [(r.agent, r.why, str(r)) for r in route.reasons] == [
        ("codex", Why.UNFIT, "codex: no key"),
        ("claude", Why.CHOSEN, "claude: chosen"),
        ("gemini", Why.AFTER, "gemini: comes after claude"),
        ("deepseek", Why.AFTER, "deepseek: comes after claude"),
    ]


def test_an_agent_that_nobody_configured_is_passed_over() -> None:
    route = pick(agent="nobody")
    assert agent(route) == "codex"
    assert isinstance(route, Route)
    assert str(route.reasons[0]) == "nobody: is not configured"


def test_whoever_was_charged_an_attempt_does_not_get_the_same_work_again() -> None:
    assert agent(pick(blocked(1, "codex"))) == "claude"
    everybody = [blocked(n, name) for n, name in enumerate(CHAIN, 1)]
    nobody = pick(*everybody)
    assert isinstance(nobody, NoRoute)
    assert nobody.until == ""
    assert all(f"{name}: had its attempt" in nobody.why for name in CHAIN)


@pytest.mark.parametrize(
    "spoil",
    [{"spent": False}, {"ended": ""}, {"kind": AttemptKind.CORRECTION}, {"kind": AttemptKind.CI}],
    ids=["not charged", "never ended", "a correction", "a repair"],
)
def test_only_a_charged_and_ended_attempt_uses_an_agent_up(spoil: dict[str, object]) -> None:
    assert agent(pick(blocked(1, "codex", **spoil))) == "codex"


def test_a_persons_retry_gives_everybody_another_chance() -> None:
    assert agent(pick(blocked(1, "codex"), counted_from=1)) == "codex"


@pytest.mark.parametrize("kind", [AttemptKind.CORRECTION, AttemptKind.CI, AttemptKind.RESUME])
def test_a_repair_goes_to_its_author_though_charged_before(kind: AttemptKind) -> None:
    assert agent(pick(attempt(agent="codex"), next_kind=kind, next_agent="codex")) == "codex"


def test_an_agent_named_by_a_decision_goes_first_and_the_chain_stands_in_for_it() -> None:
    assert agent(pick(blocked(1, "codex"), next_agent="deepseek")) == "deepseek"
    assert agent(pick(next_agent="deepseek", health={"deepseek": Health(unfit="no key")})) == "codex"


def test_whoever_stands_in_for_a_named_agent_has_not_had_its_attempt_either() -> None:
    route = pick(blocked(1, "codex"), next_agent="claude", health={"claude": COOL})
    assert agent(route) == "gemini"


def test_an_agent_that_a_person_names_gets_the_work_again() -> None:
    assert agent(pick(blocked(1, "codex"), next_agent="codex")) == "codex"


def test_a_repair_whose_author_cools_goes_to_anybody_fit() -> None:
    tried = (blocked(1, "codex"), attempt(2, agent="claude"))
    route = pick(*tried, next_kind=AttemptKind.CI, next_agent="claude", health={"claude": COOL})
    assert agent(route) == "codex"


def test_a_cooling_agent_is_passed_over_until_its_time() -> None:
    assert agent(pick(health={"codex": COOL})) == "claude"
    assert agent(pick(health={"codex": Health(cooling_until=ago(minutes=1))})) == "codex"
    assert agent(pick(health={"codex": Health(cooling_until=ago())})) == "codex"


def test_when_all_cool_the_first_to_come_back_is_waited_for() -> None:
    health = {name: Health(cooling_until=MUCH_LATER) for name in CHAIN} | {"gemini": COOL}
    nobody = pick(health=health)
    assert isinstance(nobody, NoRoute)
    assert nobody.until == LATER


def test_the_first_to_come_back_is_found_across_time_zones() -> None:
    tokyo = (NOW + timedelta(minutes=10)).isoformat().replace("12:10:00+00:00", "21:10:00+09:00")
    health = {name: Health(cooling_until=MUCH_LATER) for name in CHAIN} | {"gemini": Health(cooling_until=tokyo)}
    nobody = pick(health=health)
    assert isinstance(nobody, NoRoute)
    assert nobody.until == tokyo


def test_on_quota_wait_does_not_fall_back() -> None:
    nobody = pick(health={"codex": COOL}, on_quota=OnQuota.WAIT)
    assert isinstance(nobody, NoRoute)
    assert nobody.until == LATER
    assert agent(pick(health={"claude": COOL}, on_quota=OnQuota.WAIT)) == "codex"


def test_a_type_without_a_chain_says_so() -> None:
    nobody = choose(task(type=TaskType.DESIGN), repo(chains=()), HEALTHY, NOW)
    assert nobody == NoRoute(why="no agent is configured for design")


def test_who_is_left_counts_the_cooling_and_not_the_unfit_or_used() -> None:
    health = HEALTHY | {"claude": COOL, "gemini": Health(unfit="no key")}
    assert left(task(attempts=(blocked(1, "codex"),)), repo(), health) == ("claude", "deepseek")


def test_the_providers_own_reset_time_goes_before_ours() -> None:
    assert cool_until(MUCH_LATER, NOW, 60) == MUCH_LATER
    assert cool_until("", NOW, 60) == ago(hours=-1)
    assert cool_until("9999-12-31T00:00:00Z", NOW, 60) == ago(days=-35), "what a run told is foreign text"


# --- health, caps, budget, capabilities: passed over and said so ---------------------------------------------------


WORSE, BETTER = Record(wins=0, runs=9), Record(wins=9, runs=9)


def why(route: Route | NoRoute) -> dict[str, Why]:
    return {r.agent: r.why for r in route.reasons}


@pytest.mark.parametrize(
    ("spoil", "reason", "comes_back"),
    [
        ({"paused": True}, Why.PAUSED, False),
        ({"unfit": "no key"}, Why.UNFIT, False),
        ({"cooling_until": LATER}, Why.COOLING, True),
        ({"breaker_until": LATER}, Why.BREAKER, True),
        ({"probing": True, "running": 1}, Why.BREAKER, True),
        ({"max_parallel": 2, "running": 2}, Why.BUSY, True),
        ({"over": "budget: spent", "over_until": LATER}, Why.BUDGET, True),
    ],
    ids=lambda v: v.value if isinstance(v, Why) else "",
)
def test_who_cannot_run_now_is_passed_over_and_waited_for_when_that_passes(
    spoil: dict[str, object], reason: Why, comes_back: bool
) -> None:
    state = Health(**spoil)  # type: ignore[arg-type]
    route = pick(health={"codex": state})
    assert agent(route) == "claude"
    assert why(route)["codex"] is reason
    nobody = pick(health=dict.fromkeys(CHAIN, state))
    assert isinstance(nobody, NoRoute)
    assert bool(nobody.until) is comes_back
    assert set(why(nobody).values()) == {reason}


def test_one_probe_may_run_and_runs_below_the_cap_may() -> None:
    assert agent(pick(health={"codex": Health(probing=True)})) == "codex"
    assert agent(pick(health={"codex": Health(max_parallel=2, running=1)})) == "codex"
    assert agent(pick(health={"codex": Health(running=50)})) == "codex", "no cap"


def test_capabilities_are_asked_for_and_names_never() -> None:
    able = HEALTHY | {"gemini": Health(can=frozenset({"read_only", "resume"}))}
    route = choose(task(), repo(), able, NOW, needs=frozenset({"read_only"}))
    assert agent(route) == "gemini"
    assert why(route)["codex"] is Why.LACKS
    assert isinstance(choose(task(), repo(), HEALTHY, NOW, needs=frozenset({"read_only"})), NoRoute)


def test_clear_evidence_puts_an_agent_back_but_never_one_that_was_named() -> None:
    health = {"codex": Health(record=WORSE), "claude": Health(record=BETTER)}
    route = pick(health=health)
    assert agent(route) == "claude"
    assert "does clearly better" in str(route.reasons[0])
    assert agent(pick(agent="codex", health=health)) == "codex"
    assert agent(pick(next_agent="codex", health=health)) == "codex"
    alone = {"claude": Health(record=BETTER, unfit="gone")}
    assert agent(pick(health=health | alone)) == "codex", "only those that could run are compared"


def trouble(n: int, minutes: float, name: str = "codex") -> Attempt:
    failure = FailureClass.SERVER
    return attempt(n, agent=name, spent=False, failure=failure, status=Status.BLOCKED, ended=ago(minutes=minutes))


def test_after_trouble_of_its_own_an_agent_rests_in_that_task_longer_each_time() -> None:
    assert agent(pick(trouble(1, 5))) == "claude"
    assert agent(pick(trouble(1, 11))) == "codex"
    assert agent(pick(trouble(1, 60), trouble(2, 15))) == "claude", "the second time it rests for 20 minutes"
    assert agent(pick(trouble(1, 60), trouble(2, 21))) == "codex"
    many = [trouble(n, 239) for n in range(1, 10)]
    assert agent(pick(*many)) == "claude"
    assert agent(pick(*[trouble(n, 241) for n in range(1, 10)])) == "codex", "four hours are the most"
    waits = pick(*[trouble(n, 5, name) for n, name in enumerate(CHAIN, 1)])
    assert isinstance(waits, NoRoute)
    assert waits.until == ago(minutes=-5)


STATES = st.builds(
    Health,
    unfit=st.sampled_from(["", "no key"]),
    cooling_until=st.sampled_from(["", LATER, ago(minutes=9)]),
    paused=st.booleans(),
    breaker_until=st.sampled_from(["", LATER]),
    probing=st.booleans(),
    running=st.integers(0, 3),
    max_parallel=st.integers(0, 2),
    record=st.sampled_from([Record(), WORSE, BETTER]),
    over=st.sampled_from(["", "spent"]),
    over_until=st.just(LATER),
)


@given(st.dictionaries(st.sampled_from(CHAIN), STATES), st.sampled_from(OnQuota))
def test_every_candidate_gets_a_reason_and_only_a_fit_one_is_chosen(
    health: dict[str, Health], on_quota: OnQuota
) -> None:
    route = choose(task(), repo(on_quota=on_quota), health, NOW)
    assert [r.agent for r in route.reasons] == list(CHAIN)
    assert all(r.words for r in route.reasons)
    if isinstance(route, Route):
        state = health[route.agent]
        assert not any((state.unfit, state.paused, state.breaker_until, state.over))
        assert [r.agent for r in route.reasons if r.why is Why.CHOSEN] == [route.agent]
    else:
        assert bool(route.until) == any(r.why in PASSING for r in route.reasons)
        assert not any(r.why is Why.CHOSEN for r in route.reasons)


def test_each_reason_is_told_by_its_name() -> None:
    used = pick(attempt())
    assert why(used)["codex"] is Why.USED
    missing = pick(health={"codex": Health(unfit="gone")})
    assert why(missing)["codex"] is Why.UNFIT
    few = {name: h for name, h in HEALTHY.items() if name != "codex"}
    assert why(choose(task(), repo(), few, NOW))["codex"] is Why.UNFIT
    probe = pick(health={"codex": Health(probing=True)})
    assert "chosen; a probe after its failures" in str(probe.reasons[0])
