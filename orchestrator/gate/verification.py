"""The repository's own command, run by us on a clean checkout of the candidate, ended well."""

from __future__ import annotations

from orchestrator.gate.base import COMMANDS, cannot_tell, failed, passed
from orchestrator.model.gate import Evidence, Finding

name = "verification"
stage = COMMANDS
version = 1

TAIL = 4000
"""Characters of output that go into an instruction."""


def check(evidence: Evidence) -> Finding:
    if not evidence.verification_wanted:
        return passed(name)
    run = evidence.verification
    if run is None:
        return cannot_tell(name, "The verification command was not run.")
    if run.exit is None:
        return cannot_tell(
            name, f"`{run.command}` did not end by itself in {run.seconds:.0f} s: {run.tail[-TAIL:]}".rstrip(": ")
        )
    if run.exit != 0:
        return failed(
            name, f"Make `{run.command}` pass: it ended with exit code {run.exit}.\n{run.tail[-TAIL:]}".rstrip()
        )
    return passed(name)
