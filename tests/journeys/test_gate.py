"""What the gate refuses goes back to its author as an exact instruction, and what only a person may land waits."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.model.event import EventKind
from orchestrator.model.governance import Risk
from orchestrator.model.task import Phase
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import FILES, World, works

TOKEN = "ghp_" + "Zq8LmT2vXc9RbNw4KdYs7HfGj3PaUe5Q1o6W"


def corrected(world: World, first: list[dict[str, Any]], then: list[dict[str, Any]]) -> str:
    """Two runs: the first is refused, the second lands. What the author was told in between."""
    world.play({"when": {"kind": "correction"}, "steps": then}, {"steps": first})
    world.issue()
    world.rounds(lambda: world.place() == "done")
    task = world.task()
    assert (len(task.attempts), task.phase) == (2, Phase.MERGED)
    return "\n".join(task.attempts[0].findings)


def test_a_secret_in_the_diff_is_taken_out_before_anything_is_published(world: World) -> None:
    told = corrected(world, works("app.py", f"KEY = '{TOKEN}'\n"), works("app.py", "KEY = environ['KEY']\n"))
    assert "'app.py' line 1 (github_token)" in told
    assert TOKEN not in str(world.admin.snapshot())
    assert not [r for r in world.services.ledger.read() if TOKEN in str(r)]


def test_hidden_characters_are_taken_out(world: World) -> None:
    told = corrected(world, works("app.py", "ok = 1\nx = '\u202e'\n"), works("app.py", "ok = 1\nx = '\\u202e'\n"))
    assert "'app.py' line 2: U+202E RIGHT-TO-LEFT OVERRIDE" in told


def test_the_repositorys_own_rule_reaches_the_author_with_reason_and_hint(make: MakeWorld) -> None:
    rule = {"pattern": r"\bprint\(", "reason": "output goes through the log", "hint": "log.info", "paths": ["*.py"]}
    world = make(gate={"base_tests": False, "banned": [rule]})
    told = corrected(world, works("app.py", "print(1)\n"), works("app.py", "log.info(1)\n"))
    assert "output goes through the log: log.info ('app.py' line 1)" in told


def test_a_static_check_is_run_like_the_verification_and_its_output_is_the_instruction(make: MakeWorld) -> None:
    files = {**FILES, "lint.sh": "if grep -n TODO *.txt; then exit 1; fi\n"}
    world = make(files=files, gate={"base_tests": False, "static": {"lint": "sh lint.sh"}})
    told = corrected(world, works("new.txt", "a\nTODO b\n"), works("new.txt", "a\n"))
    assert "Make `sh lint.sh` (lint) pass" in told
    assert "2:TODO b" in told


def test_a_change_that_is_too_large_is_to_be_made_smaller(make: MakeWorld) -> None:
    world = make(gate={"base_tests": False, "max_lines": 20})
    told = corrected(world, works("new.txt", "x\n" * 21), works("new.txt", "x\n" * 3))
    assert "21 added and deleted lines, at most 20" in told


@pytest.mark.parametrize(
    ("path", "text", "word"),
    [
        (".claude/settings.json", '{"hooks": {}}\n', "configuration of agents"),
        ("requirements.txt", "--index-url https://packages.example/simple\n", "another source"),
        ("poetry.lock", "[[package]]\n", "lock files change alone"),
    ],
)
def test_what_decides_about_later_runs_is_green_and_waits_for_a_person(
    world: World, path: str, text: str, word: str
) -> None:
    world.play({"steps": works(path, text)})
    world.issue()
    world.round()
    world.round()
    verdict = world.task().verdict
    assert verdict is not None
    assert (verdict.passed, verdict.risk) == (True, Risk.HIGH)
    assert (world.place(), [p["merged"] for p in world.pulls()]) == ("review", [False])
    decided = world.events(EventKind.PULL_DECIDED)[-1]
    assert "high risk" in str(decided.data["detail"])
    assert word in str(decided.data["detail"])
