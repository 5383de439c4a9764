"""What stands on this machine because of us: crontab lines, timers, workspaces, the runtime folder, written files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from orchestrator import disk
from orchestrator.config import hosts
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
    except Told as why:
        if made.of(Kind.CRONTAB, str(root)) is not None:
            yield leave("our lines in your crontab", str(why))
    if any(timers.folder(os.environ).glob(f"{timers.prefix(root)}*")):
        yield remove("timers of systemd", partial(timers.remove, root, made))


def workspaces(settings: Settings) -> Iterator[Removal]:
    """The folder of workspaces as a whole: nothing else is ever put there."""
    tasks = [f"{repo}/{task}" for repo in _names(settings.worktrees) for task in _names(settings.worktrees / repo)]
    if settings.worktrees.is_dir():
        said = f"{len(tasks)} workspaces in it" if tasks else "empty"
        yield remove(f"folder {settings.worktrees}", partial(_tree, settings.worktrees), said)


def runtime(settings: Settings, made: Made) -> Iterator[Removal]:
    """Written files, the runtime folder, and last the configuration, without which nobody could call this again. A file
    that a person changed since is theirs."""
    files = list(_files(made, settings.runtime))
    yield from (removal for path, removal in files if path != settings.config_file)
    folders = _folders(made, settings)
    yield from _parts(settings)
    yield from (removal for path, removal in files if path == settings.config_file)
    yield remove("empty folders of ours", partial(_empty, folders), "those in which nobody keeps anything")


def _parts(settings: Settings) -> Iterator[Removal]:
    if not settings.runtime.is_dir():
        return
    parts = tuple(part for part in PARTS if (settings.runtime / part).exists())
    strange = sorted(p.name for p in settings.runtime.iterdir() if p.name not in PARTS)
    for name in strange:
        why = "a hub of your own with its repositories" if name == HUB else "nothing of ours"
        yield leave(f"{settings.runtime / name}", why)
    if parts:
        drop = partial(_runtime, settings.runtime, parts)
        yield remove(f"folder {settings.runtime}", drop, f"{', '.join(parts)}: mailbox, record and all", last=True)


def _files(made: Made, runtime: Path) -> Iterator[tuple[Path, Removal]]:
    for entry in made.all():
        path = Path(entry.name)
        if entry.kind is not Kind.FILE or not entry.ours or path.is_relative_to(runtime) or not path.is_file():
            continue
        if entry.detail and furnish.digest(path.read_bytes()) != entry.detail:
            yield path, leave(f"file {path}", "you changed it since we wrote it")
        else:
            yield path, remove(f"file {path}", path.unlink, last=True)


def _folders(made: Made, settings: Settings) -> tuple[Path, ...]:
    """Those that we made, and those that only ever hold ours; deepest first. They go where they are empty by then."""
    noted = [Path(e.name) for e in made.all() if e.kind is Kind.FOLDER and e.ours]
    data = hosts.data_dir(os.environ)
    ours = [settings.worktrees.parent] if settings.worktrees.parent == data / "worktrees" else []
    wanted = {*noted, *ours, *([data] if ours else []), settings.runtime}
    return tuple(sorted(wanted, key=lambda p: len(p.parts), reverse=True))


def _runtime(runtime: Path, parts: tuple[str, ...]) -> None:
    for part in parts:
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


def _names(folder: Path) -> list[str]:
    return retention.names(folder)
