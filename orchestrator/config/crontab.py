"""The crontab lines of the roles, as text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

_LOG = "runtime/logs"


def crontab(root: Path, roles: Mapping[str, str]) -> str:
    """One line per role (name to its five cron fields), between two marker lines that name the checkout.

    Each runs `bin/run_<role>.sh` and appends to `runtime/logs/<role>.log`. crontab(5): a bare `%` ends the command,
    so it is escaped; the shell's own characters are quoted. Raises ValueError on a root with a line break.
    """
    if "\n" in str(root) or "\r" in str(root):
        raise ValueError("a crontab cannot hold a path with a line break")
    lines = [f"# agent-os begin {root}"]
    for name, every in roles.items():
        script = _quoted(root / "bin" / f"run_{name}.sh")
        lines.append(f"{every} {script} >> {_quoted(root / _LOG / f'{name}.log')} 2>&1")
    return "\n".join([*lines, f"# agent-os end {root}", ""])


def _quoted(path: Path) -> str:
    return shlex.quote(str(path)).replace("%", "\\%")
