"""A press on a button under an alert: what it offered is carried out once, in the presser's name.

Each choice is one of the orders that stand in this room already. An order that cannot be carried out now leaves the
action as it was, so that it can be pressed again; what was carried out never is.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.chat import ActionKind, Choice
from orchestrator.model.errors import Told
from orchestrator.model.governance import Via
from orchestrator.model.operators import Right
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import Folder, Phase
from orchestrator.operations import OrderRefused, approve, held, order, people, plans, retry, task
from orchestrator.pipeline import closing
from orchestrator.services import Services
from orchestrator.state.actions import Action, Actions, Stands, parse_data
from orchestrator.state.store import Busy

RIGHTS = {
    ActionKind.ESCALATION: Right.ORDER,
    ActionKind.HEAD: Right.APPROVE,
    ActionKind.PLAN: Right.APPROVE,
}
CLOSABLE = (Folder.BLOCKED, Folder.ESCALATED, Folder.FAILED, Folder.HOLD)


@dataclass(frozen=True, kw_only=True)
class Answered:
    text: str
    """What came of it, in words."""
    done: bool
    """It was carried out, by this press."""
    over: bool
    """Nothing is left to press: done, by whomever, or expired."""


def press(services: Services, data: str, *, person: str) -> Answered:
    """`data`: what the button carries. Raises OrderRefused for a person who may not, and for what cannot be done
    now."""
    said = parse_data(data)
    if said is None:
        return Answered(text="this button is not known here", done=False, over=True)
    kind, id, choice = said
    people.require(services, person, RIGHTS[kind])
    actions = Actions(root=services.settings.runtime / "state")
    try:
        with actions.held(id) as action:
            if action is None or action.kind is not kind:
                return Answered(text="this button is not known here any more", done=False, over=True)
            return _pressed(services, actions, action, choice, person)
    except Busy:
        raise OrderRefused("somebody else has just pressed it; look again in a minute") from None


def _pressed(services: Services, actions: Actions, action: Action, choice: Choice, person: str) -> Answered:
    now = services.now()
    if action.status is Stands.DONE:
        return Answered(text=f"{action.handled_by} did that already: {action.result}", done=False, over=True)
    if actions.expired(action, now):
        return Answered(text=f"too late: this could be pressed until {action.expires}", done=False, over=True)
    # Whoever took it died while carrying it out: what it began may have happened, or not.
    before = action if action.status is Stands.TAKEN else None
    taken = actions.take(action, choice, person, now)
    try:
        result = _carry_out(services, taken, choice, person, before)
    except Told as why:
        if before is None or before.handled_action is not choice:
            actions.again(taken)
            raise
        result = f"carried out before a restart, it seems: {why}"
    result = str(services.redact(result))
    actions.done(taken, result)
    return Answered(text=result, done=True, over=True)


def _carry_out(services: Services, action: Action, choice: Choice, person: str, before: Action | None) -> str:
    match action.kind, choice:
        case ActionKind.ESCALATION, Choice.REQUEUE:
            return f"{retry(services, action.target, person=person).id} waits for an agent again"
        case ActionKind.ESCALATION, Choice.CLOSE:
            return close(services, action.target, person=person)
        case ActionKind.PLAN, Choice.APPROVE:
            return f"plan {plans.approve(services, action.target, person).id} is approved"
        case ActionKind.PLAN, Choice.REJECT:
            return f"plan {plans.reject(services, action.target, person).id} is skipped"
        case ActionKind.HEAD, Choice.APPROVE | Choice.REJECT:
            return _word(services, action, choice, person, before)
        case _:
            raise OrderRefused(f"{choice.value} is nothing that this message offers")


def _word(services: Services, action: Action, choice: Choice, person: str, before: Action | None) -> str:
    if before is not None and any(
        w.head_sha == action.head_sha and w.by == person and w.via is Via.TELEGRAM and w.at >= before.handled_at
        for w in services.approvals.of(action.target)
    ):
        return f"{action.head_sha[:12]} has your word already"
    if choice is Choice.APPROVE:
        return approve.approve(services, action.target, person, via=Via.TELEGRAM, head=action.head_sha).text
    why = "refused by a press in Telegram"
    return approve.reject(services, action.target, person, via=Via.TELEGRAM, head=action.head_sha, why=why).text


def close(services: Services, id: str, *, person: str) -> str:
    """Gives a stopped task up for good: to failed/, its issue closed as not planned. Raises OrderRefused."""
    folder, found = task(services, id)
    if folder not in CLOSABLE:
        raise OrderRefused(f"task {id} is in {folder.value}/; only a stopped or held task can be closed")
    if found.phase in (Phase.PUBLISHED, Phase.MERGED):
        raise OrderRefused(f"task {id} has published its work; close {found.repo}#{found.pull_request} on GitHub")
    with held(services, found) as claim:
        if claim.folder not in CLOSABLE:
            raise OrderRefused(f"task {id} is in {claim.folder.value}/ now")
        order(services, found, person, "close")
        # A worker sends the notices, as for every end; in processing/ the next tick finds them owed.
        claim = services.mailbox.move(claim, claim.task, Folder.PROCESSING)
        code = BlockerCode.MANUAL_INTERVENTION_REQUIRED
        closing.decide(services, claim, Folder.FAILED, f"closed by {person}: will not be done", code)
    return f"{id} is closed as not planned"
