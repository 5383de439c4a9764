"""Which paths are tests, and what decides how they are run."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from orchestrator.gate import entries, testfiles
from orchestrator.gate.testfiles import Ground, Kind

PLAIN = Ground()


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        (
            Kind.TEST,
            (
                "tests/test_a.py test_b.py src/a_test.go app/cart.test.ts spec/models/a_spec.rb pkg/__tests__/x.js "
                "src/test/java/A.java core/CartTest.java a/Tests.cs/CartTests.cs tests/data/expected.json app/tests.py "
                "Tests/package.json a/__snapshots__/b.snap e2e/login.cy.ts deep/TEST/x.txt"
            ),
        ),
        (
            Kind.CONFIG,
            (
                "conftest.py tests/conftest.py pytest.ini sub/tox.ini noxfile.py jest.config.mjs .mocharc.yml "
                ".coveragerc sitecustomize.py a.pth pytest.py unittest/__init__.py _pytest/python.py node_modules/b.js "
                "vitest.config.ts phpunit.xml.dist .cargo/config.toml .npmrc spec/spec_helper.rb CONFTEST.PY "
                "cheat-1.dist-info/entry_points.txt src/a.egg-info/entry_points.txt babel.config.js"
            ),
        ),
        (Kind.MIXED, "pyproject.toml package.json sub/setup.cfg Cargo.toml pom.xml vite.config.ts app.csproj"),
        (
            Kind.SOURCE,
            (
                "calc.py src/Latest.java src/Audit.java app/contest.php Makefile verify.sh README.md src/testing.py "
                "lib/attest.py protest/a.py latest.kt src/inspect.py docs/tests.md"
            ),
        ),
    ],
)
def test_paths_are_sorted_by_their_names(kind: Kind, paths: str) -> None:
    assert {p: testfiles.kind(p, PLAIN) for p in paths.split()} == dict.fromkeys(paths.split(), kind)


def test_the_configuration_names_more_tests() -> None:
    ground = Ground(globs=("checks/", "*.golden", "qa/**/case_*.yml"))
    found = {p: testfiles.kind(p, ground) for p in ("checks/a.py", "x/b.golden", "qa/1/2/case_3.yml", "qa/readme.yml")}
    assert list(found.values()) == [Kind.TEST, Kind.TEST, Kind.TEST, Kind.SOURCE]


BASE: Mapping[str, str] = {
    "check.sh": "test -f calc.py\nsh ci/more.sh\n. ci/env\npython tools/run.py --all\n",
    "ci/more.sh": "make -s unit\n",
    "ci/env": "export A=1\n",
    "tools/run.py": "import calc\n",
    "Makefile": "unit:\n\t@bash -c 'sh ci/last.sh && true'\n",
    "ci/last.sh": "pytest\n",
    "calc.py": "x = 1\n",
    "ci/unused.sh": "exit 0\n",
    "package.json": json.dumps({"scripts": {"test": "node scripts/test.js", "lint": "sh lint.sh"}}),
    "scripts/test.js": "",
}


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("sh check.sh", "check.sh ci/more.sh ci/env tools/run.py Makefile ci/last.sh"),
        ("./check.sh", "check.sh ci/more.sh ci/env tools/run.py Makefile ci/last.sh"),
        ("cd . && A='b c' bash -e ci/last.sh; true", "ci/last.sh"),
        ("make unit", "Makefile ci/last.sh"),
        ("timeout 20 python3 -m tools.run", "tools/run.py"),
        ("python3.11 -B tools/run.py", "tools/run.py"),
        ('bash -c "sh ci/unused.sh"', "ci/unused.sh"),
        ("npm ci && npm test", "scripts/test.js"),
        ("python -m pytest -q", ""),
        ("test -f calc.py", ""),
        ("/usr/bin/env python -c 'import calc'", ""),
        ("echo 'an open quote\nsh ci/last.sh", "ci/last.sh"),
    ],
)
def test_what_the_command_runs_is_found_through_its_scripts(command: str, paths: str) -> None:
    assert entries.ground((), (command,), BASE.get).entries == frozenset(paths.split())


def test_a_makefile_counts_where_make_is_called_and_so_does_one_that_would_come_before_it() -> None:
    ground = entries.ground((), ("make test",), BASE.get)
    assert [testfiles.kind(p, ground) for p in ("Makefile", "GNUmakefile", "sub/makefile")] == [Kind.CONFIG] * 3
    assert testfiles.kind("Makefile", PLAIN) is Kind.SOURCE


PYPROJECT = '[project]\nname = "a"\n[tool.pytest.ini_options]\naddopts = "-q"\n'


@pytest.mark.parametrize(
    ("path", "before", "after", "differs"),
    [
        ("pyproject.toml", PYPROJECT, PYPROJECT.replace('"a"', '"b"'), False),
        ("pyproject.toml", PYPROJECT, PYPROJECT.replace("-q", "-k nothing"), True),
        ("pyproject.toml", PYPROJECT, PYPROJECT.split("[tool")[0], True),
        ("pyproject.toml", PYPROJECT, "not = [toml", True),
        ("pyproject.toml", PYPROJECT, PYPROJECT + '[project.entry-points.pytest11]\nx = "calc"\n', True),
        ("setup.cfg", "[metadata]\nname=a\n", "[metadata]\nname=b\n", False),
        ("setup.cfg", "[metadata]\n", "[metadata]\n[tool:pytest]\naddopts = -k x\n", True),
        ("package.json", '{"scripts": {"test": "jest"}}', '{"scripts": {"test": "jest", "lint": "x"}}', False),
        ("package.json", '{"scripts": {"test": "jest"}}', '{"scripts": {"test": "jest || true"}}', True),
        ("package.json", '{"scripts": {"test": "jest"}}', '{"scripts": {"test": "jest", "pretest": "rm -r t"}}', True),
        ("package.json", '{"scripts": {"test": "jest"}}', '{"scripts": {"test": "jest"}, "jest": {"bail": 1}}', True),
        ("package.json", "{}", "[]", True),
        ("package.json", "{}", '{"version": "2"}', False),
        ("Cargo.toml", "[package]\n", '[package]\nversion = "2"\n', False),
        ("Cargo.toml", "[package]\n", "[lib]\ntest = false\n", True),
        ("pom.xml", "<a/>\n", "<a/>\n<skipTests>true</skipTests>\n", True),
    ],
)
def test_of_a_mixed_file_only_the_part_about_tests_counts(path: str, before: str, after: str, differs: bool) -> None:
    assert (testfiles.part(path, before, PLAIN) != testfiles.part(path, after, PLAIN)) is differs


def test_package_json_is_mended_in_its_part_about_tests_alone() -> None:
    before = json.dumps({"scripts": {"test": "npm run unit", "unit": "jest"}, "jest": {"bail": 0}})
    after = json.dumps(
        {
            "scripts": {"test": "npm run unit", "unit": "true", "posttest": "x", "lint": "eslint"},
            "dependencies": {"left-pad": "1"},
            "jest": {"testMatch": []},
        }
    )
    mended = testfiles.mended("package.json", before, after, PLAIN)
    assert mended is not None
    assert json.loads(mended) == {
        "scripts": {"lint": "eslint", "test": "npm run unit", "unit": "jest"},
        "dependencies": {"left-pad": "1"},
        "jest": {"bail": 0},
    }
    assert testfiles.mended("package.json", "{}", "broken", PLAIN) is None
    assert testfiles.mended("pyproject.toml", PYPROJECT, PYPROJECT, PLAIN) is None


@pytest.mark.parametrize("text", ["[" * 100_000, '{"scripts": 7}', '{"scripts": {"test": [1]}}', "\0", '"' * 5000])
def test_a_hostile_file_counts_whole_and_raises_nothing(text: str) -> None:
    assert isinstance(testfiles.part("package.json", text, PLAIN), str)
    assert isinstance(testfiles.part("pyproject.toml", text, PLAIN), str)
    assert entries.ground((), (text,), {"package.json": text}.get).entries == frozenset()
