"""The gate: one file per check of `Evidence`, cheap ones first. Pure: it reads values and answers values.

A new check is a module with `name`, `stage`, `version` and `check`, and one line in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.gate import (
    banned_patterns,
    base_tests,
    binary_files,
    dependencies,
    has_change,
    hidden_text,
    oversized_modules,
    protected_paths,
    readable,
    result_contract,
    secrets,
    semantic,
    size_budget,
    static,
    strangers,
    tree_clean,
    tree_safe,
    verification,
    workflows,
)
from orchestrator.gate.base import Check, cannot_tell
from orchestrator.model.gate import Evidence, Finding, Outcome

CHECKS: Mapping[str, Check] = {
    "result_contract": result_contract,
    "tree_safe": tree_safe,
    "has_change": has_change,
    "size_budget": size_budget,
    "protected_paths": protected_paths,
    "readable": readable,
    "strangers": strangers,
    "secrets": secrets,
    "hidden_text": hidden_text,
    "banned_patterns": banned_patterns,
    "oversized_modules": oversized_modules,
    "dependencies": dependencies,
    "binary_files": binary_files,
    "workflows": workflows,
    "semantic": semantic,
    "static": static,
    "verification": verification,
    "tree_clean": tree_clean,
    "base_tests": base_tests,
}


def stages(checks: Mapping[str, Check] = CHECKS) -> tuple[int, ...]:
    """The stages there are, cheapest first."""
    return tuple(sorted({check.stage for check in checks.values()}))


def examine_stage(evidence: Evidence, stage: int, checks: Mapping[str, Check] = CHECKS) -> tuple[Finding, ...]:
    """Every check of one stage. The caller gathers the evidence of the next stage only when all of these passed."""
    return tuple(_ask(name, check, evidence) for name, check in checks.items() if check.stage == stage)


def examine(evidence: Evidence, checks: Mapping[str, Check] = CHECKS) -> tuple[Finding, ...]:
    """All stages in order, until one does not pass: dearer checks would judge what is refused anyway."""
    findings: tuple[Finding, ...] = ()
    for stage in stages(checks):
        findings += examine_stage(evidence, stage, checks)
        if any(f.outcome is not Outcome.PASS for f in findings):
            break
    return findings


def _ask(name: str, check: Check, evidence: Evidence) -> Finding:
    try:
        return check.check(evidence)
    except Exception as error:  # noqa: BLE001 - a check that crashes has not judged: it fails closed, in its own words
        return cannot_tell(name, f"the check itself failed: {type(error).__name__}: {error}")
