"""The real cron daemon runs the installed crontab for five minutes: issues set Ready are merged, no role overlaps.

A clone of this checkout is the installation, so that the lines are those of its own wrappers; the embedded GitHub runs
beside. A job of a person stands in the crontab before. One tick is made slower than its minute, so that the next comes
while it is still at work. Afterwards: `crontab remove`, the crontab as it was, no process left. The machine's own
crontab is kept aside and put back byte for byte.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import processes
from benchmarks.proof import Report
from orchestrator.roles import ROLES
from tests.journeys.world import REPO, World

ROOT = Path(__file__).resolve().parents[2]
REPOS = (REPO, "ada/two", "ada/three")
"""One issue each: of one repository only one is landed by each look of the monitor."""
SECONDS = 300.0
MOST_SECONDS = 720.0
"""The monitor comes every five minutes: who misses one is landed by the next."""
SLOW, SLOW_ANSWERS = 25.0, 4
"""Seconds that each of the first answers takes: a tick that asks three times is not over within its minute."""
THEIRS = "# a person's own \t\n17 3 * * 7 /usr/bin/true 100\\%  # weekly\n"
TICK = re.compile(r"-m orchestrator tick (\w+)")


@dataclass
class Seen:
    """What stood in the process table while cron was at work."""

    most: Counter[str] = field(default_factory=Counter)
    """Most ticks of a role that were at work at once."""
    looks: int = 0
    peak_mb: float = 0.0
    """Most memory of all that cron had started, and of the hub's own git programs (proportional)."""

    def look(self, daemon: int, scratch: Path) -> None:
        table = processes.running()
        mine = processes.tree([daemon], table) - {daemon}
        now = Counter(
            found[1] for pid in mine if (found := TICK.search(table[pid].command)) and "flock" not in table[pid].command
        )
        for role, count in now.items():
            self.most[role] = max(self.most[role], count)
        self.looks += 1
        if self.looks % 4 == 0:
            self.peak_mb = max(self.peak_mb, processes.pss_mb(mine | set(processes.of(scratch))))


def prove(report: Report) -> None:
    if os.getuid() != 0 or not (shutil.which("cron") and shutil.which("crontab")):
        report.not_proven.append("no cron daemon that we may start (root, and Debian's package cron)")
        return
    if any(p.command.split()[:1] in (["cron"], ["/usr/sbin/cron"]) for p in processes.running().values()):
        report.not_proven.append("a cron daemon runs here already; this proof starts its own")
        return
    before = _read()
    with tempfile.TemporaryDirectory(prefix="agent-os-cron-") as scratch, own_crontab():
        _write(THEIRS)
        world = staged(Path(scratch))
        try:
            _played(report, world, Path(scratch))
        finally:
            world.close()
    report.hold("machines_crontab_put_back", int(_read() == before), at_least=1)


@contextlib.contextmanager
def own_crontab() -> Iterator[None]:
    """The person's crontab, put back byte for byte whatever happens."""
    before = _read()
    try:
        yield
    finally:
        if before is None:
            subprocess.run(["crontab", "-r"], capture_output=True, check=False)
        else:
            _write(before)


def staged(scratch: Path) -> World:
    """The hub with issues set Ready, and a clone of this checkout that shares our packages."""
    world = World(scratch, more_repos=REPOS[1:], ci={"test": "sh check.sh"}, top={"min_free_memory_mb": 64})
    token = scratch / "token"
    token.write_text(world.token)
    token.chmod(0o600)
    world.config["github"] = {"url": world.hub.url, "token_file": str(token), "settle_seconds": 0}
    world.build()
    for repo in REPOS:
        world.issue("Add new.txt", repo=repo)
    checkout = scratch / "checkout"
    subprocess.run(["git", "clone", "--quiet", "--local", str(ROOT), str(checkout)], check=True)
    # The role that takes in new versions has none to take here.
    subprocess.run(["git", "-C", str(checkout), "remote", "remove", "origin"], check=True)
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    return world


