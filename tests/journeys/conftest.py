"""A world per story, ended with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.hub import Hub
from orchestrator.hub.seeding import PLAYGROUND, seed
from tests.journeys.newcomer import User
from tests.journeys.world import World

MakeWorld = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes worlds with one fact changed; each is stopped at the end, and no story may leave a crash unread."""
    made: list[World] = []

    def build(**settings: Any) -> World:
        folder = tmp_path / f"w{len(made)}" if made else tmp_path
        folder.mkdir(exist_ok=True)
        world = World(folder, **settings)
        made.append(world)
        return world

    yield build
    for world in made:
        world.close()


@pytest.fixture
def world(make: MakeWorld) -> World:
    return make()


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """A new user, with the hub's playground for a GitHub."""
    with Hub(tmp_path / "hub") as hub:
        seed(hub, PLAYGROUND)
        yield User(tmp_path, hub)
