"""The parts that are installed only where they are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from orchestrator.doctor.base import Check, Finding, Given, named, ok

PARTS = (
    ("web", "jinja2", "the web page"),
    ("tui", "textual", "the terminal screen"),
)


def look(given: Given) -> Iterator[Finding]:
    there = [words for _, module, words in PARTS if find_spec(module) is not None]
    lack = [(extra, words) for extra, module, words in PARTS if find_spec(module) is None]
    said = [f"{named(there)} installed"] if there else []
    if lack:
        order = " ".join(f"--{extra}" for extra, _ in lack)
        said.append(f"not installed: {named([words for _, words in lack])} (`bin/setup {order}` brings them)")
    yield ok("; ".join(said))


CHECK = Check(name="extras", why="The web page and the terminal screen need a package each.", look=look, quick=True)
