"""Does a level hold on this machine? Asked by really trying: a small program in a real box, against real canaries.

It tries to write outside, read a secret, reach listeners of ours by TCP, UDP and a socket file, and read its parent's
environment. The answer is remembered for this boot and these programs; a bad one for ten minutes, since the operator
may be mending it.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator import process
from orchestrator.model.confinement import Level, Limits, Probe
from orchestrator.sandbox import boxes, cgroup
from orchestrator.sandbox.inside import landlock
from orchestrator.sandbox.wish import Wish

SECONDS = 20.0
WALLS = {
    "write": "files outside could be written",
    "read": "a file outside could be read",
    "tcp": "a TCP port of this machine could be reached",
    "udp": "a UDP port of this machine could be reached",
    "unix": "a socket file of this machine could be reached",
    "parent": "the environment of our process could be read",
}
VERSION_CANNOT = (
    (3, "truncating files outside that may be read"),
    (4, "TCP: every host and port can be reached"),
    (6, "signals to other processes of this user, its own supervisor among them"),
)
"""What Landlock holds only from a version on."""
LANDLOCK_CANNOT = (
    "other processes of this machine are seen (names, arguments), though not their memory or environment",
    "TCP is limited to the ports of our two proxies, on any host",
    "the workspace's .git/config and .git/hooks can be written",
    "modes, owners and times of files outside can be changed where this user owns them, and their names be seen",
    "System V memory and message queues are shared with other processes of this user",
    "priorities of other processes of this user can be changed",
)
WATCHED = "memory: it is watched every few seconds, not held (no control group may be made here)"
UNCOUNTED = "the number of processes: it is watched every few seconds, not held (no control group may be made here)"
NONE_CANNOT = (
    "everything this user can read, write, signal or reach",
    "processes that left the run's group before they were seen go on",
)
PROFILE = """abi <abi/4.0>,
include <tunables/global>
profile bwrap /usr/bin/bwrap flags=(unconfined) {
  userns,
  include if exists <local/bwrap>
}
"""
"""For /etc/apparmor.d/bwrap, where AppArmor keeps unprivileged programs from making user namespaces (Ubuntu 23.10 on).
Source: apparmor.d(5) and Ubuntu's own profiles for programs that need user namespaces."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """`held`: it ran inside and could do what it should; `open` names walls that did not hold."""

    held: bool
    open: tuple[str, ...]
    said: str


def test(level: Level) -> Probe:
    """One level, tried now."""
    if level is Level.NONE:
        return Probe(level=level, holds=True, cannot=NONE_CANNOT)
    if level is Level.BUBBLEWRAP:
        if shutil.which(boxes.BWRAP) is None:
            return Probe(
                level=level, holds=False, why="bubblewrap is not installed (Debian: apt-get install bubblewrap)"
            )
        found = _try(level)
        why = "" if found.held and not found.open else _why(found)
        return Probe(level=level, holds=not why, why=why, cannot=() if _grouped() else (WATCHED,))
    return _landlock()


def _grouped() -> bool:
    """A control group can be made here."""
    held = cgroup.make(Limits())
    if held is not None:
        held.close()
    return held is not None and held.memory


def _landlock() -> Probe:
    version = landlock.abi()
    if not version:
        why = "this kernel has no Landlock (5.13 has, unless it is left out of the kernel's lsm= list)"
        return Probe(level=Level.LANDLOCK, holds=False, why=why)
    found = _try(Level.LANDLOCK)
    cannot = [words for since, words in VERSION_CANNOT if version < since]
    cannot += [WALLS[wall] for wall in found.open if wall in ("tcp", "udp", "unix")]
    cannot += [] if _grouped() else [WATCHED, UNCOUNTED]
    bad = [wall for wall in found.open if wall not in ("tcp", "udp", "unix")]
    why = "" if found.held and not bad else _why(found)
    return Probe(level=Level.LANDLOCK, holds=not why, why=why, cannot=(*cannot, *LANDLOCK_CANNOT))


def _why(found: Found) -> str:
    if found.open:
        return "; ".join(WALLS[wall] for wall in found.open)
    return f"it did not start: {found.said or 'no answer'}{denied()}"


def denied(user: int | None = None, settings: Path = Path("/proc/sys")) -> str:
    """What keeps user namespaces from us here, and what mends it."""
    if (os.getuid() if user is None else user) == 0:
        return ""
    if _setting(settings / "kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "\nAppArmor keeps programs from making user namespaces. Allow it for bubblewrap alone: write this to "
            f"/etc/apparmor.d/bwrap and run `sudo apparmor_parser -r /etc/apparmor.d/bwrap`:\n{PROFILE}"
        )
    if _setting(settings / "kernel/unprivileged_userns_clone") == "0":
        return "\nUser namespaces are switched off: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if _setting(settings / "user/max_user_namespaces") == "0":
        return "\nUser namespaces are switched off: sudo sysctl -w user.max_user_namespaces=15000"
    return "\n(inside of a container its seccomp profile may refuse user namespaces)"


def _setting(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _try(level: Level) -> Found:
    with tempfile.TemporaryDirectory(prefix="agent-os-sandbox-") as folder, _canaries(Path(folder)) as canaries:
        root = Path(folder)
        for name in ("workspace", "home"):
            (root / name).mkdir()
        program = (boxes.python(), "-I", "-S", str(boxes.INSIDE / "attempt.py"))
        wish = Wish(workspace=root / "workspace", home=root / "home", program=program[0], limits=Limits(memory_mb=512))
        box = boxes.bubblewrapped(wish, -1) if level is Level.BUBBLEWRAP else boxes.landlocked(wish)
        lines: list[str] = []
        with contextlib.closing(box):
            try:
                done = process.stream(
                    box.wrap((*program, *canaries.words)),
                    cwd=wish.workspace,
                    env=process.clean_env({"HOME": str(wish.home)}),
                    on_line=lines.append,
                    wall_seconds=SECONDS,
                    silence_seconds=SECONDS,
                    pass_fds=box.pass_fds,
                    started=box.meter.begin,
                    interrupt=box.interrupt,
                )
            except process.CannotStart as error:
                return Found(held=False, open=(), said=str(error))
        broken = canaries.sung() | set(lines)
        open_walls = tuple(wall for wall in WALLS if wall in broken)
        return Found(held="inside" in lines and done.exit == 0, open=open_walls, said=" ".join(lines)[-300:])


@dataclass(frozen=True, kw_only=True)
class Canaries:
    """A secret, and listeners on one port (TCP and UDP) and on a socket file."""

    root: Path
    tcp: socket.socket
    udp: socket.socket
    file: socket.socket

    @property
    def words(self) -> tuple[str, ...]:
        port = self.tcp.getsockname()[1]
        return (str(self.root / "outside.txt"), str(self.root / "secret"), str(port), str(os.getpid()))

    def sung(self) -> set[str]:
        """The walls that something came through."""
        heard = select.select([self.tcp, self.udp, self.file], [], [], 0)[0]
        named = (("tcp", self.tcp), ("udp", self.udp), ("unix", self.file))
        return {name for name, each in named if each in heard} | (
            {"write"} if (self.root / "outside.txt").exists() else set()
        )


@contextlib.contextmanager
def _canaries(root: Path) -> Iterator[Canaries]:
    (root / "secret").write_text("canary")
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(tcp.getsockname())
        file = stack.enter_context(socket.socket(socket.AF_UNIX))
        file.bind(str(root / "secret.socket"))
        file.listen()
        yield Canaries(root=root, tcp=tcp, udp=udp, file=file)
