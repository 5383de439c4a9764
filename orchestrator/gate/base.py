"""What a gate check is, and the words it answers with."""

from __future__ import annotations

from typing import Protocol

from orchestrator.model.gate import Evidence, Finding, Outcome
from orchestrator.model.governance import Risk

RESULT, TEXTS, COMMANDS, BASE_TESTS = range(4)
"""The stages, cheapest first. RESULT needs the result and the list of changes only; TEXTS the files' texts, what the
redactor found in them and who made the branch's commits; COMMANDS the runs of the repository's own commands and the
tree after them; BASE_TESTS the base commit's tests over the candidate."""


class Check(Protocol):
    """One plain module per check. It reads evidence, fixes nothing and asks nobody."""

    @property
    def stage(self) -> int:
        """One of the stages above: which evidence has to be there."""
        ...

    @property
    def version(self) -> int:
        """Raised when the check judges otherwise than before: kept verdicts of an older one are not used again."""
        ...

    def check(self, evidence: Evidence) -> Finding:
        """One finding about one head. A check that cannot judge says CANNOT_TELL, which never passes."""
        ...


def passed(check: str) -> Finding:
    return Finding(check=check, outcome=Outcome.PASS)


def raised(check: str, risk: Risk, why: str) -> Finding:
    """It passes, and `why` says what to look at: by the configuration of this risk it lands, or waits for a person."""
    return Finding(check=check, outcome=Outcome.PASS, why=why, risk=risk)


def failed(check: str, what_to_do: str) -> Finding:
    """`what_to_do` reaches the next agent word for word: an instruction, not a verdict."""
    return Finding(check=check, outcome=Outcome.FAIL, why=what_to_do)


def cannot_tell(check: str, why: str) -> Finding:
    return Finding(check=check, outcome=Outcome.CANNOT_TELL, why=why)
