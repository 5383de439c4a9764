"""Twenty ready pull requests, one of which breaks the others: the merge train beside merging the same set one by one.

Each is green by itself; the culprit (its place is seeded, never the first, since whoever comes first breaks nothing) is
red together with any other. Somebody has pushed to the base, so all are behind. Both ways run in the same run against a
hub of their own, until every other one has landed. Counted is what the hub's CI started on the way: the runs that
landing waits for (on the branches of pull requests and of the train), and beside them those of the base branch itself,
one for each commit in both ways. Whether main was ever red is asked of every commit of it, by running CI's command on
its checkout: the hub cancels the run of a commit that is superseded at once.
"""

from __future__ import annotations

import math
import random
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proof import Report
from orchestrator.model.event import EventKind
from orchestrator.model.task import Folder
from tests.journeys.world import REPO, World, works

SEED = 20_261_126
PULLS = 20
CI = "test ! -f bad.txt || ! ls good-*.txt"
"""Red where the culprit's file stands beside any other's."""
TICKS = 120


@dataclass(frozen=True, kw_only=True)
class Ride:
    """What it took until all but the culprit had landed."""

    landed: int
    sent_back: bool
    """The culprit waits for its author, with the failed check as data."""
    runs: int
    """CI runs that landing waited for."""
    base_runs: int
    red: tuple[str, ...]
    """Commits of main on which CI's command fails."""
    trains: int
    splits: int
    """Further runs of the train that held the culprit, until it was found."""
    ticks: int
    crashes: tuple[str, ...]


def prove(report: Report) -> None:
    culprit = random.Random(SEED).randint(2, PULLS)
    with tempfile.TemporaryDirectory(prefix="train-") as scratch:
        single = ride(Path(scratch) / "single", PULLS, culprit, batch=1)
        train = ride(Path(scratch) / "train", PULLS, culprit, batch=PULLS)
    report.figures |= {
        "seed": SEED,
        "pull_requests": PULLS,
        "culprit": culprit,
        "runs_one_by_one": single.runs,
        "runs_with_the_train": train.runs,
        "runs_of_main_itself": [single.base_runs, train.base_runs],
        "trains": train.trains,
        "ticks": [single.ticks, train.ticks],
    }
    judge(report, single, PULLS)
    judge(report, train, PULLS)
    report.hold("further_runs_to_the_culprit", train.splits, at_most=math.ceil(math.log2(PULLS)))
    report.hold("share_of_runs", train.runs / single.runs, at_most=0.5)


def judge(report: Report, seen: Ride, pulls: int) -> None:
    """What holds of either way."""
    if seen.red:
        report.failures.append(f"main was red at {', '.join(seen.red)}")
    if seen.landed != pulls - 1 or not seen.sent_back:
        report.failures.append(f"{seen.landed} landed, the culprit was sent back: {seen.sent_back}")
    if seen.crashes:
        report.failures.append(f"crashes: {seen.crashes}")


def ride(folder: Path, pulls: int, culprit: int, *, batch: int) -> Ride:
    """All but the culprit landed, with trains of at most `batch`."""
    folder.mkdir()
    world = World(
        folder, ci={"test": CI}, verify="none", merge_batch=batch, max_open_pull_requests=0,
        top={"max_parallel_workers": 4},
    )  # fmt: skip
    try:
        _ready(world, pulls, culprit)
        before = _runs(world)
        ticks = 0
        while len(world.services.mailbox.ids(Folder.DONE)) < pulls - 1 and ticks < TICKS:
            world.monitor()
            world.ci()
            ticks += 1
        world.monitor()
        world.ci()
        return _seen(world, culprit, before, ticks)
    finally:
        world.close()


def _ready(world: World, pulls: int, culprit: int) -> None:
    paths = {n: "bad.txt" if n == culprit else f"good-{n}.txt" for n in range(1, pulls + 1)}
    world.play(*({"when": {"title": f"Task {n}!"}, "steps": works(path)} for n, path in paths.items()))
    for n in paths:
        world.issue(f"Task {n}!")
    world.dispatch()
    while len(world.services.mailbox.ids(Folder.REVIEW)) < pulls:
        world.work()
    world.ci()
    world.admin.push(REPO, "main", {"base.txt": "moved on\n"})
    world.ci()


def _seen(world: World, culprit: int, before: dict[str, int], ticks: int) -> Ride:
    after = _runs(world)
    made = {branch: n - before.get(branch, 0) for branch, n in after.items()}
    task = world.task(f"app-{culprit}")
    steps = [str(r.data["step"]) for r in world.events(EventKind.TRAIN)]
    return Ride(
        landed=len(world.services.mailbox.ids(Folder.DONE)),
        sent_back=world.place(task.id) == "inbox" and bool(task.failed_checks),
        runs=sum(n for branch, n in made.items() if branch != "main"),
        base_runs=made.get("main", 0),
        red=tuple(sha for sha in _main(world) if not _green(world, sha)),
        trains=steps.count("built"),
        splits=steps.count("split"),
        ticks=ticks,
        crashes=tuple(world.crashes()),
    )


def _runs(world: World) -> dict[str, int]:
    """Check runs that the hub's CI has started, by branch."""
    sql = "SELECT head_branch, COUNT(*) FROM check_runs JOIN check_suites ON check_suites.id=suite_id GROUP BY 1"
    return {str(branch): int(str(n)) for branch, n in world.admin.hub.db.tuples(sql)}


def _main(world: World) -> list[str]:
    return [commit.sha for commit in world.admin.log(REPO, "main")]


def _green(world: World, sha: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="train-main-") as checkout:
        bare = world.admin.hub.bare(world.admin.repository(REPO)).path
        work = ["git", f"--git-dir={bare}", f"--work-tree={checkout}"]
        env = {**world.env, "GIT_INDEX_FILE": f"{checkout}.index"}
        subprocess.run([*work, "read-tree", sha], env=env, check=True)
        subprocess.run([*work, "checkout-index", "-a"], env=env, check=True)
        Path(f"{checkout}.index").unlink()
        return subprocess.run(["sh", "-c", CI], cwd=checkout, check=False, capture_output=True).returncode == 0
