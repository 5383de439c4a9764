"""What a gate check is, and the words it answers with."""

from __future__ import annotations

from typing import Protocol

from orchestrator.model.gate import Evidence, Finding, Outcome


class Check(Protocol):
    """One plain module per check. It reads evidence, fixes nothing and asks nobody."""

    @property
    def stage(self) -> int:
        """0 needs the result and the diff only; 1 needs the verification run and the tree after it."""
        ...

    def check(self, evidence: Evidence) -> Finding:
        """One finding about one head. A check that cannot judge says CANNOT_TELL, which never passes."""
        ...


def passed(check: str) -> Finding:
    return Finding(check=check, outcome=Outcome.PASS)


def failed(check: str, what_to_do: str) -> Finding:
    """`what_to_do` reaches the next agent word for word: an instruction, not a verdict."""
    return Finding(check=check, outcome=Outcome.FAIL, why=what_to_do)


def cannot_tell(check: str, why: str) -> Finding:
    return Finding(check=check, outcome=Outcome.CANNOT_TELL, why=why)
