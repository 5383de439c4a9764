"""The shape of config.yaml, before anything is resolved. docs/config.md is generated from this file.

Three levels take the same keys (`Shared`): the whole file, a project, a repository; the innermost that says something
wins. `None` means "not said here". Keys of the older spelling are accepted and marked as such.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from orchestrator.model.planning import PlanApproval, Privacy, SignalClass, SourceKind, SourceType, Trust
from orchestrator.model.settings import AutomationMode, Autopull, Checks, MemoryMode, OnQuota
from orchestrator.model.task import TaskType

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
Number = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Amount = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Block(Struct, kw_only=True, forbid_unknown_fields=True):
    """Every mapping of the file refuses keys it does not know."""


class ResearchSource(Block, kw_only=True):
    """One named source read before planning."""

    name: Text
    """What the source is called in the artifact."""
    type: SourceType
    """How it is read."""
    kind: SourceKind | None = None
    """What it is. Default: repo_reference."""
    url: str | None = None
    """For web: https, on one of `allowed_domains`."""
    path: str | None = None
    """For file: relative to the repository or beside it."""


class Research(Block, kw_only=True):
    """Bounded reading before planning: only the sources named here, no search."""

    enabled: bool | None = None
    """Default: false."""
    max_age_hours: Positive | None = None
    """The artifact is refreshed only when older. Default: 72."""
    max_sources: Count | None = None
    """Default: 4."""
    max_source_chars: Count | None = None
    """Default: 4000."""
    allowed_domains: list[Text] | None = None
    """Hosts that web sources may be on. Empty = none."""
    artifact_file: Text | None = None
    """Default: PLANNING_RESEARCH.md."""
    sources: list[ResearchSource] | None = None
    """What is read."""


class FeedbackInput(Block, kw_only=True):
    """One signal from production."""

    name: Text
    """What the entry is called in the artifact."""
    type: SourceType
    """How it is read."""
    signal_class: SignalClass | None = None
    """What it tells about. Required, but for the older planning_signals."""
    input_type: SignalClass | None = None
    """Older spelling of signal_class, in planning_signals only."""
    url: str | None = None
    """For web: https, on one of `allowed_domains`."""
    path: str | None = None
    """For file: relative to the repository or beside it, or starting with ~ or a variable."""
    observed_at: str | None = None
    """When it was measured: UTC, ISO 8601."""
    provenance: str | None = None
    """Where the figures come from."""
    trust_level: Trust | None = None
    """Default: low."""
    trust_note: str | None = None
    """Why that much."""
    privacy: Privacy | None = None
    """Default: restricted."""
    privacy_note: str | None = None
    """Why that level."""
    stale_after_hours: Positive | None = None
    """For this entry, over the block's own."""


class Feedback(Block, kw_only=True):
    """Signals from production for planning. Guarded entries stay visible but do not weigh."""

    enabled: bool | None = None
    """Default: false."""
    max_age_hours: Positive | None = None
    """The artifact is refreshed only when older. Default: 24."""
    stale_after_hours: Positive | None = None
    """Entries observed longer ago are guarded. Default: 72."""
    minimum_trust_level: Trust | None = None
    """Entries below are guarded. Default: medium."""
    allowed_privacy_levels: list[Privacy] | None = None
    """Entries of other levels are guarded. Default: public, internal."""
    max_inputs: Count | None = None
    """Default: 6."""
    max_source_chars: Count | None = None
    """Default: 4000."""
    allowed_domains: list[Text] | None = None
    """Hosts that web inputs may be on. Empty = none."""
    artifact_file: Text | None = None
    """Default: PRODUCTION_FEEDBACK.md."""
    inputs: list[FeedbackInput] | None = None
    """What is read."""


class OutcomeCheck(Block, kw_only=True):
    """One measurement made after a merge."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9_.-]+$")]
    """What an issue names under `## Outcome Checks`."""
    name: str | None = None
    """For people."""
    type: SourceType
    """How it is read."""
    url: str | None = None
    """For web: https, on one of `allowed_domains`."""
    path: str | None = None
    """For file."""
    measurement_window_days: Positive | None = None
    """Measured this long after the merge. Default: 7."""
    comparison_window: str | None = None
    """What is compared with what, in words."""


class Attribution(Block, kw_only=True):
    """Measuring what merged work changed."""

    enabled: bool | None = None
    """Default: false."""
    max_source_chars: Count | None = None
    """Default: 4000."""
    allowed_domains: list[Text] | None = None
    """Hosts that web checks may be on. Empty = none."""
    checks: Annotated[list[OutcomeCheck], Meta(max_length=12)] | None = None
    """At most 12."""


class Budget(Block, kw_only=True):
    """Ceilings on spending."""

    task_usd: Amount | None = None
    """Per task. Default: 5."""
    day_usd: Amount | None = None
    """Per day, all repositories of this level together. Default: 50."""
    subscription_share: Share | None = None
    """Share of a subscription's told window, 0 to 1. Default: 0.5."""


