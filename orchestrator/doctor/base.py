"""What a check of the doctor is, what it is given, and what it answers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from orchestrator import process, sandbox
from orchestrator.github.client import GitHub, Hooks
from orchestrator.model.confinement import Probe
from orchestrator.model.settings import RepoSettings, Settings
from orchestrator.services import Services

TIMEOUT = 4.0
"""Seconds for one answer of GitHub: the whole should take less than ten."""


class State(Enum):
    OK = "ok"
    WARN = "warn"
    """Work goes on; a person should know, or may have meant it."""
    FAIL = "fail"
    """Something that work needs is missing."""
    UNKNOWN = "unknown"
    """It could not be looked at, or need not be: what it rests on is missing already."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report."""

    state: State
    seen: str
    """What is there, in one sentence; foreign words in it are redacted before anybody reads them."""
    subject: str = ""
    """The repository, agent, role or file it is about; empty = the installation."""
    mend: str = ""
    """The command, or the act, that mends it; empty where nothing is wrong."""
    fixable: bool = False
    """`--fix` can do that."""


def ok(seen: str, subject: str = "") -> Finding:
    return Finding(state=State.OK, seen=seen, subject=subject)


def warn(seen: str, mend: str, subject: str = "", *, fixable: bool = False) -> Finding:
    return Finding(state=State.WARN, seen=seen, subject=subject, mend=mend, fixable=fixable)


def fail(seen: str, mend: str, subject: str = "", *, fixable: bool = False) -> Finding:
    return Finding(state=State.FAIL, seen=seen, subject=subject, mend=mend, fixable=fixable)


def unknown(seen: str, subject: str = "", mend: str = "") -> Finding:
    return Finding(state=State.UNKNOWN, seen=seen, subject=subject, mend=mend)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What cannot be made to fail in a test: a full disk, a kernel that confines nothing."""

    probe: Callable[[], tuple[Probe, ...]] = sandbox.probe
    room: Callable[[Path], os.statvfs_result] = os.statvfs


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the checks may look at. Several look at the same time: each makes services of its own."""

    checkout: Path
    """Where this program stands."""
    root: Path
    config_file: Path
    env: Mapping[str, str]
    roles: Mapping[str, str]
    """Each cron role to its five cron fields."""
    loaded: Settings | None
    """None: the configuration cannot be read, and `broken` says why."""
    broken: tuple[str, ...] = ()
    make: Callable[[], Services] | None = None
    """Services of one check's own; None where there is no configuration."""
    install_cron: Callable[[], object] | None = None
    """Puts our lines into the crontab. Raises Told."""
    machine: Machine = Machine()
    quick: bool = False
    """Nothing is asked of the network, no account is tried."""
    smoke: bool = False
    """Each agent is asked for one line: costs a little."""
    found: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    """What the checks before found, by name."""
    opened: list[GitHub] = field(default_factory=list)
    """Clients that `services` made."""

    @property
    def settings(self) -> Settings:
        """For checks that need `configuration`. Raises ValueError without one."""
        if self.loaded is None:
            raise ValueError("a check that reads the settings says so in `needs`")
        return self.loaded

    def services(self) -> Services:
        """New ones, with a client that gives up soon and leaves nothing in the cache: the doctor only looks. For checks
        that need `configuration`. Raises ValueError without one."""
        if self.make is None:
            raise ValueError("a check that uses services says so in `needs`")
        built = self.make()
        none = Hooks()
        hooks = replace(built.github.hooks, etag_get=none.etag_get, etag_put=none.etag_put)
        client = GitHub(built.settings.github, built.clock, built.github.token, hooks, timeout=TIMEOUT)
        self.opened.append(client)
        return replace(built, github=client)

    @contextlib.contextmanager
    def for_one(self) -> Iterator[Given]:
        """The same for one check alone; its connections end with the block."""
        alone = replace(self, opened=[])
        try:
            yield alone
        finally:
            for client in alone.opened:
                client.close()

    @property
    def runtime(self) -> Path:
        return self.loaded.runtime if self.loaded is not None else self.root / "runtime"

    def programs(self) -> dict[str, str]:
        """The environment of the programs that are asked: our PATH and HOME, and no secret."""
        told = {name: self.env[name] for name in ("PATH", "HOME", "XDG_RUNTIME_DIR") if name in self.env}
        return process.clean_env(told)

    def repos(self) -> Iterator[RepoSettings]:
        """Those that can be reached at all: of the others `repositories` has told."""
        lost = {f.subject for f in self.found.get("repositories", ()) if f.state is State.FAIL}
        return (repo for repo in self.settings.repos if repo.key not in lost)


Look = Callable[[Given], Iterable[Finding]]
Mend = Callable[[Given, Finding], str]
"""Does what the finding's `mend` says and returns what was done, in the past tense. Raises Told when it cannot."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that must be there. `look` changes nothing."""

    name: str
    why: str
    """Why it matters, in one sentence."""
    look: Look
    needs: tuple[str, ...] = ()
    """Names of checks without which this one cannot be told; it is unknown while one of them fails."""
    quick: bool = False
    """Also part of `--quick`, what a new version tries on itself before the switch: no network, no account."""
    seconds: float = 0.0
    """Time limit of a slow one, which then runs beside others in a thread; 0 = it takes an instant, here and now."""
    mend: Mend | None = None
    asks: bool = False
    """A person is asked before it is mended: it changes what is not ours alone."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A finding with its check's words: what is printed, and what `--json` shows."""

    check: str
    subject: str
    state: State
    seen: str
    why: str
    mend: str
    fixable: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    lines: tuple[Line, ...]
    """In the order of the checks."""
    seconds: float

    def of(self, *states: State) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.state in states)

    @property
    def good(self) -> bool:
        return not self.of(State.FAIL)


def named(names: Sequence[str], most: int = 5) -> str:
    """The first few, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
