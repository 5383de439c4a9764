"""What a change does to dependencies, read from manifests and lock files: names of the parts that differ, and what
fetches from elsewhere or runs by itself."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from orchestrator.model.gate import FileText

_LONGEST = 4000
"""Characters of a line that are looked through."""
_LARGEST = 256 * 1024
"""Characters of a TOML file that is parsed; a longer one counts as changed in all its parts."""

_RUN_BY_NPM = (
    "preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare", "prepublish", "dependencies",
)  # fmt: skip
_NPM = (
    "dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "bundledDependencies",
    "bundleDependencies", "overrides", "resolutions", "pnpm", "workspaces", "packageManager", "trustedDependencies",
)  # fmt: skip
_PYTHON = (
    "project.dependencies", "project.optional-dependencies", "dependency-groups", "build-system",
    "tool.poetry.dependencies", "tool.poetry.dev-dependencies", "tool.poetry.group", "tool.poetry.source",
    "tool.pdm.source", "tool.pdm.dev-dependencies", "tool.uv", "tool.pixi", "tool.hatch.envs",
)  # fmt: skip
_RUST = (
    "dependencies", "dev-dependencies", "build-dependencies", "target", "workspace", "patch", "replace", "features",
    "package.build",
)  # fmt: skip
_ELSEWHERE_PARTS = frozenset(("tool.poetry.source", "tool.pdm.source", "patch", "replace", "package.build"))
"""Parts that say where packages come from, or what runs to build them."""

_FETCHES = re.compile(
    r"\bgit\+|\bgit://|\bssh://|\bgit@|\b(?:git|github|tarball)\s*[:=]\s*[\"'{]|--(?:extra-)?index-url|--find-links"
    r"|--trusted-host|(?:^|\s)-[if]\s+\S+://|\s@\s*(?:https?|file|git)\b|^\s*replace\b|\breplace .{0,200}=>"
    r"|<repository>|\bmaven\s*\{|^\s*source\s*[('\"]|\bregistry\s*[:=]|\bhttp://"
    r"|https?://\S{1,500}\.(?:tgz|tar\.gz|zip|whl|gem|crate|jar)\b",
    re.IGNORECASE,
)
"""A manifest's line that fetches from an address instead of the usual registry."""
_NPM_ELSEWHERE = re.compile(r"[:/\\]")
_NPM_USUAL = ("workspace:", "npm:", "catalog:", "jsr:")

_LOCKED = re.compile(
    r"(?:\bresolved\"?\s*:?\s|\bresolution\b|\btarball\b|\bremote:|\bregistry\b|\bsource\b|\bindex(?:-url)?\b|\bgit\b)"
    r".{0,300}?(?P<scheme>[a-z+]{2,20})://(?P<host>[^\s/\"'#?>]{1,300})",
    re.IGNORECASE,
)
_ARCHIVE = re.compile(
    r"(?P<scheme>[a-z+]{2,20})://(?P<host>[^\s/\"'#?>]{1,300})/[^\s\"'<>]{1,1000}\.(?:tgz|tar\.gz|zip|whl|gem|crate)\b",
    re.I,
)
_USUAL_HOSTS = frozenset((
    "registry.npmjs.org", "registry.yarnpkg.com", "npm.jsr.io", "jsr.io", "deno.land", "files.pythonhosted.org",
    "pypi.org", "crates.io", "index.crates.io", "static.crates.io", "rubygems.org", "repo.maven.apache.org",
    "repo1.maven.org", "plugins.gradle.org", "api.nuget.org", "repo.packagist.org", "packagist.org", "api.github.com",
    "pub.dev", "pub.dartlang.org", "repo.hex.pm", "hex.pm", "conda.anaconda.org", "proxy.golang.org",
    "registry.terraform.io",
))  # fmt: skip
_BACKENDS = frozenset((
    "setuptools.build_meta", "hatchling.build", "poetry.core.masonry.api", "flit_core.buildapi", "pdm.backend",
    "maturin", "scikit_build_core.build", "uv_build", "mesonpy",
))  # fmt: skip


