"""`bin/prove evidence-guard`, nearly whole: all its addresses, and its files but the 100 MB."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.evidence_cases import DEFENCES, cases
from benchmarks.evidence_files import played
from benchmarks.proof import Report
from benchmarks.proofs import evidence_guard
from orchestrator.sources import Unread


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[evidence_guard.Shown], int]:
    return evidence_guard.attack(tmp_path_factory.mktemp("stage"), cases())


def test_no_hostile_address_reaches_the_canary(attacked: tuple[list[evidence_guard.Shown], int]) -> None:
    shown, hits = attacked
    assert [s.case.name for s in shown if s.touched] == []
    assert hits == 0
    wrong = [(s.case.name, s.said) for s in shown if isinstance(s.said, Unread) is s.case.reads]
    assert wrong == [], "the hostile ones are unread, the honest part of the others is read"


def test_each_would_with_its_defences_off(attacked: tuple[list[evidence_guard.Shown], int]) -> None:
    shown, _ = attacked
    assert [s.case.name for s in shown if s.case.off and not s.hit] == []
    alone = {s.case.off[0] for s in shown if len(s.case.off) == 1}
    assert alone == set(DEFENCES), "each defence is the only one in the way of something"
    report = Report()
    evidence_guard.addresses(report, *attacked)
    assert report.holds
    assert len({s.case.name for s in shown}) == len(shown) >= 140


def test_hostile_files_are_refused_at_once_and_the_run_goes_on(tmp_path: Path) -> None:
    refusals = played(tmp_path, large=3_000_000)
    assert [r for r in refusals if not r.refused] == []
    assert [r.name for r in refusals if not r.went_on] == []
    assert [(r.name, r.seconds) for r in refusals if r.seconds > 3] == [], "the proof says 1 s, on a quiet machine"
