"""The small stores: files of JSON that a crash of the machine or a hand can spoil."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from orchestrator import disk
from orchestrator.doctor.base import Check, Finding, Given, fail, ok
from orchestrator.model.errors import Told
from orchestrator.model.times import stamp

FORGOTTEN_FREELY = frozenset(
    {
        "asks.json",
        "cooldowns.json",
        "pacing.json",
        "phrases.json",
        "sandbox.json",
        "served.json",
        "lessons",
        "etags",
        "idle",
    }
)
"""Stores (files, and folders of them) whose loss costs a question or a wait that is repeated. Without any other an
alert, an approval or a measurement would be taken for new: about those a person decides."""
MOST_BYTES = 20_000_000
MOST_FILES = 20_000
MEND = "put it back from a backup; or move it away, knowing that what it held is forgotten"


def look(given: Given) -> Iterator[Finding]:
    root = given.runtime / "state"
    seen = bad = 0
    for file in sorted(root.rglob("*.json*")):
        if seen >= MOST_FILES:
            break
        if file.suffix not in (".json", ".jsonl") or not file.is_file() or file.is_symlink():
            continue
        seen += 1
        if why := _fault(file):
            bad += 1
            name = str(file.relative_to(root))
            free = _free(name)
            yield fail(f"{name}: {why}", "agent-os doctor --fix moves it aside" if free else MEND, name, fixable=free)
    if not bad:
        yield ok(f"{seen} files, all readable")


def _free(name: str) -> bool:
    return name.split("/", 1)[0] in FORGOTTEN_FREELY


def _fault(file: Path) -> str:
    """Why the file cannot be used; empty = it can. The last line of a growing file may be torn: nobody counted it."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return ""
        text = file.read_bytes().decode("utf-8")
        parts = [text] if file.suffix == ".json" else [p for p in text.splitlines(keepends=True) if p.endswith("\n")]
        for part in parts:
            if part.strip() or file.suffix == ".json":
                json.loads(part)
    except FileNotFoundError:
        return ""  # it went meanwhile
    except (OSError, ValueError, RecursionError) as why:
        return f"cannot be read: {str(why)[:120]}"
    return ""


def mend(given: Given, finding: Finding) -> str:
    root = given.runtime / "state"
    file = root / finding.subject
    if not _free(finding.subject) or ".." in file.parts:
        raise Told(f"{finding.subject} is not moved by a program")
    why = _fault(file)
    if not why:
        return f"{finding.subject} is readable by now"
    aside = file.with_name(f"{file.name}.corrupt")
    file.replace(aside)
    disk.replace(
        file.with_name(f"{file.name}.corrupt.reason"), f"{stamp(given.services().now())} doctor --fix: {why}\n".encode()
    )
    return f"moved {finding.subject} aside as {aside.name}"


CHECK = Check(
    name="state",
    why="A store that cannot be read stops what rests on it, rather than let it guess.",
    look=look,
    mend=mend,
)
