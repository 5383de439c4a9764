"""The lines in the crontab of this account: there, and of this very checkout."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from orchestrator import process
from orchestrator.config.crontab import Broken, ours
from orchestrator.doctor.base import Check, Finding, Given, fail, named, ok, unknown, warn
from orchestrator.model.errors import Told

INSTALL = "agent-os crontab install"
_TIMERS = "systemd's timers start this checkout"


def _script(role: str) -> re.Pattern[str]:
    """The wrapper of a role in a job's line, with the checkout that it stands in: quoted where it holds a blank."""
    tail = rf"/bin/run_{re.escape(role)}\.sh"
    return re.compile(rf"'(?P<quoted>/[^']*){tail}'|(?P<bare>/[^\s'\"=;|&>]*){tail}")


def look(given: Given) -> Iterator[Finding]:
    present = _shown(given)
    if isinstance(present, Finding):
        yield ok(_TIMERS) if _timers(given) else present
        return
    try:
        for root in {given.root, given.checkout}:
            ours(present, root)
    except Broken as why:
        yield fail(str(why), "crontab -e")
        return
    jobs = [line.replace("\\%", "%") for line in present.splitlines() if not line.lstrip().startswith("#")]
    starts = {
        role: [m["quoted"] or m["bare"] for job in jobs if (m := _script(role).search(job))] for role in given.roles
    }
    missing = [role for role, where in starts.items() if str(given.checkout) not in where]
    others = sorted({where for found in starts.values() for where in found} - {str(given.checkout)})
    if missing and others:
        mend = f"{INSTALL}, and take the other lines out (`crontab -e`)"
        yield fail(f"it runs another checkout: {named(others)}", mend)
    elif len(missing) == len(given.roles) and _timers(given):
        yield ok(_TIMERS)
    elif len(missing) == len(given.roles):
        yield warn("no line of ours; something else has to start the roles", INSTALL, fixable=True)
    elif missing:
        yield fail(f"no line for {named(missing)}", INSTALL, fixable=True)
    elif others:
        yield warn(f"it runs another checkout beside this one: {named(others)}", "take its lines out (`crontab -e`)")
    elif _timers(given):
        yield warn(
            "crontab and systemd's timers both start this checkout: each role runs twice, and one of them in vain",
            "agent-os crontab remove, or agent-os crontab remove --systemd",
        )
    else:
        yield ok(f"a line for each of {len(given.roles)} roles")


def _timers(given: Given) -> bool:
    """systemd's user units of this checkout, which do the same as a crontab."""
    home = given.env.get("XDG_CONFIG_HOME") or f"{given.env.get('HOME', '')}/.config"
    wanted = f"{given.checkout}/bin/run_"
    for unit in Path(home, "systemd", "user").glob("agent-os*.service"):
        with contextlib.suppress(OSError):
            if wanted in unit.read_text("utf-8", errors="replace") and unit.with_suffix(".timer").exists():
                return True
    return False


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
