"""Which agent is next: named ones first, nobody twice, the unfit and the cooling left out and said so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.model.settings import OnQuota
from orchestrator.model.task import Attempt, AttemptKind, TaskType
from orchestrator.policy.route import Health, NoRoute, Route, Why, chain, choose, cool_until, left
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
