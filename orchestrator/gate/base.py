"""What a gate check is, and the words it answers with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from orchestrator.model.gate import Evidence, Finding, Outcome
from orchestrator.model.governance import Risk

RESULT, TEXTS, COMMANDS, BASE_TESTS = range(4)
"""The stages, cheapest first. RESULT needs the result and the list of changes only; TEXTS the files' texts, what the
redactor found in them and who made the branch's commits; COMMANDS the runs of the repository's own commands and the
tree after them; BASE_TESTS the base commit's tests over the candidate."""


SHOWN = 20
"""Places named in one finding."""
LONGEST = 8000
"""Characters of all places of one finding but the first; an agent chooses how long its files' names are."""


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


def listed(items: Sequence[str], between: str = "; ") -> str:
    """The first of them, and how many more there are. None is cut: half a secret is not recognised as one."""
    sizes = accumulate(len(item) for item in items)
    shown = max(1, sum(1 for _, size in zip(range(SHOWN), sizes) if size <= LONGEST))
    more = f" (and {len(items) - shown} more)" if len(items) > shown else ""
    return between.join(items[:shown]) + more


def unjudged(check: str, evidence: Evidence) -> Finding | None:
    """CANNOT_TELL when the text of a changed file is missing; None when all of it is there."""
    if evidence.files is None:
        return cannot_tell(check, "The changed files were not read.")
    read = {f.path for f in evidence.files if not f.unread}
    unread = [repr(c.path) for c in evidence.changes if c.status != "D" and c.path not in read]
    return cannot_tell(check, f"Not read, so not judged: {listed(unread, ', ')}") if unread else None
