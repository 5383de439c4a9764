"""How much the gate looks at and says: each bound at its very number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.gate import base_tests, manifests, tree_safe, verification, yaml_tree
from orchestrator.gate.yaml_tree import Broken
from orchestrator.model.gate import BaseTests, CommandRun, Evidence, FileText, TestCounts
from orchestrator.model.names import Sha

BARE = Evidence(result=None, base=Sha("c" * 40), tree=Sha("a" * 40))
TAIL = "".join(chr(ord("a") + n % 26) for n in range(9000))


def red(**changes: object) -> CommandRun:
    return replace(CommandRun(command="pytest", exit=1, seconds=1.0, tail=TAIL), **changes)  # type: ignore[arg-type]


def test_of_a_failed_run_the_last_four_thousand_characters_go_into_the_instruction() -> None:
    why = verification.check(replace(BARE, verification=red())).why
    assert why.endswith("\n" + TAIL[-4000:])
    endless = verification.check(replace(BARE, verification=red(exit=None))).why
    assert endless.endswith(": " + TAIL[-4000:])


def test_of_the_bases_tests_the_last_two_and_a_half_thousand() -> None:
    def why(over: CommandRun) -> str:
        good = CommandRun(command="pytest", exit=0, seconds=1.0, counts=TestCounts(passed=1))
        told = BaseTests(base=good, over=over)
        return base_tests.check(replace(BARE, verification=good, base_tests=told, base_tests_wanted=True)).why

    assert why(red()).endswith("\n" + TAIL[-2500:])
    assert why(red(exit=None)).endswith(" " + TAIL[-2500:])


@pytest.mark.parametrize(
    "code", [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF], ids=hex
)
def test_what_a_mac_does_not_see_in_a_name_hides_no_git(code: int) -> None:
    assert tree_safe.is_git_name(f".g{chr(code)}it")


@pytest.mark.parametrize("code", [0x200B, 0x2010, 0x2029, 0x202F, 0x2069, 0x2070, 0xFEFE], ids=hex)
def test_and_what_it_sees_is_another_name(code: int) -> None:
    assert not tree_safe.is_git_name(f".g{chr(code)}it")


def test_windows_reads_a_stream_or_a_dot_behind_it_as_git() -> None:
    for name in (".git:x:y", ".GIT. .", "git~1", "git~1:a"):
        assert tree_safe.is_git_name(name), name
    for name in ("x.git", ".git2", "git~2", ":.git"):
        assert not tree_safe.is_git_name(name), name


def test_yaml_is_read_to_fifty_levels_and_half_a_megabyte() -> None:
    assert yaml_tree.read("[" * 50 + "]" * 50)
    with pytest.raises(Broken, match="line 1: nested deeper than 50"):
        yaml_tree.read("[" * 51 + "]" * 51)
    assert yaml_tree.read("a: " + "x" * (524_288 - 3))
    with pytest.raises(Broken, match="longer than 524288"):
        yaml_tree.read("a: " + "x" * (524_288 - 2))


def test_yaml_says_the_line_and_names_cut_short() -> None:
    with pytest.raises(Broken) as unknown:
        yaml_tree.read("a: 1\nb: *" + "x" * 90)
    assert str(unknown.value) == "line 2: nothing is called &" + "x" * 80
    with pytest.raises(Broken) as twice:
        yaml_tree.read(f"{'k' * 90}: 1\n{'k' * 90}: 2\n")
    assert str(twice.value) == f"line 2: {'k' * 80!r} stands there twice"
    with pytest.raises(Broken, match="no YAML"):
        yaml_tree.read("a: \ud800")
    with pytest.raises(Broken, match="line 2: "):
        yaml_tree.read("a: 1\n\tb: 1\n")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a: &x word\nb: *x\n", {"a": "word", "b": "word"}),
        ("a: &x [1]\nb: *x\n", {"a": ["1"], "b": ["1"]}),
        ("a:\nb: ''\nc: \"\"\n", {"a": None, "b": "", "c": ""}),
        ("~: 1\n", {"~": "1"}),
        ("?\n: 1\n", {"": "1"}),
        ("- - a\n- b: {c: [d]}\n", [["a"], {"b": {"c": ["d"]}}]),
    ],
)
def test_yaml_is_what_stands_there(text: str, tree: object) -> None:
    assert yaml_tree.read(text) == tree


def test_a_manifest_is_parsed_up_to_a_quarter_of_a_megabyte() -> None:
    def parts(size: int) -> tuple[str, ...] | None:
        text = '[build-system]\nrequires = ["x"]\n#'
        return manifests.parts(FileText(path="pyproject.toml", before="", after=text.ljust(size, "x")))

    assert parts(262_144) == ("build-system",)
    assert parts(262_145) is None
