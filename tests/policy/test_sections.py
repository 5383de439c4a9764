"""What an issue asks for: read without a model, without a crash, in linear time, and only what a person could see."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.task import Priority, TaskType
from orchestrator.policy import sections
from orchestrator.policy.sections import Wish, bullets, dependencies, priority, read, split, task_type, visible
from tests.policy.builders import WEB, issue

FULL = """Some words first.

## Goal
Dates are parsed.

## Success Criteria
- [ ] `parse("2026-01-01")` works
- [x] Tests pass

## Task Type
debugging

## Agent Preference
Claude

## Outcome Checks
- Sign-ups.weekly, error_rate

## Constraints
No new dependency.

## Context
See the parser.
### Details
More.

## Base Branch
`release/1.2`

Depends on #3 and other/api#12.
"""


def wish(body: str, **changes: str) -> Wish:
    return read(replace(issue(body=body), **changes))  # type: ignore[arg-type]


def test_every_section_of_a_full_issue_is_read() -> None:
    told = wish(FULL)
    assert told.goal == "Dates are parsed."
    assert [(c.id, c.text, c.passes) for c in told.criteria] == [
        ("c1", '`parse("2026-01-01")` works', None),
        ("c2", "Tests pass", None),
    ]
    assert told.type is TaskType.DEBUGGING
    assert told.agent == "claude"
    assert told.outcome_checks == ("sign-ups.weekly", "error_rate")
    assert told.constraints == "No new dependency."
    assert told.context == "Some words first.\n\nSee the parser.\n### Details\nMore."
    assert told.base == "release/1.2"
    assert told.depends_on == ("acme/web#3", "other/api#12")


def test_the_order_of_sections_and_the_case_of_their_names_do_not_matter() -> None:
    there = wish("## CONTEXT\nc\n# goal:\ng\n###### Success criteria ######\n* one\n")
    assert (there.goal, there.context, [c.text for c in there.criteria]) == ("g", "c", ["one"])


def test_an_issue_without_sections_is_its_own_goal_and_an_empty_one_has_its_title() -> None:
    assert wish("Just do it.").goal == "Just do it."
    assert wish("").goal == "Parse dates"
    assert wish("## Constraints\nnone").goal == "Parse dates"


def test_windows_line_ends_change_nothing() -> None:
    assert wish(FULL.replace("\n", "\r\n")) == wish(FULL)


def test_a_section_given_twice_keeps_the_first_and_shows_the_second() -> None:
    assert split("## Goal\none\n## Goal\ntwo")["goal"] == "one\n## Goal\ntwo"


def test_unknown_headings_stay_in_their_section() -> None:
    assert wish("## Goal\ng\n## Notes\nn\n### Deeper\nd").goal == "g\n## Notes\nn\n### Deeper\nd"


@pytest.mark.parametrize(
    "line", ["    ## Constraints", "text ## Constraints", "#######  Constraints", "> ## Constraints"]
)
def test_what_is_no_heading_opens_no_section(line: str) -> None:
    assert split(f"## Goal\ng\n{line}\nx").keys() == {"", "goal"}


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("```", "```"), ("~~~", "~~~"), ("```md", "```"), ("````", "`````"), ("  ```", "```"), ("```", "")],
)
def test_headings_inside_of_fenced_code_are_code(opening: str, closing: str) -> None:
    body = f"## Goal\ng\n{opening}\n## Constraints\nx\n{closing}\n"
    assert "constraints" not in split(body)


def test_a_fence_is_closed_only_by_its_own_kind_and_length() -> None:
    assert "constraints" not in split("````\n```\n## Constraints\n```\n````\n")
    assert "constraints" not in split("```\n~~~\n## Constraints\n~~~\n```\n")
    assert "constraints" not in split("```\n``` not a closing one\n## Constraints\n```\n")
    assert "constraints" in split("````\n```\n````\n## Constraints\nx\n")
    assert "constraints" in split("```in one line```\n## Constraints\nx\n")


HIDDEN = [
    "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad",  # zero width
    "\u202e", "\u2066", "\u200f", "\u061c",  # bidirectional controls
    "\U000e0041", "\U000e007f",  # tag characters
    "\ufe0e", "\U000e0100", "\U000e01ef",  # variation selectors, which can carry bytes
    "\u034f", "\u206a", "\ufff9", "\x00", "\x08", "\x1b", "\x7f", "\x9b",  # joiners and controls
]  # fmt: skip


@pytest.mark.parametrize("character", HIDDEN, ids=lambda c: f"U+{ord(c):04X}")
def test_characters_nobody_sees_are_gone_from_text_and_title(character: str) -> None:
    assert visible(f"a{character}b") == "ab"
    assert wish(f"## Go{character}al\nx{character}y").goal == "xy"
    assert wish("", title=f"Pa{character}rse").goal == "Parse"


def test_ordinary_text_of_any_script_is_kept() -> None:
    text = "Größe, 日付, עברית, العربية, emoji 🎉\tand\ttabs\nlines\n"
    assert visible(text) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- Depends on #9 -->",
        "<!--\nDepends on #9\n## Agent Preference\ngemini\n-->",
        "<!-- never closed\nDepends on #9\n",
        "<!-- a --><!-- Depends on #9 -->",
        "<!-\u200b- <!-- -->\n<!--\nDepends on #9 -->",
    ],
)
def test_nothing_inside_of_an_html_comment_counts(hidden: str) -> None:
    told = wish(f"## Goal\ng\nDepends on #3\n{hidden}")
    assert told.depends_on == ("acme/web#3",)
    assert told.agent == ""
    assert "#9" not in told.goal


def test_a_dependency_on_an_unseen_number_is_not_smuggled_by_invisible_characters() -> None:
    assert wish("Depends on #1\u200b2").depends_on == ("acme/web#12",), "as a person sees it"


@pytest.mark.parametrize(
    ("line", "refs"),
    [
        ("Depends on #3", ["acme/web#3"]),
        ("- depends  ON: #3, #4 and #3", ["acme/web#3", "acme/web#4"]),
        ("**Blocked by** other/api#12", ["other/api#12"]),
        ("> Blocked by #5", ["acme/web#5"]),
        ("Depends on https://github.com/other/api.v2/issues/12", ["other/api.v2#12"]),
        ("Depends on #0, #007 and #12345678901", []),
        ("It depends on #3", []),
        ("Depends onward #3", []),
        ("Depends on the weather", []),
        ("Depends on #3x", []),
    ],
)
def test_a_dependency_line_is_recognised(line: str, refs: list[str]) -> None:
    assert list(dependencies(WEB, f"text\n{line}\ntext #99")) == refs


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Closes #1", (1,)),
        ("closed: #1 and fixes ACME/Web#2, Resolve\t#3.", (1, 2, 3)),
        ("fix https://github.com/acme/web/issues/4", (4,)),
        ("Closes #1, #2", (1,)),
        ("It closes #5. It closes #5.", (5,)),
        ("closes other/api#1, closes https://github.com/other/api/issues/2", ()),
        ("encloses #1, closes#1, fixing #1, prefix #1, pre-fix #1, closes #0, closes #7x", ()),
        ("`closes #1` <!-- closes #2 -->\n```\ncloses #3\n```\ncloses #4", (4,)),
        ("\n".join(f"fixes #{n}" for n in range(1, 9)), (1, 2, 3, 4, 5)),
    ],
)
def test_what_a_pull_request_says_it_closes(text: str, numbers: tuple[int, ...]) -> None:
    assert sections.closes(WEB, text, 5) == numbers


@pytest.mark.parametrize("name", ["main", "release/1.2", "feature_x", "v1.x-dev", "a/b/c"])
def test_a_base_branch_is_taken_as_it_is_written(name: str) -> None:
    assert wish(f"## Base Branch\n- `{name}`").base == name


@pytest.mark.parametrize(
    "name",
    [
        "-x", "--upload-pack=x", "../", "../../etc", "a..b", "x.lock", "x/", "/x", "a//b", "a/.b", ".x", "a.lock/b",
        "a.", "a./b", "HEAD", "a b", "a~1", "a^", "a:b", "a?", "a*b", "a[0]", "a\\b", "a@{1}", "@", "$(id)", "x" * 300,
        "refs/heads/main", "None", "n/a", "none", "-",
    ],
)  # fmt: skip
def test_a_hostile_or_empty_base_branch_is_not_said(name: str) -> None:
    assert wish(f"## Base Branch\n{name}").base == ""


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("- a\n- b", ["a", "b"]),
        ("a, b,c d", ["a", "b", "c", "d"]),
        ("* Sign-Ups\n* sign-ups", ["sign-ups"]),
        ("`error_rate`, (p95.ms)!", ["error_rate", "p95.ms"]),
        ("None", []),
        ("- n/a\n- real", ["real"]),
        ("", []),
        ("!!!", []),
        ("- Visitors who sign up\n- error_rate", ["error_rate"]),
        ("- sign_ups, error rate, p95", ["sign_ups", "p95"]),
    ],
)
def test_outcome_checks_are_read_by_bullets_commas_or_spaces(text: str, ids: list[str]) -> None:
    assert list(wish(f"## Outcome Checks\n{text}").outcome_checks) == ids


def test_a_sentence_among_outcome_checks_is_no_id_and_is_told() -> None:
    told = wish("## Outcome Checks\n- Visitors who sign up\n- a, `more   of` that\n- b\n")
    assert (told.outcome_checks, told.no_checks) == (("a", "b"), ("Visitors who sign up", "`more of` that"))
    assert wish("## Outcome Checks\na b").no_checks == ()


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("debugging", TaskType.DEBUGGING),
        ("Browser Automation", TaskType.BROWSER_AUTOMATION),
        ("- `browser-automation`", TaskType.BROWSER_AUTOMATION),
        ("auto", None),
        ("bugfixing", None),
        ("", None),
    ],
)
def test_a_task_type_is_one_of_the_known_or_not_said(word: str, meant: TaskType | None) -> None:
    assert wish(f"## Task Type\n{word}").type is meant


def test_a_type_is_its_own_word() -> None:
    assert all(task_type(kind.value) is kind for kind in TaskType)


@pytest.mark.parametrize("word", ["auto", "None", "n/a", "-", ""])
def test_no_preference_is_no_agent(word: str) -> None:
    assert wish(f"## Agent Preference\n{word}").agent == ""


def test_lists_and_plain_lines_are_both_items() -> None:
    assert bullets("- one\n  + two \n3. three\n4) four\n[ ] no") == ("one", "two", "three", "four")
    assert bullets("one\n\n two ") == ("one", "two")
    assert bullets("- [x] done\n* [ ]  open") == ("done", "open")
    assert bullets("") == ()


def test_the_highest_priority_label_wins_in_any_letter_case() -> None:
    assert priority(frozenset({"prio:low", "PRIO:High"})) is Priority.HIGH
    assert priority(frozenset({"prio:low"})) is Priority.LOW
    assert priority(frozenset({"prio:urgent", "bug"})) is Priority.NORMAL


MARKDOWN = st.lists(
    st.sampled_from(
        [
            "## Goal",
            "# ",
            "```",
            "~~~~",
            "<!--",
            "-->",
            "- ",
            "Depends on ",
            "#",
            "1",
            "a/b",
            "\n",
            "\r",
            " ",
            "\u200b",
            "x",
        ]
    )
    | st.text(max_size=5)
).map("".join)


@given(MARKDOWN, st.text())
def test_reading_never_raises_and_never_shows_what_is_hidden(body: str, title: str) -> None:
    told = read(issue(body=body, title=title))
    everything = " ".join((told.goal, told.context, told.constraints, *(c.text for c in told.criteria), told.agent))
    assert not set(everything) & set(HIDDEN)
    assert told.base == "" or not told.base.startswith(("-", ".", "/"))


@given(MARKDOWN)
def test_what_is_visible_stays_visible(text: str) -> None:
    once = visible(text)
    assert visible(once) == once or "<!--" in once, "only a comment pieced together by the first pass may still go"


SIZE = 100_000
HOSTILE = {
    "spaces in a heading": "#" + " " * SIZE + "#x",
    "hashes": "#" * SIZE + "x",
    "spaces in a bullet": "- a" + " " * SIZE + "b",
    "a checkbox of spaces": "- [ ]" + " " * SIZE + "\u00a0x",
    "empty lines": "\n" * SIZE + "x",
    "punctuation": "*" * SIZE + "depends",
    "punctuated lines": "*\n" * (SIZE // 2),
    "a long name after depends on": "Depends on " + "a" * SIZE,
    "slashes after depends on": "Depends on " + "a/" * (SIZE // 2),
    "numbers after depends on": "Depends on " + "#1" * (SIZE // 2),
    "many dependencies": "Depends on " + " ".join(f"#{n}" for n in range(1, SIZE // 7)),
    "comment openings": "<!--" * (SIZE // 4),
    "comment closings": "-->" * (SIZE // 3),
    "fences": "```\n" * (SIZE // 4),
    "backticks": "`" * SIZE + "x",
    "invisible": "\u200b" * SIZE,
    "digits": "1" * SIZE + ".",
    "dots in a base": "## Base Branch\n" + "a." * (SIZE // 2),
    "goals": "## Goal\n" * (SIZE // 8),
    "checks": "## Outcome Checks\n" + "a b " * (SIZE // 4),
    "many checks": "## Outcome Checks\n" + " ".join(f"c{n}" for n in range(SIZE // 7)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_in_linear_time(name: str) -> None:
    body = HOSTILE[name]

    def cost(text: str) -> float:
        started = time.process_time()
        read(issue(body=text))
        return time.process_time() - started

    # Twice the text may cost about twice the time; a quadratic parse would cost four times, a cubic one eight.
    cost("warm")
    small = min(cost(body[: SIZE // 8]) for _ in range(3))
    large = min(cost(body) for _ in range(2)) if small < 0.5 else float("inf")
    assert large < 24 * small + 0.05, f"{small:.4f} s for an eighth, {large:.4f} s for all"


def test_the_sections_known_are_those_of_the_issue_form() -> None:
    assert set(sections.SECTIONS) >= {"goal", "success criteria", "task type", "agent preference", "base branch"}


def test_headings_fences_and_names_at_their_very_edges() -> None:
    assert split("   # Goal\nx")["goal"] == "x"
    assert "goal" not in split("    # Goal\nx")
    assert split("###### Goal\nx")["goal"] == "x"
    assert "goal" not in split("####### Goal\nx")
    assert "goal" not in split("Goal\nx")
    assert split("## Goal ##\nx")["goal"] == "x"
    assert split("```\n## Goal\n```\n## Context\ny").get("goal") is None
    assert split("````\n```\n## Goal\n````\n## Context\ny").get("goal") is None
    assert split("```\n~~~\n## Goal\n```\n## Context\ny").get("goal") is None
    assert split("~~~\n``` x\n~~~\n## Goal\ny")["goal"] == "y"


def test_a_goal_keeps_what_was_said_before_it_as_context() -> None:
    assert wish("first\n## Goal\nx").context == "first"
    assert wish("first\n## Goal\nx\n## Context\ny").context == "first\n\ny"
    assert wish("first\n## Context\ny").context == "y"
    assert wish("## Goal\nx\n## Context\ny").context == "y"


def test_of_no_priority_it_is_normal_and_an_unknown_type_is_none() -> None:
    assert priority(frozenset({"prio:none"})) is Priority.NORMAL
    assert priority(frozenset({"PRIO:low", "prio:normal"})) is Priority.NORMAL
    assert task_type("wizardry") is None
    assert wish("## Agent Preference\n- `codex`\n- claude").agent == "codex"
    assert wish("## Base Branch\n- `main`\n- other").base == "main"
