"""The gate's checks of paths and sizes: what waits for a person, what is too large, what only a person may merge."""

from __future__ import annotations

import pytest

from orchestrator.gate import paths, protected_paths, size_budget
from orchestrator.model.gate import Evidence, FileChange, Finding, Outcome
from orchestrator.model.globs import matches
from orchestrator.model.governance import GateRules, Risk
from orchestrator.model.names import Sha

BASE, TREE = Sha("c" * 40), Sha("a" * 40)


def changes(*names: str, added: int = 1, deleted: int = 0, status: str = "M") -> tuple[FileChange, ...]:
    return tuple(
        FileChange(path=n, status=status, old_mode="100644", new_mode="100644", added=added, deleted=deleted)
        for n in names
    )


def asked(*touched: FileChange, **rules: object) -> Evidence:
    return Evidence(result=None, base=BASE, tree=TREE, changes=touched, rules=GateRules(**rules))  # type: ignore[arg-type]


def protection(path: str, **rules: object) -> Finding:
    return protected_paths.check(asked(*changes(path), **rules))


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml", ".GitHub/Workflows/CI.yml", ".github/workflows/sub/x.sh",
        ".github/actions/a/run.sh",
        "tools/lint/action.yml", ".gitlab-ci.yml", ".circleci/config.yml", "Jenkinsfile", "azure-pipelines.yml",
        ".woodpecker/test.yml", ".buildkite/pipeline.yml", "CODEOWNERS", "docs/CODEOWNERS", ".github/CODEOWNERS",
        ".github/dependabot.yml", ".claude/settings.json", "pkg/.claude/settings.local.json", ".codex/config.toml",
        ".cursor/rules/x.mdc", ".cursorrules", ".gemini/settings.json", ".mcp.json", "AGENTS.md",
        "agents.md", "deep/Agents.md",
        "CLAUDE.md", "CLAUDE.local.md", "GEMINI.md", ".github/copilot-instructions.md", ".aider.conf.yml", ".env",
        "app/.env.production", ".envrc", ".vscode/tasks.json", ".devcontainer/devcontainer.json", ".husky/pre-commit",
        ".githooks/post-checkout", ".pre-commit-config.yaml", ".gitattributes", "sub/.gitattributes", ".gitmodules",
        "LICENSE", "packages/x/LICENSE.txt", "LICENSE-MIT", "pytest.ini", "jest.config.ts", "src/sitecustomize.py",
        "lib/evil.pth", "config.yaml", "objectives/main.yaml", ".agent_result.md", "STRATEGY.md",
        ".github/workflow\u017f/ci.yml",
    ],
)  # fmt: skip
def test_what_decides_about_other_changes_waits_for_a_person(path: str) -> None:
    finding = protection(path)
    assert (finding.outcome, finding.risk) == (Outcome.PASS, Risk.HIGH)
    assert repr(path) in finding.why


@pytest.mark.parametrize(
    "path",
    [
        "src/app.py", "README.md", ".gitignore", ".env.example", "src/config.yaml", "docs/objectives/a.md",
        "src/license.py", "licensing/check.py", ".github/ISSUE_TEMPLATE/bug.md", "src/workflows/ci.py",
        "agents/base.py", "tests/test_claude.py", "docs/agents.md.txt", "envs/dev.py", "src/environment.ts",
        "githooks.py", "docs/agents.md", "a/.github/workflows.md", "pytest_ini.py",
    ],
)  # fmt: skip
def test_an_ordinary_path_is_not_held(path: str) -> None:
    assert protection(path).risk is Risk.LOW


def test_deleting_or_renaming_protection_waits_as_well() -> None:
    finding = protected_paths.check(asked(*changes("CODEOWNERS", status="D")))
    assert finding.risk is Risk.HIGH


def test_a_repository_adds_paths_and_takes_built_in_ones_out_but_not_its_own() -> None:
    own = {"protected_paths": ("/migrations/", "*.sql"), "unprotected_paths": (".vscode/", "*.sql")}
    assert protection("migrations/1.py", **own).risk is Risk.HIGH
    assert protection("a/b/x.SQL", **own).risk is Risk.HIGH
    assert protection(".vscode/settings.json", **own).risk is Risk.LOW
    assert protection(".github/workflows/ci.yml", **own).risk is Risk.HIGH


def test_the_memory_that_every_prompt_has_is_a_matter_for_the_reviewer() -> None:
    assert protection("CODEBASE.md").risk is Risk.MEDIUM


@pytest.mark.parametrize(
    ("glob", "inside", "outside"),
    [
        ("docs/", ("docs/a", "x/docs/a/b"), ("docs", "mydocs/a")),
        ("/docs/", ("docs/a",), ("x/docs/a",)),
        ("docs/*.md", ("docs/a.md", "docs/a.md/x"), ("docs/a/b.md", "x/docs/a.md")),
        ("**/gen/*.py", ("gen/a.py", "a/b/gen/c.py"), ("gen/a/b.py",)),
        ("a/**/z", ("a/z", "a/b/c/z"), ("a/bz",)),
        ("*.lock", ("x.lock", "a/x.lock"), ("x.locks", "lock")),
        ("file?.[ch]", ("file1.c", "a/fileX.h"), ("file.c", "file1.d", "file/.c")),
        ("[!a]b", ("cb",), ("ab",)),
        ("a[b", ("a[b",), ("ab",)),
        ("x\n*", ("x\ny",), ("xy",)),
    ],
)
def test_globs_are_those_of_gitignore(glob: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    assert [p for p in inside if not matches(p, (glob,))] == []
    assert [p for p in outside if matches(p, (glob,))] == []


def test_every_built_in_glob_matches_something_and_takes_a_hostile_path_in_its_stride() -> None:
    hostile = "/".join(["a" * 50, ".github", "x\ny"] * 60)
    every = [*(g for globs in paths.PROTECTED.values() for g in globs), *paths.LOCKS, *paths.MANIFESTS, *paths.CODE]
    assert not matches(hostile, tuple(every))
    named = [g.strip("/").replace("**/", "").replace("*", "x") for g in every]
    assert all(matches(name + ("/x" if g.endswith("/") else ""), (g,)) for name, g in zip(named, every))


def test_a_change_above_the_budget_is_refused_with_its_largest_files() -> None:
    finding = size_budget.check(asked(*changes("a.py", "b.py", added=700, deleted=400), max_lines=2000))
    assert finding.outcome is Outcome.FAIL
    assert "2200" in finding.why
    assert "'a.py' (1100 lines)" in finding.why
    many = size_budget.check(asked(*changes(*(f"{n}.py" for n in range(61)))))
    assert many.outcome is Outcome.FAIL
    assert "61 files, at most 60" in many.why


def test_at_the_budget_it_passes_and_above_half_of_it_the_reviewer_is_told() -> None:
    assert size_budget.check(asked(*changes("a.py", added=2000))).risk is Risk.MEDIUM
    assert size_budget.check(asked(*changes("a.py", added=1001))).risk is Risk.MEDIUM
    assert size_budget.check(asked(*changes("a.py", added=1000))).risk is Risk.LOW
    assert size_budget.check(asked(*changes(*map(str, range(31))))).risk is Risk.MEDIUM


def test_no_budget_is_none_and_a_lock_files_lines_are_nobodys() -> None:
    huge = changes("a.py", added=10**6)
    assert size_budget.check(asked(*huge, max_lines=0, max_files=0)).risk is Risk.LOW
    assert size_budget.check(asked(*changes("web/package-lock.json", added=30_000))).outcome is Outcome.PASS
