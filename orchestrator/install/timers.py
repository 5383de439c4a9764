"""The roles under systemd's user timers, where a person prefers them to cron.

A unit pair per role: the service runs the same wrapper that cron would, the timer says when (systemd.time(7)). Workers
that a tick leaves behind outlive it: `KillMode=process`, or systemd would end them with the service (systemd.kill(5)).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path

from orchestrator import disk, process
from orchestrator.config.crontab import PATH_ENV, named
from orchestrator.model.errors import Told
from orchestrator.roles import ROLES
from orchestrator.state.made import Kind, Made

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def units(checkout: Path, carry: Mapping[str, str], env: Mapping[str, str] | None = None) -> dict[Path, str]:
    """Every unit file with its text. Raises Told where a path has what a unit file cannot hold."""
    env = os.environ if env is None else env
    root = named(checkout, carry)
    if any(mark in f"{checkout}{''.join(carry.values())}" for mark in '\n\r\0"\\'):
        raise Told("a unit file cannot hold a path with a line break, a quote or a backslash")
    found: dict[Path, str] = {}
    for name, role in ROLES.items():
        stem = f"{prefix(root)}{name}"
        found[folder(env) / f"{stem}.service"] = _service(checkout, root, name, carry)
        found[folder(env) / f"{stem}.timer"] = _timer(root, name, role.EVERY)
    return found


def install(checkout: Path, carry: Mapping[str, str], made: Made) -> list[str]:
    """Writes the unit files and starts the timers where systemd runs for this person; else says the command that does.
    Repeatable. What was done, as lines."""
    wanted = units(checkout, carry)
    said = []
    for path, text in wanted.items():
        if _text(path) == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        made.note(Kind.TIMER, str(path))
        disk.replace(path, text.encode())
        said.append(f"wrote {path}")
    names = [path.name for path in wanted if path.suffix == ".timer"]
    if not said:
        said.append("the unit files stand there already")
    if _systemctl("daemon-reload") and _systemctl("enable", "--now", *names):
        return [
            *said,
            "started; `systemctl --user list-timers` shows them; `loginctl enable-linger` keeps them at log-out",
        ]
    return [*said, f"systemd does not run for you here; where it does: systemctl --user enable --now {' '.join(names)}"]


def remove(root: Path, made: Made) -> list[str]:
    """Stops this installation's timers and removes their files. What was done, as lines; empty = there were none."""
    mine = sorted(folder(os.environ).glob(f"{prefix(root)}*"))
    if not mine:
        return []
    _systemctl("disable", "--now", *(path.name for path in mine if path.suffix == ".timer"))
    for path in mine:
        path.unlink()
        if (entry := made.of(Kind.TIMER, str(path))) is not None:
            made.forget(entry)
    _systemctl("daemon-reload")
    return [f"removed {path}" for path in mine]


def folder(env: Mapping[str, str]) -> Path:
    """systemd.unit(5): units of one person."""
    base = env.get("XDG_CONFIG_HOME") or str(Path(env.get("HOME") or Path.home()) / ".config")
    return Path(base) / "systemd" / "user"


def prefix(root: Path) -> str:
    """How names of this installation's units begin."""
    return f"agent-os-{zlib.crc32(str(root).encode()):08x}-"


def calendar(every: str) -> str:
    """Five cron fields as systemd.time(7) spells them. Raises ValueError for fields it cannot say."""
    minute, hour, day, month, weekday = every.split()
    if weekday != "*" and day != "*":
        raise ValueError(f"{every!r}: either day of cron is enough, systemd wants both")
    days = ",".join(_DAYS[int(one)] for one in weekday.split(",")) + " " if weekday != "*" else ""
    return f"{days}*-{_field(month, 1)}-{_field(day, 1)} {_field(hour, 0)}:{_field(minute, 0)}:00"


def _field(field: str, first: int) -> str:
    """A list, a range or a step of cron."""
    parts = []
    for part in field.split(","):
        span, slash, step = part.partition("/")
        start = str(first) if span == "*" and slash else span.replace("-", "..")
        parts.append(f"{start}{slash}{step}")
    return ",".join(parts)


def _service(checkout: Path, root: Path, role: str, carry: Mapping[str, str]) -> str:
    """`%` begins a specifier in a unit file, so it is doubled."""
    log = root / "runtime" / "logs" / f"{role}.log"
    set_first = []
    for name, value in sorted(carry.items()):
        whole = f"{value}:/usr/local/bin:/usr/bin:/bin" if name == PATH_ENV else value
        set_first.append(f'Environment="{name}={_percent(whole)}"\n')
    return (
        f"[Unit]\nDescription=Agent OS {role} ({_percent(str(root))})\n\n"
        f"[Service]\nType=oneshot\nKillMode=process\n{''.join(set_first)}"
        f'ExecStartPre=/bin/mkdir -p "{_percent(str(log.parent))}"\n'
        f'ExecStart="{_percent(str(checkout / "bin" / f"run_{role}.sh"))}"\n'
        f"StandardOutput=append:{_percent(str(log))}\nStandardError=inherit\n"
    )


def _timer(root: Path, role: str, every: str) -> str:
    return (
        f"[Unit]\nDescription=Agent OS {role} ({_percent(str(root))})\n\n"
        f"[Timer]\nOnCalendar={calendar(every)}\nAccuracySec=1s\nPersistent=false\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _systemctl(*words: str) -> bool:
    try:
        done = process.run(["systemctl", "--user", *words], cwd="/", env=os.environ, timeout=30)
    except process.CannotStart:
        return False
    return done.exit == 0
