"""The parts that are installed only where they are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from orchestrator.doctor.base import Check, Finding, Given, ok

PARTS = (
    ("web", "jinja2", "the web page"),
    ("tui", "textual", "the terminal screen"),
    ("plot", "matplotlib", "pictures of a score"),
)


def look(given: Given) -> Iterator[Finding]:
    for extra, module, words in PARTS:
        if find_spec(module) is None:
            yield ok(f"{words} is not installed; .venv/bin/pip install -e '.[{extra}]' brings it", extra)
        else:
            yield ok(f"{words} is installed", extra)


CHECK = Check(name="extras", why="The web page and the terminal screen need a package each.", look=look, quick=True)
