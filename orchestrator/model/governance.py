"""What governs a change on its way to the base branch: its risk, the reviewer's verdict, a person's word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from orchestrator.model.names import Sha
from orchestrator.model.result import Usage


class Risk(Enum):
    """What a change can do harm to; from its paths, size, dependencies and what it does to tests and policy."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    """Waits for a person unless the configuration says otherwise."""


_ORDER = tuple(Risk)


def worst(risks: Iterable[Risk]) -> Risk:
    """The highest of them; LOW of none."""
    return max(risks, key=_ORDER.index, default=Risk.LOW)


class ReviewMode(Enum):
    REQUIRED = "required"
    """Nothing lands without an approving verdict of another agent, or a person's approval."""
    ADVISORY = "advisory"
    """The reviewer is asked and its findings are shown; its word does not hold a change back."""
    OFF = "off"


class ApprovalMode(Enum):
    AUTO = "auto"
    """What passed gate and review lands by itself."""
    HUMAN = "human"
    """A person approves the very head first."""


@dataclass(frozen=True, kw_only=True)
class BannedPattern:
    """A configured rule: text that no change may add."""

    pattern: str
    """google-re2 expression, searched in each added line."""
    reason: str
    hint: str = ""
    """What to write instead."""
    paths: tuple[str, ...] = ()
    """Globs of the files it holds for; empty = all."""


@dataclass(frozen=True, kw_only=True)
class GateRules:
    """What the gate of one repository asks for beside its verification."""

    protected_paths: tuple[str, ...] = ()
    """Globs beside the built-in ones; a change there waits for a person."""
    unprotected_paths: tuple[str, ...] = ()
    """Globs taken out of the built-in ones."""
    max_files: int = 60
    """Files of one change; 0 = any number."""
    max_lines: int = 2000
    """Added and deleted lines of one change together; 0 = any number."""
    max_module_lines: int = 1000
    """A source file that a change brings above this many lines is refused; 0 = any length."""
    module_lines: int = 500
    """A source file that merged work brought above this many lines becomes a follow-up issue; 0 = never."""
    banned: tuple[BannedPattern, ...] = ()
    static: tuple[tuple[str, str], ...] = ()
    """(name, command): type check and static checks, run as `verify` is."""
    base_tests: bool = True
    """Run the base commit's tests over the candidate's source, and compare the counts."""
    test_paths: tuple[str, ...] = ()
    """Globs of tests and test configuration beside the usual ones."""
    test_report: str = ""
    """JUnit XML that `verify` writes, relative to the checkout; without it counts are read from its output."""


@dataclass(frozen=True, kw_only=True)
class ReviewRules:
    """Who looks at a change before it lands, and when a person has to."""

    mode: ReviewMode = ReviewMode.REQUIRED
    agents: tuple[str, ...] = ()
    """Reviewers in order; empty = the other agents of the task's chain, then of the other types', then its author's in
    a fresh run."""
    minutes: float = 10
    """Time limit of one question to the reviewer."""
    usd: float = 1.0
    """Ceiling of one review with all its parts; 0 = none."""
    approval: tuple[tuple[Risk, ApprovalMode], ...] = (
        (Risk.LOW, ApprovalMode.AUTO),
        (Risk.MEDIUM, ApprovalMode.AUTO),
        (Risk.HIGH, ApprovalMode.HUMAN),
    )
    label: str = "agent-os-approved"
    """A trusted person's label on the pull request is their approval of its present head."""

    def approval_of(self, risk: Risk) -> ApprovalMode:
        return dict(self.approval).get(risk, ApprovalMode.HUMAN)


class Opinion(Enum):
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    CANNOT_TELL = "cannot_tell"
    """Also what counts for an answer that is none: unparsable, stale, replayed, empty, too large."""


class Severity(Enum):
    BLOCKER = "blocker"
    MAJOR = "major"
    MINOR = "minor"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class ReviewFinding:
    """One thing a reviewer found. Its text is a model's words: data for the author, never an order to us."""

    file: str
    line: int = 0
    """In the new file; 0 = the file as a whole."""
    severity: Severity
    text: str
    criterion: str = ""
    """Id of the success criterion it is about."""


@dataclass(frozen=True, kw_only=True)
class CriterionMet:
    id: str
    met: bool
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class TestReason:
    """The criterion that asks for a changed, weakened or deleted test, as the reviewer names it."""

    __test__ = False  # no test class, whatever its name

    path: str
    criterion: str


@dataclass(frozen=True, kw_only=True)
class ReviewVerdict:
    """A reviewer's recorded judgement of one head. It cannot override a check of the gate."""

    head_sha: Sha
    base_sha: Sha
    nonce: str
    opinion: Opinion
    why: str = ""
    """For CANNOT_TELL: what went wrong; else the reviewer's own sentence."""
    reviewer: str = ""
    """The agent that reviewed; empty when none could."""
    same_agent: bool = False
    """The author's own program, in a fresh run with another role: no other was there."""
    findings: tuple[ReviewFinding, ...] = ()
    criteria: tuple[CriterionMet, ...] = ()
    tests: tuple[TestReason, ...] = ()
    parts: int = 1
    """In how many questions the diff was reviewed."""
    carried: bool = False
    """Given to an earlier head, and kept because a clean update from the base changed nothing of the diff."""
    prompt_sha256: str = ""
    diff_sha256: str = ""
    log: str = ""
    at: str = ""
    usage: Usage = Usage()


class Via(Enum):
    """How a person gave their word."""

    REVIEW = "review"
    """A pull request review on GitHub."""
    LABEL = "label"
    CLI = "cli"
    WEB = "web"
    TELEGRAM = "telegram"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A person's word about one head of one task. It dies when the head moves, but for a clean update (D6)."""

    task: str
    head_sha: Sha
    by: str
    """Login, or the operator's name on this machine."""
    via: Via
    at: str
    approve: bool = True
    """False: refused, with the reason in `why`."""
    why: str = ""
    source: str = ""
    """Where it stands on GitHub (`review:<id>`, `label:<login>:<time>`), so that it can be taken back there; empty for
    a word that was given to us."""
    carried: bool = False
    """Given to an earlier head, and kept because a clean update from the base changed nothing of the diff."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One wish of a person about an open pull request: a review's body or a comment on a line. Foreign text, quoted."""

    id: str
    """`review:<id>` or `comment:<id>`."""
    by: str
    text: str
    path: str = ""
    line: int = 0
    thread: str = ""
    """Node id of its review thread; answered and resolved when the fix is pushed."""
    at: str = ""
    head_sha: str = ""
