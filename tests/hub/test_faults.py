"""The hub made as bad as the world, on order and repeatably."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from orchestrator.hub import Hub
from orchestrator.hub.faults import Faults, Target
from tests.hub.client import APP, Client, clone, commit, git

ISSUES = {"method": "POST", "path": "/issues$"}


def titles(ada: Client) -> list[str]:
    return [issue["title"] for issue in ada.ok("GET", f"{APP}/issues")]


@pytest.mark.parametrize(("when", "applied"), [("before", []), ("after", ["t"])])
def test_a_5xx_comes_before_or_after_the_write(hub: Hub, ada: Client, when: str, applied: list[str]) -> None:
    hub.faults.add(ISSUES | {"times": 1}, {"status": 502, "when": when})
    assert ada.post(f"{APP}/issues", json={"title": "t"}).status_code == 502
    assert titles(ada) == applied
    assert hub.requests.all()[0].applied == bool(applied)
    ada.ok("POST", f"{APP}/issues", {"title": "u"})


@pytest.mark.parametrize(("when", "applied"), [("before", []), ("after", ["t"])])
def test_a_connection_is_cut_before_or_after_the_write(hub: Hub, ada: Client, when: str, applied: list[str]) -> None:
    hub.faults.add(ISSUES, {"drop": when})
    with pytest.raises(httpx.TransportError):
        ada.post(f"{APP}/issues", json={"title": "t"})
    assert titles(ada) == applied


def test_a_truncated_body_is_no_json(hub: Hub, ada: Client) -> None:
    hub.faults.add({"path": "/user"}, {"truncate": True})
    with pytest.raises(httpx.RemoteProtocolError):
        ada.get("/user")


def test_secondary_limits_and_429_carry_retry_after(hub: Hub, ada: Client) -> None:
    hub.faults.add({"path": "/user", "nth": 1}, {"status": 403, "retry_after": 7})
    hub.faults.add({"path": "/user", "nth": 2}, {"status": 429})
    first, second, third = (ada.get("/user") for _ in range(3))
    assert (first.status_code, first.headers["retry-after"]) == (403, "7")
    assert "secondary rate limit" in first.json()["message"]
    assert (second.status_code, "retry-after" in second.headers) == (429, False)
    assert third.status_code == 200


def test_latency_is_added(hub: Hub, ada: Client) -> None:
    hub.faults.add({"path": "/user"}, {"latency": 0.15})
    assert ada.get("/user").elapsed.total_seconds() > 0.15


def test_what_was_written_is_unseen_in_lists_for_a_while(hub: Hub, ada: Client) -> None:
    hub.faults.add(ISSUES | {"times": 1}, {"lag": 0.2})
    number = ada.ok("POST", f"{APP}/issues", {"title": "t"})["number"]
    assert titles(ada) == []
    assert ada.ok("GET", f"{APP}/issues/{number}")["title"] == "t"
    time.sleep(0.21)
    assert titles(ada) == ["t"]


def test_a_lag_may_bind_one_endpoint_only(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "t")
    hub.faults.add({"path": "/comments$", "times": 1}, {"lag": 30, "where": "/issues/1/comments$"})
    ada.ok("POST", f"{APP}/issues/1/comments", {"body": "b"})
    assert ada.ok("GET", f"{APP}/issues/1/comments") == []
    assert len(ada.ok("GET", f"{APP}/issues/comments")) == 1


def test_an_adversary_acts_between_two_calls(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "t", "good")
    hub.faults.add(
        {"path": "/issues/1$"}, {"act": lambda: hub.admin.edit_issue("ada/app", 1, body="evil", actor="eve")}
    )
    assert ada.ok("GET", f"{APP}/issues/1")["body"] == "evil"
    act = {"name": "close", "args": ["ada/app", 1], "kwargs": {"actor": "bob"}}
    rule = {"match": {"path": "/labels$"}, "do": {"act": act, "when": "after"}}
    assert ada.ok("POST", "/_hub/faults", rule)["id"] == 2
    ada.ok("GET", f"{APP}/labels")
    assert hub.admin.find_issue("ada/app", 1).state == "closed"


def test_rules_come_and_go_over_http(hub: Hub, ada: Client) -> None:
    ada.ok("POST", "/_hub/faults", {"match": {"path": "/user"}, "do": {"status": 500}})
    assert ada.get("/user").status_code == 500
    assert ada.ok("GET", "/_hub/faults")["rules"][0]["used"] == 1
    ada.refused(422, "POST", "/_hub/faults", {"match": {"nonsense": 1}, "do": {}})
    ada.refused(422, "POST", "/_hub/faults", {"match": {"path": "("}, "do": {}})
    ada.ok("DELETE", "/_hub/faults")
    ada.ok("GET", "/user")


@pytest.mark.parametrize(("when", "count"), [("before", 2), ("after", 3)])
def test_a_client_is_killed_at_its_nth_write(hub: Hub, ada: Client, when: str, count: int) -> None:
    program = (
        "import sys, httpx, os\nprint(os.getpid(), flush=True)\nsys.stdin.readline()\n"
        "for n in range(9): httpx.post(sys.argv[1] + '/repos/ada/app/issues', json={'title': str(n)},"
        " headers={'authorization': 'token ' + sys.argv[2]}, trust_env=False)"
    )
    argv = [sys.executable, "-c", program, hub.url, hub.admin.token("ada")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdin is not None
        pid = int(client.stdout.readline())
        hub.faults.add({"write": True, "nth": 3}, {"signal": pid, "sig": 9, "when": when})
        client.stdin.write("go\n")
        client.stdin.close()
        assert client.wait(20) == -9
    assert len(titles(ada)) == count


def test_a_git_push_fails_before_or_after_it_was_taken(hub: Hub, tmp_path: Path) -> None:
    work = clone(hub, hub.admin.token("ada"), tmp_path)
    commit(work, {"a": "1"})
    match = {"path": "git-receive-pack$", "method": "POST", "times": 1}
    hub.faults.add(match, {"status": 503, "when": "before"})
    assert git(work, "push", "origin", "main", check=False).returncode != 0
    assert len(hub.admin.log("ada/app", "main")) == 1
    hub.faults.clear()
    hub.faults.add(match, {"drop": "after"})
    assert git(work, "push", "origin", "main", check=False).returncode != 0
    assert len(hub.admin.log("ada/app", "main")) == 2


def test_chance_repeats_with_its_seed() -> None:
    def draws(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add({"probability": 0.5}, {"status": 500})
        target = Target(method="GET", path="/", operation=None, write=False)
        return [bool(faults.effects(target)) for _ in range(30)]

    assert draws(1) == draws(1) != draws(2)
    assert 5 < sum(draws(1)) < 25
