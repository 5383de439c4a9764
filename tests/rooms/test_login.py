"""A login lent to a run's HOME: what the program finds, what comes back, and what a hostile agent does not get done."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from orchestrator import disk
from orchestrator.agents import login
from orchestrator.agents.base import Agent
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job
from tests.rooms.engineering import job

OLD, NEW = '{"token": "old", "expires": 1}', '{"token": "new", "expires": 2, "more": 3}'


@dataclass(frozen=True)
class Engineer:
    """As much of an adapter as a login asks for."""

    login_files: tuple[str, ...] = ("auth.json", "deep/inside/other.json")
    login_home: str = ".cli"


@dataclass(frozen=True)
class Place:
    folder: Path
    job: Job

    @property
    def original(self) -> Path:
        return self.folder / "auth.json"

    @property
    def copy(self) -> Path:
        return Path(self.job.home) / ".cli" / "auth.json"

    def run(self, agent: Callable[[], object] = lambda: None, *, has_key: bool = False) -> str:
        """The original after a run in which the agent does this."""
        settings = AgentSettings(name="x", adapter="x", login=str(self.folder))
        with login.lent(cast(Agent, Engineer()), settings, self.job, has_key=has_key):
            agent()
        return self.original.read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "operator" / ".cli"
    folder.mkdir(parents=True)
    (folder / "auth.json").write_text(OLD)
    (folder / "auth.json").chmod(0o600)
    (folder / "history").write_text("private")
    (tmp_path / "home").mkdir()
    return Place(folder, job(tmp_path))


def test_the_login_stands_in_home_for_the_run_only_and_nothing_else_of_the_folder(place: Place) -> None:
    found: list[str] = []
    seen = place.run(lambda: found.extend([place.copy.read_text(), *map(str, place.copy.parent.iterdir())]))
    assert found == [OLD, str(place.copy)]
    assert seen == OLD
    assert not place.copy.exists()


def test_what_was_refreshed_comes_back_with_the_old_mode(place: Place) -> None:
    assert place.run(lambda: place.copy.write_text(NEW)) == NEW
    assert place.original.stat().st_mode & 0o777 == 0o600
    assert not place.copy.exists()


def test_it_comes_back_from_a_run_that_failed_too(place: Place) -> None:
    def fail() -> None:
        place.copy.write_text(NEW)
        raise RuntimeError("the run")

    with pytest.raises(RuntimeError, match="the run"):
        place.run(fail)
    assert place.original.read_text() == NEW
    assert not place.copy.exists()


def test_with_a_key_nothing_is_lent(place: Place) -> None:
    there: list[bool] = []
    place.run(lambda: there.append(place.copy.exists()), has_key=True)
    assert there == [False]


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", '"token"', '{"token": "only"}', "[" * 200_000, '{"token":"' + "x" * 1_000_001]
)
def test_what_is_no_login_does_not_come_back(place: Place, text: str) -> None:
    assert place.run(lambda: place.copy.write_text(text)) == OLD
    assert not place.copy.exists()


def _replaced(place: Place, by: Callable[[Path], object]) -> None:
    place.copy.unlink()
    by(place.copy)


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder", "parent", "gone"])
def test_what_stands_in_its_place_is_not_followed(place: Place, tmp_path: Path, kind: str) -> None:
    """The agent's own file would come back as a login, or a file of the operator's would be read or removed."""
    other = tmp_path / "other.json"
    other.write_text(NEW)

    def attack() -> None:
        if kind == "link":
            _replaced(place, lambda p: p.symlink_to(other))
        elif kind == "hard link":
            _replaced(place, lambda p: p.hardlink_to(other))
        elif kind == "pipe":
            _replaced(place, os.mkfifo)
        elif kind == "folder":
            _replaced(place, lambda p: (p / "deep").mkdir(parents=True))
        else:
            place.copy.unlink()
            place.copy.parent.rmdir()
            if kind == "parent":
                (tmp_path / "auth.json").write_text(NEW)
                place.copy.parent.symlink_to(tmp_path)

    assert place.run(attack) == OLD
    assert other.read_text() == NEW
    if kind == "parent":
        assert (tmp_path / "auth.json").read_text() == NEW


def test_links_that_an_earlier_run_left_lead_the_copy_nowhere(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    place.copy.parent.symlink_to(outside)
    assert place.run() == OLD
    assert list(outside.iterdir()) == []
    victim = tmp_path / "victim"
    victim.write_text("mine")
    place.copy.symlink_to(victim)
    assert place.run(lambda: place.copy.write_text(NEW)) == NEW
    assert victim.read_text() == "mine"


def test_who_logged_in_anew_meanwhile_keeps_that(place: Place) -> None:
    def both() -> None:
        place.original.write_text('{"token": "by hand", "expires": 9}')
        place.copy.write_text(NEW)

    assert json.loads(place.run(both))["token"] == "by hand"


def test_an_operators_link_is_followed_and_stays_one(place: Place, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.json"
    kept.write_text(OLD)
    place.original.unlink()
    place.original.symlink_to(kept)
    assert place.run(lambda: place.copy.write_text(NEW)) == NEW
    assert place.original.is_symlink()
    assert kept.read_text() == NEW


def test_files_deeper_inside_are_lent_too_and_large_ones_are_not(place: Place) -> None:
    inside = place.folder / "deep" / "inside" / "other.json"
    inside.parent.mkdir(parents=True)
    inside.write_text(OLD)
    place.original.write_text('"' + "x" * 1_000_001 + '"')
    copies = place.copy.parent

    def refresh() -> None:
        assert not place.copy.exists()
        (copies / "deep/inside/other.json").write_text(NEW)

    place.run(refresh)
    assert inside.read_text() == NEW
    assert not (copies / "deep/inside/other.json").exists()


def test_it_is_taken_back_under_the_lock(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "LOCK_SECONDS", 0.05)
    lock = place.folder.with_name(".cli.agent-os.lock")
    held: list[int | None] = []

    def hold() -> None:
        place.copy.write_text(NEW)
        held.append(disk.lock(lock))

    try:
        assert place.run(hold) == OLD, "somebody else is at it"
    finally:
        for number in held:
            assert number is not None, "the lock is free while the agent runs"
            os.close(number)
    assert place.run(lambda: place.copy.write_text(NEW)) == NEW
