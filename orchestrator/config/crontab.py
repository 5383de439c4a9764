"""The crontab lines of the roles, as text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from orchestrator.model.errors import Told

_LOG = "runtime/logs"
_WRAPPER = re.compile(r"/bin/run_[a-z_]+\.sh\b")
"""In each job of ours, and in hardly one of a person's."""
PATH_ENV, ROOT_ENV = "PATH", "ORCH_ROOT"


class Broken(Told):
    """Our markers do not stand as we set them: what is ours cannot be told from what is not."""


def crontab(root: Path, roles: Mapping[str, str], carried: Mapping[str, str] = MappingProxyType({})) -> str:
    """One line per role (name to its five cron fields), between two marker lines that name the installation.

    Each runs `bin/run_<role>.sh` of the checkout `root` and appends to `runtime/logs/<role>.log`. `carried`: what the
    environment of cron lacks; it stands in each line, for a line of its own would change the person's other jobs too.
    A carried PATH goes before cron's own. crontab(5): a bare `%` ends the command, so it is escaped; the shell's own
    characters are quoted. Raises ValueError on a line break.
    """
    words = [str(root), *carried.values()]
    if any(mark in word for word in words for mark in "\n\r\0"):
        raise ValueError("a crontab cannot hold a path with a line break")
    place = named(root, carried)
    logs = _quoted(place / _LOG)
    set_first = "".join(f"{name}={_value(name, value)} " for name, value in sorted(carried.items()))
    lines = [f"# agent-os begin {place}"]
    for name, every in roles.items():
        script = _quoted(root / "bin" / f"run_{name}.sh")
        # The shell opens the log before it starts the script, so only this line can make the folder. `[` forks nothing.
        folder = f"[ -d {logs} ] || mkdir -p {logs};"
        lines.append(f"{every} {folder} {set_first}{script} >> {_quoted(place / _LOG / f'{name}.log')} 2>&1")
    return "\n".join([*lines, f"# agent-os end {place}", ""])


def named(root: Path, carried: Mapping[str, str]) -> Path:
    """What the markers call the installation: where its runtime is."""
    return Path(carried.get(ROOT_ENV) or root)


def merged(present: str, lines: str, root: Path) -> str:
    """`present` without this installation's older lines, and `lines` at its end; all other jobs stay byte for byte.
    Raises Broken where a beginning or an end stands alone."""
    kept = removed(present, root)
    end = "" if kept.endswith("\n") or not kept else "\n"
    return kept + end + lines


def removed(present: str, root: Path) -> str:
    """`present` without this installation's lines, the rest byte for byte. Raises Broken as `merged` does."""
    return "".join(line for line, mine in _lines(present, root) if not mine)


def ours(present: str, root: Path) -> str:
    """This installation's lines with their markers; empty when there are none. Raises Broken as `merged` does."""
    return "".join(line for line, mine in _lines(present, root) if mine)


def _lines(present: str, root: Path) -> list[tuple[str, bool]]:
    """Each line with its end, and whether it is ours: a marker, or a job of ours between two. What somebody wrote in
    between is theirs. Only a line feed ends a line of a crontab."""
    begin, end = f"# agent-os begin {root}", f"# agent-os end {root}"
    found: list[tuple[str, bool]] = []
    inside = False
    for line in present.split("\n"):
        if line == (begin if inside else end):
            raise Broken(f"the crontab has a line `{line}` without its {'end' if inside else 'beginning'}{_BY_HAND}")
        inside = inside or line == begin
        found.append((f"{line}\n", inside and (line in (begin, end) or _WRAPPER.search(line) is not None)))
        inside = inside and line != end
    if inside:
        raise Broken(f"the crontab has a line `{begin}` without its end{_BY_HAND}")
    last, mine = found.pop()
    return [*found, (last[:-1], mine)] if last != "\n" else found


_BY_HAND = "; mend it with `crontab -e`"


def _quoted(path: Path | str) -> str:
    return shlex.quote(str(path)).replace("%", "\\%")


def _value(name: str, value: str) -> str:
    return f'{_quoted(value)}:"$PATH"' if name == PATH_ENV else _quoted(value)
