"""What was verified is what stands there: nothing went on writing after the agent had ended."""

from __future__ import annotations

from orchestrator.gate.base import COMMANDS, cannot_tell, failed, passed
from orchestrator.model.gate import Evidence, Finding

name = "tree_clean"
stage = COMMANDS
version = 1


def check(evidence: Evidence) -> Finding:
    if evidence.tree_after is None:
        return cannot_tell(name, "The workspace was not looked at again after the verification.")
    if evidence.tree_after != evidence.tree:
        return failed(
            name, "The workspace went on changing after the run had ended. End every process you start before you end."
        )
    return passed(name)
