"""The record: its key, and whether its chain still holds by itself."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, ok

RESTORE = "put it back from a backup; `agent-os ledger verify` says all that does not hold"


def look(given: Given) -> Iterator[Finding]:
    seen = given.services().ledger.verify()
    # Whether others may read the key is told by `permissions`.
    problems = [p for p in seen.problems if not p.startswith("others may read")]
    for problem in problems[:5]:
        yield fail(problem, RESTORE)
    if not problems:
        yield ok(f"{seen.events} events, and the chain holds")


CHECK = Check(
    name="ledger",
    why="Nothing is done that cannot be recorded.",
    look=look,
    needs=("configuration",),
    seconds=9,
)
