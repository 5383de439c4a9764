"""Lessons of a repository: what the gate refused in work that has since been merged or rejected."""

from __future__ import annotations

from orchestrator.mailbox.box import Unreadable
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Folder, Task
from orchestrator.policy import lessons as policy
from orchestrator.policy.lessons import Found, Lesson
from orchestrator.services import Services
from orchestrator.state.lessons import Known, Lessons

OVER = (Folder.DONE, Folder.FAILED)


def for_prompt(services: Services, repo: RepoSettings) -> str:
    """The notes that a run on this repository is given; empty when nothing repeats. What ended since is read first,
    each task once, so nothing has to be told when a task ends and a lost file comes back by itself."""
    store = Lessons(root=services.settings.runtime / "state")
    known, places = store.read(repo.key), _places(services, repo)
    new = {id: folder for id, folder in places.items() if known.read.get(id) != folder}
    gathered = {id: _found(services, repo, id, Folder(folder)) for id, folder in new.items()}
    lessons = policy.derive(_joined(known, gathered), services.now())
    if not new and [x.check for x in lessons] == known.told:
        return policy.lines(lessons)
    with store.change(repo.key) as known:
        known.found = list(policy.fresh(_joined(known, gathered), services.now()))
        known.read = {id: f for id, f in {**known.read, **new}.items() if id in places}
        lessons = policy.derive(known.found, services.now())
        _tell(services, repo, known, lessons)
    return policy.lines(lessons)


def _places(services: Services, repo: RepoSettings) -> dict[str, str]:
    """Ended tasks of the repository, and where each stands; a retried one may end a second time, elsewhere."""
    prefix = f"{repo.key}-"
    return {str(id): f.value for f in OVER for id in services.mailbox.ids(f) if str(id).startswith(prefix)}


def _found(services: Services, repo: RepoSettings, id: str, folder: Folder) -> tuple[Found, ...]:
    try:
        entry = services.mailbox.find(TaskId(id))
    except Unreadable:
        return ()
    if entry is None or entry.folder is not folder or entry.task.repo.casefold() != repo.name.casefold():
        return ()
    merged = entry.task.merge_sha is not None
    return policy.of_task(entry.task, merged=merged) if merged or _rejected(entry.task, folder) else ()


def _rejected(task: Task, folder: Folder) -> bool:
    """A person said no: to the task, or to its pull request."""
    return folder is Folder.FAILED or task.pull_request is not None


def _joined(known: Known, gathered: dict[str, tuple[Found, ...]]) -> list[Found]:
    """What is known, and what was read now in the place of what was known of the same tasks."""
    kept = [f for f in known.found if f.task not in gathered]
    return [*kept, *(f for found in gathered.values() for f in found)]


def _tell(services: Services, repo: RepoSettings, known: Known, lessons: tuple[Lesson, ...]) -> None:
    """In the ledger when one appears and when it is dropped."""
    stand = {x.check: x for x in lessons}
    for check, lesson in stand.items():
        if check not in known.told:
            services.record(
                EventKind.LESSON, repo=repo.name, check=check, state="appeared", text=lesson.text,
                tasks=list(lesson.tasks), until=lesson.until,
            )  # fmt: skip
    for check in known.told:
        if check not in stand:
            services.record(EventKind.LESSON, repo=repo.name, check=check, state="expired")
    known.told = list(stand)
