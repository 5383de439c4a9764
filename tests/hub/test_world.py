"""The hub's world: numbers, persistence, its clock, the picture, boards, the command."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from orchestrator.hub import Hub, nodes
from tests.hub.client import APP, Client


def build(hub: Hub) -> None:
    hub.admin.user("ada")
    hub.admin.repo("ada/app", files={"README.md": "# app\n"})
    hub.admin.board("ada", options=["Backlog", "Ready", "Done"], repos=["ada/app"])
    hub.admin.issue("ada/app", "one", "body", labels=["bug"], board=1, status="Ready")
    hub.admin.comment("ada/app", 1, "hello")
    hub.admin.push("ada/app", "f", {"a": "1"})
    hub.admin.open_pull("ada/app", "f", title="pull")


def test_parallel_writes_get_distinct_numbers(hub: Hub, ada: Client) -> None:
    def file(n: int) -> int:
        return int(ada.ok("POST", f"{APP}/issues", {"title": str(n)})["number"])

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(file, range(20))) == list(range(1, 21))


def test_a_restart_keeps_the_world_and_its_ids(tmp_path: Path) -> None:
    with Hub(tmp_path / "hub") as hub:
        build(hub)
        token, before = hub.admin.token("ada"), hub.admin.snapshot()
        with Client(hub, token) as ada:
            issue = ada.ok("GET", f"{APP}/issues/1")
    shutil.copytree(tmp_path / "hub", tmp_path / "copy")
    with Hub(tmp_path / "copy") as again:
        assert again.admin.snapshot() == before
        with Client(again, token) as ada:
            kept = ada.ok("GET", f"{APP}/issues/1")
            assert [kept[name] for name in ("id", "node_id", "created_at")] == [
                issue[name] for name in ("id", "node_id", "created_at")
            ]
            assert ada.ok("POST", f"{APP}/issues", {"title": "next"})["number"] == 3


def test_two_equal_stories_have_equal_pictures_and_a_difference_shows(tmp_path: Path) -> None:
    with Hub(tmp_path / "one") as one, Hub(tmp_path / "two", clock_file=tmp_path / "clock") as two:
        (tmp_path / "clock").write_text("5000")
        build(one)
        build(two)
        assert one.admin.snapshot() == two.admin.snapshot()
        assert one.admin.snapshot()["boards"] == {
            "ada/1": {"title": "Board", "closed": False, "items": {"ada/app#1": "Ready"}}
        }
        two.admin.set_status("ada/app", 1, "Done")
        assert one.admin.snapshot() != two.admin.snapshot()
        assert two.admin.status("ada/app", 1) == "Done"


def test_the_clock_file_moves_the_hubs_time(hub: Hub, ada: Client, tmp_path: Path) -> None:
    hub.admin.issue("ada/app", "now")
    (tmp_path / "clock").write_text("864000")
    hub.admin.issue("ada/app", "later")
    first, second = (ada.ok("GET", f"{APP}/issues/{n}")["created_at"] for n in (1, 2))
    assert second[:10] == time.strftime("%Y-%m-%d", time.gmtime(time.time() + 864000))
    assert first < second


def test_board_values_know_who_set_them(hub: Hub) -> None:
    from orchestrator.hub.store import cards

    hub.admin.board("ada", options=["Backlog", "Ready"])
    hub.admin.issue("ada/app", "t", board=1, status="Backlog")
    hub.admin.set_status("ada/app", 1, "Ready", actor="bob")
    item = cards.of_issues(hub.db, [hub.admin.find_issue("ada/app", 1).id]).popitem()[1][0]
    value = cards.values_of(hub.db, [item.id])[item.id][0]
    assert value.creator_id == hub.admin.account("bob").id


def test_body_edits_are_remembered(hub: Hub, ada: Client) -> None:
    hub.admin.issue("ada/app", "t", "first", author="eve")
    ada.ok("PATCH", f"{APP}/issues/1", {"body": "second"})
    issue = hub.admin.find_issue("ada/app", 1)
    assert issue.editor_id == hub.admin.account("ada").id
    assert issue.last_edited_at is not None


def test_node_ids_decode_to_what_they_encode() -> None:
    assert nodes.decode(nodes.encode("I", 7, 4_000_000_000)) == ("I", (7, 4_000_000_000))
    assert nodes.encode("PR", 1, 2).startswith("PR_kwDO")
    assert [nodes.decode(text) for text in ("", "I", "I_", "I_$$", "garbage", "I_kwDO")] == [None] * 6


def test_the_hub_starts_quickly(tmp_path: Path) -> None:
    began = time.perf_counter()
    with Hub(tmp_path / "hub"):
        assert time.perf_counter() - began < 1.0


def test_a_hub_stops_twice_and_refuses_a_taken_port(hub: Hub, tmp_path: Path) -> None:
    other = Hub(tmp_path / "other", port=hub.port)
    with pytest.raises(OSError, match="in use"):
        other.start()
    other.stop()
    other.stop()


def test_the_command_prints_its_address_and_ends_on_a_signal(tmp_path: Path) -> None:
    program = "import sys\nfrom pathlib import Path\nfrom orchestrator.hub.command import run\nrun(Path(sys.argv[1]))"
    argv = [sys.executable, "-c", program, str(tmp_path / "hub")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        told = dict(line.split() for line in (command.stdout.readline() for _ in range(3)))
        headers = {"authorization": f"token {told['token']}"}
        answer = httpx.get(told["url"] + "/user", headers=headers, trust_env=False)
        assert answer.json()["login"] == told["user"] == "operator"
        command.send_signal(signal.SIGTERM)
        assert command.wait(10) == 0
