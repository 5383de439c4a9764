"""The result contract: every file an agent may leave becomes a verdict."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import contract, contract_text
from orchestrator.model.result import BlockerCode, Status

FULL = """STATUS: partial
BLOCKER_CODE: test_failure
SUMMARY:
Ported the parser.
Two tests are red.
DONE:
- parser ported
- docs
BLOCKERS:
- test_x fails
  on Windows only
NEXT_STEP:
Fix test_x.
FILES_CHANGED:
- a.py
TESTS_RUN:
- pytest: 2 failed
DECISIONS:
- None
RISKS: none
ATTEMPTED_APPROACHES:
1. mocking
2) patching
MANUAL_STEPS:
- n/a
"""


def test_a_complete_file_gives_every_field() -> None:
    r = contract.parse(FULL)
    assert (r.status, r.blocker_code, r.valid) == (Status.PARTIAL, BlockerCode.TEST_FAILURE, True)
    assert r.summary == "Ported the parser.\nTwo tests are red."
    assert r.done == ("parser ported", "docs")
    assert r.blockers == ("test_x fails\non Windows only",)
    assert r.next_step == "Fix test_x."
    assert (r.files_changed, r.tests_run) == (("a.py",), ("pytest: 2 failed",))
    assert (r.decisions, r.risks, r.manual_steps) == ((), (), ())
    assert r.attempted_approaches == ("mocking", "patching")
    assert r.problem == ""


@pytest.mark.parametrize(
    "written",
    [
        "STATUS: complete\nSUMMARY: ok\n",
        "STATUS\ncomplete\n\nSUMMARY\nok\n",
        "# STATUS\n\ncomplete\n# SUMMARY\nok\n",
        "## Status: complete\n## Summary: ok\n",
        "**STATUS:** complete\n**SUMMARY:** ok\n",
        "**STATUS**: complete\n**SUMMARY**: ok\n",
        "**Status**\ncomplete\n**Summary**\nok\n",
        "SUMMARY: ok\nBLOCKER_CODE: none\nSTATUS: COMPLETE\n",
        "STATUS: `complete`\r\nSUMMARY: ok\r\n",
        "STATUS: - complete\nSUMMARY:\n- ok\n",
        "\ufeffSTATUS: **complete**\nBLOCKER_CODE: n/a\nSUMMARY: ok\n",
        "```markdown\nSTATUS: complete\nSUMMARY: ok\n```\n",
        "# Agent result\n\nSTATUS: complete.\nSUMMARY: ok\nNEXT_STEP: none\n",
        "STATUS: complete\nBLOCKER_CODE:\nSUMMARY: ok",
    ],
)
def test_every_usual_way_to_write_it_is_understood(written: str) -> None:
    r = contract.parse(written)
    assert (r.status, r.blocker_code, r.summary, r.next_step) == (Status.COMPLETE, BlockerCode.NONE, "ok", "")
    assert r.valid, r.problem


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "STATUS is missing"),
        ("I am done, all green!", "STATUS is missing"),
        ("STATUS: success\n", "'success'"),
        ("STATUS: complete, mostly\n", "complete, mostly"),
        ("STATUS: complete | partial | blocked\n", "template"),
        ("STATUS: ...\n", "template"),
        ("STATUS: complete\nSUMMARY: ...\n", "SUMMARY is the template"),
        ("STATUS: complete\nDONE:\n- <one finished thing per bullet>\n", "DONE is the template"),
        ("STATUS: partial\n", "needs a BLOCKER_CODE"),
        ("STATUS: blocked\nBLOCKER_CODE: none\n", "needs a BLOCKER_CODE"),
        ("STATUS: blocked\nBLOCKER_CODE: bored\n", "'bored'"),
        ("STATUS: complete\nBLOCKER_CODE: bored\n", "'bored'"),
        ("STATUS: complete\nDONE: x\nSTATUS: blocked\n", "two different values"),
        ("status: complete\n", "STATUS is missing"),
        ("> STATUS: complete\n", "STATUS is missing"),
        ("  STATUS: complete\n", "STATUS is missing"),
    ],
)
def test_what_is_not_in_the_form_is_invalid_and_says_why(written: str, problem: str) -> None:
    r = contract.parse(written)
    assert (r.status, r.blocker_code, r.valid) == (Status.BLOCKED, BlockerCode.INVALID_RESULT_CONTRACT, False)
    assert problem in r.problem


def test_the_template_handed_back_is_invalid() -> None:
    r = contract.parse(contract.render_template())
    assert not r.valid
    assert all(label in contract.render_template() for label in contract.LABELS)


def test_the_filled_in_template_is_valid() -> None:
    text = contract.render_template()
    for name in contract.LABELS:
        value = {"STATUS": "complete", "BLOCKER_CODE": "none"}.get(name, "something real")
        text = text.replace(contract_text._HINTS[name], value)
    r = contract.parse(text)
    assert r.valid, r.problem
    assert r.risks == ("something real",)


def test_an_invalid_file_keeps_what_could_be_read() -> None:
    r = contract.parse(FULL.replace("test_failure", "gremlins"))
    assert not r.valid
    assert r.done == ("parser ported", "docs")
    assert r.next_step == "Fix test_x."


def test_a_complete_result_may_carry_a_code() -> None:
    r = contract.parse("STATUS: complete\nBLOCKER_CODE: test_failure\n")
    assert (r.status, r.blocker_code, r.valid) == (Status.COMPLETE, BlockerCode.TEST_FAILURE, True)


def test_unknown_sections_are_kept_as_text_and_swallow_nothing() -> None:
    r = contract.parse("STATUS: complete\nUNBLOCK_NOTES:\n- call Bob\n## Thoughts\nhm\nSUMMARY: ok\n")
    assert r.extra == (("UNBLOCK_NOTES", "- call Bob"), ("Thoughts", "hm"))
    assert r.summary == "ok"


def test_words_that_look_like_labels_inside_sentences_and_code_are_text() -> None:
    r = contract.parse(
        "STATUS: complete\nSUMMARY:\nDone with it.\nRisks are low.\n"
        "MANUAL_STEPS:\n- run\n```\nSTATUS: blocked\n```\n- then\n"
    )
    assert r.status is Status.COMPLETE
    assert r.summary == "Done with it.\nRisks are low."
    assert r.manual_steps == ("run\n```\nSTATUS: blocked\n```", "then")


@given(st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_a_verdict(text: str) -> None:
    r = contract.parse(text)
    assert r.valid == (r.problem == "")
    assert r.valid or r.blocker_code is BlockerCode.INVALID_RESULT_CONTRACT


_PIECES = st.sampled_from(
    [
        *contract.LABELS,
        ":",
        " ",
        "\n",
        "\n",
        "- ",
        "**",
        "# ",
        "```",
        "complete",
        "blocked",
        "none",
        "...",
        "\x00",
        "\ud800",
        "x",
    ]
)


@given(st.lists(_PIECES, max_size=60).map("".join))
@settings(max_examples=350, deadline=None)
def test_anything_made_of_the_contracts_own_words_gets_a_verdict(text: str) -> None:
    r = contract.parse(text)
    assert r.valid or r.status is Status.BLOCKED
    assert "\x00" not in r.summary
    assert r.summary.encode()[:1] != b"\x00"


def test_hostile_lines_take_time_in_proportion() -> None:
    small, large = _seconds(16_000), _seconds(64_000)
    assert large < 40 * max(small, 0.0005)


def _seconds(size: int) -> float:
    began = time.perf_counter()
    for line in (
        "A" * size,
        "A_" * (size // 2),
        " " * size,
        "# " + "A " * (size // 2),
        "-\n" * (size // 2),
        "`" * size,
    ):
        contract.parse(line)
    return time.perf_counter() - began


# --- the file ---------------------------------------------------------------------------------------------------


def put(folder: Path, text: str = "STATUS: complete\n") -> Path:
    path = folder / contract.NAME
    path.write_text(text)
    return path


def test_a_file_written_after_the_start_is_read(tmp_path: Path) -> None:
    since = contract.clear(tmp_path)
    put(tmp_path)
    result = contract.read(tmp_path, since)
    assert result is not None
    assert result.status is Status.COMPLETE


def test_no_file_is_no_result(tmp_path: Path) -> None:
    assert contract.read(tmp_path, 0.0) is None


def test_a_file_older_than_the_run_is_no_result(tmp_path: Path) -> None:
    path = put(tmp_path)
    os.utime(path, (1_000_000, 1_000_000))
    assert contract.read(tmp_path, time.time()) is None


def test_the_longest_allowed_file_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    head = "STATUS: complete\nSUMMARY: "
    put(tmp_path, head + "x" * (contract.MAX_BYTES - len(head)))
    fits = contract.read(tmp_path, 0.0)
    put(tmp_path, head + "x" * (contract.MAX_BYTES - len(head) + 1))
    over = contract.read(tmp_path, 0.0)
    assert fits is not None
    assert fits.valid
    assert over is not None
    assert not over.valid


def _symlink(folder: Path) -> None:
    secret = folder.parent / "secret"
    secret.write_text("STATUS: complete\nSUMMARY: the secret\n")
    (folder / contract.NAME).symlink_to(secret)


def _hardlink(folder: Path) -> None:
    secret = folder.parent / "secret"
    secret.write_text("STATUS: complete\nSUMMARY: the secret\n")
    (folder / contract.NAME).hardlink_to(secret)


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / contract.NAME)


def _directory(folder: Path) -> None:
    (folder / contract.NAME / "deep").mkdir(parents=True)


def _sparse(folder: Path) -> None:
    with (folder / contract.NAME).open("wb") as file:
        file.truncate(1 << 40)


def _dangling(folder: Path) -> None:
    (folder / contract.NAME).symlink_to("nowhere")


TRAPS = [_symlink, _hardlink, _fifo, _directory, _sparse, _dangling]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_in_place_of_the_file_is_an_invalid_result(tmp_path: Path, trap) -> None:  # type: ignore[no-untyped-def]
    workspace = tmp_path / "ws"
    workspace.mkdir()
    trap(workspace)
    result = contract.read(workspace, 0.0)
    assert result is not None
    assert not result.valid
    assert "secret" not in result.summary


@pytest.mark.parametrize("trap", [put, *TRAPS])
def test_clearing_removes_whatever_bears_the_name(tmp_path: Path, trap) -> None:  # type: ignore[no-untyped-def]
    workspace = tmp_path / "ws"
    workspace.mkdir()
    trap(workspace)
    contract.clear(workspace)
    assert not os.path.lexists(workspace / contract.NAME)
    if trap in (_symlink, _hardlink):
        assert (tmp_path / "secret").exists()


def test_a_workspace_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    put(tmp_path / "other")
    (tmp_path / "ws").symlink_to(tmp_path / "other")
    with pytest.raises(OSError):
        contract.read(tmp_path / "ws", 0.0)
