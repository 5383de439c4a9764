"""The gate's checks of text: secrets, hidden characters, banned patterns, long modules, binary and unread files."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from orchestrator import gate
from orchestrator.gate import (
    banned_patterns,
    base,
    binary_files,
    hidden_text,
    oversized_modules,
    readable,
    secrets,
    static,
    strangers,
)
from orchestrator.model.gate import CommandRun, Evidence, FileChange, FileText, Finding, Outcome, SecretHit
from orchestrator.model.governance import BannedPattern, GateRules, Risk
from orchestrator.model.names import Sha
from orchestrator.pipeline.evidence import added

BASE, TREE = Sha("c" * 40), Sha("a" * 40)


def file(path: str, after: str | None, before: str | None = None, **more: object) -> FileText:
    new = added(before, after) if after is not None else ()
    return FileText(path=path, before=before, after=after, added=new, size=len(after or ""), **more)  # type: ignore[arg-type]


RULES = GateRules()


def asked(*files: FileText, rules: GateRules = RULES) -> Evidence:
    changes = tuple(FileChange(path=f.path, status="M", old_mode="100644", new_mode="100644") for f in files)
    return Evidence(
        result=None, base=BASE, tree=TREE, changes=changes, files=files, secrets=(), strangers=(), rules=rules
    )


def hidden(line: str, path: str = "a.py") -> Finding:
    return hidden_text.check(asked(file(path, f"first\n{line}\n")))


# --- hidden text


@pytest.mark.parametrize(
    "line",
    [
        "if admin:\u202e }", "x = '\u2066a\u2069'", "pass\u200bword", "a\u200db", "1\u200d2", "x\u2060y", "\u3164 = 1",
        "a\u00adb", "\ufeffimport os", "tag \U000e0069\U000e0067\U000e006e", "vs a\ufe0f", "vs \U000e0101",
        "\u4e00\U000e0101\U000e0102", "\U0001f600\ufe0f\ufe0f", "ls\u2028rm", "esc \x1b[8m", "bell \x07", "a\rb",
        "\x7f",
        "c1 \x9b", "mark \u200f", "\U0001f3f4\U000e0067\U000e0062", "na\u200cme", "\u0440\u200c\u0430", "\u2800 blank",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_nobody_sees_is_refused_and_named(line: str) -> None:
    finding = hidden(line)
    assert finding.outcome is Outcome.FAIL
    assert "'a.py' line 2: U+" in finding.why


@pytest.mark.parametrize(
    "line",
    [
        "plain ascii\twith a tab\x0c", "caf\u00e9 \u2026 \u201cquoted\u201d \u00a0 \u4f60\u597d",
        "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
        "family \U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f\u200d\U0001f525", "\U0001f44d\U0001f3fd",
        "1\ufe0f\u20e3", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0915\u094d\u200d\u0937",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\u845b\U000e0100", "\u2229\ufe00", "\U0001f469\U0001f3fd\u200d\u2695\ufe0f", "\u00a9\ufe0f",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_a_script_or_an_emoji_needs_is_left_alone(line: str) -> None:
    finding = hidden(line)
    assert (finding.outcome, finding.risk) == (Outcome.PASS, Risk.LOW), finding.why


def test_a_byte_order_mark_may_start_a_file_and_nothing_else() -> None:
    assert hidden_text.check(asked(file("a.cs", "\ufeffusing System;\n"))).outcome is Outcome.PASS
    assert hidden_text.check(asked(file("a.cs", "x\n\ufeffy\n"))).outcome is Outcome.FAIL


def test_only_what_the_change_adds_is_judged() -> None:
    old = "a\u200bb\n"
    assert hidden_text.check(asked(file("a.py", old + "new\n", old))).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "path", ["a\u202etxt.py", "a\nb.py", "a\tb", "x\u200b/y.py", "bad\udcff.py", "\x1b[2K.py"], ids=ascii
)
def test_a_name_that_hides_something_is_refused(path: str) -> None:
    finding = hidden_text.check(asked(file(path, "x\n")))
    assert finding.outcome is Outcome.FAIL
    assert "Rename" in finding.why


def test_words_of_mixed_alphabets_are_shown_to_the_reviewer() -> None:
    assert hidden("p\u0430yload = 1").risk is Risk.MEDIUM
    assert hidden("\u043f\u0440\u0438\u0432\u0435\u0442 hello \u0394x \u03bcs").risk is Risk.LOW


def test_an_encoding_that_makes_other_code_is_refused() -> None:
    assert hidden("# -*- coding: utf-7 -*-").outcome is Outcome.FAIL
    assert hidden("# -*- coding: utf-8 -*-").outcome is Outcome.PASS


# --- secrets, unread and binary files


def test_a_secret_is_named_by_place_and_kind() -> None:
    hit = SecretHit(path="a.py", line=3, kind="github_token")
    finding = secrets.check(replace(asked(file("a.py", "x\n")), secrets=(hit,)))
    assert finding.outcome is Outcome.FAIL
    assert "'a.py' line 3 (github_token)" in finding.why
    assert secrets.check(asked(file("a.py", "x\n"))).outcome is Outcome.PASS
    assert secrets.check(replace(asked(file("a.py", "x\n")), secrets=None)).outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize("name", ["secrets", "hidden_text", "binary_files", "oversized_modules", "readable"])
def test_what_was_not_read_is_not_judged(name: str) -> None:
    unread = replace(asked(file("a.py", "x\n")), files=None, secrets=None)
    assert gate.CHECKS[name].check(unread).outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize("name", ["secrets", "hidden_text", "banned_patterns"])
def test_a_file_that_is_missing_in_the_evidence_or_too_large_to_read_never_passes(name: str) -> None:
    rules = GateRules(banned=(BannedPattern(pattern="x", reason="r"),))
    large = asked(file("big.json", None, unread="9999999 bytes are too many to read"), rules=rules)
    assert gate.CHECKS[name].check(large).outcome is Outcome.CANNOT_TELL
    assert gate.CHECKS[name].check(replace(large, files=())).outcome is Outcome.CANNOT_TELL


def test_a_file_too_large_to_be_judged_is_to_be_made_smaller() -> None:
    finding = readable.check(asked(file("big.json", None, unread="9999999 bytes are too many to read")))
    assert finding.outcome is Outcome.FAIL
    assert "'big.json': 9999999 bytes" in finding.why


def test_a_binary_file_waits_for_a_person_and_a_deleted_one_does_not() -> None:
    assert binary_files.check(asked(file("logo.png", None, binary=True))).risk is Risk.HIGH
    assert binary_files.check(asked(file("logo.png", None))).risk is Risk.LOW


# --- banned patterns

PRINT = BannedPattern(pattern=r"^\s*print\(", reason="no prints", hint="use logging", paths=("src/**",))


def test_a_banned_pattern_is_refused_where_it_holds_with_reason_and_hint() -> None:
    rules = GateRules(banned=(PRINT,))
    finding = banned_patterns.check(asked(file("src/a.py", "x\n  print(1)\n"), rules=rules))
    assert finding.outcome is Outcome.FAIL
    assert finding.why == "no prints: use logging ('src/a.py' line 2)"
    for fine in (file("tools/a.py", "print(1)\n"), file("src/a.py", "print(1)\nx\n", "print(1)\n")):
        assert banned_patterns.check(asked(fine, rules=rules)).outcome is Outcome.PASS


def test_a_rule_that_is_no_expression_does_not_pass_anything() -> None:
    rules = GateRules(banned=(BannedPattern(pattern="(?<=x)y", reason="r"),))
    finding = banned_patterns.check(asked(file("a", "b\n"), rules=rules))
    assert finding.outcome is Outcome.CANNOT_TELL
    assert "(?<=x)y" in finding.why


# --- long modules


def module(lines: int, word: str = "line") -> str:
    return "".join(f"{word} {n}\n" for n in range(lines))


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        ((file("a.py", module(1001), module(1000)),), Outcome.FAIL),
        ((file("a.py", module(1001)),), Outcome.FAIL),
        ((file("a.py", module(1000)),), Outcome.PASS),
        ((file("a.py", module(1300), module(1200)),), Outcome.PASS),
        ((file("a.json", module(1001)),), Outcome.PASS),
        ((file("a_pb2.py", module(1001)),), Outcome.PASS),
        ((file("etc/conf.d/board.json", module(1001)),), Outcome.PASS),
        ((file("b.py", module(1100) + "more\n"), file("a.py", None, module(1100))), Outcome.PASS),
        ((file("b.py", module(1100)), file("a.py", None, module(1100, "other"))), Outcome.FAIL),
    ],
    ids=["across", "new", "at", "was long", "no code", "generated", "a folder like D", "moved", "not moved"],
)
def test_a_module_that_a_change_makes_too_long_is_refused(files: tuple[FileText, ...], outcome: Outcome) -> None:
    assert oversized_modules.check(asked(*files)).outcome is outcome


# --- static checks and strangers


def run(exit: int | None) -> CommandRun:
    return CommandRun(command="mypy .", exit=exit, seconds=3, tail="a.py:1: error")


@pytest.mark.parametrize(
    ("known", "outcome", "word"),
    [
        ((("types", run(0)),), Outcome.PASS, ""),
        ((("types", run(1)),), Outcome.FAIL, "a.py:1: error"),
        ((("types", run(None)),), Outcome.CANNOT_TELL, "3 s"),
        ((("types", None),), Outcome.CANNOT_TELL, "types"),
        ((), Outcome.CANNOT_TELL, "types"),
    ],
)
def test_static_checks_are_all_run_and_all_pass(
    known: tuple[tuple[str, CommandRun | None], ...], outcome: Outcome, word: str
) -> None:
    finding = static.check(replace(asked(rules=GateRules(static=(("types", "mypy ."),))), static=known))
    assert finding.outcome is outcome
    assert word in finding.why


def test_commits_of_someone_else_are_not_ours_to_judge() -> None:
    assert strangers.check(asked()).outcome is Outcome.PASS
    assert strangers.check(replace(asked(), strangers=None)).outcome is Outcome.CANNOT_TELL
    finding = strangers.check(replace(asked(), strangers=("abc Pat <pat@example.org>",)))
    assert finding.outcome is Outcome.CANNOT_TELL
    assert "Pat" in finding.why


# --- all of them, with hostile input


HOSTILE = {
    "line": "x" * 2_000_000,
    "joiners": "\u200d\U0001f600" * 250_000,
    "digits": "A0" * 900_000,
    "empty lines": "\n" * 199_000,
    "flags": "\U0001f3f4\U000e0067\U000e007f" * 150_000,
    "json": '{"a":' * 300_000,
    "brackets": "[" * 500_000,
    "git": "git+" * 500_000,
    "registry": "registry " * 200_000,
    "returns": "\ufffd\r" * 500_000,
    "coding": "coding" * 300_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_text_crashes_a_check_or_keeps_it_busy(kind: str) -> None:
    names = ("package.json", "pyproject.toml", "yarn.lock", "requirements.txt", ".github/workflows/a.yml", "a.py")
    rules = GateRules(banned=(BannedPattern(pattern="(a|aa|.*)+x$", reason="r"),))
    for name in names:
        evidence = asked(file(name, HOSTILE[kind]), rules=rules)
        findings = [f for stage in (base.RESULT, base.TEXTS) for f in gate.examine_stage(evidence, stage)]
        assert not [f.why for f in findings if "the check itself failed" in f.why]


@pytest.mark.parametrize("kind", HOSTILE)
def test_eight_times_the_text_takes_about_eight_times_as_long(kind: str) -> None:
    """Not its square, which would be sixty-four; times too short to be measured say nothing."""

    def seconds(text: str) -> float:
        evidence = asked(file("requirements.txt", text))
        begun = time.process_time()
        gate.examine_stage(evidence, base.TEXTS)
        return time.process_time() - begun

    text = HOSTILE[kind]
    assert seconds(text) < 24 * max(seconds(text[: len(text) // 8]), 0.02)
