"""Every changed file can be read by the checks: nothing is too large to be judged."""

from __future__ import annotations

from orchestrator.gate.base import TEXTS, cannot_tell, failed, listed, passed
from orchestrator.model.gate import Evidence, Finding

name = "readable"
stage = TEXTS
version = 1


def check(evidence: Evidence) -> Finding:
    if evidence.files is None:
        return cannot_tell(name, "The changed files were not read.")
    unread = [f"{f.path!r}: {f.unread}" for f in evidence.files if f.unread]
    if unread:
        return failed(
            name, f"Leave these files out, or make them smaller: they are too large to be judged. {listed(unread)}"
        )
    return passed(name)
