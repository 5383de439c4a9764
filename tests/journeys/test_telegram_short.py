"""The short form of `bin/prove telegram`: one death, a few hostile texts."""

from __future__ import annotations

from benchmarks.proof import Report
from benchmarks.proofs import telegram


def test_alerts_over_a_death_and_hostile_texts_under_faults_are_each_told_once() -> None:
    report = Report()
    with telegram.installation() as (world, pager):
        telegram.alerts(report, world, pager, deaths=(4,))
        telegram.hostile(report, world, pager, 10)
    assert report.failures == []
    assert report.figures["hostile_texts"] == 10
