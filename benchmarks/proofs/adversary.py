"""500 seeded schedules of an adversary between any two calls that we make to GitHub, from the claim to the merge.

Three tasks by agents (the third of high risk, so that it waits for a person) are reviewed, approved and landed one by
one or by the merge train, in half of the schedules under a branch protection that our account could pass by. At calls
chosen by the seed, before or after they are served, people push, force, edit, label, review, dismiss, close, retarget,
delete and merge; checks flip and are forged; permissions go; answers are lost; and the host itself lands a wrong tree.
An observer that shares no code with the program (benchmarks/adversary/observer.py) then judges every merge of ours.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.adversary import acts, observer, plot
from benchmarks.adversary.observer import Finding
from benchmarks.adversary.stage import Stage, play
from benchmarks.proof import Report

SEED = 20_261_126
SCHEDULES = 500
PROCESSES = 2


@dataclass(frozen=True, kw_only=True)
class Played:
    """One schedule and what the observer made of it."""

    seed: int
    sort: str
    acts: tuple[tuple[str, int], ...]
    calls: int
    finding: Finding
    crashes: tuple[str, ...]


def prove(report: Report) -> None:
    seeds = range(SEED, SEED + SCHEDULES)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        parts = pool.map(quietly, [tuple(seeds[n::PROCESSES]) for n in range(PROCESSES)])
        judge(report, [played for part in parts for played in part])


def quietly(seeds: Sequence[int]) -> list[Played]:
    """In a process of its own: what the roles say of failed calls is expected here."""
    sys.stderr.flush()
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    with scratch_folder() as scratch:
        return schedules(Path(scratch), seeds)


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """In memory where there is such a place: every write of ours is synced, and no power fails here."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix="adversary-", dir=memory if os.access(memory, os.W_OK) else None)


def schedules(folder: Path, seeds: Iterable[int], *, until_wrong: bool = False) -> list[Played]:
    """Plays them one after the other; with `until_wrong` stops behind the first that shows a wrong merge."""
    stage = Stage(folder / "stage")
    played: list[Played] = []
    with plot.watching(lambda: stage.adversary):
        for seed in seeds:
            world, adversary, sort = play(stage, seed)
            with contextlib.closing(stage):
                played.append(
                    Played(
                        seed=seed, sort=sort.name, acts=tuple(adversary.scene.done.items()), calls=adversary.calls,
                        finding=observer.judge(world, adversary, sort), crashes=tuple(world.crashes()),
                    )
                )  # fmt: skip
            if until_wrong and played[-1].finding.wrong:
                break
    return played


def judge(report: Report, played: Sequence[Played]) -> None:
    found = [p.finding for p in played]
    done: Counter[str] = Counter()
    for p in played:
        done.update(dict(p.acts))
    planted, detected = sum(f.planted for f in found), sum(f.detected for f in found)
    report.figures |= {
        "seed": played[0].seed,
        "schedules": len(played),
        "by_sort": dict(Counter(p.sort for p in played)),
        "calls": sum(p.calls for p in played),
        "acts": {kind: done[kind] for kind in acts.KINDS if kind != acts.WRONG_TREE},
        "merges": sum(f.merges for f in found),
        "merges_by_people": sum(f.by_people for f in found),
        "merges_refused_by_the_host": sum(f.refused for f in found),
        "pull_requests_held": sum(f.held for f in found),
        "alerts_of_a_base_that_moved": sum(f.moved for f in found),
        "wrong_trees_planted": planted,
        "of_them_on_another_branch": sum(f.elsewhere for f in found),
    }
    report.hold("wrong_merges", sum(len(f.wrong) for f in found), at_most=0)
    report.hold("wrong_trees_detected", detected, at_least=planted)
    report.hold("lost_or_doubled", sum(len(f.lost) for f in found), at_most=0)
    report.hold("most_calls_between_look_and_merge", max(f.window for f in found), at_most=20)
    report.failures += [f"schedule {p.seed} ({p.sort}): {why}" for p in played for why in p.finding.wrong]
    report.failures += [f"schedule {p.seed} ({p.sort}): {why}" for p in played for why in p.finding.lost]
    strange = [c for p in played for c in p.crashes if not c.startswith(EXPECTED)]
    report.failures += [f"crash: {c}" for c in dict.fromkeys(strange)]


EXPECTED = (
    "Unavailable:", "GitUnreachable:", "Forbidden:", "NotFound:", "Unsettled:",
    "GitError: git push: remote: Permission",
)  # fmt: skip
"""What a tick ends with, and is tried again, when the line or a permission fails under it."""


def main() -> None:
    """`python -m benchmarks.proofs.adversary FIRST LAST`: those schedules alone, one line each."""
    first, last = (int(word) for word in sys.argv[1:3])
    with scratch_folder() as scratch:
        for seed in range(first, last + 1):
            began = time.monotonic()
            folder = Path(scratch) / str(seed)
            print(schedules(folder, [seed])[0], round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
