"""Writing so that a crash leaves the old file or the new one, and locking by the kernel.

Used by the mailbox, the ledger and the small stores. A lock is `flock` on a close-on-exec descriptor: the kernel frees
it when its holder dies, no child inherits it, and no process id is ever trusted. Lock files are never unlinked: two
processes could each hold "the" lock, one on the unlinked file and one on the new.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path


def write_new_file(tmp: Path, data: bytes, mode: int = 0o644) -> None:
    """A whole file, on the disk before we return. Raises OSError; what was begun is then removed."""
    try:
        fd = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError:
        with contextlib.suppress(OSError):
            tmp.unlink()
        raise


def write_all(fd: int, data: bytes) -> None:
    """`os.write` may write a part and say so only by its count (a full disk does)."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def replace(path: Path, data: bytes, *, tmp: Path | None = None, mode: int = 0o644) -> None:
    """Puts `data` in the place of `path`: whole or not at all, also over a power loss."""
    tmp = tmp or path.with_name(f".{path.name}.{os.getpid()}.tmp")
    write_new_file(tmp, data, mode)
    os.rename(tmp, path)
    sync_dir(path.parent)


def create(path: Path, data: bytes, *, tmp: Path, mode: int = 0o644) -> None:
    """Like `replace`, but raises FileExistsError when `path` stands already. `tmp` is on the same file system."""
    write_new_file(tmp, data, mode)
    try:
        os.link(tmp, path)
    finally:
        tmp.unlink()
    sync_dir(path.parent)


def sync_dir(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_tree(folder: Path) -> bool:
    """Removes a folder that somebody hostile may have filled, following no link; answers whether it is gone.

    Folders that were closed are opened. Those that lie deeper than a path may be long, or than Python may call itself,
    are moved up before they are emptied. Wants nobody at work in it any more.
    """
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    mark = secrets.token_hex(8)
    todo = [folder]
    moved = 0
    while todo and os.path.lexists(folder):
        here = todo.pop()
        for path, is_folder in _inside(here):
            with contextlib.suppress(OSError):
                if not is_folder:
                    os.unlink(path)
                    continue
                os.chmod(path, 0o700)  # also to be moved it has to be open
                moved += here != folder
                up = path if here == folder else folder / f".{mark}.{moved}"
                os.rename(path, up)
                todo.append(up)
        with contextlib.suppress(OSError):
            os.rmdir(here)
    with contextlib.suppress(OSError):
        os.rmdir(folder)
    return not os.path.lexists(folder)


def _inside(folder: Path) -> list[tuple[Path, bool]]:
    """What stands in it, and which of that are folders; nothing where it cannot be opened."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return []
        os.chmod(folder, 0o700)
        with os.scandir(folder) as entries:
            return [(Path(e.path), e.is_dir(follow_symlinks=False)) for e in entries]
    except OSError:
        return []


def lock(path: Path, wait: float = 0.0, *, shared: bool = False) -> int | None:
    """A descriptor that holds the lock until it is closed; None when it could not be had in `wait` seconds."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    until = time.monotonic() + wait
    try:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                return fd
            if time.monotonic() >= until:
                os.close(fd)
                return None
            time.sleep(0.002)
    except BaseException:
        os.close(fd)
        raise


@contextlib.contextmanager
def locked_folder(folder: Path, wait: float = 0.0) -> Iterator[bool]:
    """Holds the lock of a folder itself, which leaves nothing behind; yields whether it was had. Raises OSError where
    the folder cannot be opened."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    until = time.monotonic() + wait
    try:
        while not (mine := _taken(fd)) and time.monotonic() < until:
            time.sleep(0.05)
        yield mine
    finally:
        os.close(fd)


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def locked(path: Path, wait: float = 0.0) -> Iterator[bool]:
    """Holds the lock for the block; yields whether it was had."""
    fd = lock(path, wait)
    try:
        yield fd is not None
    finally:
        if fd is not None:
            os.close(fd)


def is_locked(path: Path) -> bool:
    """Does somebody hold it? Looks for a moment with a shared lock of its own, so takers should try a little longer."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def owner() -> str:
    """This process, for people who read a lock or a claim: `host:pid`. Never a proof of life."""
    return f"{socket.gethostname()}:{os.getpid()}"
