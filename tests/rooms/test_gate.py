"""The gate: it fails closed, and each finding says what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator import gate
from orchestrator.gate import tree_safe
from orchestrator.model.gate import CommandRun, Evidence, FileChange, FileText, Finding, Outcome
from orchestrator.model.names import Sha
from orchestrator.model.result import AgentResult, BlockerCode, Status

TREE, OTHER, BASE = Sha("a" * 40), Sha("b" * 40), Sha("c" * 40)


def change(path: str, *, mode: str = "100644", status: str = "A", link: str | None = None) -> FileChange:
    return FileChange(path=path, status=status, old_mode="000000", new_mode=mode, added=1, link_target=link)


GOOD = Evidence(
    result=AgentResult(status=Status.COMPLETE, summary="done"),
    base=BASE,
    tree=TREE,
    changes=(change("src/new.py"),),
    tree_after=TREE,
    verification=CommandRun(command="make test", exit=0, seconds=1.0),
    files=(FileText(path="src/new.py", after="x = 1\n", added=((1, "x = 1"),), size=6),),
    secrets=(),
    literals=frozenset(),
    strangers=(),
)


def test_good_evidence_passes_every_check_that_is_listed() -> None:
    findings = gate.examine(GOOD)
    assert {f.check for f in findings} == set(gate.CHECKS)
    assert all(f.outcome is Outcome.PASS for f in findings)


def test_each_check_answers_under_the_name_it_is_listed_by() -> None:
    nothing = Evidence(result=None, base=BASE, tree=TREE)
    assert {name: c.check(nothing).check for name, c in gate.CHECKS.items()} == {n: n for n in gate.CHECKS}


@pytest.mark.parametrize(
    ("spoiled", "check", "outcome", "word"),
    [
        (replace(GOOD, result=None), "result_contract", Outcome.FAIL, ".agent_result.md"),
        (
            replace(GOOD, result=AgentResult(status=Status.BLOCKED, valid=False, problem="STATUS is missing")),
            "result_contract",
            Outcome.FAIL,
            "STATUS is missing",
        ),
        (
            replace(GOOD, result=AgentResult(status=Status.PARTIAL, next_step="port the parser")),
            "result_contract",
            Outcome.FAIL,
            "port the parser",
        ),
        (
            replace(GOOD, result=AgentResult(status=Status.BLOCKED, blocker_code=BlockerCode.MISSING_CREDENTIALS)),
            "result_contract",
            Outcome.FAIL,
            "missing_credentials",
        ),
        (replace(GOOD, changes=()), "has_change", Outcome.FAIL, "base branch"),
        (replace(GOOD, verification=None), "verification", Outcome.CANNOT_TELL, "not run"),
        (
            replace(GOOD, verification=CommandRun(command="make test", exit=2, seconds=1, tail="E assert 1 == 2")),
            "verification",
            Outcome.FAIL,
            "assert 1 == 2",
        ),
        (
            replace(GOOD, verification=CommandRun(command="make test", exit=None, seconds=300)),
            "verification",
            Outcome.CANNOT_TELL,
            "300",
        ),
        (replace(GOOD, tree_after=OTHER), "tree_clean", Outcome.FAIL, "process"),
        (replace(GOOD, tree_after=None), "tree_clean", Outcome.CANNOT_TELL, "not looked at"),
    ],
)
def test_one_spoiled_fact_is_refused_with_words(spoiled: Evidence, check: str, outcome: Outcome, word: str) -> None:
    refused = [f for f in gate.examine(spoiled) if f.outcome is not Outcome.PASS]
    assert [(f.check, f.outcome) for f in refused] == [(check, outcome)]
    assert word in refused[0].why


def test_words_can_be_the_answer_where_no_change_is_needed() -> None:
    findings = gate.examine(replace(GOOD, changes=(), needs_change=False))
    assert all(f.outcome is Outcome.PASS for f in findings)


def test_a_repository_that_names_no_command_on_purpose_passes_without_one() -> None:
    findings = gate.examine(replace(GOOD, verification=None, verification_wanted=False))
    assert all(f.outcome is Outcome.PASS for f in findings)


def test_a_failure_in_a_cheap_stage_skips_the_dearer_ones() -> None:
    names = [f.check for f in gate.examine(replace(GOOD, result=None))]
    assert names == ["result_contract", "tree_safe", "has_change", "size_budget", "protected_paths"]


def test_the_stages_one_by_one_find_what_all_at_once_find() -> None:
    one_by_one = tuple(f for stage in gate.stages() for f in gate.examine_stage(GOOD, stage))
    assert one_by_one == gate.examine(GOOD)


class Broken:
    stage = 0
    version = 1

    def check(self, evidence: Evidence) -> Finding:
        raise KeyError(evidence.tree)


def test_a_check_that_crashes_never_passes() -> None:
    findings = gate.examine(GOOD, {"broken": Broken(), "result_contract": gate.CHECKS["result_contract"]})
    assert [(f.check, f.outcome) for f in findings] == [
        ("broken", Outcome.CANNOT_TELL),
        ("result_contract", Outcome.PASS),
    ]
    assert "KeyError" in findings[0].why


@pytest.mark.parametrize(
    "bad",
    [
        change("vendor/lib", mode="160000"),
        change("vendor/lib", mode="160000", status="M"),
        change("out", mode="120000", link="/etc/passwd"),
        change("out", mode="120000", link=".."),
        change("a/out", mode="120000", link="../../secret"),
        change("out", mode="120000", link="x/y/../../.."),
        change("z", mode="120000", link="x/y/.."),
        change("out", mode="120000", link="./../up"),
        change("out", mode="120000", link=".git/config"),
        change("out", mode="120000", link=""),
        change("sub/.git/hooks/pre-commit"),
        change(".GIT/config"),
        change("a/.Git"),
        change("a/.g\u200cit/config"),
        change("git~1/config"),
        change(".git ./config"),
        change(".git::$INDEX_ALLOCATION/x"),
        change(".agent_result.md"),
        change("pkg/.Agent_Result.md", status="M"),
        change("a/../b"),
    ],
    ids=lambda c: f"{c.path!r}->{c.link_target}",
)
def test_a_tree_that_could_surprise_is_refused(bad: FileChange) -> None:
    finding = tree_safe.check(replace(GOOD, changes=(bad,)))
    assert finding.outcome is Outcome.FAIL
    assert repr(bad.path) in finding.why


@pytest.mark.parametrize(
    "fine",
    [
        change("docs/link", mode="120000", link="../README.md"),
        change("link", mode="120000", link="src/./pkg"),
        change("a/b/link", mode="120000", link="../../c"),
        change("a/link", mode="120000", link=".."),
        change(".github/workflows/ci.yml"),
        change(".gitignore"),
        change("src/git.py"),
        change("old/.agent_result.md", status="D", mode="000000"),
        change("vendor/lib", status="D", mode="000000"),
        change("bin/tool", mode="100755"),
    ],
    ids=lambda c: f"{c.path!r}->{c.link_target}",
)
def test_an_ordinary_tree_is_not_refused(fine: FileChange) -> None:
    assert tree_safe.check(replace(GOOD, changes=(fine,))).outcome is Outcome.PASS


def test_a_link_whose_target_was_not_read_is_not_guessed() -> None:
    unread = replace(GOOD, changes=(change("l", mode="120000", link=None),))
    assert tree_safe.check(unread).outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize(
    ("changed", "neighbours"),
    [
        (("README.md", "readme.md"), ()),
        (("readme.md",), ("README.md",)),
        (("Src/a.py",), ("src/b.py",)),
        (("caf\u00e9.txt",), ("cafe\u0301.txt",)),
        (("stra\u00dfe",), ("STRASSE",)),
        (("a",), ("A/b",)),
    ],
)
def test_names_some_file_system_cannot_tell_apart_are_refused(
    changed: tuple[str, ...], neighbours: tuple[str, ...]
) -> None:
    evidence = replace(GOOD, changes=tuple(change(p) for p in changed), neighbours=neighbours)
    assert tree_safe.check(evidence).outcome is Outcome.FAIL


def test_renaming_a_file_to_another_case_is_no_collision() -> None:
    renamed = (change("README.md", status="D", mode="000000"), change("readme.md"))
    assert tree_safe.check(replace(GOOD, changes=renamed)).outcome is Outcome.PASS


def test_a_collision_the_base_already_had_is_not_blamed_on_the_change() -> None:
    evidence = replace(GOOD, changes=(change("src/a.py"),), neighbours=("Doc/x", "doc/x"))
    assert tree_safe.check(evidence).outcome is Outcome.PASS


def test_many_problems_are_cut_short_and_counted() -> None:
    evidence = replace(GOOD, changes=tuple(change(f"d{i}/.git") for i in range(50)))
    assert "30 more" in tree_safe.check(evidence).why


def test_long_names_do_not_make_a_finding_without_bounds() -> None:
    evidence = replace(GOOD, changes=tuple(change("d" * 3000 + f"{i}/.git") for i in range(50)))
    why = tree_safe.check(evidence).why
    assert len(why) < 9000
    assert "48 more" in why


@pytest.mark.parametrize("exit", [126, 127])
def test_a_program_that_the_sandbox_does_not_show_is_told_with_the_setting_that_would(exit: int) -> None:
    run = CommandRun(command="make test", exit=exit, seconds=1, tail="make: not found", sandbox="bubblewrap")
    confined = gate.examine(replace(GOOD, verification=run, static=(("types", run),)))
    for name in ("verification", "static"):
        (found,) = [f for f in confined if f.check == name]
        assert found.outcome is Outcome.FAIL
        assert "`readable:` in config.yaml" in found.why
    for other in (replace(run, sandbox="none"), replace(run, exit=1)):
        assert not any("readable:" in f.why for f in gate.examine(replace(GOOD, verification=other)))
