"""What is installed, against the versions the gate was run with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from orchestrator.doctor.base import Check, Finding, Given, fail, named, ok, unknown, warn

SETUP = "bin/setup"
_PINNED = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")


def look(given: Given) -> Iterator[Finding]:
    try:
        wanted = metadata.requires("agent-os") or []
    except metadata.PackageNotFoundError:
        yield fail("agent-os is not installed in this Python", SETUP)
        return
    pins = _pins(given.checkout / "constraints.txt")
    # `2.13.0+cpu` is a build of 2.13.0 (PEP 440, local versions).
    here = {
        _plain(str(d.metadata["Name"])): d.version.partition("+")[0]
        for d in metadata.distributions()
        if d.metadata["Name"]
    }
    direct = _names(wanted)
    if missing := [name for name in direct if name not in here]:
        yield fail(f"not installed: {named(missing)}", SETUP)
        return
    if not pins:
        yield unknown("there is no constraints.txt to compare with", mend=SETUP)
        return
    other = [
        f"{name} {here[name]} (tested with {pins[name]})"
        for name in sorted(_with_theirs(direct, set(here)))
        if pins.get(name, here[name]) != here[name]
    ]
    if other:
        yield warn(f"other versions than the tested ones: {named(other)}", SETUP)
    else:
        yield ok(f"{len(direct)} packages and what they need, each of the tested version")


def _names(wanted: list[str]) -> list[str]:
    return [_plain(re.split(r"[^A-Za-z0-9._-]", w, maxsplit=1)[0]) for w in wanted if "extra ==" not in w]


def _with_theirs(direct: list[str], here: set[str]) -> set[str]:
    """What we use and what that needs: pip's own tools, and whatever else stands here, are nobody's concern."""
    found: set[str] = set()
    left = [name for name in direct if name in here]
    while left:
        if (name := left.pop()) not in found:
            found.add(name)
            left += [n for n in _names(metadata.requires(name) or []) if n in here]
    return found


def _pins(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {_plain(m[1]): m[2] for line in lines if (m := _PINNED.match(line))}


def _plain(name: str) -> str:
    """Names of packages are compared without case, and `-`, `_`, `.` are the same (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


CHECK = Check(
    name="packages", why="Other versions of a library were never tried with this program.", look=look, quick=True
)
