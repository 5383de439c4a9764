"""Carries out a person's answer in an escalation note, once; an invalid one is answered in the same file."""

from __future__ import annotations

from orchestrator.mailbox.box import Claim
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import Folder
from orchestrator.model.times import stamp
from orchestrator.pipeline import closing, intake
from orchestrator.policy import answer
from orchestrator.services import Services


def look(services: Services, id: TaskId) -> None:
    """One escalated task: reads its note, acts on a new `## Retry Decision`."""
    note = services.mailbox.read_note(id, Folder.ESCALATED, "escalation")
    decision = answer.read(note) if note else None
    if note is None or decision is None:
        return
    with services.mailbox.claim(id) as claim:
        if claim is None or claim.folder is not Folder.ESCALATED:
            return
        if isinstance(decision, answer.Refused):
            _reply(services, claim, note, f"Not applied: {decision.why}")
            return
        if decision.agent and services.settings.agent(decision.agent) is None:
            known = ", ".join(a.name for a in services.settings.agents)
            _reply(services, claim, note, f"Not applied: no agent {decision.agent!r}; there are {known}")
            return
        services.ledger.write(
            Event(kind=EventKind.ORDER, actor=Actor(kind="person", id="note"), repo=claim.task.repo, task=id,
                  data={"action": decision.action.value, "reason": decision.reason, "agent": decision.agent})
        )  # fmt: skip
        # Carried out first, noted after: what died in between is simply carried out again from the same note.
        _apply(services, claim, decision)
        _reply(services, claim, note, f"Applied: {decision.action.value}")


def _apply(services: Services, claim: Claim, decision: answer.Decision) -> None:
    if decision.action is answer.Action.STOP:
        why = f"stopped by a person: {decision.reason}"
        closing.towards(services, claim, Folder.FAILED, why, BlockerCode.MANUAL_INTERVENTION_REQUIRED)
        return
    intake.again(services, claim, f"retry decision: {decision.reason}", agent=decision.agent)


def _reply(services: Services, claim: Claim, note: str, words: str) -> None:
    text = f"{note.rstrip()}\n\n## Dispatcher Action\n\n{words} ({stamp(services.now())})\n\n{answer.APPLIED}\n"
    services.mailbox.note(claim.task.id, Folder.ESCALATED, "escalation", services.redact(text))
