"""An agent that obeys an attacker tries every way out that we know; each is judged by what is seen from outside.

The same list runs three times: under bubblewrap (nothing may succeed), with the defence off (everything must, or the
check could not fail), and under Landlock (what it cannot hold must be what is said beforehand). Then the program's own
git goes through every verb over workspaces full of planted code. Traffic stays on loopback: the cloud's metadata
service is a stand-in there. Where this machine cannot confine, that is not proven.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proof import Report
from orchestrator import sandbox
from orchestrator.model.confinement import Level, Limits
from orchestrator.sandbox.meter import Meter
from tests.rooms import gitting, test_git_hostile
from tests.rooms.gitting import sh
from tests.security import hostile, ways

ALONE = ("memory",)
"""Run last and by itself: the kernel may kill the whole group for it."""
STATED = {
    "proc_cmdline": "arguments",
    "git_config": ".git/config",
    "git_hook": ".git/hooks",
    "git_replaced": ".git/config",
    "mode_outside": "modes",
    "system_v_memory": "System V",
    "priority_of_parent": "priorities",
    "memory": "memory: it is watched",
    "fork_bomb": "the number of processes",
    "signal_parent": "signals",
    "signal_by_pidfd": "signals",
    "abstract_socket": "a socket file",
    "tcp": "TCP",
    "cloud_metadata": "TCP",
    "tcp_fast_open": "TCP",
}
"""For what Landlock may not hold: a word of the sentence in which the self-test says so."""
PROCESSES, THREADS = 5, 20
"""Of one run whose meter is measured: as a large CLI has them."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    names: tuple[str, ...]
    out: tuple[str, ...]
    seconds: float


def prove(report: Report) -> None:
    probes = {p.level: p for p in sandbox.probe()}
    off = _tried(Level.NONE)
    report.hold("ways", len(off.names), at_least=40)
    report.figures["as_root"] = os.getuid() == 0
    report.figures["succeeded_with_defence_off"] = len(off.out)
    if missed := sorted(set(off.names) - set(off.out)):
        report.failures.append(f"with the defence off these do not succeed, so their check could not fail: {missed}")
    if probes[Level.BUBBLEWRAP].holds:
        boxed = _tried(Level.BUBBLEWRAP)
        watched = [name for name in boxed.out if STATED.get(name, "\0") in " ".join(probes[Level.BUBBLEWRAP].cannot)]
        report.hold("succeeded_under_bubblewrap", len(boxed.out) - len(watched), at_most=0)
        report.not_proven += [f"{name} is held: {probes[Level.BUBBLEWRAP].cannot}" for name in watched]
        report.figures["seconds_under_bubblewrap"] = round(boxed.seconds, 1)
        if set(boxed.out) - set(watched) or boxed.names != off.names:
            report.failures.append(f"under bubblewrap: {boxed.out}, tried {len(boxed.names)}")
    else:
        report.not_proven.append(f"bubblewrap: {probes[Level.BUBBLEWRAP].why}")
    if probes[Level.LANDLOCK].holds:
        _landlock(report, probes[Level.LANDLOCK].cannot)
    else:
        report.not_proven.append(f"landlock: {probes[Level.LANDLOCK].why}")
    _git(report)
    report.figures |= _meter()


def _tried(level: Level) -> Tried:
    names = [n for n in hostile.WAYS if n not in (*ALONE, *hostile.LAST)] + list(hostile.LAST)
    with tempfile.TemporaryDirectory(prefix="ways-") as folder, ways.world(Path(folder)) as world:
        began = time.monotonic()
        said = world.run(level, *names)
        out = world.succeeded(said)
        for name in ALONE:
            answer = world.run(level, name)
            said |= answer if name in answer else {name: "killed"}
            out += world.succeeded(answer)
        return Tried(names=tuple(sorted(said)), out=tuple(out), seconds=time.monotonic() - began)


def _landlock(report: Report, cannot: tuple[str, ...]) -> None:
    tried = _tried(Level.LANDLOCK)
    words = " ".join(cannot)
    unsaid = [name for name in tried.out if STATED.get(name, "\0") not in words]
    report.figures |= {"landlock_holds": len(tried.names) - len(tried.out), "landlock_cannot": sorted(tried.out)}
    report.hold("landlock_lost_without_saying_so", len(unsaid), at_most=0)
    if unsaid:
        report.failures.append(f"Landlock did not hold, and does not say so: {unsaid}")


