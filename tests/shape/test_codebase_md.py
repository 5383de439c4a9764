"""CODEBASE.md names every room and no path that is gone, and its floors are those that the build enforces."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CODEBASE.md").read_text(encoding="utf-8")
# Written while the program runs, or by its user: named, but not in the repository.
NOT_KEPT = ("runtime/",)
_PATH = re.compile(r"`([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*/?)`")


def rooms(root: Path) -> list[str]:
    """Folders with a package and modules right below `orchestrator/`."""
    entries = sorted((root / "orchestrator").iterdir())
    folders = [f"orchestrator/{e.name}/" for e in entries if (e / "__init__.py").exists()]
    return folders + [f"orchestrator/{e.name}" for e in entries if e.suffix == ".py" and e.name != "__init__.py"]


def paths(text: str) -> list[str]:
    """What stands in backticks and looks like a path: it has a slash, or ends like a file of ours."""
    found = dict.fromkeys(_PATH.findall(text))
    return [
        p for p in found if ("/" in p or p.endswith((".py", ".toml", ".md", ".txt"))) and not p.startswith(NOT_KEPT)
    ]


def section(name: str) -> str:
    return TEXT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("room", rooms(ROOT))
def test_every_room_is_named(room: str) -> None:
    assert f"| `{room}` |" in section("Rooms"), f"CODEBASE.md, Rooms: a line for {room} is missing"


@pytest.mark.parametrize("path", [p for p in paths(TEXT) if p not in (".agent_result.md", "client.py", "wire.py")])
def test_every_path_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists(), f"CODEBASE.md names {path}, which is gone"


def test_the_floors_are_those_of_the_build() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    lines = [line.split("|")[2] for line in section("Floors").splitlines() if re.match(r"\| \d", line)]
    assert [set(re.findall(r"`(\w+)`", line)) for line in lines] == [set(layer.split(" | ")) for layer in layers]


@pytest.mark.parametrize("name", ["Floors", "Rooms", "Words", "To add an X", "Lessons"])
def test_the_sections_are_there(name: str) -> None:
    assert len(section(name).strip()) > 100


def test_a_missing_room_and_a_path_that_is_gone_are_seen(tmp_path: Path) -> None:
    (tmp_path / "orchestrator" / "attic").mkdir(parents=True)
    (tmp_path / "orchestrator" / "attic" / "__init__.py").touch()
    (tmp_path / "orchestrator" / "cellar.py").touch()
    assert rooms(tmp_path) == ["orchestrator/attic/", "orchestrator/cellar.py"]
    assert paths("see `a/b.py`, `c.md`, `word`, `runtime/x` and `d/`") == ["a/b.py", "c.md", "d/"]
