"""Every planted defect is caught by the story that names it.

A defect is a patch in tests/planted/. Its head says which story must fail:

    # defect: D7 the result file of an earlier agent is not cleared
    # story: tests/journeys/test_defects.py::test_d7_...

Each is applied in a scratch copy. The story must pass there before the patch and fail after it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proof import Report

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "tests" / "planted"
COPIED = (
    "orchestrator", "tests", "benchmarks", "bin", "docs", "README.md", "pyproject.toml", "example.config.yaml",
    "example.objective.yaml",
)  # fmt: skip
WORKERS = 2


@dataclass(frozen=True, kw_only=True)
class Planted:
    patch: Path
    defect: str
    stories: tuple[str, ...]


def load() -> list[Planted]:
    """Raises ValueError for a patch whose head does not name a defect and a story."""
    found = []
    for patch in sorted(PATCHES.glob("*.patch")):
        head = patch.read_text(encoding="utf-8")
        defect = re.search(r"^# defect: (.+)$", head, re.MULTILINE)
        stories = re.findall(r"^# story: (\S+)$", head, re.MULTILINE)
        if not defect or not stories:
            raise ValueError(f"{patch.name}: expected lines '# defect: ...' and '# story: ...' at its head")
        found.append(Planted(patch=patch, defect=defect[1], stories=tuple(stories)))
    return found


def prove(report: Report) -> None:
    planted = load()
    with tempfile.TemporaryDirectory(prefix="planted-") as scratch:
        clean = copied(Path(scratch) / "clean")
        sound = play(clean, tuple(dict.fromkeys(s for p in planted for s in p.stories)))
        if sound.returncode:
            report.failures.append(f"the stories do not pass without a defect: {sound.stdout[-800:]}")
        with ThreadPoolExecutor(WORKERS) as pool:
            answers = list(pool.map(lambda p: _catch(p, Path(scratch)), planted))
    caught = {p.patch.stem: story for p, story in zip(planted, answers, strict=True) if not story.startswith("!")}
    report.hold("planted", len(planted), at_least=30)
    report.hold("caught", len(caught), at_least=len(planted))
    report.figures["by"] = caught
    report.failures += [f"{p.patch.name}: {a[1:]}" for p, a in zip(planted, answers, strict=True) if a.startswith("!")]


def _catch(planted: Planted, scratch: Path) -> str:
    """The story that caught it, or '!' and what went wrong."""
    copy = copied(scratch / planted.patch.stem)
    try:
        applied = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", str(planted.patch)], cwd=copy, capture_output=True, text=True
        )
        if applied.returncode:
            return f"!the patch does not apply: {applied.stderr.strip()[:300]}"
        done = play(copy, planted.stories)
        if done.returncode != 1:
            return f"!not caught (pytest ended with {done.returncode}): {done.stdout[-300:]}"
        failed = re.search(r"^FAILED (\S+)", done.stdout, re.MULTILINE)
        return failed[1] if failed else "!it failed, but no story says so"
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def copied(into: Path) -> Path:
    into.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, into / name)
    return into


def play(copy: Path, stories: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-x", "-q", "--no-header", "-rf", *stories],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
