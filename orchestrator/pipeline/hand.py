"""Moving a task file by hand is an API. This carries out what each move means (DECISIONS D2)."""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.mailbox.box import Claim, Entry
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.result import BlockerCode
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import closing, intake
from orchestrator.services import Services


def moved(services: Services, entry: Entry) -> None:
    """One file that stands where the program did not put it."""
    with services.mailbox.claim(entry.id) as claim:
        if claim is None or claim.task.place is claim.folder:
            return
        _carry_out(services, claim)


def _carry_out(services: Services, claim: Claim) -> None:
    frm, to = claim.task.place, claim.folder
    match frm, to:
        case Folder.DONE, Folder.INBOX:
            _next_generation(services, claim)
        case _, Folder.INBOX:
            intake.again(services, claim, f"moved by hand from {frm.value}/")
        case _, Folder.DONE:
            _noted(services, claim)
            # In processing/ until GitHub knows: nobody looks into done/ for notices that are still owed.
            claim = services.mailbox.move(claim, claim.task, Folder.PROCESSING)
            closing.towards(services, claim, Folder.DONE, "withdrawn: moved to done/ by hand", BlockerCode.NONE)
        case _, Folder.PROCESSING:
            _noted(services, claim)
            services.mailbox.move(claim, intake.renewed(claim.task), Folder.INBOX)
        case _, Folder.REVIEW if claim.task.pull_request is None:
            _noted(services, claim)
            services.mailbox.move(claim, intake.renewed(claim.task), Folder.INBOX)
        case _, Folder.REVIEW:
            _noted(services, claim)
            services.mailbox.save(claim, replace(claim.task, phase=Phase.PUBLISHED, ending=None, ended="", reason=""))
        case _:
            _noted(services, claim)
            ended = stamp(services.now()) if to in (Folder.BLOCKED, Folder.ESCALATED, Folder.FAILED) else ""
            services.mailbox.save(
                claim, replace(claim.task, ended=ended, reason=f"moved here by hand from {frm.value}/")
            )


def _noted(services: Services, claim: Claim) -> None:
    services.record(EventKind.HAND_MOVE, claim.task, frm=claim.task.place.value, to=claim.folder.value)


def _next_generation(services: Services, claim: Claim) -> None:
    """done/ -> inbox/: the finished task goes back to done/, a new generation of the same issue takes its place."""
    _noted(services, claim)
    later = later_generation(services, claim.task)
    if later is None or later[1] is Folder.DONE:
        services.mailbox.put(next_generation(services, claim.task))
    else:
        text = f"{claim.id} was moved to inbox/, but its later generation {later[0]} stands in {later[1].value}/."
        state = f"later:{claim.epoch}"
        notify.tell(services, AlertKind.MANUAL_ACTION, claim.task, state, text, action=f"move {later[0]} instead")
    services.mailbox.move(claim, claim.task, Folder.DONE)


def later_generation(services: Services, task: Task) -> tuple[TaskId, Folder] | None:
    """The newest generation after this one, and where it stands."""
    newest = None
    generation = task.generation + 1
    while (where := services.mailbox.where(id := _generation_id(task, generation))) is not None:
        newest, generation = (id, where), generation + 1
    return newest


def _generation_id(task: Task, generation: int) -> TaskId:
    stem = task.id.removesuffix(f"-g{task.generation}") if task.generation > 1 else task.id
    return TaskId(f"{stem}-g{generation}")


def next_generation(services: Services, task: Task) -> Task:
    """The first generation of the task that is not there yet."""
    generation = task.generation + 1
    while services.mailbox.where(id := _generation_id(task, generation)) is not None:
        generation += 1
    fresh = intake.renewed(task)
    return replace(
        fresh,
        id=id,
        generation=generation,
        branch=f"agent/{id}",
        created=stamp(services.now()),
        estimate=None,
        parent=task.id,
        rev=0,
        attempts=(),
        counted_from=0,
        attempt=0,
        base_sha=None,
        start_sha=None,
        candidate_sha=None,
        pushed_sha=None,
        pushed_at="",
        pull_request=None,
        merge_sha=None,
        failed_checks=(),
        conflict=False,
    )
