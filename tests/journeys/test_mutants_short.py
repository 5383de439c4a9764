"""`bin/prove mutants`, short: the list is sound, and a seeded handful of machine-made defects is killed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks import mutate
from benchmarks.proofs import mutants

SMALL = ["orchestrator/policy/merge.py", "orchestrator/policy/trust.py", "orchestrator/gate/verification.py"]
STORIES = [
    "tests/policy/test_merge.py",
    "tests/policy/test_merge_review.py",
    "tests/policy/test_trust.py",
    "tests/rooms/test_gate.py",
]


def test_every_defect_that_is_listed_by_hand_has_its_place_and_its_story() -> None:
    defects = mutants.listed()
    assert len({d.defect for d in defects}) == len(defects) >= 25
    for each in defects:
        assert (mutants.ROOT / each.file).read_text().count(each.old) == 1, each.defect
        file, _, name = each.story.partition("::")
        tree = ast.parse((mutants.ROOT / file).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, each.defect


@pytest.mark.timeout(600)
def test_a_seeded_handful_of_machine_made_defects_is_killed(tmp_path: Path) -> None:
    found = mutants.made(SMALL, STORIES, tmp_path, seed=mutants.SEED, most=4)
    assert len(found) == 4
    assert found[0].of > 150
    living = [m.name for m in found if not m.killed]
    assert len(living) <= 1, "one may change nothing"
    assert not [m.by for m in found if m.by.startswith("undecided")]


@pytest.mark.timeout(600)
def test_what_no_story_tells_apart_lives(tmp_path: Path) -> None:
    found = mutants.made(SMALL[2:], ["tests/policy/test_capacity.py"], tmp_path, seed=1, most=1)
    assert len(found) == 1
    assert [(m.name, m.by) for m in found if m.killed] == []


MODULE = '''
from enum import Enum
version = 1
class Colour(Enum):
    RED = "red"
    BLUE = "blue"
def pick(n: int, *, loud: bool = False) -> Colour:
    """Words with 3 in them are left alone."""
    if n > 2 and not loud:
        return Colour.RED
    for each in range(n):
        if each in (1,):
            continue
        loud |= True
    return Colour.BLUE
'''


def test_what_a_machine_makes_of_a_module(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(MODULE)
    source = mutate.read(tmp_path, "small.py", mutate.enums(tmp_path))
    assert [f"{m.line} {m.what}" for m in source.mutants] == [
        "7 False becomes True",
        "9 `n > 2 and (not loud)` turned round",
        "9 and becomes or",
        "9 > becomes >=",
        "9 2 becomes 3",
        "9 2 becomes 1",
        "9 `not` left out of `not loud`",
        "10 `return Colour.RED` left out",
        "10 Colour.RED becomes BLUE",
        "12 in becomes not in",
        "12 1 becomes 2",
        "12 1 becomes 0",
        "13 `continue` left out",
        "14 `loud |= True` left out",
        "14 True becomes False",
        "15 Colour.BLUE becomes RED",
    ]
    inside = {m.function for m in source.mutants}
    assert inside == {"", "pick"}
    first = source.mutants[3]
    first.apply()
    assert "n >= 2" in ast.unparse(source.tree)