class Shared(Block, kw_only=True):
    """Keys that the whole file, a project and a repository take. Repository over project over file."""

    automation_mode: AutomationMode | None = None
    """full: everything runs by itself. dispatcher_only: dispatch and open pull requests, no more. Default: full."""
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
    """How CODEBASE.md is kept. Default: commit."""
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
    """auto: plans apply by themselves. Default: auto."""
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


class Repo(Shared, kw_only=True):
    """One managed repository."""

    repo: Text
    """owner/name on GitHub."""
    key: Text | None = None
    """Short unique name, [a-z0-9-], first part of its task ids and branches. Default: from the name, when unique."""
    path: str | None = None
    """A checkout of yours, only ever read: where relative evidence paths start. Work happens in our own clones."""
    objective: str | None = None
    """Its objective file. Default: <objectives_dir>/<key>.yaml."""


class Statuses(Block, kw_only=True):
    """What the board's columns are called on GitHub."""

    backlog: Text | None = None
    """Default: Backlog."""
    ready: Text | None = None
    """Default: Ready."""
    in_progress: Text | None = None
    """Default: In Progress."""
    blocked: Text | None = None
    """Default: Blocked."""
    done: Text | None = None
    """Default: Done."""


class Project(Shared, kw_only=True):
    """One board and its repositories."""

    owner: Text
    """User or organization that owns the board."""
    number: Count | None = None
    """The board's number, from its address. Without one there is no board, only the ready label."""
    statuses: Statuses | None = None
    """Other names of the columns."""
    repos: list[Repo]
    """The repositories worked on. No other repository is ever touched."""


class SeedRepo(Shared, kw_only=True):
    """A repository in the older spelling."""

    github_repo: Text
    """owner/name."""
    local_repo: str | None = None
    """A checkout of yours, only ever read."""
    path: str | None = None
    """As local_repo."""
    key: Text | None = None
    """Short unique name."""
    test_command: str | None = None
    """As verify."""


class SeedProject(Shared, kw_only=True):
    """A board in the older spelling."""

    github_owner: Text | None = None
    """Owner of the board. Default: the file's github_owner."""
    project_number: Count | None = None
    """The board's number."""
    backlog_value: Text | None = None
    """Name of the column."""
    ready_value: Text | None = None
    """Name of the column."""
    in_progress_value: Text | None = None
    """Name of the column."""
    blocked_value: Text | None = None
    """Name of the column."""
    done_value: Text | None = None
    """Name of the column."""
    repos: list[SeedRepo]
    """Its repositories."""


class SeedRepoConfig(Block, kw_only=True):
    """Per checkout path, folder name or repository."""

    test_command: str | None = None
    """As verify."""


class App(Block, kw_only=True):
    """A GitHub App instead of a token."""

    id: Count | Text
    """App id or client id."""
    private_key_file: Text
    """Path of its .pem file."""
    installation_id: Count | None = None
    """Default: looked up."""


class GitHub(Block, kw_only=True):
    """Which GitHub, and how we prove who we are."""

    url: Text | None = None
    """https://github.com, an Enterprise host, or http://127.0.0.1:PORT for the embedded one. Default: github.com."""
    token_env: Text | None = None
    """Environment variable that holds the token. Default: GITHUB_TOKEN; without it the gh program is asked."""
    token_file: str | None = None
    """File that holds the token."""
    app: App | None = None
    """A GitHub App instead of a token."""
    seconds_between_writes: Amount | None = None
    """Least time between two writes. Default: 1; 0 on loopback."""
    writes_per_minute: Count | None = None
    """Default: 80, GitHub's own limit."""
    writes_per_hour: Count | None = None
    """Default: 500, GitHub's own limit."""
    settle_seconds: Amount | None = None
    """How long a write with an unclear end may stay invisible before it counts as not done. Default: 30."""


class Telegram(Block, kw_only=True):
    """Where alerts go. Without a chat they stand in the ledger only."""

    token_env: Text | None = None
    """Environment variable that holds the bot's token. Default: TELEGRAM_BOT_TOKEN."""
    token: str | None = None
    """The token itself, if it must stand here."""
    chat_id: int | str | None = None
    """The chat alerts go to."""
    api_url: Text | None = None
    """Default: https://api.telegram.org."""


