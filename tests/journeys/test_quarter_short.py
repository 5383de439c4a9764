"""The short form of `bin/prove quarter`: three weeks of one seed, with nothing but what was measured to learn from."""

from __future__ import annotations

from pathlib import Path

from benchmarks.quarter import judging
from benchmarks.quarter.stage import Stage


def test_in_three_weeks_plans_turn_to_what_pays_and_nothing_is_left_without_its_verdict(tmp_path: Path) -> None:
    stage = Stage(folder=tmp_path / "w", seed=20_261_126, weeks=3)
    try:
        stage.play()
        seen = judging.look(stage)
    finally:
        stage.close()

    pays, hurts = seen.share(slice(2, 3))
    assert pays >= 0.6
    assert hurts == 0
    assert seen.filed > 0
    assert seen.merged > seen.of_its_own
    assert (seen.without_verdict, seen.without_evidence, seen.twice, seen.crashes) == ((), (), (), ())
