"""The rules of the test run itself. The mechanisms stand in `tests/guards.py`; these are pytest's hooks.

Under xdist the tests run in workers: what a worker finds travels home in `workeroutput`, and the controller judges.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import guards

# Two shared cores make deadlines lie, and a gate that draws new examples each time blames the wrong commit.
settings.register_profile(
    "gate", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gate")


class Run:
    """One pytest process: what it saw and must report."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.skipped: dict[str, str] = {}
        self.left: list[str] = []
        self.home = Path(tempfile.mkdtemp(prefix="agent-os-tests-"))
        self.environ = dict(os.environ)
        self.mark = uuid.uuid4().hex
        self.guard = contextlib.ExitStack()

    @property
    def worker(self) -> bool:
        return hasattr(self.config, "workerinput")

    @property
    def runs_tests(self) -> bool:
        """False in the controller of xdist, whose children are the workers."""
        return self.worker or getattr(self.config.option, "dist", "no") == "no"

    def start(self) -> None:
        (self.home / ".gitconfig").write_text("[init]\n\tdefaultBranch = main\n")
        clean = guards.clean_environment(os.environ, self.home) | {guards.SESSION: self.mark}
        os.environ.clear()
        os.environ.update(clean)
        if self.runs_tests:
            self.guard.enter_context(guards.only_loopback())

    def stop(self) -> None:
        self.guard.close()
        os.environ.clear()
        os.environ.update(self.environ)
        shutil.rmtree(self.home, ignore_errors=True)

    def look_for_leftovers(self) -> None:
        if not self.runs_tests:
            return
        factory = getattr(self.config, "_tmp_path_factory", None)
        left = guards.leftovers(self.mark, factory.getbasetemp() if factory else None)
        self.left += [f"left running by the tests: {process.pid} {process.command}" for process in left]
        guards.end(left)

    def verdict(self) -> tuple[list[str], list[str]]:
        """(what is not proven, what is wrong)."""
        listed = guards.allowed_skips((Path(__file__).parent / "skips.txt").read_text())
        not_proven, forbidden = guards.judge_skips(self.skipped, listed)
        return not_proven, forbidden + self.left


RUN = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RUN] = run = Run(config)
    config.pluginmanager.register(Hooks(run), "agent-os-gate")
    run.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if run := config.stash.get(RUN, None):
        run.stop()


class Hooks:
    """Bound to one run, so that a pytest started inside a test judges only its own."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            self.run.skipped[report.nodeid] = _why(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.run.skipped[report.nodeid] = _why(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker ended. It has sent its test reports one by one, but not the modules it skipped whole."""
        output = getattr(node, "workeroutput", None) or {}
        self.run.skipped |= output.get("skipped", {})
        self.run.left += output.get("left", [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.run.look_for_leftovers()
        if self.run.worker:
            output = self.run.config.workeroutput  # type: ignore[attr-defined]
            output |= {"skipped": self.run.skipped, "left": self.run.left}
        elif self.run.verdict()[1] and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        not_proven, wrong = self.run.verdict()
        for line in not_proven:
            terminalreporter.write_line(line, yellow=True)
        for line in wrong:
            terminalreporter.write_line(line, red=True)


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    if hasattr(report, "wasxfail"):
        return f"expected failure: {report.wasxfail}"
    place = report.longrepr
    return str(place[2]).removeprefix("Skipped: ") if isinstance(place, tuple) else str(place)
