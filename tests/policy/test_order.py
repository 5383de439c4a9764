"""Who goes next: priority and age inside a repository, turns between repositories."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.task import Priority, Task
from orchestrator.policy.order import queue, runnable, score
from tests.policy.builders import NOW, ago, repo, task

WEIGHTS = dict(repo().priority_weights)
REPOS = {"acme/web": repo(), "acme/api": repo(key="api", name=RepoName("acme/api"))}


def waiting(number: int, *, where: str = "web", **changes: object) -> Task:
    """One that waits for an hour."""
    told = {"id": TaskId(f"{where}-{number:03}"), "repo": RepoName(f"acme/{where}"), "created": ago(hours=1)}
    return replace(task(), **(told | changes))  # type: ignore[arg-type]


def ids(tasks: tuple[Task, ...]) -> list[str]:
    return [t.id for t in tasks]


def order(*tasks: Task, running: dict[str, int] | None = None) -> list[str]:
    return ids(queue(tasks, REPOS, running=running or {}, now=NOW))


def test_the_score_is_the_weight_plus_one_per_hour() -> None:
    assert score(waiting(1, priority=Priority.HIGH, created=ago(hours=5)), WEIGHTS, NOW) == pytest.approx(35)
    assert score(waiting(1, priority=Priority.LOW, created=ago(minutes=30)), WEIGHTS, NOW) == pytest.approx(0.5)


def test_a_task_without_a_time_or_from_the_future_has_waited_nothing() -> None:
    assert score(waiting(1, created=""), WEIGHTS, NOW) == 10
    assert score(waiting(1, created=ago(hours=-5)), WEIGHTS, NOW) == 10


def test_a_priority_without_a_weight_counts_as_nothing() -> None:
    assert score(waiting(1, priority=Priority.HIGH, created=ago(hours=2)), {}, NOW) == pytest.approx(2)


def test_higher_priority_goes_first_until_age_outweighs_it() -> None:
    high = waiting(1, priority=Priority.HIGH)
    low = waiting(2, priority=Priority.LOW)
    assert order(low, high) == ["web-001", "web-002"]
    assert order(replace(low, created=ago(hours=32)), high) == ["web-002", "web-001"]


def test_older_goes_first_among_equals_and_ties_go_by_id() -> None:
    assert order(waiting(1), waiting(2, created=ago(hours=3))) == ["web-002", "web-001"]
    assert order(waiting(2), waiting(1)) == ["web-001", "web-002"]


def test_a_task_that_must_wait_is_left_out_until_its_time() -> None:
    later = waiting(1, not_before=ago(minutes=-1))
    assert order(later, waiting(2)) == ["web-002"]
    assert runnable(later, NOW + timedelta(minutes=1))
    assert runnable(waiting(1), NOW)


def test_one_issue_is_not_starved_by_a_hundred_elsewhere() -> None:
    backlog = [waiting(n, priority=Priority.HIGH, created=ago(days=9)) for n in range(100)]
    alone = waiting(1, where="api", priority=Priority.LOW, created=ago(minutes=1))
    assert order(*backlog, alone).index("api-001") == 1


def test_a_repository_that_runs_already_lets_the_other_go_first() -> None:
    urgent, other = waiting(1, priority=Priority.HIGH), waiting(1, where="api", priority=Priority.LOW)
    assert order(urgent, other) == ["web-001", "api-001"]
    assert order(urgent, other, running={"acme/web": 1}) == ["api-001", "web-001"]


def test_two_backlogs_take_turns() -> None:
    both = [waiting(n) for n in range(3)] + [waiting(n, where="api") for n in range(3)]
    assert [name[:3] for name in order(*both)] == ["api", "web"] * 3


def test_a_renamed_letter_case_is_the_same_repository() -> None:
    shouting = waiting(2, repo=RepoName("ACME/Web"))
    calm = [waiting(1), waiting(1, where="api"), waiting(2, where="api")]
    assert order(shouting, *calm) == ["api-001", "web-001", "api-002", "web-002"]


def test_a_repository_that_is_not_configured_any_more_still_has_its_turn() -> None:
    assert order(waiting(1, where="gone"), waiting(1), waiting(2))[:2] == ["web-001", "gone-001"]


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.sampled_from(("web", "api", "gone")), st.sampled_from(Priority)), unique=True
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_is_a_permutation_that_does_not_depend_on_how_the_files_were_listed(
    which: list[tuple[int, str, Priority]], random: object
) -> None:
    tasks = {f"{w}-{n}": waiting(n, where=w, priority=p) for n, w, p in which}
    listed = list(tasks.values())
    expected = order(*listed)
    random.shuffle(listed)  # type: ignore[attr-defined]
    assert order(*listed) == expected
    assert sorted(expected) == sorted(t.id for t in listed)
