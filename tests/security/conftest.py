"""Where a level does not hold, its stories are not proven: see `tests/skips.txt`."""

from __future__ import annotations

import functools

import pytest

from orchestrator import sandbox
from orchestrator.model.confinement import Level


@functools.cache
def _holds(level: Level) -> str:
    """Empty, or why it does not."""
    found = next(p for p in sandbox.probe() if p.level is level)
    return "" if found.holds else found.why


@pytest.fixture
def bubblewrap() -> Level:
    if why := _holds(Level.BUBBLEWRAP):
        pytest.skip(why)
    return Level.BUBBLEWRAP


@pytest.fixture
def landlock() -> Level:
    if why := _holds(Level.LANDLOCK):
        pytest.skip(why)
    return Level.LANDLOCK
