"""Files that hold secrets: for their owner alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from orchestrator import agents
from orchestrator.doctor.base import Check, Finding, Given, fail, ok
from orchestrator.model.errors import Told
from orchestrator.model.settings import AgentSettings

OTHERS = 0o077


def files(given: Given) -> tuple[Path, ...]:
    """Every file that a secret of ours stands in, whether it is there or not."""
    found = [given.runtime / "state" / "ledger.key"]
    if given.loaded is not None:
        said = given.loaded
        found += [Path(f).expanduser() for f in (said.github.token_file, said.github.app_private_key_file) if f]
        for agent in said.agents:
            found += _of_agent(agent)
        if said.telegram.token and said.telegram.token != given.env.get(said.telegram.token_env):
            found.append(given.config_file)  # it stands there in so many words
    return tuple(dict.fromkeys(found))


def _of_agent(agent: AgentSettings) -> list[Path]:
    known = agents.AGENTS.get(agent.adapter)
    logins = known.login_files if known is not None and agent.login else ()
    secrets = [Path(agent.secrets_file).expanduser()] if agent.secrets_file else []
    return [*secrets, *(Path(agent.login).expanduser() / name for name in logins)]


def look(given: Given) -> Iterator[Finding]:
    there = 0
    open_to_others = 0
    for file in files(given):
        try:
            told = file.stat()
        except OSError:
            continue
        there += 1
        mode = stat.S_IMODE(told.st_mode)
        if mode & OTHERS:
            open_to_others += 1
            ours = told.st_uid == os.getuid()
            yield fail(f"{file} may be read by others ({mode:o})", f"chmod 600 {file}", str(file), fixable=ours)
    if not open_to_others:
        yield ok("files that hold secrets are for their owner alone" if there else "no file here holds a secret")


def mend(given: Given, finding: Finding) -> str:
    file = next((f for f in files(given) if str(f) == finding.subject), None)
    if file is None:
        raise Told(f"{finding.subject} holds no secret of ours")
    before = stat.S_IMODE(file.stat().st_mode)
    try:
        file.chmod(before & 0o700 or 0o600)
    except OSError as why:
        raise Told(f"{file}: {why.strerror or why}") from why
    return f"{file}: {before:o} became {stat.S_IMODE(file.stat().st_mode):o}"


CHECK = Check(name="permissions", why="Whoever reads a secret here can act as us there.", look=look, mend=mend)