class Agent(Block, kw_only=True):
    """One engineer by name."""

    adapter: Text | None = None
    """How it is run. Default: its name."""
    command: str | list[Text] | None = None
    """For shell: the command line; the prompt comes on its standard input."""
    playbook: str | None = None
    """For scripted: the YAML file it plays, relative to this file."""
    model: str | None = None
    """The model its CLI is told to use."""
    env: list[Text] | None = None
    """Names of the environment variables it may see; no other reaches it."""
    timeout_minutes: Positive | None = None
    """Time limit of one run. Default: codex 40, claude 45, gemini 35, deepseek 30, others 40."""
    silence_minutes: Positive | None = None
    """Ended when it says nothing for so long. Default: 15."""
    cooldown_minutes: Positive | None = None
    """Rest after a quota error that tells no time. Default: 60."""


class Retention(Block, kw_only=True):
    """How much is kept; the oldest goes first, never what is not on GitHub yet."""

    logs_mb: Count | None = None
    """Transcripts and logs. Default: 500."""
    logs_days: Positive | None = None
    """Default: 30."""
    worktrees_gb: Positive | None = None
    """Default: 5."""
    ledger_mb: Count | None = None
    """Default: 200."""
    done_tasks: Count | None = None
    """Files kept in done and failed. Default: 2000."""


class Config(Shared, kw_only=True):
    """The whole file."""

    projects: dict[str, Project] | None = None
    """Boards by a short name of yours."""
    agents: dict[str, Agent | None] | None = None
    """Engineers by name. With this section only those in it are used; without it codex, claude, gemini, deepseek."""
    github: GitHub | None = None
    """Which GitHub."""
    telegram: Telegram | None = None
    """Where alerts go."""
    operator: str | None = None
    """Your GitHub login; your issues are trusted. Default: empty."""
    max_parallel_workers: Count | None = None
    """Tasks worked on at the same time. Default: 1."""
    autopull: Autopull | None = None
    """Whether this installation updates itself. Default: off."""
    self_repo: str | None = None
    """Which of the repositories gets findings about this program. Default: none."""
    retention: Retention | None = None
    """How much is kept."""
    runtime_dir: str | None = None
    """Mailbox, logs, ledger, state. Default: runtime."""
    worktrees_dir: str | None = None
    """Where agents work. Default: under ~/.local/share/agent-os, outside of any checkout."""
    objectives_dir: str | None = None
    """Default: objectives."""
    evidence_dir: str | None = None
    """Metric snapshots, a folder per repository. Default: ~/.local/share/agent-os/evidence."""
    repo_objectives: dict[str, str] | None = None
    """Objective file by repository (owner/name, name or key)."""
    github_owner: Text | None = None
    """Older spelling of projects.<key>.owner."""
    project_number: Count | None = None
    """Older spelling of projects.<key>.number."""
    repos: list[SeedRepo] | None = None
    """Older spelling of projects.<key>.repos."""
    github_projects: dict[str, SeedProject] | None = None
    """Older spelling of projects."""
    allowed_repos: list[Text] | None = None
    """Older spelling: owner/name or checkout paths; repositories outside of it are an error."""
    telegram_bot_token: str | None = None
    """Older spelling of telegram.token."""
    telegram_chat_id: int | str | None = None
    """Older spelling of telegram.chat_id."""
    test_command: str | None = None
    """Older spelling of verify."""
    test_timeout_minutes: Positive | None = None
    """Older spelling of verify_minutes."""
    repo_configs: dict[str, SeedRepoConfig] | None = None
    """Older place of test_command."""
    default_max_attempts: Count | None = None
    """Older spelling of max_attempts."""
    agent_timeout_minutes: dict[str, Positive] | None = None
    """Older spelling of agents.<name>.timeout_minutes."""
    formatter_model: str | None = None
    """Older key without effect: name the model in agents."""
    planner_claude_model: str | None = None
    """Older key without effect: name the model in agents."""
    decomposer_model: str | None = None
    """Older key without effect: name the model in agents."""
    default_base_branch: str | None = None
    """Older key without effect: the repository's real default branch is the base."""
    default_allow_push: bool | None = None
    """Older key without effect: merge: false stops at the pull request."""
    root_dir: str | None = None
    """Older key without effect: ORCH_ROOT moves the root."""
    mailbox_dir: str | None = None
    """Older key: the mailbox stands in runtime_dir/mailbox."""
    logs_dir: str | None = None
    """Older key: logs stand in runtime_dir/logs."""
