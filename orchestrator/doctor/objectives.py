"""The objective of each repository."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, ok, warn
from orchestrator.planning import objectives


def look(given: Given) -> Iterator[Finding]:
    wrong, missing = objectives.faults(given.settings, given.env)
    for line in wrong:
        yield warn(line, "correct the file; `agent-os objective check <repository>` reads it again")
    for line in missing:
        yield warn(line, "write the file, or take its name out of the configuration")
    if not (wrong or missing):
        yield ok("every objective that there is can be used")


CHECK = Check(
    name="objectives",
    why="Without an objective a repository is planned without a goal.",
    look=look,
    needs=("configuration",),
    quick=True,
)
