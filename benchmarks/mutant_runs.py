"""Runs the suite of the judging rooms against mutants: one process imports everything, forks once per mutant, and asks
in the child only the tests that run the changed lines, quick ones first, until one fails.

A mutant inside of a function replaces the function's code in place, so nothing is imported anew. What runs at import
(defaults, tables) is compiled in instead, in a fork of a process that has imported the libraries but no room of ours.

Tests that measure time have no say here: on a busy machine they would kill anything. A mutant that loops is ended by
its processor time, never by the clock on the wall, and counts as killed. Nothing is written into the tree.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import mutate
from benchmarks.mutant_tests import Covered, Ran, cold, hot, trace
from benchmarks.mutate import Mutant, Source

LEAST = 3.0
"""Seconds of processor time that every mutant gets; and FACTOR times what its tests took without it."""
FACTOR = 5.0
UNDECIDED = "undecided"
PATIENCE = 600.0
"""Seconds on the wall after which a run is given up and counts for nothing."""


def run(root: Path, sources: Sequence[Source], mutants: Sequence[Mutant], tests: Sequence[str], jobs: int) -> list[Ran]:
    """One answer per mutant. Raises RuntimeError when the tests do not pass without one."""
    by_file = {s.file: s for s in sources}
    traced: Covered = _forked(lambda: trace(root, tuple(by_file), tests))
    if traced.failed:
        raise RuntimeError(f"these fail without a mutant: {', '.join(traced.failed[:5])}")
    imported = [n for n, m in enumerate(mutants) if not m.function or traced.at_import_of(m)]
    inside = [n for n in range(len(mutants)) if n not in set(imported)]
    answers: dict[int, Ran] = _forked(
        lambda: hot(by_file, mutants, traced, tests, lambda kill: _each(inside, jobs, kill, traced, mutants))
    )
    # A changed function that no longer fits its place (a cell less) is judged the slow way.
    imported += [n for n in inside if answers[n].by.startswith(UNDECIDED)]
    answers |= _each(
        imported, jobs, lambda n: cold(root, by_file[mutants[n].file], mutants[n], traced), traced, mutants
    )
    return [answers[n] for n in range(len(mutants))]


def _forked(work: Callable[[], Any]) -> Any:
    """What `work` answers in a child of ours. Raises RuntimeError when it ends without an answer."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        with _ending(), os.fdopen(write, "wb") as out:
            pickle.dump(work(), out)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        data = told.read()
    _, status = os.waitpid(pid, 0)
    if status or not data:
        raise RuntimeError(f"a run of the tests ended with {os.waitstatus_to_exitcode(status)}")
    return pickle.loads(data)


@contextlib.contextmanager
def _ending() -> Iterator[None]:
    """A child's whole life: it never comes back, and says on standard error what went wrong."""
    code = 1
    try:
        yield
        code = 0
    except BaseException:  # noqa: BLE001 - nobody above this child hears of it
        traceback.print_exc()
    finally:
        os._exit(code)


def _each(
    numbers: Sequence[int], jobs: int, kill: Callable[[int], Ran], traced: Covered, mutants: Sequence[Mutant]
) -> dict[int, Ran]:
    """`kill` for each, in a child of its own, so many at once."""
    waiting, answers = list(reversed(numbers)), dict[int, Ran]()
    running: dict[int, tuple[int, int, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            n = waiting.pop()
            read, write = os.pipe()
            if not (pid := os.fork()):
                os.close(read)
                with _ending():
                    _bounded(sum(traced.seconds[t] for t in traced.of(mutants[n], everything=False)))
                    try:
                        ran = kill(n)
                    except Exception as error:  # noqa: BLE001 - the harness broke, not the mutant: it is told apart
                        ran = Ran(killed=False, by=f"{UNDECIDED}: {type(error).__name__}: {error}")
                    os.write(write, json.dumps([ran.killed, ran.by[:1000]]).encode())
            os.close(write)
            running[pid] = (n, read, time.monotonic())
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid in running:
            n, told, _ = running.pop(pid)
            answers[n] = _told(told, status)
            if not answers[n].killed:
                os.write(2, f"survives: {mutants[n].name}: {answers[n].by}\n".encode())
            elif len(answers) % 100 == 0:
                os.write(2, f"{len(answers)} of {len(numbers)}\n".encode())
        elif not pid:
            time.sleep(0.002)
            for late in [p for p, (_, _, began) in running.items() if time.monotonic() - began > PATIENCE]:
                os.kill(late, signal.SIGTERM)
    return answers


def _told(read: int, status: int) -> Ran:
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    if data:
        killed, by = json.loads(data)
        return Ran(killed=killed, by=by)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU:
        return Ran(killed=True, by="it loops")
    if code == -signal.SIGSEGV:
        return Ran(killed=True, by="it crashes")
    return Ran(killed=False, by=f"{UNDECIDED}: the run ended with {code}")


def _bounded(usual: float) -> None:
    """This child ends when it has used far more of a processor, or of memory, than the tests do."""
    most = int(time.process_time() + LEAST + FACTOR * usual)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)


def main() -> None:
    """SEED MOST JOBS FILES... -- TESTS...: of each mutant, or of a seeded sample of MOST, one JSON line."""
    seed, most, jobs = (int(word) for word in sys.argv[1:4])
    at = sys.argv.index("--")
    root = Path.cwd()
    known = mutate.enums(root / "orchestrator")
    sources = [mutate.read(root, file, known) for file in sys.argv[4:at]]
    every = [m for s in sources for m in s.mutants]
    chosen = sorted(random.Random(seed).sample(range(len(every)), min(most, len(every))))
    picked = [every[n] for n in chosen]
    for mutant, ran in zip(picked, run(root, sources, picked, sys.argv[at + 1 :], jobs), strict=True):
        line = {"file": mutant.file, "line": mutant.line, "what": mutant.what, "killed": ran.killed, "by": ran.by}
        print(json.dumps(line | {"of": len(every)}), flush=True)


if __name__ == "__main__":
    main()
