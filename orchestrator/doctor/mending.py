"""`--fix`: what a check says it can mend is mended, looked at again, and recorded with the person who ordered it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.doctor import examine
from orchestrator.doctor.base import Check, Finding, Given, State
from orchestrator.github.errors import GitHubError
from orchestrator.model.errors import Told
from orchestrator.model.event import Actor, Event, EventKind

Ask = Callable[[str], bool]
"""Does the person agree to this act?"""


@dataclass(frozen=True, kw_only=True)
class Mended:
    """One try."""

    check: str
    subject: str
    before: str
    did: str
    """In the past tense; where nothing was done, why."""
    after: str
    mended: bool
    """Looked at again, it is as it should be."""


def mend(
    given: Given, checks: Sequence[Check], person: str, ask: Ask, redact: Callable[[str], str]
) -> tuple[Mended, ...]:
    """Everything fixable that the last look found, in the order of the checks."""
    done: list[Mended] = []
    for check in checks:
        for finding in given.found.get(check.name, ()):
            if finding.fixable and check.mend is not None:
                done.append(_one(given, check, finding, person, ask, redact))
    return tuple(done)


def _one(given: Given, check: Check, finding: Finding, person: str, ask: Ask, redact: Callable[[str], str]) -> Mended:
    assert check.mend is not None
    before = redact(finding.seen)
    told = {"check": check.name, "subject": redact(finding.subject), "before": before}
    if check.asks and not ask(f"{check.name}{f' ({finding.subject})' if finding.subject else ''}: {before}. Mend it?"):
        return Mended(**told, did="nothing: nobody agreed (--yes does)", after=before, mended=False)
    try:
        with given.for_one() as alone:
            did = redact(check.mend(alone, finding))
    except (Told, GitHubError, OSError) as why:
        return Mended(**told, did=f"nothing: {redact(str(why))}", after=before, mended=False)
    _record(given, check, finding, person, did)
    now = next((f for f in examine.again(given, check) if f.subject == finding.subject), None)
    good = now is None or now.state is State.OK
    return Mended(
        **told, did=did, after=redact(now.seen) if now is not None else "nothing is wrong there now", mended=good
    )


def _record(given: Given, check: Check, finding: Finding, person: str, did: str) -> None:
    if given.make is None:
        return  # without a configuration there is no ledger to write to
    services = given.make()
    services.ledger.write(
        Event(
            kind=EventKind.ORDER,
            actor=Actor(kind="person", id=person),
            data={"order": "doctor --fix", "check": check.name, "subject": finding.subject, "did": did},
        )
    )
