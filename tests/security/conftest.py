"""Where a level does not hold, its stories are not proven: see `tests/skips.txt`."""

from __future__ import annotations

import functools

import pytest

from orchestrator import sandbox
from orchestrator.model.confinement import Level
from orchestrator.sandbox import selftest


@functools.cache
def _holds(level: Level) -> str:
    """Empty, or why it does not."""
    found = next(p for p in sandbox.probe() if p.level is level)
    return "" if found.holds else found.why


def _need(level: Level) -> Level:
    """What cannot be started here is not proven; what starts and does not hold is a defect, for the story to show."""
    why = _holds(level)
    if why and not any(words in why for words in selftest.WALLS.values()):
        pytest.skip(why)
    return level


@pytest.fixture
def bubblewrap() -> Level:
    return _need(Level.BUBBLEWRAP)


@pytest.fixture
def landlock() -> Level:
    return _need(Level.LANDLOCK)
