"""`agent-os uninstall`: everything that stands because of us, found, told and taken away.

Order matters: first what would start new work, then what is seen on GitHub, then this machine, and the record of what
we made last. A step that fails is told and the others go on; calling it again does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestrator.git.run import GitError, GitUnreachable
from orchestrator.github.errors import GitHubError, NotFound
from orchestrator.install import local, remote, unpushed
from orchestrator.install.removal import Act, Removal, leave, remove
from orchestrator.install.unpushed import Work
from orchestrator.model.errors import Told
from orchestrator.model.event import EventKind
from orchestrator.pipeline import pool
from orchestrator.services import Services
from orchestrator.state import locks
from orchestrator.state.made import Made


@dataclass(frozen=True, kw_only=True)
class Options:
    keep_runtime: bool = False
    """Mailbox, record, mirrors and workspaces stay."""
    leave_pulls: bool = False
    force: bool = False
    """Also what is on no other machine, and while workers are at work."""
    machine_only: bool = False
    """GitHub stays as it is and is not asked: it is away, the token is, or the repository was given up."""


@dataclass(frozen=True, kw_only=True)
class Line:
    act: str
    what: str
    why: str
    ok: bool | None
    """None where nothing was done: it is only told, or left."""


class Refused(Told):
    """It would take away what cannot be had again; the message names it and what to do."""


def plan(services: Services, root: Path, options: Options) -> tuple[Removal, ...]:
    """Everything, in the order in which it goes. Changes nothing. What GitHub does not tell is a step that fails: the
    machine's part, first of all the crontab, must not wait for it."""
    return tuple(_plan(services, root, options))


def _plan(services: Services, root: Path, options: Options) -> Iterator[Removal]:
    made = store(services)
    yield from local.schedules(services.settings, made, root)
    if options.machine_only:
        yield leave("everything on GitHub", "you said --machine-only")
    else:
        yield from _on_github(services, made, options)
    if not options.keep_runtime:
        yield from local.workspaces(services.settings, root)
        yield from local.runtime(services.settings, made, root)


def _on_github(services: Services, made: Made, options: Options) -> Iterator[Removal]:
    pulls, force = options.leave_pulls, options.force
    for repo in services.settings.repos:
        found = partial(remote.of_repo, services, repo, made, leave_pulls=pulls, force=force)
        yield from _told(f"what stands in {repo.name}", found)
    yield from _told("boards", partial(remote.boards, services, made, force=force))


def _told(what: str, find: Callable[[], Iterator[Removal]]) -> Iterator[Removal]:
    """What is found until GitHub refuses; then what is left stands in one step that fails, so that the record stays and
    the next call does the rest."""
    try:
        yield from find()
    except NotFound:
        yield leave(what, "GitHub has it no more, or does not show it to this token")
    except GitHubError as why:
        yield remove(what, partial(_again, why), f"could not be looked at: {why}; --machine-only goes without")


def _again(why: GitHubError) -> None:
    raise why


def refuse(services: Services, options: Options) -> None:
    """Raises Refused while workers are at work, or where work stands on this machine alone."""
    if options.force:
        return
    if busy := locks.slots_taken(pool.slots_dir(services)):
        raise Refused(
            f"{busy} workers are at work; `agent-os off` and wait for them, `agent-os task stop ID`, or --force"
        )
    if not options.keep_runtime and (work := unsaved(services)):
        lines = "\n".join(f"  {w.repo} {w.task}: {w.what}" for w in work)
        raise Refused(f"this work is on no other machine:\n{lines}\n--keep-runtime keeps it here, --force removes it")


def unsaved(services: Services) -> tuple[Work, ...]:
    """What stands on this machine alone, repository by repository. One that cannot be compared counts as such."""
    found: list[Work] = []
    for repo in services.settings.repos:
        try:
            found += unpushed.find(services, repo)
        except (GitError, GitUnreachable) as why:
            found.append(
                Work(repo=repo.name, task="?", what=f"cannot be compared with GitHub: {services.redact(str(why))}")
            )
    return tuple(found)


def carry_out(
    services: Services, removals: Sequence[Removal], *, person: str, say: Callable[[Line], object]
) -> tuple[Line, ...]:
    """Does them in order and tells each as it is done. Raises nothing for one that fails: its line says so."""
    services.record(EventKind.ORDER, order="uninstall", person=person)
    done: list[Line] = []
    for removal in removals:
        if removal.last and any(line.ok is False for line in done):
            why = "left until what failed above is done: call it again"
            line = Line(act=Act.LEAVE.value, what=removal.what, why=why, ok=None)
        else:
            line = _carry_out(services, removal)
        done.append(line)
        say(line)
    return tuple(done)


def _carry_out(services: Services, removal: Removal) -> Line:
    line = told(removal)
    if removal.do is None:
        return line
    try:
        removal.do()
    except (GitHubError, GitError, OSError, Told) as why:
        return Line(act=line.act, what=line.what, why=f"failed: {services.redact(str(why))}", ok=False)
    return Line(act=line.act, what=line.what, why=line.why, ok=True)


def told(removal: Removal) -> Line:
    """As a person reads it before anything is done."""
    return Line(act=removal.act.value, what=removal.what, why=removal.why, ok=None)


def left(lines: Sequence[Line]) -> tuple[Line, ...]:
    """What still stands afterwards."""
    return tuple(line for line in lines if line.act == Act.LEAVE.value or line.ok is False)


def store(services: Services) -> Made:
    return Made(root=services.settings.runtime / "state", clock=services.clock)
