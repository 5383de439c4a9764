"""A box for each level: the words that stand before the program, the descriptors they need, the meter beside it."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from orchestrator import process
from orchestrator.model.confinement import Level, Limits
from orchestrator.sandbox import bubblewrap, cgroup, procs, trees
from orchestrator.sandbox.inside import seccomp
from orchestrator.sandbox.meter import Meter
from orchestrator.sandbox.system import HOSTS, group, passwd, system
from orchestrator.sandbox.wish import Wish

BWRAP = "bwrap"
INSIDE = Path(__file__).with_name("inside")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts")
SOURCES = ("/proc", "/dev/random", "/dev/urandom", "/etc/passwd", "/etc/group", "/etc/hosts")


@dataclass(frozen=True, kw_only=True)
class Box:
    """One run's confinement, ready to be started once; to be closed when the run is over."""

    level: Level
    meter: Meter
    prefix: tuple[str, ...] = ()
    """What stands before the program's own words."""
    pass_fds: tuple[int, ...] = ()
    own_fds: tuple[int, ...] = ()
    """Those of `pass_fds` that are the box's own."""

    def wrap(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        return (*self.prefix, *argv)

    def interrupt(self, pid: int, number: signal.Signals = signal.SIGTERM) -> None:
        """The polite signal to the program itself, where `pid` is what was started (bubblewrap, not the program)."""
        target = pid if self.level is Level.NONE else procs.innermost(pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(target, number)

    def close(self) -> str:
        """Ends what the run left behind and gives back what the box took. Answers "memory" where the kernel killed for
        want of it. May be called twice."""
        word = self.meter.end()
        for number in self.own_fds:
            with contextlib.suppress(OSError):
                os.close(number)
        if self.meter.group is not None:
            self.meter.group.close()
        return word


def none(wish: Wish) -> Box:
    """No confinement: the meter alone watches."""
    return Box(level=Level.NONE, meter=_meter(wish, None))


def bubblewrapped(wish: Wish, control: int) -> Box:
    """`control`: where the launcher sends its listeners; -1 = no way out at all."""
    texts = (("/etc/passwd", passwd(wish.home)), ("/etc/group", group()), ("/etc/hosts", HOSTS))
    files = tuple((_memory(Path(name).name, data), name) for name, data in texts)
    lines = seccomp.program(alone=False)
    filter = _memory("seccomp", lines) if lines else -1
    held, doors = _group(wish.limits)
    plan = bubblewrap.Plan(
        system=system(),
        tree=_tree(wish),
        readable=tuple(p for p in wish.readable if p.exists()),
        workspace=wish.workspace,
        home=wish.home,
        read_only=wish.read_only,
        memory_mb=wish.limits.memory_mb,
        files=files,
        seccomp=filter,
        version=version(),
        user=user_namespaces(),
    )
    own = (*(number for number, _ in files), *doors, *((filter,) if lines else ()))
    options = [*_limits(wish.limits, doors), *([f"control={control}"] if control >= 0 else [])]
    if wish.limits.processes:
        options.append(f"nproc={wish.limits.processes}")
    return Box(
        level=Level.BUBBLEWRAP,
        meter=_meter(wish, held),
        prefix=(*bubblewrap.words(shutil.which(BWRAP) or BWRAP, plan), *_launcher(options)),
        pass_fds=(*own, *((control,) if control >= 0 else ())),
        own_fds=own,
    )


def landlocked(wish: Wish) -> Box:
    """Only the kernel's Landlock, a filter of system calls and a supervisor."""
    tree = _tree(wish)
    held, doors = _group(wish.limits)
    read = [*system().folders, *tree.paths, *wish.readable, *map(Path, SOURCES)]
    write = [wish.home, *map(Path, DEVICES)]
    (read if wish.read_only else write).append(wish.workspace)
    options = ["alone=", *_limits(wish.limits, doors)]
    options += [f"read={path}" for path in read] + [f"write={path}" for path in write]
    options += [f"port={port}" for port in wish.ports]
    return Box(
        level=Level.LANDLOCK,
        meter=_meter(wish, held),
        prefix=_launcher(options),
        pass_fds=doors,
        own_fds=doors,
    )


def version() -> tuple[int, ...]:
    """Bubblewrap's; empty where there is none."""
    found = shutil.which(BWRAP)
    return _version(found, os.stat(found).st_mtime_ns) if found else ()


@functools.lru_cache(maxsize=4)
def _version(program: str, changed: int) -> tuple[int, ...]:
    try:
        done = process.run((program, "--version"), cwd="/", env=process.clean_env(), timeout=10, tied=False)
    except process.CannotStart:
        return ()
    words = done.out.decode("ascii", "replace").split()
    return tuple(int(part) for part in words[-1].split(".") if part.isdigit()) if words else ()


def user_namespaces() -> bool:
    """Root can do without, and must where the machine has them switched off."""
    if os.getuid():
        return True
    try:
        return Path("/proc/sys/user/max_user_namespaces").read_text().strip() != "0"
    except OSError:
        return False


def _meter(wish: Wish, held: cgroup.Group | None) -> Meter:
    return Meter(limits=wish.limits, paths=(wish.workspace, wish.home), group=held)


def _group(limits: Limits) -> tuple[cgroup.Group | None, tuple[int, ...]]:
    held = cgroup.make(limits)
    if held is None:
        return None, ()
    try:
        return held, held.doors()
    except OSError:
        held.close()
        return None, ()


def _tree(wish: Wish) -> trees.Tree:
    """The program's, its scripts' and the launcher's files."""
    tree = trees.Tree()
    for word in (wish.program, *wish.scripts):
        trees.program(word, tree)
    trees.interpreter(python(), sys.base_prefix, tree)
    tree.path(INSIDE)
    return tree


def python() -> str:
    """Without its virtual environment: the launcher needs the standard library only."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def _launcher(options: list[str]) -> tuple[str, ...]:
    return (python(), "-I", "-S", str(INSIDE), *options, "--")


def _limits(limits: Limits, doors: tuple[int, ...]) -> list[str]:
    words = ["core=0", *(f"cgroup={number}" for number in doors)]
    words += [f"fsize={limits.file_mb * 1024 * 1024}"] if limits.file_mb else []
    return words + ([f"cpu={max(1, round(limits.cpu_minutes * 60))}"] if limits.cpu_minutes else [])


def _memory(name: str, data: bytes) -> int:
    """A descriptor that reads as `data`."""
    number = os.memfd_create(name)
    os.write(number, data)
    os.lseek(number, 0, os.SEEK_SET)
    return number
