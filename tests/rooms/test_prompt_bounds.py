"""Prompts out of a large repository memory: chosen to their size, the newest first, nothing left out unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.proof import Report
from benchmarks.proofs import prompt as proof
from orchestrator.memory import Fragment, Memory
from orchestrator.model.task import AttemptKind
from orchestrator.pipeline.prompt import LIMITS, Context, assemble
from orchestrator.policy import sections
from orchestrator.redact import Redactor
from tests.policy.builders import task

BUDGET = LIMITS["Repository memory"]


def remember(memory: Memory, n: int) -> None:
    for i in range(1, n + 1):
        at = f"2026-01-{1 + i // 24:02d}T{i % 24:02d}:00:00Z"
        summary = f"Did {i}. " + "It was work. " * 20
        memory.keep(Fragment(task=f"app-{i}", repo_key="app", repo="ada/app", issue=i, at=at, summary=summary))


def test_the_proof_in_short() -> None:
    report = Report()
    proof.prove(report, fragments=80, size=120_000, rounds=0, offsets=40)
    assert report.failures == []
    assert report.figures["newest_fragments_shown"] > 5  # type: ignore[operator]


def test_a_file_that_is_too_long_leaves_room_for_the_newest_entries(tmp_path: Path) -> None:
    memory = Memory(root=tmp_path)
    remember(memory, 70)
    text = (
        "# The app\n\n" + "Words of a person. " * 10_000 + "\n\n## Recent Changes\n\n### by hand\n\nOurs is folded.\n"
    )
    told = memory.recall("app", text, BUDGET)
    assert len(told.text) <= BUDGET
    assert "[app-70]" in told.text
    assert "[app-1]" not in told.text
    assert told.text.startswith("# The app")
    assert told.left_out == (f"of the repository memory: {told.text.splitlines()[-1].strip('[]')}",)
    none = Memory(root=tmp_path / "none").recall("app", text, BUDGET)
    assert "Ours is folded." in none.text
    assert "0 older entries and the end left out" in none.text


def test_what_fits_is_told_whole_and_says_nothing(tmp_path: Path) -> None:
    memory = Memory(root=tmp_path)
    remember(memory, 9)
    told = memory.recall("app", "# The app\n\nShort.\n", BUDGET)
    assert told.text.count("agent-os:memory=") == 9
    assert told.left_out == ()
    remember(memory, 100)
    more = memory.recall("app", "# The app\n\nShort.\n", BUDGET)
    shown = more.text.count("agent-os:memory=")
    assert 20 < shown < 100
    assert more.left_out == (f"of the repository memory: {100 - shown} older entries left out",)
    assert "[app-100]" in more.text


@pytest.mark.parametrize(
    "text",
    [
        "# " + "#" * 30_000 + " x",
        "# " + " " * 30_000 + "x",
        "# a" + " #" * 15_000 + "x",
        "<!--" * 300_000,
        "\u200b" * 300_000,
        "```\n" * 100_000,
        "## Recent Changes\n" + "### a\n<!-- agent-os:memory=a -->\n" * 20_000,
        "a" * 500_000,
    ],
    ids=lambda text: text[:8].strip(),
)
def test_no_shape_of_a_file_takes_long(tmp_path: Path, text: str) -> None:
    """A pattern that is cubic in such a line ran 45 seconds: the test's time limit is its bound."""
    memory = Memory(root=tmp_path)
    remember(memory, 3)
    told = memory.recall("app", text, BUDGET, visible=sections.visible)
    assert len(told.text) <= BUDGET
    assert "[app-3]" in told.text


def test_a_secret_across_any_cut_shows_no_half() -> None:
    secret = "hunter2-correct-horse-battery"
    redact = Redactor(known=(secret,))
    for limit in (1_200, 1_800, 2_200, 4_000):
        for at in range(limit - len(secret), limit + 1, 3):
            text = ("word " * 1_000)[: at - 1] + f" {secret} " + "more " * 1_000
            context = Context(product_goal=text, principles=text, strategy=text, feedback=text)
            told = assemble(task(), "anna", AttemptKind.ATTEMPT, 1, context)
            assert secret[:8] not in redact(told.text)
            assert len([said for said in told.left_out if "characters of" in said]) == 4
