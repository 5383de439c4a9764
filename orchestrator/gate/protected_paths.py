"""What decides about other changes, or about agents, waits for a person: CI, rules, agents' configuration, licence.

It passes, with the highest risk: an issue may ask for such a change.
"""

from __future__ import annotations

from orchestrator.gate import paths
from orchestrator.gate.base import RESULT, listed, passed, raised
from orchestrator.model.gate import Evidence, Finding
from orchestrator.model.globs import matches
from orchestrator.model.governance import GateRules, Risk

name = "protected_paths"
stage = RESULT
version = 1


def check(evidence: Evidence) -> Finding:
    found = [f"{c.path!r} ({why})" for c in evidence.changes if (why := protected(c.path, evidence.rules))]
    if found:
        return raised(name, Risk.HIGH, f"it changes {listed(found, ', ')}")
    prompts = [c.path for c in evidence.changes if matches(c.path, _PROMPTS)]
    if prompts:
        return raised(name, Risk.MEDIUM, f"{prompts[0]!r} is read by every later agent")
    return passed(name)


_PROMPTS = ("/CODEBASE.md",)


def protected(path: str, rules: GateRules) -> str:
    """Why a change of this path waits for a person; empty when it does not."""
    if matches(path, rules.protected_paths):
        return "protected by the configuration"
    if matches(path, rules.unprotected_paths) or matches(path, paths.EXAMPLES) or path.endswith(paths.PAGES):
        return ""
    return next((why for why, globs in paths.PROTECTED.items() if matches(path, globs)), "")
