"""A task: one generation of one issue, kept as one markdown file. The folder it stands in is its state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.model.gate import CommandRun, Verdict
from orchestrator.model.governance import Request, ReviewVerdict
from orchestrator.model.names import RepoName, Sha, TaskId
from orchestrator.model.result import BlockerCode, FailureClass, Status, Usage


class Folder(Enum):
    """The folders under `runtime/mailbox/`."""

    INBOX = "inbox"
    """Waits for a worker."""
    PROCESSING = "processing"
    """A worker has it; when nobody holds its lock, the worker died."""
    REVIEW = "review"
    """Its pull request is open."""
    BLOCKED = "blocked"
    """Waits for a person; moving the file to inbox is a retry."""
    ESCALATED = "escalated"
    """Given up once, with a note beside it."""
    DONE = "done"
    FAILED = "failed"
    """Stopped by a decision or withdrawn."""
    HOLD = "hold"
    """The operator's pause."""
    CORRUPT = "corrupt"
    """Unreadable; the reason stands in `<id>.reason`."""


class TaskType(Enum):
    IMPLEMENTATION = "implementation"
    DEBUGGING = "debugging"
    ARCHITECTURE = "architecture"
    RESEARCH = "research"
    DOCS = "docs"
    DESIGN = "design"
    CONTENT = "content"
    BROWSER_AUTOMATION = "browser_automation"


