"""Which paths are tests, and which decide how tests are run: what the base commit's own is put back for.

Some files are both source and test configuration (`pyproject.toml`, `package.json`): of these only the part that
decides about tests counts. What the verification command itself runs (its script, its Makefile) counts as well.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from orchestrator.model.globs import matches


class Kind(Enum):
    SOURCE = "source"
    TEST = "test"
    CONFIG = "config"
    """Decides how tests are run, and nothing else."""
    MIXED = "mixed"
    """A part of it does: `part` tells which."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What one repository adds to the usual names."""

    globs: tuple[str, ...] = ()
    entries: frozenset[str] = frozenset()
    """Paths that the verification command runs, and the scripts those run."""
    names: frozenset[str] = frozenset()
    """File names that the tools it calls read their targets from (`makefile` for make), lower case."""
    scripts: frozenset[str] = frozenset()
    """Words of the commands: names of package.json scripts among them."""


FOLDERS = frozenset(
    {
        *("tests", "test", "__tests__", "spec", "specs", "e2e", "testdata", "cypress", "unittests"),
        *("__snapshots__", "__mocks__", "__fixtures__"),
    }
)
TESTS = (
    *("test_*.py", "*_test.py", "tests.py", "*.test.*", "*.spec.*", "*.cy.*", "*_test.go", "*_test.rs", "tests.rs"),
    *("*_spec.rb", "*_test.rb", "test_*.rb", "*_test.c*", "test_*.c", "test_*.cc", "test_*.cpp"),
    *("*_test.exs", "*_test.dart", "*_test.lua", "*.bats", "*.snap", "*.feature", "*.t"),
)
CAMEL = ("java", "kt", "cs", "php", "swift", "scala", "groovy")
"""Languages whose tests are named `CartTest` or `CartTests`, `CartSpec`, `CartIT`; the case tells it from `Latest`."""
CONFIGS = (
    *("conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "noxfile.py"),
    *("nose.cfg", ".noserc", ".coveragerc", "sitecustomize.py", "usercustomize.py", "*.pth"),
    *("jest.config.*", "jest.setup.*", "vitest.config.*", "vitest.workspace.*", "vitest.setup.*", "karma.conf.*"),
    *(".mocharc.*", "mocha.opts", "ava.config.*", "cypress.config.*", "playwright.config.*", "wdio.conf.*", ".nycrc*"),
    *(".taprc", "phpunit.xml*", "codeception.yml", ".rspec", "test_helper.*", "spec_helper.*", "*.runsettings"),
    *(
        ".npmrc",
        "nextest.toml",
        "babel.config.*",
        ".babelrc*",
        "junit-platform.properties",
        "ctestcustom.cmake",
        "maven.config",
        "jvm.config",
    ),
)
FRAMEWORKS = frozenset({"pytest", "_pytest", "unittest", "pluggy", "nose", "hypothesis", "doctest"})
"""A module of such a name beside the source stands in the way of the real one."""


def kind(path: str, ground: Ground) -> Kind:
    *folders, name = path.casefold().split("/")
    if path in ground.entries or name in ground.names or matches(name, CONFIGS):
        return Kind.CONFIG
    if _shadows(folders, name) or folders[:1] == ["node_modules"] or folders[-1:] == [".cargo"]:
        return Kind.CONFIG
    if any(folder.endswith((".dist-info", ".egg-info")) for folder in folders):  # brings plugins along
        return Kind.CONFIG
    if FOLDERS & set(folders) or matches(path, ground.globs):
        return Kind.TEST
    if name in _PARTS or matches(name, _BY_WORDS):
        return Kind.MIXED
    stem, _, suffix = path.rsplit("/", 1)[-1].rpartition(".")
    camel = suffix in CAMEL and stem.endswith(("Test", "Tests", "Spec", "IT", "TestCase"))
    return Kind.TEST if camel or matches(name, TESTS) else Kind.SOURCE


def _shadows(folders: list[str], name: str) -> bool:
    stem = name.removesuffix(".py") if name.endswith(".py") else ""
    return stem in FRAMEWORKS or bool(FRAMEWORKS & set(folders))


# --- the part of a mixed file that decides about tests


def part(path: str, text: str | None, ground: Ground) -> str:
    """That part in a form that can be compared; empty where there is none. What cannot be read counts whole."""
    if text is None:
        return ""
    name = path.casefold().rsplit("/", 1)[-1]
    try:
        read = _PARTS.get(name, _by_words)
        return read(text, ground)
    except (ValueError, RecursionError, TypeError, AttributeError):
        return text


def mended(path: str, before: str, after: str, ground: Ground) -> str | None:
    """`after` with the test part of `before`; None where only the whole file can be put back."""
    if path.casefold().rsplit("/", 1)[-1] != "package.json":
        return None
    try:
        old, new = json.loads(before), json.loads(after)
        for key in _NODE:
            new.pop(key, None)
            if key in old:
                new[key] = old[key]
        wanted = _scripts(old.get("scripts") or {}, ground) | _scripts(new.get("scripts") or {}, ground)
        scripts = {k: v for k, v in (new.get("scripts") or {}).items() if k not in wanted}
        new["scripts"] = scripts | {k: v for k, v in (old.get("scripts") or {}).items() if k in wanted}
        return json.dumps(new, indent=2) + "\n"
    except (ValueError, RecursionError, TypeError, AttributeError):
        return None


_WORD = re.compile(r"[\w.:/@+-]+")
_PYTHON = ("pytest", "tox", "coverage", "poe", "taskipy", "nox", "hatch", "pdm")
_NODE = ("jest", "vitest", "mocha", "ava", "nyc", "c8", "tap", "imports")
_BY_WORDS = ("cargo.toml", "pom.xml", "build.gradle*", "composer.json", "deno.json*", "*.csproj", "vite.config.*")


def _pyproject(text: str, ground: Ground) -> str:
    data = tomllib.loads(text)
    tool = data.get("tool", {})
    found = {key: tool[key] for key in _PYTHON if key in tool}
    plugins = data.get("project", {}).get("entry-points", {}).get("pytest11")
    found |= {"pytest11": plugins} if plugins else {}
    return json.dumps(found, sort_keys=True, default=str) if found else ""


def _setup_cfg(text: str, ground: Ground) -> str:
    kept, inside = [], False
    for line in text.splitlines():
        if line.startswith("["):
            inside = any(word in line for word in ("pytest", "coverage", "nosetests", "aliases", "entry_points"))
        if inside and line.strip():
            kept.append(line.rstrip())
    return "\n".join(kept)


def _package(text: str, ground: Ground) -> str:
    data = json.loads(text)
    scripts = data.get("scripts") or {}
    found = {key: data[key] for key in _NODE if key in data}
    found |= {f"script {key}": scripts[key] for key in sorted(_scripts(scripts, ground))}
    return json.dumps(found, sort_keys=True) if found else ""


def _scripts(scripts: Mapping[str, object], ground: Ground) -> set[str]:
    """Names of scripts that a test run starts: by the command, by each other, by an install."""
    found = {n for n in scripts if n in ground.scripts or n.startswith("test") or "install" in n or n == "prepare"}
    for _ in range(10):
        words = {w for n in found for w in _WORD.findall(str(scripts[n]))}
        more = {n for n in scripts if n in words or n.removeprefix("pre") in found or n.removeprefix("post") in found}
        if more <= found:
            break
        found |= more
    return found


def _by_words(text: str, ground: Ground) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if "test" in line.lower() or "skip" in line.lower())


_PARTS: Mapping[str, Callable[[str, Ground], str]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "package.json": _package,
}
