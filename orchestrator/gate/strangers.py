"""The branch holds our commits only: whoever pushed to it decides what becomes of it."""

from __future__ import annotations

from orchestrator.gate.base import TEXTS, cannot_tell, listed, passed
from orchestrator.model.gate import Evidence, Finding

name = "strangers"
stage = TEXTS
version = 1


def check(evidence: Evidence) -> Finding:
    if evidence.strangers is None:
        return cannot_tell(name, "Nobody looked who made the commits of the branch.")
    if evidence.strangers:
        made = listed(evidence.strangers, ", ")
        return cannot_tell(name, f"The branch has commits by someone else, which this task did not make: {made}")
    return passed(name)