class Priority(Enum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Phase(Enum):
    """How far the present attempt came: what a restarted worker does next."""

    QUEUED = "queued"
    """Next: run an agent."""
    RUNNING = "running"
    """An agent was started; found in a file nobody holds, the run was lost and is repeated."""
    RAN = "ran"
    """The agent ended and its result is recorded. Next: the gate."""
    JUDGED = "judged"
    """The verdict is recorded. Next: decide, without running the agent again."""
    PUBLISHED = "published"
    """The pull request is open and recorded. Next: the pull request monitor."""
    MERGED = "merged"
    """Seen merged. Next: our books (issue, board, branch, memory), then the file moves."""
    CLOSING = "closing"
    """Ended without a merge; outside notices are still owed."""


class AttemptKind(Enum):
    ATTEMPT = "attempt"
    """Counts against max_attempts."""
    CORRECTION = "correction"
    """Same work again with the gate's findings; counted apart (3)."""
    CI = "ci"
    """Repair of failed checks or of a conflict on the pull request; counted apart (3)."""
    RESUME = "resume"
    """The one 'write your result file' request."""
    REVIEW = "review"
    """What people asked for on the pull request; counted apart, bounded by all runs."""


@dataclass(frozen=True, kw_only=True)
class Session:
    id: str = ""
    workspace: str = ""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One agent run, with everything the next one must know word for word."""

    n: int
    kind: AttemptKind = AttemptKind.ATTEMPT
    agent: str
    model: str = ""
    session: Session = Session()
    log: str = ""
    started: str
    ended: str = ""
    """Empty while it runs."""
    failure: FailureClass = FailureClass.NONE
    spent: bool = True
    """False when nothing was charged: quota, failed preflight."""
    status: Status | None = None
    blocker_code: BlockerCode = BlockerCode.NONE
    summary: str = ""
    done: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    next_step: str = ""
    decisions: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    attempted_approaches: tuple[str, ...] = ()
    tests_run: tuple[str, ...] = ()
    manual_steps: tuple[str, ...] = ()
    files_changed: tuple[str, ...] = ()
    """From git, not from the agent."""
    verification: CommandRun | None = None
    findings: tuple[str, ...] = ()
    """What the gate found against it, as instructions."""
    head_sha: Sha | None = None
    usage: Usage = Usage()
    seconds: float | None = None
    """How long it ran by a clock that nobody sets; None = not measured (its worker died, or an older file)."""
    sandbox: str = ""
    """How the run was confined: bubblewrap, landlock or none; empty is not known, which counts as none."""

    @property
    def confined(self) -> bool:
        return self.sandbox in ("bubblewrap", "landlock")


@dataclass(frozen=True, kw_only=True)
class Criterion:
    id: str
    text: str
    passes: bool | None = None
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class FailedCheck:
    """One red check of the pull request, as data for the next attempt."""

    name: str
    conclusion: str
    summary: str = ""
    url: str = ""
    head_sha: str = ""


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """Who set the issue Ready, and the text that was vouched for."""

    by: str
    at: str
    """When they did; later changes by people whose word does not count end it."""
    body_sha256: str
    """Of title and body as they stood on GitHub."""
    author: str = ""
    """Who wrote the issue."""
    author_trust: str = ""
    """The author's own standing (`policy.trust.Standing`)."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a task was expected to cost before it was dispatched. Ends that are None are unknown."""

    usd_low: float | None = None
    usd_high: float | None = None
    tokens_low: int | None = None
    tokens_high: int | None = None
    tasks: int = 0
    """How many finished tasks it rests on."""
    basis: str = ""
    """In words."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Front matter and body of one task file. `body` is for agents and people and is never parsed back."""

    schema: int = 1
    id: TaskId
    repo: RepoName
    issue: int | None = None
    title: str
    url: str = ""
    generation: int = 1
    type: TaskType = TaskType.IMPLEMENTATION
    priority: Priority = Priority.NORMAL
    agent: str = "auto"
    """`auto` or the name of the agent that goes first."""
    base: str = ""
    """Base branch; empty = the repository's default branch, filled in at the first claim."""
    branch: str = ""
    created: str = ""
    place: Folder = Folder.INBOX
    """The last folder the program wrote: a mismatch with the folder it stands in is a hand move."""
    rev: int = 0
    """Counts the program's writes; of two copies left by a crash in mid-move the higher one stands."""
    phase: Phase = Phase.QUEUED
    next_kind: AttemptKind = AttemptKind.ATTEMPT
    """What the next agent run counts as."""
    next_agent: str = ""
    """An agent named by a decision (same agent again, reroute); empty = route."""
    attempt: int = 0
    max_attempts: int = 4
    max_runtime_minutes: float = 40
    not_before: str = ""
    depends_on: tuple[str, ...] = ()
    """`owner/name#N`."""
    outcome_checks: tuple[str, ...] = ()
    vouched: Vouched | None = None
    budget: dict[str, float] | None = None
    """Its own ceilings over the configuration's: `usd`, `tokens`."""
    estimate: Estimate | None = None
    criteria: tuple[Criterion, ...] = ()
    parent: str = ""
    part: int = 0
    config_snapshot: dict[str, str | int | float | bool | list[str]] | None = None
    config_hash: str = ""
    attempts: tuple[Attempt, ...] = ()
    counted_from: int = 0
    """Attempts before this index are history: a person's retry resets the counters, not the record."""
    recoveries: int = 0
    """How often a dead worker's run was repeated since the counters were reset (at most 3)."""
    failed_checks: tuple[FailedCheck, ...] = ()
    conflict: bool = False
    """The last publication conflicts with its base: the next run starts from the base's side by side."""
    requests: tuple[Request, ...] = ()
    """What people asked for on the pull request and the next run works on."""
    verdict: Verdict | None = None
    review: ReviewVerdict | None = None
    """The independent reviewer's judgement of `verdict.head_sha`."""
    base_sha: Sha | None = None
    """The base branch's commit the work stands on: what the diff is taken against."""
    start_sha: Sha | None = None
    """The commit the workspace was opened at: first parent of the candidate."""
    candidate_sha: Sha | None = None
    """Our commit of the judged tree."""
    pushed_sha: Sha | None = None
    """What we last pushed to `branch`: the lease of the next push."""
    pushed_at: str = ""
    """When that push was made: the grace for checks to appear counts from here."""
    pull_request: int | None = None
    merge_sha: Sha | None = None
    ending: Folder | None = None
    """Where a task in phase CLOSING is going; the notices that this owes are sent before the file moves."""
    ended: str = ""
    """When it last came to an end (done, failed, blocked, escalated); only a later Ready is a new wish."""
    reason: str = ""
    """Why it stands where it stands, for people."""
    body: str = ""

    @property
    def counted(self) -> tuple[Attempt, ...]:
        """The attempts since the last reset of the counters."""
        return self.attempts[self.counted_from :]

    def count(self, kind: AttemptKind) -> int:
        """Charged runs of one kind since the last reset."""
        return sum(1 for a in self.counted if a.kind is kind and a.spent)
