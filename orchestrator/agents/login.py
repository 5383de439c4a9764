"""A subscription's login: its few files lent to a run's HOME, and what was refreshed there taken back under a lock.

What this exposes: a program that goes to its provider by itself has to read its login, and so can everything that the
agent runs. A hostile agent can carry it out through any host it may reach, and can leave another account's login in
its place. A key of ours, added by the gateway, has neither fault; a login is for subscriptions that have no key.
Two runs at once hold copies of one login: where the provider renews the refresh token with each use, the second to
refresh is refused (`max_parallel: 1` for that agent avoids it).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from orchestrator import disk
from orchestrator.agents.base import Agent
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Job

LOGIN_BYTES = 1_000_000
LOCK_SECONDS = 10.0
LOCK = ".agent-os.lock"
"""Beside the folder, with its name before it."""


@dataclass(frozen=True, kw_only=True)
class _Lent:
    original: Path
    """Links followed: the operator's folder may hold some."""
    mode: int
    data: bytes = field(repr=False)
    place: PurePosixPath
    """Below HOME."""


def hosts(agent: Agent) -> tuple[str, ...]:
    """Where the program goes by itself with a login."""
    return agent.login_hosts


@contextlib.contextmanager
def lent(agent: Agent, settings: AgentSettings, job: Job, *, has_key: bool) -> Iterator[None]:
    """The login's files stand in the run's HOME for the block, unless there is a key. Raises OSError when they cannot
    be put there; what cannot be taken back is left as it was."""
    if has_key or not settings.login or not agent.login_files:
        yield
        return
    lock = Path(f"{settings.login.rstrip('/')}{LOCK}")
    home = Path(job.home)
    given: list[_Lent] = []
    try:
        with _locked(lock):
            for name in agent.login_files:
                place = PurePosixPath(agent.login_home, name)
                if (found := _original(Path(settings.login) / name, place)) is not None:
                    given.append(found)
                    _put(home, found)
        yield
    finally:
        for each in given:
            data = _fetch(home, each.place)
            if data is not None and data != each.data and _likely(each.data, data):
                _take_back(lock, each, data)


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[bool]:
    """Where no lock can be had, reading goes on without: files are replaced whole."""
    with contextlib.ExitStack() as held:
        try:
            had = held.enter_context(disk.locked(lock, wait=LOCK_SECONDS))
        except OSError:
            had = False
        yield had


def _original(file: Path, place: PurePosixPath) -> _Lent | None:
    try:
        real = file.resolve(strict=True)
        number = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle (Python before 3.13)
        return None
    with open(number, "rb") as source:
        told = os.fstat(number)
        data = source.read(LOGIN_BYTES + 1) if stat.S_ISREG(told.st_mode) else b""
    if not data or len(data) > LOGIN_BYTES:
        return None
    return _Lent(original=real, mode=stat.S_IMODE(told.st_mode) & 0o600, data=data, place=place)


def _put(home: Path, given: _Lent) -> None:
    """HOME may hold what an earlier run left: no link there is followed, and what stands in the place goes."""
    with _folder(home, given.place.parent, make=True) as folder:
        _clear(given.place.name, folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        number = os.open(given.place.name, flags, 0o600, dir_fd=folder)
        try:
            disk.write_all(number, given.data)
        finally:
            os.close(number)


def _fetch(home: Path, place: PurePosixPath) -> bytes | None:
    """What stands there after the run, and it stands there no longer; None for anything but a file of its own."""
    try:
        with _folder(home, place.parent, make=False) as folder:
            try:
                return _read(place.name, folder)
            finally:
                _clear(place.name, folder)
    except OSError:
        return None


def _read(name: str, folder: int) -> bytes | None:
    number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with open(number, "rb") as source:
        told = os.fstat(number)
        if not stat.S_ISREG(told.st_mode) or told.st_nlink != 1 or told.st_size > LOGIN_BYTES:
            return None
        data = source.read(LOGIN_BYTES + 1)
    return data if data and len(data) <= LOGIN_BYTES else None


@contextlib.contextmanager
def _folder(home: Path, below: PurePosixPath, *, make: bool) -> Iterator[int]:
    """A descriptor of the folder, reached part by part without following a link. `make`: what is no folder on the way
    is replaced by one. Raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(home, flags)
    try:
        for part in below.parts:
            if make and not _is_folder(part, number):
                _clear(part, number)
                os.mkdir(part, 0o700, dir_fd=number)
            number, outer = os.open(part, flags, dir_fd=number), number
            os.close(outer)
        yield number
    finally:
        os.close(number)


def _is_folder(name: str, folder: int) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _clear(name: str, folder: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        if _is_folder(name, folder):
            _away(name, folder)
        else:
            os.unlink(name, dir_fd=folder)


def _away(name: str, folder: int) -> None:
    """A folder that is too deep to be removed here is put aside; it goes with the whole HOME."""
    try:
        shutil.rmtree(name, dir_fd=folder)
    except RecursionError:
        os.rename(name, f".{secrets.token_hex(8)}", src_dir_fd=folder, dst_dir_fd=folder)


def _likely(before: bytes, after: bytes) -> bool:
    """A refreshed login has the form of the one before: JSON with all its keys where that was an object."""
    try:
        old = json.loads(before)
    except (ValueError, RecursionError):
        return True
    try:
        new = json.loads(after)
    except (ValueError, RecursionError):
        return False
    return set(old) <= set(new) if isinstance(old, dict) and isinstance(new, dict) else type(old) is type(new)


def _take_back(lock: Path, given: _Lent, data: bytes) -> None:
    """Unless somebody else changed the original since: theirs is as new as ours, and nobody asked us to choose."""
    with _locked(lock) as had, contextlib.suppress(OSError):
        if had and given.original.read_bytes() == given.data:
            disk.replace(given.original, data, mode=given.mode)
