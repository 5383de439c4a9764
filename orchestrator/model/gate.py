"""What the gate is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.governance import GateRules, Risk, worst
from orchestrator.model.names import Sha
from orchestrator.model.result import AgentResult


class Outcome(Enum):
    PASS = "pass"
    FAIL = "fail"
    CANNOT_TELL = "cannot_tell"
    """The third outcome: it never passes."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check's answer about one head. `why` says what to do when the outcome is not PASS, and what to look at when
    it passes with a raised risk."""

    check: str
    outcome: Outcome
    why: str = ""
    risk: Risk = Risk.LOW
    """What the check says of the change's risk; the highest of all findings counts."""
    tests: tuple[str, ...] = ()
    """Tests that were changed, weakened or deleted and that the base commit's own would miss: the reviewer names the
    criterion that asks for each, else a person looks."""


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """One path of the diff between base and candidate tree.

    Modes as git writes them: 100644, 100755, 120000 link, 160000 gitlink, 000000 absent.
    """

    path: str
    status: str
    """A added, M modified, D deleted, T type changed."""
    old_mode: str
    new_mode: str
    added: int = 0
    deleted: int = 0
    link_target: str | None = None
    """Where a new or changed symbolic link points."""


@dataclass(frozen=True, kw_only=True)
class CommandRun:
    """A command of ours, run on a clean checkout of the candidate."""

    command: str
    exit: int | None
    """None when it did not end by itself (time limit, could not start)."""
    seconds: float
    tail: str = ""
    """The last part of what it printed."""
    counts: TestCounts | None = None
    """Tests as its report or output tells; None where nothing readable does."""
    sandbox: str = ""
    """The level it was confined at (`bubblewrap`, `landlock`, `none`); empty when it was not started."""


@dataclass(frozen=True, kw_only=True)
class TestCounts:
    """What a test run says of itself."""

    __test__ = False  # no test class, whatever its name

    passed: int
    failed: int = 0
    skipped: int = 0
    failures: tuple[str, ...] = ()
    """Names of the failed ones, where told."""


@dataclass(frozen=True, kw_only=True)
class FileText:
    """One changed file as text."""

    path: str
    before: str | None = None
    """Its text in the base; None = it was not there, or is no text."""
    after: str | None = None
    """Its text in the candidate; None = it is gone, or is no text."""
    added: tuple[tuple[int, str], ...] = ()
    """(line number in the new file, line) of what the change adds."""
    binary: bool = False
    size: int = 0
    """Bytes in the candidate."""
    unread: str = ""
    """Why its text is not here (too large, not to be read); whoever needs it cannot tell."""


@dataclass(frozen=True, kw_only=True)
class SecretHit:
    """A line of the change that holds what looks like a secret. The secret itself is never repeated."""

    path: str
    line: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class BaseTests:
    """The base commit's unmodified tests and test configuration, run over the candidate's source."""

    changed: tuple[str, ...] = ()
    """Tests and test configuration that the change touches: modified, deleted, renamed."""
    added: tuple[str, ...] = ()
    """New test files."""
    base: CommandRun | None = None
    """Verification of the base commit as it is; None = not run."""
    over: CommandRun | None = None
    """The base's tests over the candidate's source; None = not run."""
    problem: str = ""
    """Why they could not be run."""
    configured: tuple[str, ...] = ()
    """Those of `changed` and new files that decide how tests are run."""
    has_any: bool = True
    """False when the base commit has no test, and nothing that decides how tests are run."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Facts about one attempt, gathered by us. Every gate check reads only this."""

    result: AgentResult | None
    base: Sha
    tree: Sha
    """The candidate tree as snapshotted after the agent ended."""
    changes: tuple[FileChange, ...] = ()
    neighbours: tuple[str, ...] = ()
    """Unchanged paths of the tree that some file systems cannot tell from a changed one (`git.neighbours`)."""
    needs_change: bool = True
    """False for tasks whose answer is words (research)."""
    tree_after: Sha | None = None
    """The workspace's tree once the verification was over; differs when something went on writing."""
    verification: CommandRun | None = None
    verification_wanted: bool = True
    """False when the repository's config names no command on purpose."""
    rules: GateRules = GateRules()
    files: tuple[FileText, ...] | None = None
    """The changed files' texts; None = not read."""
    secrets: tuple[SecretHit, ...] | None = None
    """What the redactor found in the added lines; None = not looked."""
    strangers: tuple[str, ...] | None = None
    """Commits on the branch that are not ours, `<sha> <author>`; None = not looked."""
    static: tuple[tuple[str, CommandRun | None], ...] = ()
    """(name, run) of each configured static check; None = not run."""
    literals: frozenset[str] | None = None
    """Numbers and texts that the base commit's tests name; None = not read."""
    base_tests: BaseTests | None = None
    """None = not gathered."""
    base_tests_wanted: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The gate's recorded judgement of one head. Written into the task before anything acts on it."""

    head_sha: Sha
    base_sha: Sha
    tree: Sha
    findings: tuple[Finding, ...]
    at: str

    @property
    def passed(self) -> bool:
        return bool(self.findings) and all(f.outcome is Outcome.PASS for f in self.findings)

    @property
    def risk(self) -> Risk:
        return worst(f.risk for f in self.findings)

    @property
    def tests(self) -> tuple[str, ...]:
        """Changed tests that a criterion must ask for."""
        return tuple(dict.fromkeys(path for f in self.findings for path in f.tests))

    @property
    def failures(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.outcome is not Outcome.PASS)
