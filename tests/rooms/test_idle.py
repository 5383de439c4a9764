"""The idle note: it holds exactly as long as nothing that was looked at has changed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import idle
from orchestrator.model.task import Folder
from tests.journeys.world import World

OLD = time.time() - 600


def aged(path: Path) -> Path:
    """Long enough ago to prove something."""
    os.utime(path, (OLD, OLD))
    return path


def twin(file: Path) -> Path:
    """Another file of the same size and time."""
    new = file.with_name("new")
    new.write_text("a: 3\n")
    return aged(new)


@pytest.fixture
def noted(tmp_path: Path) -> tuple[Path, Path, Path]:
    """(note, watched folder, watched file): a note that holds."""
    folder, file = tmp_path / "inbox", tmp_path / "config.yaml"
    folder.mkdir()
    file.write_text("a: 1\n")
    watched = idle.stats([aged(folder), aged(file), tmp_path / "absent"])
    note = tmp_path / "state" / "idle" / "queue.json"
    assert idle.remember(note, watched)
    return note, folder, file


def test_nothing_changed_means_nothing_to_do(noted: tuple[Path, Path, Path]) -> None:
    assert idle.still(str(noted[0]), {})


CHANGES: dict[str, Callable[[Path, Path, Path], object]] = {
    "a file appears": lambda note, folder, file: (folder / "x.md").write_text("x"),
    "the config is edited": lambda note, folder, file: file.write_text("a: 2\n"),
    "the config is replaced by one of the same size and time": lambda note, folder, file: twin(file).replace(file),
    "a watched folder goes": lambda note, folder, file: folder.rmdir(),
    "what was absent appears": lambda note, folder, file: (folder.parent / "absent").mkdir(),
    "an hour has passed": lambda note, folder, file: note.write_text(
        json.dumps({**json.loads(note.read_text()), "at": time.time() - 3601})
    ),
    "the clock was set back": lambda note, folder, file: note.write_text(
        json.dumps({**json.loads(note.read_text()), "at": time.time() + 60})
    ),
    "the note is torn": lambda note, folder, file: note.write_text(note.read_text()[:40]),
    "the note is gone": lambda note, folder, file: note.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_ends_the_idleness(noted: tuple[Path, Path, Path], change: str) -> None:
    CHANGES[change](*noted)
    assert not idle.still(str(noted[0]), {})


def test_a_time_too_young_to_prove_anything_is_not_noted(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.write_text("just now")
    note = tmp_path / "note.json"
    note.write_text("{}")
    assert not idle.remember(note, idle.stats([fresh]))
    assert not note.exists()


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for path in (tmp_path / "config.yaml", tmp_path / "clock"):
        aged(path)
    return world


def note_of(world: World) -> Path:
    return world.tmp / "runtime" / "state" / "idle" / "dispatcher.json"


def test_the_same_question_with_the_same_answer_ends_the_tick_and_a_new_one_does_not(world: World) -> None:
    try:
        world.issue("Later", ready=False)
        world.dispatch()
        assert idle.still(str(note_of(world)), world.env)
        before = world.hub.requests.counters["requests"]
        assert idle.still(str(note_of(world)), world.env)
        assert world.hub.requests.counters["requests"] == before + 1
        world.ready(1)
        assert not idle.still(str(note_of(world)), world.env)
    finally:
        world.close()


@pytest.mark.parametrize("fault", [{"status": 502}, {"drop": "before"}, {"truncate": True}, {"status": 403}])
def test_no_answer_is_no_idleness(world: World, fault: dict[str, object]) -> None:
    try:
        world.dispatch()
        world.hub.faults.add({"path": "graphql"}, fault)
        assert not idle.still(str(note_of(world)), world.env)
    finally:
        world.close()


def test_without_its_token_the_tick_is_a_full_one(world: World) -> None:
    try:
        world.dispatch()
        assert not idle.still(str(note_of(world)), {})
    finally:
        world.close()


def test_an_issue_that_waits_for_another_keeps_the_ticks_full(world: World) -> None:
    try:
        world.issue("First", ready=False)
        world.issue("Second", "Depends on #1")
        world.dispatch()
        assert not note_of(world).exists()
    finally:
        world.close()


def age_folders(world: World) -> None:
    for path in world.settings.runtime.rglob("*"):
        aged(path)


def test_an_issue_that_nobody_vouched_for_costs_an_idle_minute_nothing_more(world: World) -> None:
    try:
        world.issue(author="mallory")
        world.dispatch()  # it gets its label, so GitHub's answer changes once
        age_folders(world)
        world.dispatch()
        assert idle.still(str(note_of(world)), world.env)
        assert len(json.loads(note_of(world).read_text())["questions"]) == 1
        world.ready(1, actor="ada")
        assert not idle.still(str(note_of(world)), world.env)
    finally:
        world.close()


def test_work_held_back_by_open_pull_requests_lets_the_ticks_rest_until_one_moves(tmp_path: Path) -> None:
    world = World(tmp_path, max_open_pull_requests=1, merge=False, checks="none")
    try:
        world.issue("First")
        world.dispatch()
        world.work()
        world.issue("Second")
        for path in (tmp_path / "config.yaml", tmp_path / "clock"):
            aged(path)
        world.dispatch()
        age_folders(world)
        world.dispatch()
        assert idle.still(str(note_of(world)), world.env)
        world.hand_move("app-1", Folder.REVIEW, Folder.HOLD)
        assert not idle.still(str(note_of(world)), world.env)
    finally:
        world.close()