def _git(report: Report) -> None:
    """Planted hooks, filters, drivers, helpers: alive for a person's git, dead for ours."""
    alive = executed = 0
    for vector in test_git_hostile.VECTORS:
        for ours in (False, True):
            with tempfile.TemporaryDirectory(prefix="planted-") as folder:
                plant = _plant(Path(folder))
                vector(plant)
                plant.canary.unlink(missing_ok=True)
                if ours:
                    _our_verbs(plant)
                    executed += plant.canary.exists()
                else:
                    _naive_verbs(plant)
                    alive += plant.canary.exists()
    report.figures |= {"git_verbs_of_ours": 14, "git_vectors": len(test_git_hostile.VECTORS)}
    report.hold("git_vectors_that_run_for_a_naive_git", alive, at_least=len(test_git_hostile.VECTORS))
    report.hold("git_vectors_that_run_for_ours", executed, at_most=0)


def _plant(root: Path) -> test_git_hostile.Plant:
    world = gitting.make_world(root)
    head = sh(world.person, "rev-parse", "HEAD")
    sh(world.person, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    (world.person / ".gitmodules").write_text('[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n')
    sh(world.person, "add", ".gitmodules")
    sh(world.person, "commit", "-q", "-m", "a submodule")
    sh(world.person, "push", "-q", "origin", "trunk")
    world.repo.fetch()
    workspace = world.opened()
    (workspace / "README.md").write_text("changed by the agent\n")
    return test_git_hostile.Plant(world=world, ws=workspace, canary=root / "canary")


def _naive_verbs(plant: test_git_hostile.Plant) -> None:
    args, env = (
        ["timeout", "-k", "1", "10", "sh", "-c", test_git_hostile.NAIVE],
        {**gitting.ENV, "GIT_TERMINAL_PROMPT": "0"},
    )
    subprocess.run(args, cwd=plant.ws, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=15)


def _our_verbs(plant: test_git_hostile.Plant) -> None:
    repo = plant.world.repo
    base = repo.head("trunk")
    assert base is not None
    repo.open_workspace("web-1", start=base, branch="agent/web-1")
    snapshot = repo.snapshot("web-1")
    repo.still("web-1")
    changes = repo.changes(base, snapshot.tree)
    repo.neighbours(snapshot.tree, changes)
    repo.patch(base, snapshot.tree)
    sha = repo.commit("web-1", snapshot.tree, (base,), gitting.public("work"), gitting.AT)
    repo.push("agent/web-1", sha, expect=None)
    theirs = plant.world.push_by_person("trunk", "README.md", "a person's line\n")
    repo.fetch()
    repo.merge_tree(theirs, sha)
    repo.conflicted(theirs, sha, "web-1")
    repo.log_authors(base, theirs)
    repo.export(sha, plant.world.root / "out")
    repo.close_workspace("web-1")
    repo.delete_branch("agent/web-1", sha)


def _meter() -> dict[str, object]:
    """What fifty meters cost, of one core: one look every two seconds each."""
    sleeping = f"import threading as t, time\nfor _ in range({THREADS - 1}):"
    sleeping += " t.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    code = f"import subprocess, sys\nc = {sleeping + 'time.sleep(60)'!r}\n"
    code += f"ps = [subprocess.Popen([sys.executable, '-I', '-c', c]) for _ in range({PROCESSES - 1})]\n"
    code += sleeping + "time.sleep(2); print(1, flush=True); sys.stdin.read()\nfor p in ps: p.kill(); p.wait()"
    with subprocess.Popen([sys.executable, "-I", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        meter = Meter(limits=Limits(), paths=())
        meter.begin(program.pid)
        began = time.process_time()
        for _ in range(300):
            meter.over()
        look = (time.process_time() - began) / 300
        seen = len(meter.known)
    return {"meter_processes_seen": seen, "fifty_meters_percent_of_a_core": round(look * 50 / 2 * 100, 2)}
