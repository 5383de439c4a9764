"""What the self-test found, kept in a file that a person can read."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from orchestrator import disk
from orchestrator.model.confinement import Level, Probe
from orchestrator.sandbox import boxes

BAD_FOR = 600.0
"""Seconds after which a level that did not hold is tried again: the operator may have mended it."""
LEVELS = (Level.BUBBLEWRAP, Level.LANDLOCK, Level.NONE)


def probes(kept: Path | None) -> tuple[Probe, ...]:
    """As last found for this boot and these programs, else found now."""
    standing = _read(kept) if kept is not None else None
    if standing is not None:
        return standing
    from orchestrator.sandbox import selftest

    found = tuple(selftest.test(level) for level in LEVELS)
    if kept is not None:
        _write(kept, found)
    return found


def _for() -> dict[str, object]:
    """What the answer depends on."""
    bwrap = shutil.which(boxes.BWRAP) or ""
    return {
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "bubblewrap": bwrap,
        "bubblewrap_version": ".".join(map(str, boxes.version())),
        "bubblewrap_changed": os.stat(bwrap).st_mtime_ns if bwrap else 0,
        "python": boxes.python(),
        "user": os.getuid(),
    }


def _read(file: Path) -> tuple[Probe, ...] | None:
    try:
        data = json.loads(file.read_text())
        if data["for"] != _for():
            return None
        found = tuple(
            Probe(
                level=Level(p["level"]),
                holds=p["holds"] is True,
                why=str(p["why"]),
                cannot=tuple(map(str, p["cannot"])),
            )
            for p in data["levels"]
        )
        age = time.time() - float(data["at"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    good = all(p.holds for p in found) and tuple(p.level for p in found) == LEVELS
    return found if good or 0 <= age < BAD_FOR else None


def _write(file: Path, found: tuple[Probe, ...]) -> None:
    levels = [{"level": p.level.value, "holds": p.holds, "why": p.why, "cannot": list(p.cannot)} for p in found]
    data = {"at": round(time.time()), "for": _for(), "levels": levels}
    file.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(file, json.dumps(data, indent=1).encode() + b"\n")
