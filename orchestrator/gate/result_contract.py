"""The agent left a valid result file and says the goal is reached."""

from __future__ import annotations

from orchestrator.gate.base import RESULT, failed, passed
from orchestrator.model.gate import Evidence, Finding
from orchestrator.model.result import AgentResult, Status

name = "result_contract"
stage = RESULT
version = 1


def check(evidence: Evidence) -> Finding:
    result = evidence.result
    if result is None:
        return failed(name, "The run left no .agent_result.md: write it, in the form of the contract.")
    if not result.valid:
        return failed(
            name, f"The .agent_result.md is not valid: {result.problem}. Write it in the form of the contract."
        )
    if result.status is not Status.COMPLETE:
        return failed(name, _unfinished(result))
    return passed(name)


def _unfinished(result: AgentResult) -> str:
    said = f"The agent ended as {result.status.value} ({result.blocker_code.value})"
    left = result.next_step or "; ".join(result.blockers) or result.summary or "it did not say what is left"
    return f"{said}. Left to do: {left}"
