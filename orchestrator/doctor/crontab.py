"""The lines in the crontab of this account: there, and of this very checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator import process
from orchestrator.doctor.base import Check, Finding, Given, fail, named, ok, unknown, warn
from orchestrator.model.errors import Told

INSTALL = "agent-os crontab install"
_BEGIN = re.compile(r"^# agent-os begin (.+)$", re.MULTILINE)


def look(given: Given) -> Iterator[Finding]:
    present = _shown(given)
    if isinstance(present, Finding):
        yield present
        return
    lines = [line for line in present.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    missing = [role for role in given.roles if not any(f"{given.checkout}/bin/run_{role}.sh" in line for line in lines)]
    others = [where for where in _BEGIN.findall(present) if where != str(given.checkout)]
    if missing and others:
        yield fail(
            f"it runs another checkout: {named(others)}",
            f"{INSTALL}, and take the other lines out (`crontab -e`)",
            fixable=True,
        )
    elif len(missing) == len(given.roles):
        yield warn("no line of ours; something else has to start the roles", INSTALL, fixable=True)
    elif missing:
        yield fail(f"no line for {named(missing)}", INSTALL, fixable=True)
    elif others:
        yield warn(f"it runs another checkout beside this one: {named(others)}", "take its lines out (`crontab -e`)")
    else:
        yield ok(f"a line for each of {len(given.roles)} roles")


def mend(given: Given, finding: Finding) -> str:
    if given.install_cron is None:
        raise Told(f"not from here; {INSTALL}")
    given.install_cron()
    return "put this checkout's lines into the crontab; all other lines stay"


def _shown(given: Given) -> str | Finding:
    """The whole crontab, or why it cannot be read."""
    try:
        done = process.run(["crontab", "-l"], cwd="/", env=given.programs(), timeout=10, tied=False)
    except process.CannotStart:
        return unknown(
            "there is no crontab(1) here", mend="apt-get install cron, or `agent-os up` in a service of your own"
        )
    if done.exit != 0 and b"no crontab" not in done.err:
        return unknown(f"crontab -l: {done.err.decode('utf-8', 'replace').strip()}")
    if done.truncated:
        return unknown("the crontab is too long to be read by a program")
    return done.out.decode("utf-8", "surrogateescape") if done.exit == 0 else ""


CHECK = Check(
    name="crontab",
    why="Cron starts the roles; lines of another checkout run another version on the same work.",
    look=look,
    mend=mend,
    asks=True,
)
