"""Hostile addresses and files against the evidence sources: nothing reaches the canary, nothing holds the run up.

Each case runs with every defence on, and again with those off that it names: then it has to hit, else it shows nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.evidence_cases import DEFENCES, Case, cases
from benchmarks.evidence_files import Refusal, played
from benchmarks.evidence_off import off
from benchmarks.evidence_stage import Stage, staged
from benchmarks.proof import Report
from orchestrator.sources import web
from orchestrator.sources.rules import Read, Rules, Unread

SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Shown:
    case: Case
    touched: tuple[str, ...]
    """Connections to the canary with every defence on."""
    said: Read | Unread
    hit: bool
    """Did it hit with its defences off?"""


def prove(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="evidence-guard-") as folder:
        shown, hits = attack(Path(folder), cases())
        addresses(report, shown, hits)
        files(report, played(Path(folder) / "files", large=100_000_000))


def attack(folder: Path, listed: Sequence[Case]) -> tuple[list[Shown], int]:
    """(each case, connections the canary took while every defence was on)."""
    with staged(folder) as stage:
        calm = [(case, *_fired(stage, case)) for case in listed]
        hits = stage.settled()
        return [Shown(case=c, said=said, touched=touched, hit=_hits(stage, c)) for c, said, touched in calm], hits


def _fired(stage: Stage, case: Case) -> tuple[Read | Unread, tuple[str, ...]]:
    stage.set(case.dns, case.plays)
    said = web.read(case.url, Rules(hosts=case.hosts, seconds=SECONDS), stage.net)
    return said, tuple(stage.touched)


def _hits(stage: Stage, case: Case) -> bool:
    if not case.off:
        return False
    before = len(stage.taken)
    with off(*case.off):
        _fired(stage, case)
    return stage.settled(before + 1) > before


def addresses(report: Report, shown: Sequence[Shown], hits: int) -> None:
    report.figures["seed"] = "none: every case runs"
    report.hold("hostile_addresses", sum(bool(s.case.off) for s in shown), at_least=40)
    report.hold("canary_hits", hits, at_most=0)
    report.hold("hit_with_defences_off", sum(s.hit for s in shown), at_least=sum(bool(s.case.off) for s in shown))
    for name in DEFENCES:
        alone = sum(s.hit for s in shown if s.case.off == (name,))
        report.hold(f"only_{name}_stops", alone, at_least=1)
    for each in shown:
        if each.touched:
            report.failures.append(f"{each.case.name}: reached {', '.join(each.touched)}")
        if isinstance(each.said, Read) is not each.case.reads:
            report.failures.append(f"{each.case.name}: {each.said}")
        if each.case.off and not each.hit:
            report.failures.append(f"{each.case.name}: no hit without {', '.join(each.case.off)}; it shows nothing")


def files(report: Report, refusals: Sequence[Refusal]) -> None:
    report.hold("hostile_files", len(refusals), at_least=20)
    report.hold("slowest_refusal_s", max(r.seconds for r in refusals), at_most=1.0)
    report.figures["slowest"] = max(refusals, key=lambda r: r.seconds).name
    report.hold("honest_read_after_each", sum(r.went_on for r in refusals), at_least=len(refusals))
    report.failures += [f"{r.name}: {r.said}" for r in refusals if not r.refused]
