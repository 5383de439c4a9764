"""The keys of config.yaml that the whole file, a project and a repository take; the innermost that says one wins."""

from __future__ import annotations

from orchestrator.config.schema_evidence import (
    Amount,
    Attribution,
    Block,
    Count,
    Feedback,
    Number,
    Positive,
    Research,
    Share,
    Text,
)
from orchestrator.model.confinement import Sandbox
from orchestrator.model.governance import ApprovalMode, ReviewMode
from orchestrator.model.planning import PlanApproval
from orchestrator.model.settings import AutomationMode, Checks, MemoryMode, OnQuota
from orchestrator.model.task import TaskType


class Budget(Block, kw_only=True):
    """Ceilings on spending."""

    run_usd: Amount | None = None
    """Per agent run; 0 = no ceiling, here and below. Default: 3."""
    task_usd: Amount | None = None
    """Per task. Default: 5."""
    day_usd: Amount | None = None
    """Per UTC day and repository. Default: 50."""
    month_usd: Amount | None = None
    """Per UTC month and repository. Default: 500."""
    run_tokens: Number | None = None
    """Tokens hold where money is unknown: subscriptions, and models without a price. Default: 10000000."""
    task_tokens: Number | None = None
    """Default: 25000000."""
    day_tokens: Number | None = None
    """Default: 250000000."""
    month_tokens: Number | None = None
    """Default: 2500000000."""
    subscription_share: Share | None = None
    """Share of a subscription's told window, 0 to 1. Default: 0.5."""


class Banned(Block, kw_only=True):
    """Text that no change may add."""

    pattern: Text
    """Regular expression (google-re2), searched in each added line."""
    reason: Text
    """Why it is not wanted; told to the agent."""
    hint: str | None = None
    """What to write instead."""
    paths: list[Text] | None = None
    """Globs of the files it holds for. Default: all."""


class Gate(Block, kw_only=True):
    """What the gate asks of a change beside `verify`."""

    protected_paths: list[Text] | None = None
    """Globs beside the built-in ones (docs/governance.md lists them); a change there waits for a person."""
    unprotected_paths: list[Text] | None = None
    """Globs taken out of the built-in ones."""
    max_files: Number | None = None
    """Files of one change; 0 = any number. Default: 60."""
    max_lines: Number | None = None
    """Added and deleted lines of one change; 0 = any number. Default: 2000."""
    max_module_lines: Number | None = None
    """A source file may not be brought above this many lines; 0 = any length. Default: 1000."""
    module_lines: Number | None = None
    """Merged work that brought a source file above this many lines becomes a follow-up issue; 0 = never.
    Default: 500."""
    banned: list[Banned] | None = None
    """Text that no change may add."""
    static: dict[Text, Text] | None = None
    """Type check and static checks by name, commands run as `verify` is."""
    base_tests: bool | None = None
    """Run the base commit's tests over the change, and compare the counts. Default: true."""
    test_paths: list[Text] | None = None
    """Globs of tests and test configuration beside the usual names."""
    test_report: Text | None = None
    """JUnit XML that `verify` writes. Default: counts are read from its output."""


class Similarity(Block, kw_only=True):
    """When two issues are one; cosines of sentence vectors, 0 to 1."""

    threshold: Share | None = None
    """From here on a duplicate. Default: 0.75."""
    ask_from: Share | None = None
    """From here up to the threshold an agent is asked with both texts. Default: 0.6."""
    closed_days: Amount | None = None
    """Issues closed so lately are compared with, too. Default: 90."""


