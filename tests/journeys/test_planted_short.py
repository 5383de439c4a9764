"""The planted defects, short: none is stale, none is unnamed, none is missing. `bin/prove planted` runs them."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.proofs import planted

DEFECTS = (*range(1, 11), *range(16, 20), *range(26, 32))
"""Of ORIGIN, section 5; the others concern roles that are not there yet."""
ROWS = range(1, 14)
"""Of ARCHITECTURE, section 5; row 14 concerns such roles too."""


def test_every_planted_defect_applies_to_the_program_as_it_stands(tmp_path: Path) -> None:
    shutil.copytree(planted.ROOT / "orchestrator", tmp_path / "orchestrator")
    env = {"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    stale = {}
    for each in planted.load():
        asked = ["git", "apply", "--check", "--whitespace=nowarn", str(each.patch)]
        done = subprocess.run(asked, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            stale[each.patch.name] = done.stderr.strip()
    assert stale == {}


def test_every_planted_defect_changes_the_program_and_not_its_stories() -> None:
    for each in planted.load():
        touched = re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", each.patch.read_text(), re.MULTILINE)
        assert touched, each.patch.name
        assert {name.split("/")[0] for name in touched} == {"orchestrator"}, each.patch.name


def test_every_story_that_a_planted_defect_names_exists() -> None:
    functions: dict[str, set[str]] = {}
    missing = []
    for each in planted.load():
        for story in each.stories:
            file, _, name = story.partition("::")
            if file not in functions:
                tree = ast.parse((planted.ROOT / file).read_text())
                functions[file] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            if name not in functions[file]:
                missing.append(f"{each.patch.name}: {story}")
    assert missing == []


def test_every_defect_of_the_origin_and_every_row_of_the_walk_is_planted() -> None:
    heads = {each.patch.name.split("-")[0] for each in planted.load()}
    assert {f"d{n:02}" for n in DEFECTS} | {f"row{n:02}" for n in ROWS} <= heads
    assert len(planted.load()) >= 36
