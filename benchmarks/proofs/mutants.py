"""What judges is held by its tests: a defect in the gate, the merge policy or trust fails one of them.

By hand: every defect of tests/mutants/listed.yaml is put into a scratch copy of its own, and the story that it names
must fail there, and pass without it. By machine: small defects of every module of `policy/` and `gate/`
(`benchmarks.mutate` says which) are run against the stories of those rooms alone. Who survives is listed in
benchmarks/survivors.txt with a word why; most change words only, or nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.proof import Report
from benchmarks.proofs import planted

ROOT = planted.ROOT
LISTED = ROOT / "tests" / "mutants" / "listed.yaml"
SURVIVORS = ROOT / "benchmarks" / "survivors.txt"
SEED = 4
MOST = 4000
"""Machine-made mutants that are run; of more than that a seeded sample."""
JOBS = 2
ROOMS = ("orchestrator/policy", "orchestrator/gate")
TESTS = ("tests/policy", "tests/rooms/test_gate*.py", "tests/rooms/test_testfiles.py")
JUDGES = ("policy/", "gate/", "pipeline/trusting", "pipeline/approving", "pipeline/wishes", "pipeline/train")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One defect by hand: `old`, which stands once in `file`, becomes `new`."""

    defect: str
    file: str
    old: str
    new: str
    story: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """One defect by machine, and what became of it."""

    file: str
    line: int
    what: str
    killed: bool
    by: str
    of: int
    """How many there are in these modules."""

    @property
    def name(self) -> str:
        return f"{self.file.removeprefix('orchestrator/')}:{self.line} {self.what}"


def listed() -> tuple[Listed, ...]:
    return tuple(Listed(**each) for each in yaml.safe_load(LISTED.read_text(encoding="utf-8")))


def prove(report: Report) -> None:
    report.figures["seed"] = SEED
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        _by_hand(report, Path(scratch))
        _by_machine(report, made(modules(), files(TESTS), Path(scratch), seed=SEED, most=MOST))


def _by_hand(report: Report, scratch: Path) -> None:
    defects = listed()
    clean = planted.copied(scratch / "clean")
    sound = planted.play(clean, tuple(dict.fromkeys(d.story for d in defects)))
    if sound.returncode:
        report.failures.append(f"the stories do not pass without a defect: {sound.stdout[-800:]}")
    with ThreadPoolExecutor(JOBS) as pool:
        wrong = [why for why in pool.map(lambda n: kill(defects[n], scratch / str(n)), range(len(defects))) if why]
    report.hold("by_hand", len(defects), at_least=25)
    report.hold("by_hand_killed", len(defects) - len(wrong), at_least=len(defects))
    report.failures += wrong
    beside = [p.patch.stem for p in planted.load() if any(f"/{room}" in p.patch.read_text() for room in JUDGES)]
    report.figures["planted_in_the_same_rooms_beside"] = len(beside)


def kill(defect: Listed, place: Path) -> str:
    """What went wrong; empty when the story failed because of the defect."""
    copy = planted.copied(place)
    try:
        file = copy / defect.file
        text = file.read_text(encoding="utf-8")
        if text.count(defect.old) != 1:
            return f"{defect.defect}: its place stands {text.count(defect.old)} times in {defect.file}"
        file.write_text(text.replace(defect.old, defect.new), encoding="utf-8")
        done = planted.play(copy, (defect.story,))
        return (
            "" if done.returncode == 1 and "FAILED" in done.stdout else f"{defect.defect}: lives: {done.stdout[-300:]}"
        )
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _by_machine(report: Report, made: tuple[Made, ...]) -> None:
    living = [m for m in made if not m.killed]
    report.figures |= {"by_machine_there_are": made[0].of, "by_machine_run": len(made)}
    report.hold("by_machine_share_run", len(made) / made[0].of, at_least=0.25)
    report.hold("by_machine_killed_share", 1 - len(living) / len(made), at_least=0.95)
    report.figures["by_machine_loops"] = sum(m.by == "it loops" for m in made)
    report.figures["survivors"] = len(living)
    report.figures["survivors_by_file"] = dict(Counter(m.file.removeprefix("orchestrator/") for m in living))
    known = _known()
    unlisted = [m.name for m in living if _bare(m.name) not in known]
    report.figures["survivors_not_in_survivors_txt"] = len(unlisted)
    report.figures["of_those"] = unlisted[:20]
    report.not_proven += [f"{m.name}: {m.by}" for m in living if m.by.startswith("undecided")]


def _known() -> set[str]:
    lines = SURVIVORS.read_text(encoding="utf-8").splitlines()
    return {_bare(line.rsplit(" | ", 1)[0]) for line in lines if " | " in line}


def _bare(name: str) -> str:
    """Without the line: it moves with everything above it."""
    place, _, what = name.partition(" ")
    return f"{place.partition(':')[0]} {what}"


def modules() -> list[str]:
    return [f.relative_to(ROOT).as_posix() for room in ROOMS for f in sorted((ROOT / room).glob("*.py"))]


def files(patterns: tuple[str, ...]) -> list[str]:
    return [f.relative_to(ROOT).as_posix() for p in patterns for f in sorted(ROOT.glob(p))]


def made(modules: list[str], tests: list[str], scratch: Path, *, seed: int, most: int) -> tuple[Made, ...]:
    """Machine-made mutants of these modules against these tests, in a copy that nobody changes meanwhile."""
    copy = planted.copied(scratch / "machine")
    asked = [sys.executable, "-m", "benchmarks.mutant_runs", str(seed), str(most), str(JOBS), *modules, "--", *tests]
    done = subprocess.run(
        asked,
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the mutants were not run: {done.stderr[-800:]}")
    found: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    if not found:
        raise RuntimeError("there is no mutant")
    return tuple(Made(**each) for each in found)
