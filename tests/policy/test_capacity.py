"""How many workers, and when the next may start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.task import Task
from orchestrator.policy import capacity
from orchestrator.policy.order import queue
from tests.policy.builders import NOW, repo, task

sizes = st.integers(min_value=0, max_value=2**22)


def test_below_two_gigabytes_free_there_is_one_worker() -> None:
    assert capacity.workers(total_mb=64_000, free_mb=2047, cores=32) == 1
    assert capacity.workers(total_mb=64_000, free_mb=2048, cores=32) > 1


@pytest.mark.parametrize(
    ("total", "free", "cores", "wanted"),
    [(4096, 3000, 4, 5), (8192, 6000, 2, 8), (16_000, 12_000, 8, 24), (256_000, 200_000, 64, 32), (2500, 2300, 4, 2)],
)
def test_memory_processors_and_a_sensible_top_bound_the_workers(total: int, free: int, cores: int, wanted: int) -> None:
    assert capacity.workers(total_mb=total, free_mb=free, cores=cores) == wanted


@given(total=sizes, free=sizes, cores=st.integers(1, 512))
def test_there_is_always_a_worker_and_never_more_than_memory_holds(total: int, free: int, cores: int) -> None:
    found = capacity.workers(total_mb=total, free_mb=free, cores=cores)
    assert 1 <= found <= capacity.MOST
    assert found == 1 or found * capacity.RUN_MB + capacity.RESERVE_MB <= total


def test_a_small_machine_does_not_wait_for_memory_that_it_will_never_have() -> None:
    assert capacity.wanted_free_mb(1024, total_mb=16_000) == 1024
    assert capacity.wanted_free_mb(1024, total_mb=1000) == 250
    assert capacity.wanted_free_mb(0, total_mb=1000) == 0


def test_the_next_worker_waits_for_the_processors_but_not_for_ever() -> None:
    assert capacity.may_start(busy=0.5, waited=0.0)
    assert not capacity.may_start(busy=0.95, waited=0.5)
    assert capacity.may_start(busy=1.0, waited=capacity.PATIENCE)


def waiting(where: str, count: int) -> list[Task]:
    told = {"repo": RepoName(f"acme/{where}")}
    return [replace(task(), id=TaskId(f"{where}-{n:03}"), **told) for n in range(count)]  # type: ignore[arg-type]


def test_a_repository_gets_no_more_than_its_cap_beside_what_runs() -> None:
    repos = {"acme/web": repo(max_parallel=3), "acme/api": repo(key="api", name=RepoName("acme/api"))}
    tasks = [*waiting("web", 20), *waiting("api", 4)]
    free = queue(tasks, repos, running={}, now=NOW)
    assert sum(t.repo == "acme/web" for t in free) == 3
    assert sum(t.repo == "acme/api" for t in free) == 4
    busy = queue(tasks, repos, running={"acme/web": 2}, now=NOW)
    assert sum(t.repo == "acme/web" for t in busy) == 1
    full = queue(tasks, repos, running={"acme/web": 5}, now=NOW)
    assert [t.repo for t in full] == ["acme/api"] * 4


def test_fifty_slots_are_shared_fairly_by_three_repositories_whatever_their_backlog() -> None:
    repos = {f"acme/{n}": repo(key=n, name=RepoName(f"acme/{n}")) for n in ("web", "api", "doc")}
    tasks = [*waiting("web", 300), *waiting("api", 30), *waiting("doc", 10)]
    first = queue(tasks, repos, running={}, now=NOW)[:50]
    counts = {name: sum(t.repo == f"acme/{name}" for t in first) for name in ("web", "api", "doc")}
    assert counts == {"web": 20, "api": 20, "doc": 10}


def test_exactly_busy_is_busy_and_exactly_patient_is_patient() -> None:
    assert not capacity.may_start(busy=0.8, waited=1.9)
    assert capacity.may_start(busy=0.79, waited=0.0)
    assert capacity.may_start(busy=1.0, waited=2.0)


def test_one_more_worker_needs_all_of_its_memory() -> None:
    exactly = 1024 + 3 * 600
    assert capacity.workers(total_mb=exactly, free_mb=9999, cores=9) == 3
    assert capacity.workers(total_mb=exactly - 1, free_mb=9999, cores=9) == 2
