"""Thirteen weeks, three repositories, ten seeds: does what pays get built, and what hurts stop?

The exporter makes one area of work pay and another hurt; the planner's model says nothing of use (in half of the seeds
its asks fail, in the others it is neutral), so a shift can only come from what was measured. Beside them the exporter's
sign is turned round (the shift must turn, too), and attribution is switched off (it must be gone).
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.proof import Report
from benchmarks.quarter import judging, plot
from benchmarks.quarter.judging import Seen
from benchmarks.quarter.stage import WEEKS, Stage

SEED = 20_261_126
SEEDS = 10
SHORT = 9
"""Weeks of the quarters that are turned round or not measured: they turn in three."""
OTHERS = 2
"""Seeds with the sign turned round, and with attribution off."""
LEAN = 0.3
"""By so much the late choices must lean towards what pays, in every seed: a third of them moved over."""
GONE = 0.25
"""Without attribution the mean over the seeds stays within this of no lean at all."""
ZONE = "Europe/Berlin"
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A file system in memory: what is shown here is what is chosen, not how safely it is written."""


def prove(report: Report) -> None:
    wanted = [("pays", SEED + n, 1, True, WEEKS) for n in range(SEEDS)]
    wanted += [("turned", SEED + n, -1, True, SHORT) for n in range(OTHERS)]
    wanted += [("off", SEED + n, 1, False, SHORT) for n in range(OTHERS)]
    began = time.monotonic()
    with ProcessPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        results = list(pool.map(one, [w[1:] for w in wanted]))
    seen = {name: [r for w, r in zip(wanted, results) if w[0] == name] for name in ("pays", "turned", "off")}
    report.figures |= {"seed": SEED, "weeks": WEEKS, "seconds_played": round(time.monotonic() - began, 1)}
    leans(report, seen)
    sound(report, results)
    plot.draw(seen, Path("docs") / "quarter.png")
    print(plot.table(seen))


def one(wanted: tuple[int, int, bool, int]) -> Seen:
    """One quarter, in a process of its own and in a time zone whose clocks change in it."""
    seed, sign, attribution, weeks = wanted
    os.environ["TZ"] = ZONE
    time.tzset()
    with tempfile.TemporaryDirectory(prefix="quarter-", dir=_MEMORY) as folder:
        stage = Stage(
            folder=Path(folder) / "w", seed=seed, sign=sign, attribution=attribution, weeks=weeks,
            asks=("neutral", "fail")[seed % 2],
        )  # fmt: skip
        try:
            stage.play()
            return judging.look(stage)
        finally:
            stage.close()


def leans(report: Report, seen: dict[str, list[Seen]]) -> None:
    """The late choices lean to what pays, against it when it hurts, and nowhere when nothing is measured."""
    pays, turned, off = ([s.lean for s in seen[name]] for name in ("pays", "turned", "off"))
    report.figures |= {"leans": _round(pays), "leans_turned": _round(turned), "leans_off": _round(off)}
    report.hold("least_lean", min(pays), at_least=LEAN)
    report.hold("least_lean_turned", -max(turned), at_least=LEAN)
    report.hold("mean_lean_off", abs(statistics.fmean(off)), at_most=GONE)
    rises = [statistics.fmean(s.rewards) - statistics.fmean(s.early_rewards) for s in seen["pays"] if s.told]
    report.hold("seeds_whose_reward_rose", sum(r > 0 for r in rises), at_least=math.ceil(0.9 * len(seen["pays"])))
    early = [x for s in seen["pays"] for x in s.early_rewards]
    late = [x for s in seen["pays"] for x in s.rewards]
    report.figures["mean_reward_early_late"] = [round(statistics.fmean(x), 4) for x in (early, late) if x]


def sound(report: Report, results: Sequence[Seen]) -> None:
    """What holds of every quarter, whatever was chosen."""
    report.figures["merged"] = sum(s.merged for s in results)
    report.figures["filed_by_the_program"] = sum(s.filed for s in results)
    if not any(s.filed for s in results):
        report.failures.append("the program filed nothing: its evidence and duplicates were not tried")
    for name in ("without_verdict", "without_evidence", "twice", "cadence", "crashes"):
        found = [f"seed {s.seed}: {x}" for s in results for x in getattr(s, name)]
        report.figures[name] = len(found)
        report.failures += found[:5]


def _round(values: Sequence[float]) -> list[float]:
    return [round(v, 2) for v in values]
