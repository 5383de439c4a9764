"""The embedded CI: clean checkouts, cleared environment, cancelled heads, logs."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.hub import Hub
from tests.hub.client import APP, Client


def runs(hub: Hub, ada: Client, sha: str) -> dict[str, str]:
    assert hub.ci_idle(20)
    found = ada.ok("GET", f"{APP}/commits/{sha}/check-runs")["check_runs"]
    return {run["name"]: run["conclusion"] for run in found}


def test_each_pushed_head_of_an_open_pull_request_is_tested(hub: Hub, ada: Client) -> None:
    hub.admin.set_ci("ada/app", {"good": "test -f a.txt", "bad": "echo broken; exit 3"})
    first = hub.admin.push("ada/app", "f", {"a.txt": "1"})
    assert runs(hub, ada, first) == {}
    hub.admin.open_pull("ada/app", "f")
    assert runs(hub, ada, first) == {"good": "success", "bad": "failure"}
    second = hub.admin.push("ada/app", "f", {"a.txt": None})
    assert runs(hub, ada, second) == {"good": "failure", "bad": "failure"}
    bad = ada.ok("GET", f"{APP}/commits/{second}/check-runs?check_name=bad")["check_runs"][0]
    assert (bad["app"]["id"], bad["app"]["slug"]) == (15368, "github-actions")
    assert bad["output"]["title"] == "Process completed with exit code 3."
    assert ada.get(f"{APP}/actions/jobs/{bad['id']}/logs", follow_redirects=True).text == "broken\n"
    assert set(hub.ci_seconds("ada/app")) == {first, second}
    assert ada.ok("GET", f"{APP}/commits/{second}/check-suites")["check_suites"][0]["conclusion"] == "failure"


def test_pushes_to_the_default_branch_are_tested(hub: Hub, ada: Client) -> None:
    hub.admin.set_ci("ada/app", {"test": "true"})
    assert runs(hub, ada, hub.admin.push("ada/app", "main", {"a": "1"})) == {"test": "success"}
    assert runs(hub, ada, hub.admin.push("ada/app", "other", {"a": "2"})) == {}


def test_jobs_see_nothing_of_the_hubs_environment(hub: Hub, ada: Client) -> None:
    os.environ["HUB_TEST_SECRET"] = "x"
    try:
        hub.admin.set_ci("ada/app", {"env": 'test -z "$HUB_TEST_SECRET" && test "$CI" = true && test -d .git'})
        assert runs(hub, ada, hub.admin.push("ada/app", "main", {"a": "1"})) == {"env": "success"}
    finally:
        del os.environ["HUB_TEST_SECRET"]


def test_a_superseded_head_is_cancelled(hub: Hub, ada: Client) -> None:
    hub.admin.set_ci("ada/app", {"slow": "test -f fast || sleep 30"})
    first = hub.admin.push("ada/app", "main", {"a": "1"})
    second = hub.admin.push("ada/app", "main", {"fast": "1"})
    assert runs(hub, ada, second) == {"slow": "success"}
    assert runs(hub, ada, first) == {"slow": "cancelled"}


def test_a_job_over_its_time_is_stopped_with_all_it_started(hub: Hub, ada: Client, tmp_path: Path) -> None:
    hub.ci.job_seconds = 0.3
    mark = tmp_path / "mark"
    hub.admin.set_ci("ada/app", {"hang": f"(sleep 1; touch {mark}) & sleep 30"})
    assert runs(hub, ada, hub.admin.push("ada/app", "main", {"a": "1"})) == {"hang": "timed_out"}
    import time

    time.sleep(1)
    assert not mark.exists()


def test_unfinished_jobs_go_on_after_a_restart(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub") as hub:
        hub.admin.user("ada")
        hub.admin.repo("ada/app", files={"a": "1"}, ci={"slow": f"test -f {tmp_path}/go || sleep 30"})
        sha = hub.admin.branches("ada/app")["main"]
    (tmp_path / "go").touch()
    with Hub(tmp_path / "hub") as again, Client(again, again.admin.token("ada")) as ada:
        assert runs(again, ada, sha) == {"slow": "success"}
