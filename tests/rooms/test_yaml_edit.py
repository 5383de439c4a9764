"""One value of a YAML text changed in place: nothing else moves, and what cannot be done so is refused."""

from __future__ import annotations

import difflib
import random
from pathlib import Path

import pytest

from orchestrator.yamlread import entries
from orchestrator.yamlread.edit import CannotEdit, edited, scalar, source
from orchestrator.yamlread.lines import read
from orchestrator.yamlread.problems import ConfigError

EXAMPLE = (Path(__file__).parents[2] / "example.config.yaml").read_text()


def changes(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:2] not in ("--", "++", "@@")]


@pytest.mark.parametrize(
    ("at", "value", "told"),
    [
        (("merge",), "false", ["-merge: true", "+merge: false"]),
        (("budgets", "day_usd"), "7", ["-  day_usd: 50", "+  day_usd: 7"]),
        (
            ("projects", "main", "repos", 1, "automation_mode"),
            "full",
            [
                "-        automation_mode: dispatcher_only   # dispatch and open pull requests; a person does the rest",
                "+        automation_mode: full   # dispatch and open pull requests; a person does the rest",
            ],
        ),
        (("projects", "main", "repos", 0, "merge"), "false", ["+        merge: false"]),
        (
            ("projects", "main", "repos", 0, "budgets", "day_usd"),
            "3",
            ["+        budgets:", "+          day_usd: 3"],
        ),
        (
            ("approval", "low"),
            "human",
            ["-approval: {low: auto, medium: auto, high: human}", "+approval: {low: human, medium: auto, high: human}"],
        ),
        (("telegram", "quiet_hours"), scalar("22:00-07:00"), ['+  quiet_hours: "22:00-07:00"']),
        (("operator",), None, ["-operator: yourname"]),
        (
            ("projects", "main", "repos", 1, "automation_mode"),
            None,
            [
                "-        automation_mode: dispatcher_only   # dispatch and open pull requests; a person does the rest",
                "+        # dispatch and open pull requests; a person does the rest",
            ],
        ),
        (("operators",), "- github: ada\n  # me\n  may: [see]", ["+operators:", "+  - github: ada", "+    # me",
                                                                "+    may: [see]"]),
    ],
)  # fmt: skip
def test_one_value_is_changed_and_no_other_byte(at: tuple[str | int, ...], value: str | None, told: list[str]) -> None:
    assert changes(EXAMPLE, edited(EXAMPLE, at, value)) == told


def test_line_ends_and_comments_of_a_block_stay() -> None:
    text = "a: {x: 1}\r\nb:   # why\r\n  - 1\r\n  - 2\r\n# tail\r\nc: x"
    assert edited(text, ("b",), "7") == "a: {x: 1}\r\nb: 7   # why\r\n# tail\r\nc: x"
    assert edited(text, ("d", "e"), "4") == text + "\r\nd:\r\n  e: 4"


def test_what_was_written_comes_back_as_it_was_written() -> None:
    text = "operators:\n    - github: ada   # the boss\n      may: [see]\nx: 1\n"
    said = source(text, ("operators",))
    assert said == "- github: ada   # the boss\n  may: [see]"
    assert read(edited(text, ("operators",), said), "t").tree == read(text, "t").tree
    assert source(text, ("nobody",)) == ""


@pytest.mark.parametrize("at", [("a", "b"), ("list", "x"), ("flow", "y"), ("items", 0, "key")])
def test_what_would_lose_something_is_refused(at: tuple[str | int, ...]) -> None:
    text = "a: 1\nlist: [1]\nflow: {x: 1}\nitems:\n  - key: v\n    # about it\n    other: w\n"
    with pytest.raises(CannotEdit):
        edited(text, at, None if at[0] == "items" else "one: 1\ntwo: 2")


def test_a_text_that_cannot_be_read_is_told() -> None:
    with pytest.raises(ConfigError, match="once"):
        edited("a: 1\na: 2\n", ("a",), "3")


def test_any_leaf_of_the_example_takes_any_value_and_keeps_all_others() -> None:
    chance = random.Random(20261126)
    leaves = [at for at in read(EXAMPLE, "e").lines if not isinstance(at[-1], int)]
    for _ in range(25):
        at = chance.choice(leaves)
        value = chance.choice(["x # y", "on", "1", "", "a: b", "- c", "é", '"', "'", "\\", 7, 0.5, True, ["a,b", "]"]])
        new = edited(EXAMPLE, at, scalar(value))  # it checks itself that all else says what it said
        assert read(new, "e").get(at) == value
        kept = [line for line in EXAMPLE.splitlines() if line.lstrip().startswith("#")]
        assert [line for line in new.splitlines() if line.lstrip().startswith("#")] == kept


ENTRY = {"id": "c", "weight": 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("metrics:\n  - id: a # x\n\n  # b\n  - id: b\n# end\n",
         "metrics:\n  - id: a # x\n\n  # b\n  - id: b\n  - id: c\n    weight: 1\n# end\n"),
        ("metrics:\n- id: a", "metrics:\n- id: a\n- id: c\n  weight: 1"),
        ("metrics: [{id: a}] # x\n", "metrics: [{id: a}, {id: c, weight: 1}] # x\n"),
        ("metrics:\r\n  - id: a\r\nmore: 1\r\n", "metrics:\r\n  - id: a\r\n  - id: c\r\n    weight: 1\r\nmore: 1\r\n"),
    ],
)  # fmt: skip
def test_an_entry_is_put_at_the_end_of_its_list_and_taken_out_again(before: str, after: str) -> None:
    assert entries.appended(before, ("metrics",), ENTRY) == after
    assert entries.removed(after, ("metrics", after.count("id:") - 1)).rstrip() == before.rstrip()


@pytest.mark.parametrize("text", ["metrics: []\n", "metrics: 1\n", "other: 1\n"])
def test_what_is_no_list_with_entries_is_left_to_the_person(text: str) -> None:
    with pytest.raises(CannotEdit):
        entries.appended(text, ("metrics",), ENTRY)
    with pytest.raises(CannotEdit):
        entries.removed(text, ("metrics", 0))
