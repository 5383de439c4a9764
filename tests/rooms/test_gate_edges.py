"""The gate's checks on each side of every edge: the last that passes, the first that does not, and what is said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.gate import (
    banned_patterns,
    base,
    dependencies,
    hidden_text,
    manifests,
    oversized_modules,
    size_budget,
    tree_safe,
    workflows,
)
from orchestrator.model.gate import Evidence, FileChange, FileText, Finding, Outcome
from orchestrator.model.governance import BannedPattern, GateRules, Risk
from orchestrator.model.names import Sha
from orchestrator.pipeline.evidence import added

BARE = Evidence(result=None, base=Sha("c" * 40), tree=Sha("a" * 40))


def change(path: str, lines: int = 1) -> FileChange:
    return FileChange(path=path, status="M", old_mode="100644", new_mode="100644", added=lines)


def text(path: str, after: str | None, before: str | None = "") -> FileText:
    return FileText(path=path, before=before, after=after, added=added(before, after) if after is not None else ())


def asked(*files: FileText, **more: Any) -> Evidence:
    return replace(BARE, changes=tuple(change(f.path) for f in files), files=files, **more)


def test_a_list_is_bounded_by_places_and_by_characters_and_says_what_is_left_out() -> None:
    assert base.listed(["a"] * 20) == "; ".join(["a"] * 20)
    assert base.listed(["a"] * 21).endswith("; a (and 1 more)")
    assert base.listed(["x" * 9000, "b"]) == "x" * 9000 + " (and 1 more)", "the first is never cut"
    assert base.listed(["x" * 4000, "y" * 4000, "z"]).endswith("y (and 1 more)")


# --- what nobody sees

FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def hidden(line: str) -> str:
    finding = hidden_text.check(asked(text("a.txt", f"first\n{line}\n")))
    return finding.why if finding.outcome is Outcome.FAIL else ""


@pytest.mark.parametrize(
    "line",
    [
        f"{FLAG} {FLAG}",
        "\u1820\u180b", "\u18aa\u180f", "\u1820\u180d",
        "\u4e00\U000e0100", "\u4e00\U000e01ef", "\u2764\ufe00", "\u2764\ufe0d", "\u2764\ufe0e", "1\ufe0f",
        "\U0001f469\u200d\u2764", "\u2764\ufe0f\u200d\U0001f525",
    ],
)  # fmt: skip
def test_what_its_neighbours_need_is_left_alone(line: str) -> None:
    assert hidden(line) == ""


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (f"{FLAG}\u200b", "U+200B"),
        (f"{FLAG} \u200b {FLAG}", "U+200B"),
        (f"{FLAG} {FLAG} \u200b", "U+200B"),
        (f"\u200b {FLAG}", "U+200B"),
        ("\u181f\u180b", "U+180B"), ("\u18ab\u180f", "U+180F"), ("a\u180e", "U+180E"),
        ("a\U000e0100", "U+E0100"), ("a\U000e01ef", "U+E01EF"), ("a\ufe00", "U+FE00"), ("a\ufe0d", "U+FE0D"),
        ("x\u200d\U0001f525", "U+200D"), ("\U0001f525\u200dx", "U+200D"), ("\u0628\u200dx", "U+200D"),
        ("x\u200c\u0628", "U+200C"),
    ],
)  # fmt: skip
def test_and_nowhere_else(line: str, named: str) -> None:
    assert hidden(line).count("U+") == 1
    assert named in hidden(line)


def test_five_characters_of_a_line_and_twenty_lines_of_a_file_are_named() -> None:
    six = "\u200b \u2060 \u202e \u2066 \u2028 \u200f"
    assert hidden(six).count("U+") == 5
    many = hidden("\n".join(["\u200b"] * 20))
    assert many.count("line") == 20
    assert "more" not in many
    assert hidden("\n".join(["\u200b"] * 30)).endswith("(and 1 more)")


def test_an_encoding_counts_where_python_looks_for_it() -> None:
    def coded(line: int) -> Outcome:
        return hidden_text.check(asked(text("a.py", "\n" * (line - 1) + "# coding: utf-7\n"))).outcome

    assert [coded(n) for n in (1, 2, 3)] == [Outcome.FAIL, Outcome.FAIL, Outcome.PASS]
    for blanks, outcome in ((385, Outcome.FAIL), (386, Outcome.PASS)):
        assert hidden_text.check(asked(text("a.py", " " * blanks + "# coding: utf-7\n"))).outcome is outcome


def test_names_of_broken_bytes_are_refused_to_the_last_of_them() -> None:
    assert hidden_text.in_name("a\ud800") == hidden_text.in_name("a\udfff") == "not UTF-8"
    assert hidden_text.in_name("a\ue000") == ""
    assert hidden_text.in_name("a\tb").startswith("U+0009")


# --- rules, sizes, long modules


def test_without_rules_nothing_has_to_be_read() -> None:
    rules = GateRules(max_module_lines=0, max_files=0, max_lines=0)
    unread = replace(BARE, changes=(change("a.py"),), rules=rules)
    assert banned_patterns.check(unread).outcome is Outcome.PASS
    assert oversized_modules.check(unread).outcome is Outcome.PASS
    assert workflows.check(unread).outcome is Outcome.PASS
    assert dependencies.check(unread).outcome is Outcome.PASS
    for path, check in ((".github/workflows/a.yml", workflows), ("package.json", dependencies)):
        assert check.check(replace(BARE, changes=(change(path),))).outcome is Outcome.CANNOT_TELL


def test_of_a_rules_places_twenty_are_named_and_that_there_are_more() -> None:
    rules = GateRules(banned=(BannedPattern(pattern="x", reason="no x"),))
    twenty = banned_patterns.check(asked(text("a", "x\n" * 20), rules=rules)).why
    assert (twenty.count("line"), "more" in twenty) == (20, False)
    assert banned_patterns.check(asked(text("a", "x\n" * 90), rules=rules)).why.endswith("(and 1 more))")


def sized(*changes: FileChange, **rules: int) -> Finding:
    return size_budget.check(replace(BARE, changes=changes, rules=GateRules(**rules)))  # type: ignore[arg-type]


def test_sizes_at_the_very_budget() -> None:
    assert sized(*(change(f"{n}.py") for n in range(60))).outcome is Outcome.PASS
    assert sized(change("a.py", 2000), change("package-lock.json", 9)).outcome is Outcome.PASS
    assert sized(change("a.py", 2001), change("package-lock.json", 9)).outcome is Outcome.FAIL
    assert sized(change("a.py", 1), max_files=1).risk is Risk.MEDIUM, "more than half of one"
    assert sized(*(change(f"{n}.py", 0) for n in range(3)), max_lines=1).risk is Risk.LOW


def test_the_five_largest_files_are_named_largest_first() -> None:
    told = sized(*(change(f"{n}.py", 1000 + n) for n in range(7))).why
    assert told.endswith(
        "Largest: '6.py' (1006 lines), '5.py' (1005 lines), '4.py' (1004 lines), '3.py' (1003 lines), "
        "'2.py' (1002 lines)"
    )


def test_a_module_that_keeps_three_fifths_of_a_deleted_one_has_moved() -> None:
    rules = GateRules(max_module_lines=9)
    old = "\n".join(f"line {n}" for n in range(10))

    def moved(kept: int) -> Outcome:
        new = "\n".join([*(f"line {n}" for n in range(kept)), *(f"new {n}" for n in range(10 - kept))])
        return oversized_modules.check(asked(text("b.py", new), text("a.py", None, old), rules=rules)).outcome

    assert (moved(6), moved(5)) == (Outcome.PASS, Outcome.FAIL)
    short = text("c.py", None, "\n".join(f"line {n}" for n in range(9)))
    whole = text("b.py", old)
    assert oversized_modules.check(asked(whole, short, rules=rules)).outcome is Outcome.FAIL, "no long one was deleted"


def test_two_names_that_fold_to_one_are_told_in_order() -> None:
    assert tree_safe.collisions(["b/X", "b/x"], ("B/y",)) == [("B", "b"), ("b/X", "b/x")]


# --- packages


def test_parts_of_a_manifest_wherever_it_stands() -> None:
    lodash = text("a/b/package.json", '{"dependencies": {"x": "1"}}', "{}")
    assert manifests.parts(lodash) == ("dependencies",)
    assert manifests.parts(text("a/Pipfile", "a = 1\n", "a = 2\n")) is None
    assert manifests.parts(text("package.json", "{", "{}")) is None
    assert manifests.parts(text("package.json", "{}", "{")) is None
    assert manifests.parts(text("package.json", "{}", None)) == ()


def test_scripts_that_npm_runs_are_those_of_a_package_json() -> None:
    script = '{"scripts": {"install": "x"}}'
    assert manifests.hooks(text("a/b/package.json", script)) == ("install",)
    assert manifests.hooks(text("package.json", script, script)) == ()
    assert manifests.hooks(text("a/package.txt", script)) == ()
    assert manifests.hooks(text("package.json", "{}", script)) == (), "taking one out runs nothing"


def test_of_a_package_json_versions_tell_where_from_and_not_its_other_lines() -> None:
    plain = json.dumps({"homepage": "http://x.invalid", "dependencies": {"x": "^1"}}, indent=1)
    assert list(manifests.elsewhere(text("a/package.json", plain, "{}"))) == []
    name = "n" * 90
    far = json.dumps({"dependencies": {name: "git+https://x.invalid/y"}})
    assert list(manifests.elsewhere(text("a/package.json", far, "{}"))) == [
        f"'a/package.json': {f'dependencies.{name}'[:80]!r}"
    ]


def test_a_line_of_a_lock_file_is_looked_through_up_to_its_bound() -> None:
    def told(line: str, before: str | None = "") -> list[str]:
        return list(manifests.locked_elsewhere(text("a.lock", f"{line}\n", before)))

    assert told("x" * 4000) == []
    assert told("x" * 4001) == ["'a.lock' line 1 is 4001 characters long"]
    far = 'resolved "https://far.invalid/a/-/a-1.tgz"'
    assert told(far) == ["'a.lock' line 1"]
    assert told(far.replace("a-1", "a-2"), f"{far}\n") == [], "that host was in it before"
    assert told("source = registry+https://github.com/rust-lang/crates.io-index") == []
    assert told("source = git+https://github.com/acme/x") == ["'a.lock' line 1"]
    assert told("source = registry+https://far.invalid/index") == ["'a.lock' line 1"]


def test_a_lock_file_beside_a_manifest_that_asks_for_the_same_is_the_reviewers() -> None:
    lock = text("package-lock.json", '{"a": 2}\n', '{"a": 1}\n')
    manifest = text("package.json", '{"description": "b"}', '{"description": "a"}')
    finding = dependencies.check(asked(lock, manifest))
    assert (finding.outcome, finding.risk) == (Outcome.PASS, Risk.MEDIUM)
    assert dependencies.check(asked(lock)).risk is Risk.HIGH


# --- workflows

STEPS = "runs-on: x, steps: [{run: y}]"


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ("[x]", ["it is no mapping"]),
        ("null", ["it is no mapping"]),
        ("{uses: [x]}", ["`uses` names one workflow, and has no `steps` or `runs-on` beside it"]),
        ("{uses: x, runs-on: y}", ["`uses` names one workflow, and has no `steps` or `runs-on` beside it"]),
        ("{uses: x, steps: [{run: y}]}", ["`uses` names one workflow, and has no `steps` or `runs-on` beside it"]),
        ("{uses: x}", []),
        ("{" + STEPS + ", needs: [[a]]}", ["`needs` names \"['a']\", which is no job of this file"]),
        ("{" + STEPS + ", needs: " + "n" * 90 + "}", [f"`needs` names {'n' * 80!r}, which is no job of this file"]),
        ("{runs-on: x, steps: {run: y}}", ["`steps` is missing or empty"]),
        ("{runs-on: x, steps: []}", ["`steps` is missing or empty"]),
        ("{runs-on: x, steps: [y, {run: a, uses: b}]}", [
            "step 1 has neither or both of `run` and `uses`", "step 2 has neither or both of `run` and `uses`",
        ]),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_with_a_job_is_told_once(job: str, said: list[str]) -> None:
    finding = workflows.check(asked(text(".github/workflows/a.yml", f"on: push\njobs: {{j: {job}}}\n")))
    told = finding.why.removeprefix("Mend the workflow: ").split("; ") if finding.why else []
    assert told == [f"'.github/workflows/a.yml': job 'j': {words}" for words in said]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("on: push\njobs: [a]\n", "`jobs` is missing or empty"),
        ("on: push\njobs: {}\n", "`jobs` is missing or empty"),
        ("on: push\njobs: {j: {" + STEPS + "}}\n" + "k" * 90 + ": 1\n", f"GitHub knows no key {'k' * 80!r} at the top"),
        ("on: push\njobs: {" + "j" * 90 + ": {uses: x, steps: []}}\n", f"job {'j' * 80!r}: `uses`"),
        ("a: \x00\n", "no YAML"),
        (None, "it is no text"),
    ],
)
def test_each_thing_that_is_wrong_with_a_workflow_is_told(document: str | None, said: str) -> None:
    finding = workflows.check(asked(text(".github/workflows/a.yml", document)))
    assert finding.outcome is Outcome.FAIL
    assert said in finding.why or "control characters" in finding.why
