"""Moving a task file by hand is an API. This carries out what each move means (DECISIONS D2)."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.mailbox.box import Claim, Entry
from orchestrator.model.event import EventKind
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
    new = next_generation(services, claim.task)
    services.mailbox.put(new)
    services.mailbox.move(claim, claim.task, Folder.DONE)


def next_generation(services: Services, task: Task) -> Task:
    repo = services.repo(task)
    generation = task.generation + 1
    stem = task.id.removesuffix(f"-g{task.generation}") if task.generation > 1 else task.id
    id = intake.task_id(repo.key, task.issue, generation) if task.issue else type(task.id)(f"{stem}-g{generation}")
    fresh = intake.renewed(task)
    return replace(
        fresh,
        id=id,
        generation=generation,
        branch=f"agent/{id}",
        created=stamp(services.now()),
        parent=task.id,
        rev=0,
        attempts=(),
        counted_from=0,
        attempt=0,
        base_sha=None,
        start_sha=None,
        candidate_sha=None,
        pushed_sha=None,
        pull_request=None,
        merge_sha=None,
        failed_checks=(),
        conflict=False,
    )