def parts(file: FileText) -> tuple[str, ...] | None:
    """The parts about dependencies that differ between both sides of a manifest; None where that cannot be told."""
    title = file.path.rsplit("/", 1)[-1].casefold()
    wanted = {"package.json": _NPM, "pyproject.toml": _PYTHON, "cargo.toml": _RUST}.get(title)
    if wanted is None:
        return None
    before, after = _tree(title, file.before), _tree(title, file.after)
    if before is None or after is None:
        return None
    return tuple(part for part in wanted if _at(before, part) != _at(after, part))


def hooks(file: FileText) -> tuple[str, ...]:
    """Scripts of a package.json that npm runs by itself when somebody installs, as far as they are new or changed."""
    if file.path.rsplit("/", 1)[-1].casefold() != "package.json":
        return ()
    before, after = (
        _at(_tree("package.json", file.before), "scripts"),
        _at(_tree("package.json", file.after), "scripts"),
    )
    return tuple(hook for hook in _RUN_BY_NPM if _at(after, hook) not in (None, _at(before, hook)))


def elsewhere(file: FileText) -> Iterator[str]:
    """Places where a manifest's added lines fetch from an address, or change where packages come from."""
    changed = parts(file)
    yield from (f"{file.path!r}: `{part}`" for part in changed or () if part in _ELSEWHERE_PARTS)
    title = file.path.rsplit("/", 1)[-1].casefold()
    if title == "package.json" and changed is not None:
        old, new = (_versions(_tree(title, text)) for text in (file.before, file.after))
        yield from (f"{file.path!r}: {n[:80]!r}" for n, v in new.items() if old.get(n) != v and _odd(v))
        return
    if title == "pyproject.toml" and "build-system" in (changed or ()) and not _usual_build(file):
        yield f"{file.path!r}: `build-system`"
    if changed != ():
        yield from _lines(file, lambda line: bool(_FETCHES.search(line)))


def _usual_build(file: FileText) -> bool:
    build = _at(_tree("pyproject.toml", file.after), "build-system") or {}
    return "backend-path" not in build and build.get("build-backend", "setuptools.build_meta") in _BACKENDS


def _lines(file: FileText, odd: Callable[[str], bool]) -> Iterator[str]:
    """The added lines that are odd, or too long to be looked through."""
    for number, line in file.added:
        if len(line) > _LONGEST:
            yield f"{file.path!r} line {number} is {len(line)} characters long"
        elif odd(line):
            yield f"{file.path!r} line {number}"


def locked_elsewhere(file: FileText) -> Iterator[str]:
    """Places where a lock file's added lines point to a host that neither is usual nor was in it before."""
    before = (line[:_LONGEST] for line in (file.before or "").split("\n"))
    known = {m["host"].casefold() for line in before for m in _addresses(line)}
    yield from _lines(file, lambda line: any(_foreign(m["scheme"], m["host"], known) for m in _addresses(line)))


def _addresses(line: str) -> Iterator[re.Match[str]]:
    return chain(_LOCKED.finditer(line), _ARCHIVE.finditer(line))


def _foreign(scheme: str, host: str, known: set[str]) -> bool:
    scheme, host = scheme.casefold(), host.casefold()
    if host in known or (host == "github.com" and scheme == "registry+https"):  # crates.io's index stands there
        return False
    return host not in _USUAL_HOSTS or scheme in ("http", "git", "ssh")


def _odd(version: str) -> bool:
    return bool(_NPM_ELSEWHERE.search(version)) and not version.startswith(_NPM_USUAL)


def _versions(tree: Any) -> dict[str, str]:
    """Package name to what is asked for, over all kinds of dependencies of a package.json."""
    found: dict[str, str] = {}
    for part in (
        "dependencies",
        "devDependencies",
        "peerDependencies",
        "optionalDependencies",
        "overrides",
        "resolutions",
    ):
        entries = _at(tree, part)
        if isinstance(entries, dict):
            found |= {f"{part}.{n}": v for n, v in entries.items() if isinstance(v, str)}
    return found


def _tree(title: str, text: str | None) -> dict[str, Any] | None:
    """The parsed file; empty when it is not there, None when it cannot be parsed."""
    if text is None:
        return {}
    try:
        if title == "package.json":
            tree = json.loads(text.removeprefix("\ufeff"))
        else:
            tree = tomllib.loads(text) if len(text) <= _LARGEST else None
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def _at(tree: Any, place: str) -> Any:
    """What stands at a dotted place; None when nothing does."""
    for key in place.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree
