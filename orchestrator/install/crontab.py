"""Our lines in the person's crontab, through crontab(1): put in, taken out, everything else left byte for byte."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator import process
from orchestrator.agents.base import binary_variable
from orchestrator.config import CONFIG_ENV
from orchestrator.config import crontab as text
from orchestrator.config.crontab import PATH_ENV, ROOT_ENV
from orchestrator.model.errors import Told
from orchestrator.model.settings import AgentSettings
from orchestrator.roles import ROLES
from orchestrator.state.made import Kind, Made

CARRIED = (CONFIG_ENV, ROOT_ENV, "AGENT_OS_CLOCK", "XDG_DATA_HOME", "GH_CONFIG_DIR")
"""Paths that a tick asks of its environment, where the person's shell says them. No secret is among them: a crontab is
no place for one."""
_KNOWN = frozenset({"/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin"})
"""Where cron and bin/_role.sh look by themselves."""


def carried(env: Mapping[str, str], agents: Iterable[AgentSettings] = ()) -> dict[str, str]:
    """The variables that our lines set: those of CARRIED, where agents' programs are (`CLAUDE_BIN`), and the folders of
    the agents' programs that this shell finds and cron would not."""
    found = {name: str(Path(env[name]).expanduser().absolute()) for name in CARRIED if env.get(name)}
    folders: list[str] = []
    for agent in agents:
        variable = binary_variable(agent.adapter)
        if env.get(variable):
            found[variable] = env[variable]
        word = agent.command[0] if agent.command else env.get(variable) or agent.adapter
        place = shutil.which(word, path=env.get("PATH", os.defpath)) if "/" not in word else None
        if place and (folder := os.path.dirname(place)) not in (*_KNOWN, *folders):
            folders.append(folder)
    return found | ({PATH_ENV: ":".join(folders)} if folders else {})


def lines(checkout: Path, carry: Mapping[str, str]) -> str:
    """What `install` puts in. Raises Told where a path cannot stand in a crontab."""
    try:
        return text.crontab(checkout, {name: role.EVERY for name, role in ROLES.items()}, carry)
    except ValueError as why:
        raise Told(str(why)) from None


def install(checkout: Path, carry: Mapping[str, str], made: Made | None = None) -> bool:
    """In place of this installation's older lines; all other jobs stay. False when just these stood there already.

    Raises Told when there is no crontab(1), or it refuses.
    """
    root = text.named(checkout, carry)
    present = read()
    wanted = lines(checkout, carry)
    if present is not None and text.ours(present, root) == wanted:
        return False
    if made is not None and (present is None or not text.ours(present, root)):
        made.note(Kind.CRONTAB, str(root), detail="" if present is None else "beside other jobs")
    write(text.merged(present or "", wanted, root))
    return True


def remove(root: Path, made: Made | None = None) -> bool:
    """Takes out what stands between our markers of this root. False when nothing did. A crontab that we began and
    that holds nothing else goes as a whole. Raises Told as `install` does."""
    present = read()
    if present is None or not text.ours(present, root):
        return False
    left = text.removed(present, root)
    entry = made.of(Kind.CRONTAB, str(root)) if made is not None else None
    if not left and (entry is None or not entry.detail):
        _call("-r")
    else:
        write(left)
    if made is not None and entry is not None:
        made.forget(entry)
    return True


def installed(root: Path) -> str:
    """Our lines as they stand in the crontab; empty when there are none. Raises Told as `install` does."""
    present = read()
    return text.ours(present, root) if present is not None else ""


def read() -> str | None:
    """The person's whole crontab, None when there is none. Raises Told."""
    shown = _crontab("-l")
    if shown.exit != 0:
        if b"no crontab" not in shown.err:
            raise Told(f"crontab -l: {_words(shown.err)}")
        return None
    if shown.truncated:
        raise Told("your crontab is too long to be changed by a program; use `crontab -e`")
    return shown.out.decode("utf-8", "surrogateescape")


def write(whole: str) -> None:
    """In place of the person's crontab. Raises Told."""
    _call("-", whole.encode("utf-8", "surrogateescape"))


def _call(argument: str, stdin: bytes = b"") -> None:
    done = _crontab(argument, stdin)
    if done.exit != 0:
        raise Told(f"crontab {argument}: {_words(done.err)}")


def _crontab(argument: str, stdin: bytes = b"") -> process.Finished:
    try:
        return process.run(["crontab", argument], cwd="/", env=os.environ, stdin=stdin, timeout=30)
    except process.CannotStart:
        raise Told("there is no crontab here (Debian: apt-get install cron); `agent-os up` does without") from None


def _words(err: bytes) -> str:
    return err.decode("utf-8", "replace").strip()
