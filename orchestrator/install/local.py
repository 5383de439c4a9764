"""What stands on this machine because of us: crontab lines, timers, workspaces, the runtime folder, written files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from orchestrator import disk
from orchestrator.config import hosts
from orchestrator.config.crontab import Broken
from orchestrator.install import crontab, furnish, timers
from orchestrator.install.removal import Removal, leave, remove
from orchestrator.model.errors import Told
from orchestrator.model.settings import Settings
from orchestrator.state import retention
from orchestrator.state.made import Kind, Made

HUB = "hub"
"""Below the runtime folder: a GitHub of the person's own, with repositories in it."""
PARTS = ("analysis", "ledger", "logs", "mailbox", "metrics", "repos", "staging", "rehearsal.yaml", "state")
"""What the program keeps in its runtime folder; `state` last, for it says what is still to do."""


def schedules(settings: Settings, made: Made, root: Path) -> Iterator[Removal]:
    """First of all: nothing may start any more."""
    try:
        if crontab.installed(root):
            yield remove("our lines in your crontab", partial(crontab.remove, root, made), "the rest byte for byte")
    except Broken as why:
        yield remove("our lines in your crontab", partial(crontab.remove, root, made), str(why))
    except Told as why:
        if made.of(Kind.CRONTAB, str(root)) is not None:
            yield leave("our lines in your crontab", str(why))
    if any(timers.folder(os.environ).glob(f"{timers.prefix(root)}*")):
        yield remove("timers of systemd", partial(timers.remove, root, made))


def workspaces(settings: Settings, root: Path) -> Iterator[Removal]:
    """The folder of workspaces as a whole where it is our own; in one that a person named, what is called after a task:
    the rest may be anything of theirs."""
    place = settings.worktrees
    if not place.is_dir():
        return
    tasks = retention.workspaces(place)
    said = f"{len(tasks)} workspaces in it" if tasks else "empty"
    if place == hosts.default_worktrees(root, os.environ):
        yield remove(f"folder {place}", partial(_tree, place), said)
        return
    folders = sorted({*(task.parent for task in tasks), *(place / repo.key for repo in settings.repos)})
    if strange := _strange(place, tasks, [folder for folder in folders if folder.is_dir()]):
        yield leave(f"folder {place}", f"{', '.join(strange[:5])}{' and more' if strange[5:] else ''}: nothing of ours")
    yield remove(f"workspaces in {place}", partial(_workspaces, tasks, folders), said)


def _strange(place: Path, tasks: list[Path], folders: list[Path]) -> list[str]:
    """What stands in the folder, or beside the workspaces of one repository, and is none of them."""
    ours = {*tasks, *folders}
    seen = [*place.iterdir(), *(path for folder in folders for path in folder.iterdir())]
    return sorted(str(path.relative_to(place)) for path in seen if path not in ours)


def _workspaces(tasks: list[Path], folders: list[Path]) -> None:
    for task in tasks:
        _tree(task)
    _empty(tuple(folders))


def runtime(settings: Settings, made: Made, root: Path) -> Iterator[Removal]:
    """Written files, the runtime folder, and last the configuration, without which nobody could call this again. A file
    that a person changed since is theirs."""
    files = list(_files(made, settings.runtime))
    yield from (removal for path, removal in files if path != settings.config_file)
    folders = _folders(made, settings, root)
    for folder in (settings.evidence_dir / repo.key for repo in settings.repos):
        if folder.is_dir() and any(folder.iterdir()):
            yield leave(f"folder {folder}", "what your exporter wrote there is yours")
    for folder in dict.fromkeys((root / "runtime", settings.runtime)):
        yield from _parts(folder, own=folder == root / "runtime")
    yield from (removal for path, removal in files if path == settings.config_file)
    yield remove("empty folders of ours", partial(_empty, folders), "those in which nobody keeps anything")


def _parts(runtime: Path, *, own: bool) -> Iterator[Removal]:
    """`own`: the folder is called as we call it. In another, which a person named, `logs` or `repos` may be theirs as
    soon as anything stands there that is not ours."""
    if not runtime.is_dir():
        return
    parts = tuple(part for part in PARTS if (runtime / part).exists())
    strange = sorted(p.name for p in runtime.iterdir() if p.name not in PARTS)
    if strange and not own:
        why = f"you keep other things there, too; ours are {', '.join(parts)}: take them away by hand"
        yield leave(f"folder {runtime}", why)
        return
    for name in strange:
        why = "a hub of your own with its repositories" if name == HUB else "nothing of ours"
        yield leave(f"{runtime / name}", why)
    if parts:
        drop = partial(_runtime, runtime)
        yield remove(f"folder {runtime}", drop, f"{', '.join(parts)}: mailbox, record and all", last=True)


def _files(made: Made, runtime: Path) -> Iterator[tuple[Path, Removal]]:
    for entry in made.all():
        path = Path(entry.name)
        if entry.kind is not Kind.FILE or not entry.ours or path.is_relative_to(runtime) or not path.is_file():
            continue
        if entry.detail and furnish.digest(path.read_bytes()) != entry.detail:
            yield path, leave(f"file {path}", "you changed it since we wrote it")
        else:
            yield path, remove(f"file {path}", path.unlink, last=True)


def _folders(made: Made, settings: Settings, root: Path) -> tuple[Path, ...]:
    """Those that we made, and those that only ever hold ours; deepest first. They go where they are empty by then."""
    noted = [Path(e.name) for e in made.all() if e.kind is Kind.FOLDER and e.ours]
    data = hosts.data_dir(os.environ)
    ours = [settings.worktrees.parent] if settings.worktrees.parent == data / "worktrees" else []
    wanted = {*noted, *ours, *([data] if ours else []), settings.runtime, root / "runtime", settings.worktrees}
    return tuple(sorted(wanted, key=lambda p: len(p.parts), reverse=True))


def _runtime(runtime: Path) -> None:
    """All that we keep there by now: the order to uninstall was written down since."""
    for part in PARTS:
        if os.path.lexists(runtime / part):
            _tree(runtime / part)


def _empty(folders: tuple[Path, ...]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # somebody keeps something in it, or it is gone
            folder.rmdir()


def _tree(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        if not disk.remove_tree(path):
            raise OSError(f"{path} could not be removed as a whole")
    else:
        path.unlink(missing_ok=True)
