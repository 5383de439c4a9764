"""The crontab lines of the roles, as text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from orchestrator.model.errors import Told

_LOG = "runtime/logs"


def crontab(root: Path, roles: Mapping[str, str]) -> str:
    """One line per role (name to its five cron fields), between two marker lines that name the checkout.

    Each runs `bin/run_<role>.sh` and appends to `runtime/logs/<role>.log`. crontab(5): a bare `%` ends the command,
    so it is escaped; the shell's own characters are quoted. Raises ValueError on a root with a line break.
    """
    if "\n" in str(root) or "\r" in str(root):
        raise ValueError("a crontab cannot hold a path with a line break")
    logs = _quoted(root / _LOG)
    lines = [f"# agent-os begin {root}"]
    for name, every in roles.items():
        script = _quoted(root / "bin" / f"run_{name}.sh")
        # The shell opens the log before it starts the script, so only this line can make the folder. `[` forks nothing.
        folder = f"[ -d {logs} ] || mkdir -p {logs};"
        lines.append(f"{every} {folder} {script} >> {_quoted(root / _LOG / f'{name}.log')} 2>&1")
    return "\n".join([*lines, f"# agent-os end {root}", ""])


def merged(present: str, lines: str, root: Path) -> str:
    """`present` with `lines` in place of this checkout's older ones, else at its end; all other jobs stay."""
    kept: list[str] = []
    ours = False
    for line in present.splitlines():
        ours = ours or line == f"# agent-os begin {root}"
        if not ours:
            kept.append(line)
        ours = ours and line != f"# agent-os end {root}"
    if ours:
        raise Told(f"the crontab has a line `# agent-os begin {root}` without its end; mend it with `crontab -e`")
    return "".join(f"{line}\n" for line in kept) + lines


def _quoted(path: Path) -> str:
    return shlex.quote(str(path)).replace("%", "\\%")
