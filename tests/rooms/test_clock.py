"""The clock file: one number of seconds, for the program and for the hub; anything else is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator import hub, wiring
from orchestrator.clock import BadClock, Clock
from orchestrator.hub import command
from orchestrator.hub.clock import Clock as HubClock
from orchestrator.hub.seeding import CannotServe

GARBAGE = ["tomorrow", "nan", "inf", "1e99", "3 days", "\x00\x01"]


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_in_the_clock_file_is_an_error_that_names_file_value_and_what_was_expected(
    tmp_path: Path, text: str
) -> None:
    file, config = tmp_path / "clock", tmp_path / "config.yaml"
    file.write_text(text)
    config.write_text("projects: {main: {owner: ada, repos: [{repo: ada/app, verify: none}]}}\n")
    env = {"HOME": str(tmp_path), "AGENT_OS_CLOCK": str(file)}
    with pytest.raises(BadClock) as said:
        wiring.build(wiring.settings(config, tmp_path, env), env, kind="test", id="x")
    assert str(file) in str(said.value)
    assert repr(text) in str(said.value)
    assert "expected a number of seconds" in str(said.value)
    with pytest.raises(CannotServe, match="expected a number of seconds"):
        command.run(tmp_path / "hub", clock_file=file)


def test_a_folder_is_no_clock(tmp_path: Path) -> None:
    with pytest.raises(BadClock, match="AGENT_OS_CLOCK names a text file"):
        Clock(file=tmp_path).now()


@pytest.mark.parametrize("text", ["", "\n", "0\n", None])
def test_an_empty_or_missing_clock_file_is_the_real_time(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "clock").write_text(text)
    assert Clock(file=tmp_path / "clock").offset() == HubClock(tmp_path / "clock").offset() == 0.0


def test_a_hub_that_runs_keeps_its_last_good_time_and_says_so_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clock"
    file.write_text("604800\n")
    with hub.Hub(tmp_path / "hub", clock_file=file) as running:
        assert (running.clock.now() - datetime.now(UTC)).days in (6, 7)
        file.write_text("next week")
        assert running.clock.offset() == running.clock.offset() == 604800.0
    assert capsys.readouterr().err.count("'next week' is no offset") == 1
