"""The real agent programs against the model stub: each program in each of its scenarios is understood.

A cell is wrong when its failure class, its quota's reset time, its usage or its artefact is another than the stub's
scenario makes it, when a request passed by our proxy, or when the provider's key reached the program. That no class is
decided by wording is shown on the recordings, which the default gate replays without a word for people in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.proof import Report
from orchestrator import sandbox
from orchestrator.agents import AGENTS
from orchestrator.agents.versions import TESTED
from orchestrator.model.confinement import Level
from tests.contract.agents.harness import Judged, table
from tests.contract.agents.install import CannotInstall, install
from tests.contract.agents.scenarios import FIRST, OTHERS, of

CONFINED = ("ok", "resume")
"""Scenarios run inside of bubblewrap too."""


def prove(report: Report) -> None:
    ready = tuple(_ready(report))
    wanted = [(name, scenario.name) for name in ready for scenario in of(name)]
    judged = _table(wanted, "none")
    report.hold("cells", len(judged), at_least=len(FIRST) * len(of(FIRST[0])))
    report.hold("wrong", sum(bool(j.wrong) for j in judged), at_most=0)
    report.figures["skipped"] = len((*FIRST, *OTHERS)) - len(ready)
    report.figures["versions"] = ", ".join(f"{name} {TESTED[name]}" for name in ready)
    report.figures["table"] = {name: _row(judged, name) for name in ready}
    judged += _confined(report, [pair for pair in wanted if pair[1] in CONFINED])
    report.failures += [f"{j.agent} in {j.scenario}: {'; '.join(j.wrong)}" for j in judged if j.wrong]


def _confined(report: Report, wanted: list[tuple[str, str]]) -> list[Judged]:
    """Once more inside of the sandbox, where this machine can hold one."""
    if not any(p.holds for p in sandbox.probe() if p.level is Level.BUBBLEWRAP):
        report.not_proven.append("inside of bubblewrap: this machine cannot hold it")
        return []
    judged = _table(wanted, Level.BUBBLEWRAP.value)
    report.hold("confined_cells", len(judged), at_least=len(FIRST))
    report.hold("confined_wrong", sum(bool(j.wrong) for j in judged), at_most=0)
    return judged


def _table(wanted: list[tuple[str, str]], level: str) -> list[Judged]:
    """Twice as many at a time as there are cores: most of them wait."""
    jobs = 2 * (os.cpu_count() or 1)
    return table(wanted, level=level, jobs=jobs, record=False, keep="", say=lambda line: None)


def _ready(report: Report) -> Iterator[str]:
    """The programs that are there, installed now where they were not."""
    for name in (*FIRST, *OTHERS):
        if name not in AGENTS:
            report.skipped.append(f"{name}: no adapter")
            continue
        try:
            install(name)
        except CannotInstall as why:
            report.not_proven.append(str(why))
            continue
        yield name


def _row(judged: list[Judged], name: str) -> dict[str, str]:
    return {j.scenario: _words(j) for j in judged if j.agent == name}


def _words(judged: Judged) -> str:
    """Class, exit status or who ended it, seconds, model requests."""
    if judged.cell is None:
        return "no answer"
    end = f"ended by us: {judged.cell.killed}" if judged.cell.killed else f"exit {judged.cell.exit}"
    return f"{judged.cell.failure}, {end}, {judged.cell.seconds} s, {judged.asked} requests"
