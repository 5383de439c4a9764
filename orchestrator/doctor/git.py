"""git(1), and whether it is new enough to compute merges."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator import process
from orchestrator.doctor.base import Check, Finding, Given, fail, ok

LEAST = (2, 38)
"""`git merge-tree --write-tree`."""
INSTALL = "install git 2.38 or newer (Debian: apt-get install git)"


def look(given: Given) -> Iterator[Finding]:
    try:
        done = process.run(["git", "--version"], cwd="/", env=given.programs(), timeout=5, tied=False)
    except process.CannotStart:
        yield fail("there is no git on the PATH", INSTALL)
        return
    words = done.out.decode("utf-8", "replace").strip()
    found = re.search(r"(\d+)\.(\d+)", words)
    if not found or (int(found[1]), int(found[2])) < LEAST:
        yield fail(f"{words or 'git says no version'}, and 2.38 is the oldest that can compute a merge", INSTALL)
    else:
        yield ok(words)


CHECK = Check(name="git", why="Each change is made, checked and merged with it.", look=look, quick=True)
