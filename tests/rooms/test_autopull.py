"""Self-update on real git: a remote, a clone of it as the installation, and a program made of small shell scripts."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.model.settings import Autopull
from orchestrator.roles import autopull
from orchestrator.roles.autopull import Pulled, RolledBack, Skipped, pull
from orchestrator.state import locks

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)

SETUP = """#!/bin/sh
cd "$(dirname "$0")/.." && mkdir -p .venv/bin && cp program .venv/bin/python && chmod +x .venv/bin/python
test ! -e setup-fails
"""
PROGRAM = """#!/bin/sh
# python -m orchestrator <command>
echo "$PWD $3 $4" >> "$ORCH_ROOT/runtime/calls"
case $3 in check-config) test -e "$AGENT_OS_CONFIG" && test ! -e config-fails ;; *) test ! -e "$3-fails" ;; esac
"""


@dataclass(frozen=True, kw_only=True)
class World:
    work: Path
    """Where the next version is written."""
    root: Path
    """The installation."""

    def git(self, *args: str, at: Path | None = None) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.work), "GIT_CONFIG_NOSYSTEM": "1"}
        env |= {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(["git", *args], cwd=at or self.work, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def publish(self, name: str, text: str = "x", tag: str = "") -> str:
        (self.work / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)
        if tag:
            self.git("tag", tag)
        self.git("push", "-q", "--tags", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def head(self) -> str:
        return self.git("rev-parse", "HEAD", at=self.root)

    def ticked(self, role: str, status: int, at: datetime) -> None:
        folder = self.root / "runtime/state/ticks"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / role).write_text(f"{status} {at:%Y-%m-%dT%H:%M:%S}+0000\n")

    def pull(
        self, mode: Autopull = Autopull.MAIN, *, now: datetime = NOW, busy: bool = False
    ) -> Pulled | Skipped | RolledBack:
        return pull(self.root, mode, workers_running=lambda: busy, now=now)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(work=tmp_path / "work", root=tmp_path / "installation")
    (made.work / "bin").mkdir(parents=True)
    (made.work / "bin/setup").write_text(SETUP)
    (made.work / "bin/setup").chmod(0o755)
    (made.work / "program").write_text(PROGRAM)
    (made.work / ".gitignore").write_text(".venv/\nruntime/\nconfig.yaml\n")
    made.git("init", "-q", "-b", "main")
    made.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    made.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    made.publish("one", tag="v1.0.0")
    made.git("clone", "-q", str(tmp_path / "remote.git"), str(made.root))
    (made.root / "config.yaml").write_text("mine\n")
    (made.root / "runtime").mkdir()
    return made


def test_off_looks_at_nothing(world: World) -> None:
    world.publish("two")
    old = world.head()
    assert world.pull(Autopull.OFF) == Skipped(why="off")
    assert world.head() == old
    assert list((world.root / "runtime").iterdir()) == []


def test_a_new_version_is_tried_beside_then_switched_to(world: World) -> None:
    old, new = world.head(), world.publish("two")
    assert world.pull() == Pulled(old=old, new=new)
    assert world.head() == new
    staging = world.root / "runtime/staging"
    calls = (world.root / "runtime/calls").read_text().splitlines()
    wanted = ["check-config --no-objectives", "doctor --quick", "status --json"]
    assert calls == [f"{staging} {each}" for each in wanted]
    assert not staging.exists()
    assert world.git("worktree", "list", at=world.root).count("\n") == 0
    assert world.git("status", "--porcelain", at=world.root) == ""


@pytest.mark.parametrize("fault", ["setup-fails", "config-fails", "doctor-fails", "status-fails"])
def test_a_version_that_fails_beside_is_never_switched_to_and_rests(world: World, fault: str) -> None:
    old, bad = world.head(), world.publish(fault)
    got = world.pull()
    assert isinstance(got, Skipped)
    assert got.failed == bad
    assert world.head() == old
    again = world.pull(now=NOW + timedelta(hours=5))
    assert isinstance(again, Skipped)
    assert "failed here before" in again.why
    later = world.pull(now=NOW + timedelta(hours=7))
    assert isinstance(later, Skipped)
    assert later.failed == bad, "it might have been the network"


def test_a_mended_version_after_a_failed_one_is_taken(world: World) -> None:
    world.publish("config-fails")
    world.pull()
    world.git("rm", "-q", "config-fails")
    new = world.publish("mended")
    assert isinstance(world.pull(now=NOW + timedelta(minutes=1)), Pulled)
    assert world.head() == new


def test_nothing_is_switched_while_workers_or_ticks_run(world: World) -> None:
    old = world.head()
    world.publish("two")
    assert world.pull(busy=True) == Skipped(why="workers are running")
    with locks.hold(world.root / "runtime/state/locks/cron-queue.lock") as mine:
        assert mine
        assert world.pull() == Skipped(why="a tick or a worker is running")
    assert world.head() == old
    assert isinstance(world.pull(), Pulled)


def test_history_that_was_rewritten_is_not_followed(world: World) -> None:
    old = world.head()
    world.git("commit", "-q", "--amend", "-m", "other")
    world.git("push", "-q", "--force", "origin", "HEAD:main")
    got = world.pull()
    assert isinstance(got, Skipped)
    assert "fast-forward only" in got.why
    assert world.head() == old


def test_files_changed_by_hand_are_not_touched(world: World) -> None:
    world.publish("two")
    (world.root / "one").write_text("mine\n")
    assert world.pull() == Skipped(why="tracked files were changed by hand")
    assert (world.root / "one").read_text() == "mine\n"


def test_an_unreachable_remote_changes_nothing(world: World) -> None:
    old = world.head()
    world.git("remote", "set-url", "origin", str(world.work / "nowhere"), at=world.root)
    assert world.pull() == Skipped(why="no newer version")
    assert world.head() == old


def test_tags_are_compared_as_versions_and_test_versions_left_out(world: World) -> None:
    world.publish("two", tag="v1.9.0")
    new = world.publish("three", tag="v1.10.0")
    world.publish("four", tag="v2.0.0-rc1")
    world.publish("five")
    assert isinstance(world.pull(Autopull.TAG), Pulled)
    assert world.head() == new


def test_a_version_is_good_once_every_role_has_ticked_well_on_it(world: World) -> None:
    for role in ("dispatcher", "queue"):
        world.ticked(role, 0, NOW - timedelta(minutes=1))
    world.publish("two")
    world.pull()
    world.ticked("dispatcher", 0, NOW + timedelta(minutes=1))
    got = world.pull(now=NOW + timedelta(minutes=1))
    assert isinstance(got, Skipped)
    assert got.why.endswith("until queue has ticked")
    world.ticked("queue", 0, NOW + timedelta(minutes=1))
    world.pull(now=NOW + timedelta(minutes=2))
    record = json.loads((world.root / "runtime/state/autopull.json").read_text())
    assert (record["good"], record["watched"]) == (world.head(), "")


def test_the_version_before_is_taken_back_when_a_tick_fails(world: World) -> None:
    old = world.head()
    world.ticked("queue", 0, NOW - timedelta(minutes=1))
    bad = world.publish("two")
    world.pull()
    assert world.head() == bad
    world.ticked("queue", 1, NOW + timedelta(minutes=1))
    got = world.pull(now=NOW + timedelta(minutes=1), busy=True)
    assert got == RolledBack(bad=bad, good=old, why="the tick of queue failed")
    assert world.head() == old
    again = world.pull(now=NOW + timedelta(days=99))
    assert isinstance(again, Skipped)
    assert "failed here before" in again.why
    new = world.publish("three")
    assert isinstance(world.pull(), Pulled)
    assert world.head() == new


def test_a_role_that_failed_before_the_switch_proves_nothing_against_the_new_version(world: World) -> None:
    world.ticked("queue", 1, NOW - timedelta(minutes=1))
    new = world.publish("two")
    world.pull()
    world.ticked("queue", 1, NOW + timedelta(minutes=1))
    world.pull(now=NOW + timedelta(minutes=1))
    assert world.head() == new


def test_a_setup_that_fails_after_the_switch_is_taken_back_at_once(world: World) -> None:
    old = world.head()
    bad = world.publish("bin/setup", SETUP + "case $PWD in */staging) ;; *) test -e .never ;; esac\n")
    got = world.pull()
    assert isinstance(got, RolledBack)
    assert (got.bad, got.good, world.head()) == (bad, old, old)


def test_a_version_the_script_took_back_is_not_tried_again(world: World) -> None:
    old = world.head()
    bad = world.publish("two")
    world.pull()
    world.git("reset", "-q", "--keep", old, at=world.root)
    got = world.pull(now=NOW + timedelta(days=9))
    assert isinstance(got, Skipped)
    assert bad[:12] in got.why
    assert world.head() == old


def test_a_broken_record_stops_the_job_with_its_name(world: World) -> None:
    record = world.root / "runtime/state/autopull.json"
    record.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"good": "x", "watched": "", "at": "", "failing": [], "refused": []}'):
        record.write_text(text)
        with pytest.raises(autopull.CorruptRecord, match=r"autopull\.json"):
            world.pull()
