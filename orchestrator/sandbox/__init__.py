"""How a run is confined: bubblewrap, else Landlock, else not at all. Knows no agent; told what a run needs, it wraps it.

with egress.serve(rules, inside=level is Level.BUBBLEWRAP) as way_out:
    box = sandbox.box(level, wish, way_out.control)
    process.stream(box.wrap(argv), env=env, pass_fds=box.pass_fds, interrupt=box.interrupt, ...)
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.confinement import Level, Limits, Probe, Sandbox


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What one run needs. All paths absolute."""

    workspace: Path
    """Writable, but for its `.git/config` and `.git/hooks`; whole read-only where `read_only`."""
    home: Path
    """Its own HOME, writable."""
    program: str
    """What is started, by path or by name on PATH: its install tree is readable."""
    readable: tuple[Path, ...] = ()
    """More that it may read: the mirror's objects that the workspace borrows, a toolchain."""
    read_only: bool = False
    limits: Limits = Limits()


@dataclass(frozen=True, kw_only=True)
class Box:
    """One run's confinement, ready to be started."""

    level: Level
    prefix: tuple[str, ...] = ()
    """What stands before the program's own words."""
    pass_fds: tuple[int, ...] = ()

    def wrap(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        return (*self.prefix, *argv)

    def interrupt(self, pid: int, number: signal.Signals = signal.SIGTERM) -> None:
        """The polite signal to the program itself, where `pid` is what was started (bubblewrap, not the program)."""
        os.kill(pid, number)


def box(level: Level, wish: Wish, control: int = -1) -> Box:
    """The box for one run. `control`: the egress's descriptor that the launcher hands its listeners to; -1 = none."""
    if level is not Level.NONE:
        raise NotImplementedError(level)
    return Box(level=level)


def probe(kept: Path | None = None) -> tuple[Probe, ...]:
    """The live self-test of every level, best first; NONE always holds. `kept`: a file that remembers the answer for
    this boot and these programs, so that it is not asked before every run."""
    raise NotImplementedError


def choose(wanted: Sandbox, probes: tuple[Probe, ...]) -> Level | None:
    """The best level that holds here; None where `required` and none does."""
    if wanted is Sandbox.OFF:
        return Level.NONE
    best = next((p.level for p in probes if p.holds), Level.NONE)
    return None if wanted is Sandbox.REQUIRED and best is Level.NONE else best
