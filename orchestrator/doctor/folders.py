"""The folders that the work is written to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from orchestrator.doctor.base import Check, Finding, Given, fail, ok
from orchestrator.model.errors import Told


def wanted(given: Given) -> dict[str, Path]:
    found = {"runtime": given.runtime}
    if given.loaded is not None:
        found |= {"worktrees": given.loaded.worktrees, "evidence": given.loaded.evidence_dir}
    return found


def look(given: Given) -> Iterator[Finding]:
    good = 0
    for name, folder in wanted(given).items():
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            good += 1
        elif os.path.lexists(folder):
            what = "is no folder" if not folder.is_dir() else "cannot be written to"
            yield fail(f"{folder} {what}", f"make it a folder of {_user()}", name)
        elif name == "evidence":
            good += 1  # without metrics there need be none
        else:
            yield fail(f"{folder} is not there", f"mkdir -p {folder}", name, fixable=True)
    if good == len(wanted(given)):
        yield ok("all there")


def _user() -> str:
    return f"the account with the id {os.getuid()}"


def mend(given: Given, finding: Finding) -> str:
    folder = wanted(given)[finding.subject]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise Told(f"{folder}: {why.strerror or why}") from why
    return f"made {folder}"


CHECK = Check(name="folders", why="Nothing is done that cannot be written down.", look=look, mend=mend)