def _played(report: Report, world: World, scratch: Path) -> None:
    checkout = scratch / "checkout"
    env = {
        "PATH": os.environ["PATH"], "HOME": str(scratch), "ORCH_ROOT": str(scratch),
        "AGENT_OS_CONFIG": str(scratch / "config.yaml"), "AGENT_OS_CLOCK": str(world.clock.file),
    }  # fmt: skip
    _types(checkout, env, "crontab", "install")
    installed = _read() or ""
    report.hold("lines_installed", installed.count(f"{checkout}/bin/run_"), at_least=len(ROLES))
    if not installed.startswith(THEIRS):
        report.failures.append("the person's own lines were changed by the installation")
    if world.token in installed:
        report.failures.append("the token stands in the crontab")
    world.hub.faults.add({"path": "graphql", "times": SLOW_ANSWERS}, {"latency": SLOW})
    seen, passed = _watched(world)
    report.figures["seconds_under_cron"] = round(passed)
    _types(checkout, env, "crontab", "remove")
    report.hold("crontab_as_before", int(_read() == THEIRS), at_least=1)
    _judged(report, world, scratch, seen)


def _watched(world: World) -> tuple[Seen, float]:
    """The daemon in the foreground, ended by its id; what it started is let come to its end."""
    seen = Seen()
    began = time.monotonic()
    daemon = subprocess.Popen(["cron", "-f"], stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while (passed := time.monotonic() - began) < MOST_SECONDS:
            if passed >= SECONDS and world.places() == {"done": len(REPOS)}:
                break
            seen.look(daemon.pid, world.tmp)
            time.sleep(0.25)
        left = time.monotonic() + 90
        while time.monotonic() < left and len(processes.tree([daemon.pid], processes.running())) > 1:
            time.sleep(0.25)
    finally:
        daemon.terminate()
        daemon.wait(10)
    return seen, time.monotonic() - began


def _judged(report: Report, world: World, scratch: Path, seen: Seen) -> None:
    landed = [repo for repo in REPOS if any(pull["merged"] for pull in world.pulls(repo))]
    report.hold("issues_merged", len(landed), at_least=len(REPOS))
    report.hold("files_on_main", sum(world.has_file("new.txt", repo=repo) for repo in REPOS), at_least=len(REPOS))
    report.figures["looks_at_the_process_table"] = seen.looks
    report.hold("most_ticks_of_one_role_at_once", max(seen.most.values(), default=0), at_most=1, at_least=1)
    logs = {role: _log(scratch, role) for role in ROLES}
    every_minute = [role for role, module in ROLES.items() if module.EVERY == "* * * * *"]
    report.figures["starts"] = {role: text.count(f"{role} start") for role, text in logs.items()}
    report.hold(
        "fewest_starts_of_a_role_of_each_minute", min(logs[r].count(" start\n") for r in every_minute), at_least=4
    )
    skipped = sum(text.count("still running; skipped") for text in logs.values())
    report.hold("ticks_skipped_as_one_was_still_running", skipped, at_least=1)
    report.hold("tracebacks_in_logs", sum(text.count("Traceback") for text in logs.values()), at_most=0)
    report.hold("crashes", len(world.crashes()), at_most=0)
    report.figures["peak_memory_under_cron_mb"] = round(seen.peak_mb)
    left = {pid: words for pid, words in processes.of(scratch).items() if "git-http" not in words}
    report.hold("processes_left", len(left), at_most=0)
    report.failures += [f"left running: {pid} {words}" for pid, words in left.items()]
    report.failures += world.crashes()[:3]


def _log(scratch: Path, role: str) -> str:
    file = scratch / "runtime" / "logs" / f"{role}.log"
    return file.read_text(errors="replace") if file.exists() else ""


def _types(checkout: Path, env: Mapping[str, str], *words: str) -> None:
    """A command of the installed program. Raises CalledProcessError."""
    command = [sys.executable, "-m", "orchestrator", *words]
    subprocess.run(command, cwd=checkout, env=dict(env), check=True, capture_output=True, timeout=60)


def _read() -> str | None:
    done = subprocess.run(["crontab", "-l"], capture_output=True, check=False)
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def _write(whole: str) -> None:
    data = whole.encode("utf-8", "surrogateescape")
    subprocess.run(["crontab", "-"], input=data, check=True, capture_output=True)
