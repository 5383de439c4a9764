"""A task that asks for a change has one: a claim of completion without a diff is not completion."""

from __future__ import annotations

from orchestrator.gate.base import RESULT, failed, passed
from orchestrator.model.gate import Evidence, Finding

name = "has_change"
stage = RESULT
version = 1


def check(evidence: Evidence) -> Finding:
    if evidence.changes or not evidence.needs_change:
        return passed(name)
    return failed(
        name, "Nothing differs from the base branch. Make the change the task asks for; ignored files do not count."
    )
