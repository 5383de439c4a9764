"""What a command runs, and which part of a file decides about tests: each side of every edge."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from orchestrator.gate import entries, testfiles
from orchestrator.gate.testfiles import Ground, Kind

PLAIN = Ground()
NOTHING: Mapping[str, str] = {}
BASE: Mapping[str, str] = {
    "check": "true\n",
    "a.d/run": "sh ci/last.sh\n",
    "ci/run": "sh ci/last.sh\n",
    "ci/last.sh": "true\n",
    "ci/other": "true\n",
    "ci/exec": "true\n",
    "ci/env": "true\n",
    "ci/LOUD.SH": "ci/last.sh\n",
    "ci/shell.txt": "#!/usr/bin/env bash\nci/last.sh\n",
    "ci/plain.txt": "#!/usr/bin/python\n# sh ci/last.sh\nsh ci/last.sh\n",
    "ci/late.txt": "ci/last.sh\n#!/bin/sh\n",
    "ci/program.py": "sh ci/last.sh\n",
    "ci/a,b": "true\n",
    "tasks.py": "sh ci/last.sh\n",
    "tools.run": "x",
    "tools/run.py": "x",
    "Makefile": "x:\n\tci/other\n",
}


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("ci/run", "ci/run ci/last.sh"),
        ("ci/LOUD.SH", "ci/LOUD.SH ci/last.sh"),
        ("ci/shell.txt", "ci/shell.txt ci/last.sh"),
        ("ci/plain.txt", "ci/plain.txt"),
        ("ci/late.txt", "ci/late.txt"),
        ("ci/program.py", "ci/program.py"),
        ("invoke x", "tasks.py ci/last.sh"),
        ("/usr/bin/make x", "Makefile ci/other"),
        ("true ci/run", ""),
        ("ci/other ci/exec", "ci/other"),
        ("mytool ci/last.sh", "ci/last.sh"),
        ("A=1", ""),
        ("A=1 B=2 timeout 5 ci/other", "ci/other"),
        ("sh ci/other > ci/exec", "ci/other"),
        ("ci/a,b", "ci/a,b"),
        ("python -m", ""),
        ("python -m tools.run ci/env", "tools/run.py"),
        ("python tools/run.py ci/env", "tools/run.py"),
        ("bash ci/exec ci/env", "ci/exec"),
        ("bash ci/other ci/env", "ci/other"),
        ("bash -c", ""),
        ("bash -ec 'ci/env'", "ci/env"),
        ("(ci/other) && ci/exec | ci/env", "ci/other ci/exec ci/env"),
        ("npm test", ""),
        ("check", ""),
        ("a.d/run", "a.d/run ci/last.sh"),
        ("check ci/plain", ""),
        ("check a.b", ""),
    ],
)
def test_exactly_what_is_run_counts(command: str, paths: str) -> None:
    assert entries.ground((), (command,), BASE.get).entries == frozenset(paths.split())


def test_a_chain_of_scripts_is_followed_to_fifty() -> None:
    chain = {f"s{n}.sh": f"sh s{n + 1}.sh\n" for n in range(60)}
    found = entries.ground((), ("sh s0.sh",), chain.get).entries
    assert found == {f"s{n}.sh" for n in range(50)}


def test_words_of_the_commands_name_scripts_of_node() -> None:
    assert entries.ground((), ("npm run unit",), NOTHING.get).scripts == {"npm", "run", "unit", "package.json"}
    assert entries.ground((), ("ci/other",), BASE.get).scripts == {"ci/other", "true"}
    broken = entries.ground((), ("npm test",), {"package.json": "[1]"}.get)
    assert broken.entries == frozenset()
    nothing = entries.ground((), ("npm test",), {"package.json": '{"scripts": null}'}.get)
    assert nothing.entries == frozenset()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("node_modules/a/b.js", Kind.CONFIG),
        ("a/node_modules/b.js", Kind.SOURCE),
        ("a/.cargo/config.toml", Kind.CONFIG),
        (".cargo/a/x.rs", Kind.SOURCE),
        ("a/b.dist-info/x", Kind.CONFIG),
        ("core/CartIT.java", Kind.TEST),
        ("core/CartTest.txt", Kind.SOURCE),
    ],
)
def test_folders_count_at_their_place(path: str, kind: Kind) -> None:
    assert testfiles.kind(path, PLAIN) is kind


def test_globs_of_folders_and_of_names() -> None:
    ground = Ground(globs=("qa*/", "CASE.yml", "deep/checks/"))
    kinds = {p: testfiles.kind(p, ground) is Kind.TEST for p in ("qa1/x.py", "a/b/case.yml", "deep/checks/x", "x/qa1")}
    assert kinds == {"qa1/x.py": True, "a/b/case.yml": True, "deep/checks/x": True, "x/qa1": False}


def part(path: str, text: str | None) -> str:
    return testfiles.part(path, text, PLAIN)


def test_a_part_is_the_same_in_any_order_and_empty_where_there_is_none() -> None:
    assert part("package.json", None) == ""
    assert part("pyproject.toml", '[project]\nname = "a"\n') == ""
    one, two = "[tool.pytest]\na = 1\nb = 2\n[tool.coverage]\n", "[tool.coverage]\n[tool.pytest]\nb = 2\na = 1\n"
    assert part("pyproject.toml", one) == part("pyproject.toml", two) != ""
    assert part("a/b/package.json", '{"jest": {"a": 1, "b": 2}}') == part("package.json", '{"jest": {"b": 2, "a": 1}}')
    assert part("a/package.json", '{"version": "1"}') == ""
    plugin = part("pyproject.toml", '[project.entry-points.pytest11]\nx = "calc"\n')
    assert json.loads(plugin) == {"pytest11": {"x": "calc"}}
    assert part("setup.cfg", "skip = 1\n[metadata]\nname = a\n") == ""
    assert part("setup.cfg", "[metadata]\n[tool:pytest]\n\na = 1 \n[x]\nb = 1\n") == "[tool:pytest]\na = 1"


def test_package_json_is_mended_to_the_letter() -> None:
    before = '{"name": "x", "mocha": 1}'
    after = '{"name": "y", "jest": {"bail": 1}, "scripts": null}'
    assert testfiles.mended("a/package.json", before, after, PLAIN) == (
        '{\n  "name": "y",\n  "scripts": {},\n  "mocha": 1\n}\n'
    )
    assert testfiles.mended("package.txt", "{}", "{}", PLAIN) is None


def test_scripts_that_start_each_other_are_followed_ten_deep() -> None:
    scripts = {f"s{n}": f"npm run s{n + 1}" for n in range(15)} | {"test": "npm run s0", "lint": "x"}
    told = json.loads(part("package.json", json.dumps({"scripts": scripts})))
    assert set(told) == {"script test", *(f"script s{n}" for n in range(10))}


def test_twenty_thousand_characters_of_a_script_are_looked_at_and_half_of_that_between_quotes() -> None:
    def found(text: str) -> bool:
        return "ci/other" in entries.ground((), (text,), BASE.get).entries

    assert (found(" " * 19_992 + "ci/other"), found(" " * 19_993 + "ci/other")) == (True, False)
    quoted = "bash -c '{}ci/other'"
    assert (found(quoted.format(" " * 9_992)), found(quoted.format(" " * 9_993))) == (True, False)
