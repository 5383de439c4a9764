"""Recorded runs of the real programs, replayed through their adapters: the contract without the programs.

`bin/test-agents --record` makes the recordings; a program's upgrade shows here as a changed file.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from orchestrator.agents import AGENTS
from orchestrator.agents.versions import PINS, TESTED
from orchestrator.model.result import FailureClass
from orchestrator.model.stream import Job
from tests.contract.agents import golden
from tests.contract.agents.cell import KEY
from tests.contract.agents.install import ROOT
from tests.contract.agents.scenarios import FIRST, OTHERS, SCENARIOS, recorded

ALL = [(name, scenario.name) for name in (*FIRST, *OTHERS) for scenario in recorded(name)]
TOLD_BY_EVENTS = {FailureClass.UNKNOWN, FailureClass.CRASHED, FailureClass.DID_NOTHING, FailureClass.NO_OUTPUT}
"""What a program's own events may leave a failure as: they say less than our proxy sees, and never something else."""

NUMBER_IN_A_TEXT = ("qwen", "grok")
"""Their events hold the provider's status as a number inside of a text only: without the text they tell less."""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "home").mkdir()
    return Job(
        task="contract-1", n=1, prompt="", workspace=str(tmp_path / "workspace"), home=str(tmp_path / "home"),
        log=str(tmp_path / "1.log"), wall_seconds=1, silence_seconds=1,
    )  # fmt: skip


def kept(agent: str, scenario: str) -> golden.Recorded:
    return golden.read(golden.path(agent, scenario))


def test_every_program_is_pinned_and_recorded_through_every_scenario_of_its_own() -> None:
    assert set(PINS) == {*FIRST, *OTHERS}
    assert set(PINS) <= set(AGENTS)
    found = {(file.parent.name, file.stem) for file in golden.FOLDER.glob("*/*.jsonl")}
    assert found == set(ALL)


@pytest.mark.parametrize(("agent", "scenario"), ALL)
def test_a_recorded_run_is_understood(job: Job, agent: str, scenario: str) -> None:
    run = kept(agent, scenario)
    assert run.version == TESTED[agent], "the pin moved on: run bin/test-agents --record"
    outcome, tally = golden.replay(run, job)
    assert outcome.failure is run.failure
    if scenario != "429-once":
        assert outcome.failure is SCENARIOS[scenario].expected
    # `source` may have come from a file in its HOME, which a recording does not hold.
    assert dataclasses.replace(outcome.usage, source="") == dataclasses.replace(run.usage, source="")
    assert outcome.requests == len(run.exchanges) > 0
    assert outcome.session == run.session
    assert outcome.reset_at == run.reset_at
    assert bool(outcome.reset_at) or not SCENARIOS[scenario].reset
    assert tally.did == run.did


@pytest.mark.parametrize(("agent", "scenario"), ALL)
def test_no_class_is_decided_by_wording(job: Job, agent: str, scenario: str) -> None:
    run = kept(agent, scenario)
    mute = dataclasses.replace(run, lines=tuple(golden.wordless(line) for line in run.lines))
    outcome, _ = golden.replay(mute, job)
    assert outcome.failure is run.failure
    assert outcome.reset_at == run.reset_at
    # By its own events alone too: what they tell without words is what they tell with them.
    alone, mute_alone = (golden.replay(r, job, exchanges=False)[0].failure for r in (run, mute))
    assert mute_alone is alone or (agent in NUMBER_IN_A_TEXT and mute_alone in TOLD_BY_EVENTS)


@pytest.mark.parametrize(("agent", "scenario"), ALL)
def test_the_programs_own_events_never_say_something_else(job: Job, agent: str, scenario: str) -> None:
    """As with a subscription, whose requests pass by our proxy unseen."""
    run = kept(agent, scenario)
    outcome, _ = golden.replay(run, job, exchanges=False)
    assert outcome.failure in {run.failure, *TOLD_BY_EVENTS}


@pytest.mark.parametrize(("agent", "scenario"), ALL)
def test_a_recording_holds_nothing_of_the_machine(agent: str, scenario: str) -> None:
    text = golden.path(agent, scenario).read_text()
    for word in (KEY, f"{ROOT}/", "sk-none-"):
        assert word not in text
    # Only the run's own HOME and workspace, and the programs' own fixed places in the machine's temporary folder.
    assert not re.search(r"(?<![\w/])/tmp/(?!claude|codex|cc-)", text)


def test_wordless_keeps_codes_and_numbers_and_drops_what_people_read() -> None:
    line = '{"type":"error","message":"Quota exceeded","data":{"statusCode":429,"code":"rate_limit","why":"a b"}}'
    assert golden.wordless(line) == (
        '{"type": "error", "message": "x", "data": {"statusCode": 429, "code": "rate_limit", "why": "x"}}'
    )
    body = '{"body": "{\\"error\\": {\\"code\\": 429, \\"message\\": \\"Slow down\\"}}"}'
    assert golden.wordless(body) == '{"body": "{\\"error\\": {\\"code\\": 429, \\"message\\": \\"x\\"}}"}'
    assert golden.wordless("error: Quota exceeded") == "x"
