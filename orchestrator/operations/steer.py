"""Orders to a task at work: a message, a stop, a pause. Each is recorded with the person's name and taken once.

While a worker has the task, the order is left for it (`state.orders`): it hears of it within a second where an agent
runs, else at the next place where nothing is half done. Otherwise it is carried out here.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.mailbox.box import Claim, Entry
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import stamp
from orchestrator.operations import OrderRefused, TaskLine, line, order, task
from orchestrator.pipeline import closing
from orchestrator.services import Services
from orchestrator.state.orders import MOST_CHARACTERS, Order, OrderKind

OVER = (Folder.DONE, Folder.FAILED, Folder.CORRUPT)


def send(services: Services, id: str, text: str, *, person: str) -> TaskLine:
    """A message for the task's agent: to the one that runs now, else to the next that does."""
    folder, found = task(services, id)
    if not text.strip():
        raise OrderRefused("the message is empty")
    if len(text) > MOST_CHARACTERS:
        raise OrderRefused(f"the message has {len(text)} characters; at most {MOST_CHARACTERS}: edit the issue instead")
    if folder in OVER:
        raise OrderRefused(f"task {id} is in {folder.value}/: no agent will run for it again")
    _put(services, found, OrderKind.SEND, person, text.strip())
    return line(Entry(id=found.id, folder=folder, task=found))


def hold(services: Services, id: str, *, person: str) -> TaskLine:
    """The operator's pause: a run under way ends, its work is kept, and a retry goes on from it."""
    folder, found = task(services, id)
    if folder in (Folder.DONE, Folder.HOLD):
        raise OrderRefused(f"task {id} is in {folder.value}/ already")
    with services.mailbox.claim(found.id) as claim:
        if claim is not None:
            order(services, found, person, OrderKind.HOLD.value)
            return _held(services, claim, person)
    _put(services, found, OrderKind.HOLD, person)
    with services.mailbox.claim(found.id) as claim:
        # Whoever had it may have looked for orders a moment ago and let it go since: nobody else would find this one.
        if claim is not None and services.orders.withdraw(found.id, OrderKind.HOLD) and claim.folder is not Folder.DONE:
            return _held(services, claim, person)
    return line(Entry(id=found.id, folder=folder, task=found))


def _held(services: Services, claim: Claim, person: str) -> TaskLine:
    why = f"held by {person}, was in {claim.folder.value}/"
    claim = services.mailbox.move(claim, replace(claim.task, reason=why), Folder.HOLD)
    return line(Entry(id=claim.id, folder=Folder.HOLD, task=claim.task))


def stop(services: Services, id: str, *, person: str, why: str = "") -> TaskLine:
    """Ends the task: to failed/, its work kept under refs/agent-os/kept. A retry takes it up again."""
    folder, found = task(services, id)
    if folder in OVER:
        raise OrderRefused(f"task {id} is in {folder.value}/ already")
    if found.phase in (Phase.PUBLISHED, Phase.MERGED):
        raise _published(found)
    _put(services, found, OrderKind.STOP, person, why.strip())
    with services.mailbox.claim(found.id) as claim:
        if claim is None or claim.folder in OVER:
            return line(Entry(id=found.id, folder=folder, task=found))
        if claim.task.phase in (Phase.PUBLISHED, Phase.MERGED):
            services.orders.withdraw(found.id, OrderKind.STOP)
            raise _published(claim.task)
        # A worker sends the notices, as for every end; in processing/ the next tick finds them owed.
        claim = services.mailbox.move(claim, claim.task, Folder.PROCESSING)
        words = f"stopped by {person}" + (f": {why.strip()}" if why.strip() else "")
        claim = closing.decide(services, claim, Folder.FAILED, words, BlockerCode.MANUAL_INTERVENTION_REQUIRED)
        return line(Entry(id=found.id, folder=claim.folder, task=claim.task))


def _published(found: Task) -> OrderRefused:
    pull = f"{found.repo}#{found.pull_request}"
    return OrderRefused(f"task {found.id} has published its work; close {pull} on GitHub, or hold the task")


def _put(services: Services, found: Task, kind: OrderKind, person: str, text: str = "") -> None:
    """Recorded first: an order without a record must not take effect. A person may paste anything: what is left for
    the worker, and told to a model, is redacted as all texts are."""
    text = str(services.redact(text))
    order(services, found, person, kind.value, **({"text": text} if text else {}))
    services.orders.put(found.id, Order(kind=kind, by=person, at=stamp(services.now()), text=text))
