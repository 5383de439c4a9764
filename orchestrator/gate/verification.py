"""The repository's own command, run by us on a clean checkout of the candidate, ended well."""

from __future__ import annotations

from orchestrator.gate.base import COMMANDS, cannot_tell, failed, passed
from orchestrator.model.gate import CommandRun, Evidence, Finding

name = "verification"
stage = COMMANDS
version = 2

TAIL = 4000
"""Characters of output that go into an instruction."""
NO_PROGRAM = frozenset({126, 127})
"""How a shell ends when a program cannot be run, or is not found."""
OPEN = frozenset({"", "none"})
"""Not confined: everything on this machine can be seen."""


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
            name,
            f"Make `{run.command}` pass: it ended with exit code {run.exit}.{hint(run)}\n{run.tail[-TAIL:]}".rstrip(),
        )
    return passed(name)


def hint(run: CommandRun) -> str:
    """What the end of a confined command may have to do with its confinement, for the person who reads the finding."""
    if run.exit not in NO_PROGRAM or run.sandbox in OPEN:
        return ""
    return (
        f" A program was not found, or could not be run, in the sandbox ({run.sandbox}), where only the system's "
        "programs and those that the command itself names are seen. If it runs outside, `readable:` in config.yaml has "
        "to show its folder (docs/sandbox.md); no change of this repository can do that."
    )
