"""The workspace's own `.git`: its settings and hooks are what a person's git would obey, so a run may not write them.

The program itself never runs git there (see `git.run`). An agent that was confined less on an earlier run may have put
links or pipes in their place: nothing here follows one, and what is not as we made it is replaced.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"


def guarded(workspace: Path) -> tuple[Path, tuple[Path, ...]]:
    """(the `.git` folder, what in it stays read-only); nothing where `.git` is no folder.

    The folder is named because it has to be held in place: whoever may move it away may put another there.
    """
    git = workspace / ".git"
    if _kind(git) != stat.S_IFDIR:
        return git, ()
    config, hooks = git / "config", git / "hooks"
    with contextlib.suppress(OSError):
        if _kind(hooks) not in (0, stat.S_IFDIR):
            hooks.unlink()
        hooks.mkdir(exist_ok=True)
        if _kind(config) not in (0, stat.S_IFREG, stat.S_IFDIR):
            config.unlink()
        if _kind(config) == 0:
            _write(config)
    held = [p for p, kind in ((config, stat.S_IFREG), (hooks, stat.S_IFDIR)) if _kind(p) == kind]
    return git, tuple(held)


def _kind(path: Path) -> int:
    """The type bits of what stands there itself, 0 for nothing."""
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except OSError:
        return 0


def _write(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(CONFIG)
