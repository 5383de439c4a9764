"""The record of people's words: written once, read back whole, torn ends cut off, carried by hand of ours only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.model.governance import Approval, Via
from orchestrator.model.names import Sha
from orchestrator.state.approvals import Approvals
from orchestrator.state.store import CorruptState

ONE, TWO, THREE = Sha("1" * 40), Sha("2" * 40), Sha("3" * 40)
WORD = Approval(
    task="app-1", head_sha=ONE, by="olga", via=Via.CLI, at="2026-11-21T08:00:00Z", why="söund \u2028 \ud800"
)


@pytest.fixture
def kept(tmp_path: Path) -> Approvals:
    return Approvals(root=tmp_path)


def file(kept: Approvals) -> Path:
    return kept.root / "approvals" / "app-1.jsonl"


def test_a_word_is_read_back_as_it_was_given(kept: Approvals) -> None:
    refusal = replace(WORD, approve=False, by="ada", via=Via.REVIEW, source="review:7", why="no")
    kept.put(replace(WORD, why="sound"))
    kept.put(refusal)
    assert kept.of("app-1") == (replace(WORD, why="sound"), refusal)
    assert kept.of("app-2") == ()
    assert len(file(kept).read_text().splitlines()) == 2


def test_odd_characters_stay_one_line(kept: Approvals) -> None:
    kept.put(WORD)
    kept.put(replace(WORD, why="second"))
    assert [w.by for w in kept.of("app-1")] == ["olga", "olga"]


def test_what_a_kill_tore_was_never_said_and_is_cut_off(kept: Approvals) -> None:
    kept.put(WORD)
    whole = file(kept).read_bytes()
    for n in range(1, len(whole) - 1, 17):
        file(kept).write_bytes(whole + whole[:n])
        assert len(kept.of("app-1")) == 1
        kept.put(replace(WORD, by="ada"))
        assert [w.by for w in kept.of("app-1")] == ["olga", "ada"]


@pytest.mark.parametrize("change", [("true", '"yes"'), ('"cli"', '"pigeon"'), ('"head"', '"h"'), ("{", "[")])
def test_a_record_that_somebody_spoilt_approves_nothing_and_says_where(
    kept: Approvals, change: tuple[str, str]
) -> None:
    kept.put(replace(WORD, why=""))
    file(kept).write_text(file(kept).read_text().replace(*change))
    with pytest.raises(CorruptState, match="line 1"):
        kept.of("app-1")


def test_a_word_is_carried_once_to_the_next_head_and_no_further(kept: Approvals) -> None:
    kept.put(replace(WORD, why=""))
    kept.put(replace(WORD, head_sha=THREE, by="ada", why=""))
    kept.carry("app-1", ONE, TWO)
    kept.carry("app-1", ONE, TWO)
    assert [(w.head_sha, w.by, w.carried) for w in kept.of("app-1")] == [
        (ONE, "olga", False),
        (THREE, "ada", False),
        (TWO, "olga", True),
    ]


@pytest.mark.parametrize("id", ["", ".x", "a/b", "a\0"])
def test_a_task_id_that_is_no_file_name_is_refused(kept: Approvals, id: str) -> None:
    with pytest.raises(ValueError, match="no task id"):
        kept.put(replace(WORD, task=id))
