"""No secret is added. Which one it is, is never said: the finding goes to the next agent, and into the record."""

from __future__ import annotations

from orchestrator.gate.base import TEXTS, cannot_tell, failed, listed, passed, unjudged
from orchestrator.model.gate import Evidence, Finding

name = "secrets"
stage = TEXTS
version = 1


def check(evidence: Evidence) -> Finding:
    if (unknown := unjudged(name, evidence)) is not None:
        return unknown
    if evidence.secrets is None:
        return cannot_tell(name, "The added lines were not searched for secrets.")
    found = [f"{h.path!r} line {h.line} ({h.kind})" if h.line else f"{h.path!r} by its name" for h in evidence.secrets]
    if not found:
        return passed(name)
    return failed(
        name,
        f"Take out what looks like a secret: {listed(found)}. Read it from the environment; a made-up value has to "
        "look like one (`example-token`). If it is a real one, say so in BLOCKERS: a person has to revoke it.",
    )
