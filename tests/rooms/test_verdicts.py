"""What was judged before is not paid for twice, and nothing is taken for judged that was not."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.model.gate import CommandRun, Finding, Outcome, TestCounts
from orchestrator.model.governance import Risk
from orchestrator.model.names import Sha
from orchestrator.state import verdicts
from orchestrator.state.verdicts import Judged, Verdicts

HEAD, BASE, OTHER = Sha("a" * 40), Sha("b" * 40), Sha("c" * 40)


def judged(check: str, outcome: Outcome = Outcome.PASS, version: int = 1, **more: object) -> Judged:
    return Judged(version=version, finding=Finding(check=check, outcome=outcome, **more))  # type: ignore[arg-type]


def test_a_verdict_comes_back_whole_for_the_same_head_base_and_rules_only(tmp_path: Path) -> None:
    store = Verdicts(root=tmp_path)
    told = judged("size", why="many\u202e lines", risk=Risk.MEDIUM, tests=("tests/a.py",), version=3)
    store.keep(HEAD, BASE, "rules", [told])
    store.keep(HEAD, BASE, "rules", [judged("other", Outcome.FAIL)])
    assert store.of(HEAD, BASE, "rules") == {"size": told, "other": judged("other", Outcome.FAIL)}
    assert [store.of(*key) for key in ((OTHER, BASE, "rules"), (HEAD, OTHER, "rules"), (HEAD, BASE, "new"))] == [{}] * 3


def test_what_could_not_be_told_is_never_kept(tmp_path: Path) -> None:
    store = Verdicts(root=tmp_path)
    store.keep(HEAD, BASE, "r", [judged("a", Outcome.CANNOT_TELL)])
    assert store.of(HEAD, BASE, "r") == {}


def test_a_run_is_kept_when_it_ended_well_and_for_its_tree_command_and_box(tmp_path: Path) -> None:
    store = Verdicts(root=tmp_path)
    good = CommandRun(command="pytest", exit=0, seconds=1.5, tail="ok", counts=TestCounts(passed=3), sandbox="none")
    for run in (good, CommandRun(command="make", exit=1, seconds=1), CommandRun(command="x", exit=None, seconds=1)):
        store.keep_run(HEAD, "none", run)
    assert store.run(HEAD, "pytest", "none") == good
    asked = ((HEAD, "make", "none"), (HEAD, "x", "none"), (OTHER, "pytest", "none"), (HEAD, "pytest", "bubblewrap"))
    assert [store.run(*key) for key in asked] == [None] * 4


def test_broken_files_count_as_absent(tmp_path: Path) -> None:
    store = Verdicts(root=tmp_path)
    store.keep(HEAD, BASE, "r", [judged("a")])
    store.keep_run(HEAD, "", CommandRun(command="x", exit=0, seconds=1))
    for n, path in enumerate(tmp_path.glob("*/*.json")):
        path.write_text(["{", '{"checks": 7}', "[]"][n])
    assert (store.of(HEAD, BASE, "r"), store.run(HEAD, "x", "")) == ({}, None)


def test_the_oldest_go_first(tmp_path: Path) -> None:
    store = Verdicts(root=tmp_path)
    folder = tmp_path / "command_runs"
    folder.mkdir()
    for n in range(verdicts.MOST + 5):
        (folder / f"{n}.json").write_text("{}")
        os.utime(folder / f"{n}.json", (n, n))
    store.keep_run(HEAD, "", CommandRun(command="x", exit=0, seconds=1))
    left = {p.name for p in folder.glob("*.json")}
    assert len(left) == verdicts.MOST
    assert "0.json" not in left
    assert store.run(HEAD, "x", "") is not None