class Shared(Block, kw_only=True):
    """Keys that the whole file, a project and a repository take. Repository over project over file."""

    automation_mode: AutomationMode | None = None
    """full: everything runs by itself. dispatcher_only: dispatch and open pull requests, no more. observe: say what
    would be done, do nothing. Default: full."""
    verify: Text | None = None
    """Command we run on a clean checkout of every candidate, or the word none. Must be said for each repository."""
    verify_minutes: Positive | None = None
    """Time limit of `verify`. Default: 5."""
    checks: Checks | None = None
    """What counts as green on a pull request; none says that the repository has no CI. Default: required."""
    no_checks_grace_minutes: Amount | None = None
    """With if_present: how long to wait for checks to appear. Default: 10."""
    merge: bool | None = None
    """Merge by itself when green; false opens the pull request and stops. Default: true."""
    memory: MemoryMode | None = None
    """How CODEBASE.md is kept: on the base branch (a pull request where merging is a person's or the branch refuses),
    always by pull request, or only here. Default: commit."""
    trusted_authors: list[Text] | None = None
    """Logins whose issues start work, beside the owners and the operator."""
    agent_fallbacks: dict[TaskType, list[Text]] | None = None
    """Which agents are tried, in order, per task type. An inner map replaces an outer one whole; types it leaves out
    take the built-in order (docs/config.md)."""
    default_agent: Text | None = None
    """auto, or the agent that goes first when an issue names none. Default: auto."""
    default_task_type: TaskType | None = None
    """For issues whose type nothing tells. Default: implementation."""
    on_quota: OnQuota | None = None
    """fallback: the next agent takes over; wait: the task waits for this one. Default: fallback."""
    ready_label: Text | None = None
    """The label that starts work beside the board's Ready. Default: ready."""
    excluded_labels: list[Text] | None = None
    """Issues with one of these are left alone."""
    required_labels: list[Text] | None = None
    """Issues without all of these are left alone."""
    priority_weights: dict[Text, float] | None = None
    """Points of high, normal and low (prio:high is read too); an hour of waiting is worth 1. Default: 30, 10, 0."""
    max_attempts: Count | None = None
    """Agent runs charged as attempts before a task is escalated. Default: 4."""
    max_corrections: Number | None = None
    """Runs that mend what the gate found. Default: 3."""
    max_ci_rounds: Number | None = None
    """Runs that repair red checks or a conflict. Default: 3."""
    max_recoveries: Number | None = None
    """Runs repeated because their worker died. Default: 3."""
    max_runs: Count | None = None
    """All runs of one task together. Default: 12."""
    max_runtime_minutes: Positive | None = None
    """Time limit of one agent run. Default: 40."""
    sandbox: Sandbox | None = None
    """required: no run without bubblewrap or Landlock. prefer: the best this machine can hold. off: none, on purpose.
    Default: prefer."""
    merge_without_sandbox: bool | None = None
    """Merge by itself also what an unconfined agent made. Default: false."""
    hosts: list[Text] | None = None
    """Hosts that agents may reach beside their providers and the package registries."""
    readable: list[Text] | None = None
    """Paths that agents and `verify` may read beside the system's, as a toolchain under your home."""
    gate: Gate | None = None
    """What the gate asks of a change beside `verify`; taken key by key."""
    review: ReviewMode | None = None
    """required: another agent approves the very head, or a person does. advisory: it is asked, its word holds nothing
    back. off: nobody is asked. Without required, beyond loopback, a person approves each merge. Default: required."""
    reviewers: list[Text] | None = None
    """Agents that review, in order. Default: the others of the task's chain, then of the other types', then its
    author's in a fresh run."""
    review_minutes: Positive | None = None
    """Time limit of one question to a reviewer. Default: 10."""
    review_usd: Amount | None = None
    """Ceiling of one review; 0 = none but the task's budget. Default: 1."""
    approval: dict[Text, ApprovalMode] | None = None
    """auto or human for each risk class. Default: {low: auto, medium: auto, high: human}."""
    approval_label: Text | None = None
    """A trusted person's label on a pull request that approves its present head. Default: agent-os-approved."""
    max_open_pull_requests: Number | None = None
    """So many of ours may be open; nothing new is dispatched beyond. 0 = any number. Default: 5."""
    merge_batch: Count | None = None
    """Pull requests that the merge train tests together at most; 1 = one by one. Default: 10."""
    auto_revert: bool | None = None
    """Open a revert when the base branch goes red after a merge of ours; else only tell. Default: false."""
    max_parallel: Number | None = None
    """Tasks of one repository at the same time; 0 = as many as there are workers. Default: 0."""
    formatter_agent: str | None = None
    """Agent that restructures sloppy issues; empty = issues are only parsed. Default: empty."""
    plan_size: Count | None = None
    """Issues per sprint plan. Default: 5."""
    sprint_cadence_days: float | None = None
    """Least days between plans; fractions allowed, 0 = dormant. Default: 7."""
    groomer_cadence_days: float | None = None
    """Least days between groomings. Default: as sprint_cadence_days."""
    planner_allow_early_refresh: bool | None = None
    """Plan again before the cadence when the sprint has gone idle. Default: false."""
    planner_agents: list[Text] | None = None
    """Agents asked to plan, in order. Default: claude, codex."""
    plan_approval: PlanApproval | None = None
    """auto: plans apply by themselves. required: a person approves each. Default: auto."""
    plan_after: list[Text] | None = None
    """Keys of the repositories that are planned before this one."""
    stale_issue_days: Positive | None = None
    """An issue that nobody touched for longer is stale. Default: 30."""
    new_issues_per_day: Number | None = None
    """Issues that the program itself files in a repository in 24 hours at most; 0 = none. Default: 5."""
    similarity: Similarity | None = None
    """When two issues are one; taken key by key."""
    budgets: Budget | None = None
    """Ceilings on spending; taken key by key."""
    planning_research: Research | None = None
    """Reading before planning; taken key by key over the outer one."""
    production_feedback: Feedback | None = None
    """Signals from production; taken key by key over the outer one."""
    planning_signals: Feedback | None = None
    """Older spelling of production_feedback; its inputs are added to it."""
    outcome_attribution: Attribution | None = None
    """Measuring after the merge; taken key by key over the outer one."""
