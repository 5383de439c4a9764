"""Ledger events (DECISIONS D13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class EventKind(Enum):
    """Every kind of decision and effect that is recorded."""

    DISPATCHED = "dispatched"
    NOT_DISPATCHED = "not_dispatched"
    """Set Ready but left alone, with the reason; once per reason."""
    CLAIMED = "claimed"
    HEALED = "healed"
    """A dead worker's task was found and goes on."""
    HAND_MOVE = "hand_move"
    QUARANTINED = "quarantined"
    ROUTED = "routed"
    AGENT_STARTED = "agent_started"
    AGENT_ENDED = "agent_ended"
    VERDICT = "verdict"
    DECIDED = "decided"
    PUSHED = "pushed"
    PULL_OPENED = "pull_opened"
    PULL_DECIDED = "pull_decided"
    UPDATED = "updated"
    MERGED = "merged"
    MERGE_TREE_DIFFERS = "merge_tree_differs"
    WITHDRAWN = "withdrawn"
    REWORK = "rework"
    BLOCKED = "blocked"
    ESCALATED = "escalated"
    DONE = "done"
    REMEMBERED = "remembered"
    FOLDED = "folded"
    EFFECT = "effect"
    """A write on GitHub or a push, completed."""
    ALERT = "alert"
    ORDER = "order"
    """A person ordered something."""
    DELIVERED = "delivered"
    """A person's message reached a running agent."""
    ASKED = "asked"
    """A model was asked by the control plane."""
    KEPT = "kept"
    """Work not on the remote was kept under refs/agent-os/kept before a deletion."""
    RETAINED = "retained"
    """Retention removed something."""
    WAITING = "waiting"
    """Nothing is claimed for want of something, or there is enough of it again; once each."""
    REAPED = "reaped"
    """A worker that had outlived its time was ended."""
    CRASH = "crash"
    OVER_BUDGET = "over_budget"
    """A ceiling of money or tokens is reached: nothing new is started until it has room."""
    ESTIMATED = "estimated"
    """What a task is expected to cost, and in the end what it did."""
    REVIEWED = "reviewed"
    """An independent reviewer's verdict about one head."""
    APPROVED = "approved"
    """A person's word about one head: for or against."""
    TRUST = "trust"
    """An issue's text was vouched for, or stopped being so."""
    TRAIN = "train"
    """The merge train built, tested, split, landed or gave up a batch."""
    REVERTED = "reverted"
    """The base branch went red after a merge of ours: a revert was opened, or a person told."""
    FILED = "filed"
    """An issue was filed by the program itself."""
    ANCHORED = "anchored"
    """The ledger's head was told outside of this machine."""
    LESSON = "lesson"
    HYPOTHESIS = "hypothesis"
    """What a piece of work is expected to do, written down before it begins."""
    SHIPPED = "shipped"
    """A pull request with outcome checks was opened or merged."""
    MEASURED = "measured"
    """What shipped was measured, with its verdict."""
    SCORED = "scored"
    """The objective's score, or the weekly findings."""
    FED = "fed"
    """Production feedback or research was refreshed: which entries weigh, which are guarded and why."""
    PLANNED = "planned"
    """A plan was made, applied, rejected or ran out; with each candidate's score terms."""
    PROMOTED = "promoted"
    """An issue was set Ready by a plan."""
    GROOMED = "groomed"
    NOT_FILED = "not_filed"
    """A draft was not filed: its twin and how alike they are, a cap, or evidence that is not there."""
    ANALYZED = "analyzed"
    """The week's events and findings were looked through: what was found, and what became of it."""
    DIGEST = "digest"
    AUTOPULL = "autopull"
    OBSERVED = "observed"
    """What a role would have done in a repository in observe; once per change."""
    STUCK = "stuck"
    """An open item has no owner, no next action, no deadline, or is past it; once per subject and state."""
    CONFIG = "config"


@dataclass(frozen=True, kw_only=True)
class Actor:
    kind: str
    """role, worker, operator, person or agent."""
    id: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a caller records; the ledger adds v, seq, at, prev and mac."""

    kind: EventKind
    actor: Actor
    repo: str = ""
    task: str = ""
    cause_seq: int | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    data: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line of the ledger."""

    v: int
    seq: int
    at: str
    actor: Actor
    repo: str
    task: str
    kind: str
    cause_seq: int | None
    hashes: dict[str, str]
    data: dict[str, object]
    prev: str
    mac: str
