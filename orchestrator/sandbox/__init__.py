"""How a run is confined: bubblewrap, else Landlock, else not at all. Knows no agent; told what it needs, it wraps it.

with egress.serve(rules, inside=level is Level.BUBBLEWRAP) as way_out:
    with contextlib.closing(sandbox.box(level, wish, way_out.control)) as box:
        process.stream(box.wrap(argv), env=env, pass_fds=box.pass_fds, interrupt=box.interrupt, ...)
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.confinement import Level, Limits, Probe, Sandbox
from orchestrator.sandbox import bubblewrap, procs, trees
from orchestrator.sandbox.system import HOSTS, group, passwd, system

BWRAP = "bwrap"
INSIDE = Path(__file__).with_name("inside")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What one run needs. All paths absolute."""

    workspace: Path
    """Writable, but for its `.git/config` and `.git/hooks`; whole read-only where `read_only`."""
    home: Path
    """Its own HOME, writable."""
    program: str
    """What is started, by path or by name on PATH: its install tree is readable."""
    scripts: tuple[str, ...] = ()
    """More files it is started with (`node /x/cli.js`): readable, with the package they stand in."""
    readable: tuple[Path, ...] = ()
    """More that it may read: the mirror's objects that the workspace borrows, a toolchain."""
    read_only: bool = False
    limits: Limits = Limits()


@dataclass(frozen=True, kw_only=True)
class Box:
    """One run's confinement, ready to be started once; to be closed when the run is over."""

    level: Level
    prefix: tuple[str, ...] = ()
    """What stands before the program's own words."""
    pass_fds: tuple[int, ...] = ()
    own_fds: tuple[int, ...] = ()
    """Those of `pass_fds` that are the box's own."""

    def wrap(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        return (*self.prefix, *argv)

    def interrupt(self, pid: int, number: signal.Signals = signal.SIGTERM) -> None:
        """The polite signal to the program itself, where `pid` is what was started (bubblewrap, not the program)."""
        target = procs.innermost(pid) if self.level is Level.BUBBLEWRAP else pid
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(target, number)

    def close(self) -> None:
        """Gives back what the box took. May be called twice."""
        for number in self.own_fds:
            with contextlib.suppress(OSError):
                os.close(number)


def box(level: Level, wish: Wish, control: int = -1) -> Box:
    """The box for one run. `control`: the egress's descriptor that the launcher hands its listeners to; -1 = none."""
    if level is Level.BUBBLEWRAP:
        return _bubblewrap(wish, control)
    return Box(level=level)


def _bubblewrap(wish: Wish, control: int) -> Box:
    files = tuple(
        (_memory(name, data), name)
        for name, data in (("/etc/passwd", passwd(wish.home)), ("/etc/group", group()), ("/etc/hosts", HOSTS))
    )
    tree = _tree(wish)
    plan = bubblewrap.Plan(
        system=system(),
        tree=tree,
        readable=tuple(p for p in wish.readable if p.exists()),
        workspace=wish.workspace,
        home=wish.home,
        read_only=wish.read_only,
        memory_mb=wish.limits.memory_mb,
        files=files,
        seccomp=-1,
    )
    own = tuple(number for number, _ in files)
    more = () if control < 0 else (control,)
    prefix = (*bubblewrap.words(shutil.which(BWRAP) or BWRAP, plan), *_launcher(wish.limits, control))
    return Box(level=Level.BUBBLEWRAP, prefix=prefix, pass_fds=(*own, *more), own_fds=own)


def _tree(wish: Wish) -> trees.Tree:
    """The program's, its scripts' and the launcher's files."""
    tree = trees.Tree()
    for word in (wish.program, *wish.scripts):
        trees.program(word, tree)
    trees.interpreter(_python(), sys.base_prefix, tree)
    tree.path(INSIDE)
    return tree


def _python() -> str:
    """Without its virtual environment: the launcher needs the standard library only."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def _launcher(limits: Limits, control: int) -> tuple[str, ...]:
    words = [_python(), "-I", "-S", str(INSIDE), "core=0"]
    words += [f"control={control}"] if control >= 0 else []
    words += [f"nproc={limits.processes}"] if limits.processes else []
    words += [f"fsize={limits.file_mb * 1024 * 1024}"] if limits.file_mb else []
    words += [f"cpu={max(1, round(limits.cpu_minutes * 60))}"] if limits.cpu_minutes else []
    return (*words, "--")


def _memory(name: str, data: bytes) -> int:
    """A descriptor that reads as `data`."""
    number = os.memfd_create(Path(name).name)
    os.write(number, data)
    os.lseek(number, 0, os.SEEK_SET)
    return number


def probe(kept: Path | None = None) -> tuple[Probe, ...]:
    """The live self-test of every level, best first; NONE always holds. `kept`: a file that remembers the answer for
    this boot and these programs, so that it is not asked before every run."""
    return (Probe(level=Level.NONE, holds=True),)


def choose(wanted: Sandbox, probes: tuple[Probe, ...]) -> Level | None:
    """The best level that holds here; None where `required` and none does."""
    if wanted is Sandbox.OFF:
        return Level.NONE
    best = next((p.level for p in probes if p.holds), Level.NONE)
    return None if wanted is Sandbox.REQUIRED and best is Level.NONE else best
