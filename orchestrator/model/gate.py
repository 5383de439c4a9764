"""What the gate is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.names import Sha
from orchestrator.model.result import AgentResult


class Outcome(Enum):
    PASS = "pass"
    FAIL = "fail"
    CANNOT_TELL = "cannot_tell"
    """The third outcome: it never passes."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check's answer about one head. `why` says what to do when the outcome is not PASS."""

    check: str
    outcome: Outcome
    why: str = ""


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
    def failures(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.outcome is not Outcome.PASS)
