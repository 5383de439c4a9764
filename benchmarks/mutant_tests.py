"""The suite inside of one process that was forked for it: traced once, then asked about mutants.

The suite is pytest's; this stands where its loop over the tests would, and asks only those that run the changed lines.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import hypothesis  # noqa: F401 - imported before the first fork, so that no child pays for it
import pytest
import yaml  # noqa: F401

from benchmarks.mutate import Mutant, Source

TIMED = re.compile(r"linear|_as_long|keeps_it_busy|hostile_log|hostile_text")
"""Names of tests that measure time."""
_REWRITE = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
OPTIONS = (
    "-o",
    "addopts=",
    "-p",
    "no:xdist",
    "-p",
    "no:cacheprovider",
    "-o",
    "timeout=0",
    "--capture=sys",
    "-q",
    *_REWRITE,
)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What became of one mutant."""

    killed: bool
    by: str
    """The test; or why not."""


@dataclass
class Covered:
    """What each test runs, and how long it takes."""

    lines: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """Test to file to lines."""
    seconds: dict[str, float] = field(default_factory=dict)
    at_import: dict[str, list[int]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def at_import_of(self, mutant: Mutant) -> bool:
        """Whether its function runs while the tests are collected: code that is replaced later comes too late then."""
        first, last = mutant.span
        return not set(self.at_import.get(mutant.file, ())).isdisjoint(range(first, last + 1))

    def of(self, mutant: Mutant, everything: bool) -> list[str]:
        """Tests that run the mutant's lines (or its file), quick ones first, those of its own module before others."""
        place = range(min(mutant.line, mutant.last), mutant.last + 1)
        own = "test_" + Path(mutant.file).stem
        found = [
            test
            for test, files in self.lines.items()
            if (ran := files.get(mutant.file)) and (everything or not {*place, mutant.line}.isdisjoint(ran))
        ]
        return sorted(found, key=lambda t: (self.seconds[t] > 0.3, own not in t, self.seconds[t], t))


class _Plugin:
    """Takes the place of pytest's loop over the tests."""

    def __init__(self, loop: Callable[[_Plugin, pytest.Session], None]) -> None:
        self.loop = loop
        self.failed: str = ""
        self.error: BaseException | None = None
        self.played = False

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not TIMED.search(item.name)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            self.failed = "collection"
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # before any child makes it anew
        self.played = True
        try:
            self.loop(self, session)
        except BaseException as error:
            self.error = error  # pytest would tell it to a terminal that nobody reads
            raise
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    def play(self, items: Sequence[pytest.Item]) -> Ran:
        """Until one fails."""
        self.failed = ""
        for item, after in zip(items, [*items[1:], None]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self.failed:
                return Ran(killed=True, by=self.failed)
        return Ran(killed=False, by=f"passed {len(items)} tests" if items else "no test runs this line")


def _session(tests: Sequence[str], loop: Callable[[_Plugin, pytest.Session], None]) -> _Plugin:
    plugin = _Plugin(loop)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        ended = pytest.main([*OPTIONS, *tests], plugins=[plugin])
    if plugin.error is not None:
        raise plugin.error
    if not plugin.played:
        raise RuntimeError(f"pytest ended with {ended} before its first test")
    return plugin


def trace(root: Path, files: Sequence[str], tests: Sequence[str]) -> Covered:
    found = Covered()
    names = {str(root / file): file for file in files}
    ran: dict[str, set[int]] = {}

    def line(frame: FrameType, event: str, arg: object) -> Any:
        ran.setdefault(names[frame.f_code.co_filename], set()).add(frame.f_lineno)
        return line

    def call(frame: FrameType, event: str, arg: object) -> Any:
        return line if frame.f_code.co_filename in names and frame.f_code.co_name != "<module>" else None

    def loop(plugin: _Plugin, session: pytest.Session) -> None:
        found.at_import = {file: sorted(lines) for file, lines in ran.items()}
        if plugin.failed:
            found.failed.append(plugin.failed)
        for item in session.items:
            ran.clear()
            began = time.process_time()
            if plugin.play([item]).killed:
                found.failed.append(item.nodeid)
            found.seconds[item.nodeid] = time.process_time() - began
            found.lines[item.nodeid] = {file: sorted(lines) for file, lines in ran.items()}

    threading.settrace(call)
    sys.settrace(call)
    _session(tests, loop)
    sys.settrace(None)
    return found


def hot(
    sources: Mapping[str, Source],
    mutants: Sequence[Mutant],
    traced: Covered,
    tests: Sequence[str],
    each: Callable[[Callable[[int], Ran]], dict[int, Ran]],
) -> dict[int, Ran]:
    answers: dict[int, Ran] = {}

    def loop(plugin: _Plugin, session: pytest.Session) -> None:
        items = {item.nodeid: item for item in session.items}
        gc.freeze()

        def kill(n: int) -> Ran:
            mutant = mutants[n]
            mutant.apply()
            _patch(sources[mutant.file], mutant)
            return plugin.play([items[t] for t in traced.of(mutant, everything=False)])

        answers.update(each(kill))

    _session(tests, loop)
    return answers


def _patch(source: Source, mutant: Mutant) -> None:
    """The changed code into the function that everybody holds already."""
    module = sys.modules.get(mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    if module is None:
        return  # no test imports it
    code = _codes(compile(source.tree, str(module.__file__), "exec"))[mutant.function]
    found = [
        f
        for f in _functions(module, module.__name__)
        if f.__qualname__ == mutant.function and f.__module__ == module.__name__
    ]
    if not found:
        raise LookupError(mutant.function)
    for function in found:
        function.__code__ = code
    for name, each in list(sys.modules.items()):
        if name.startswith("orchestrator."):
            for value in list(vars(each).values()):
                if clear := getattr(value, "cache_clear", None):
                    clear()


def _codes(code: CodeType) -> dict[str, CodeType]:
    """Of functions and of methods; what stands inside of them comes along."""
    found: dict[str, CodeType] = {}
    for const in code.co_consts:
        if isinstance(const, CodeType):
            found[const.co_qualname] = const
            if not const.co_flags & 2:  # no fast locals: the body of a class
                found |= _codes(const)
    return found


def _functions(holder: ModuleType | type, name: str) -> Iterator[FunctionType]:
    for value in list(vars(holder).values()):
        inner = getattr(value, "__func__", getattr(value, "fget", value))
        while hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        if isinstance(inner, FunctionType):
            yield inner
        elif isinstance(value, type) and value.__module__ == name:
            yield from _functions(value, name)


def cold(root: Path, source: Source, mutant: Mutant, traced: Covered) -> Ran:
    mutant.apply()
    name = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    sys.meta_path.insert(0, _Instead(name, root / mutant.file, source))
    wanted = traced.of(mutant, everything=True)
    answer: list[Ran] = []

    def loop(plugin: _Plugin, session: pytest.Session) -> None:
        if plugin.failed:
            answer.append(Ran(killed=True, by="it cannot be imported"))
            return
        items = {item.nodeid: item for item in session.items}
        answer.append(plugin.play([items[t] for t in wanted if t in items]))

    _session(tuple(dict.fromkeys(test.split("::")[0] for test in wanted)) or ("tests/policy",), loop)
    return answer[0] if answer else Ran(killed=True, by="it cannot be imported")


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from its changed tree."""

    def __init__(self, name: str, path: Path, source: Source) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, fullname: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        package = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=self, submodule_search_locations=package
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source.tree, str(self.path), "exec"), vars(module))
