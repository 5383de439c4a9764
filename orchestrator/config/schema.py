"""The shape of config.yaml, before anything is resolved. docs/config.md is generated from this file and its siblings.

Three levels take the same keys (`Shared`): the whole file, a project, a repository; the innermost that says something
wins. `None` means "not said here". Keys of the older spelling are accepted and marked as such.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from orchestrator.config.schema_evidence import Amount, Block, Count, Number, Positive, Text
from orchestrator.config.schema_seed import SeedKeys
from orchestrator.config.schema_shared import Shared
from orchestrator.model.operators import Right
from orchestrator.model.settings import Autopull


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
    quiet_hours: Text | None = None
    """22:00-07:00: only what cannot wait is told between the two, the rest afterwards. Default: never quiet."""
    timezone: Text | None = None
    """In which the quiet hours are meant, as Europe/Berlin. Default: UTC."""


class Operator(Block, kw_only=True):
    """A person who may look at this installation and give it orders."""

    github: Text
    """Their login on GitHub; the name that the ledger records."""
    telegram: int | None = None
    """Their user id in Telegram."""
    may: list[Right] | None = None
    """see, order, approve. Default: all three."""


class Web(Block, kw_only=True):
    """The web page; it is served on 127.0.0.1 only."""

    port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    """Default: 8765; 0 takes a free one."""


class Price(Block, kw_only=True):
    """USD per million tokens, as your provider bills them."""

    input: Amount
    """Tokens sent."""
    output: Amount
    """Tokens answered."""
    cached: Amount | None = None
    """Tokens read from the provider's cache. Default: as input."""


class AgentBudget(Block, kw_only=True):
    """Ceilings of one engineer over all repositories; 0 = none."""

    day_usd: Amount | None = None
    """Per UTC day. Default: 0."""
    month_usd: Amount | None = None
    """Per UTC month. Default: 0."""
    day_tokens: Number | None = None
    """Per UTC day. Default: 0."""
    month_tokens: Number | None = None
    """Per UTC month. Default: 0."""
    window_tokens: Number | None = None
    """Tokens of a subscription's window as its plan tells; budgets.subscription_share of it is used. Default: 0."""
    window_hours: Positive | None = None
    """Length of that window. Default: 5."""


class Limits(Block, kw_only=True):
    """What one run may take; 0 = no limit."""

    memory_mb: Number | None = None
    """All its processes together. Default: 4096."""
    processes: Number | None = None
    """Default: 512."""
    file_mb: Number | None = None
    """Largest single file it may write. Default: 2048."""
    cpu_minutes: Amount | None = None
    """Default: 0."""
    disk_mb: Number | None = None
    """What its workspace and HOME may grow by. Default: 5120."""


class Agent(Block, kw_only=True):
    """One engineer by name."""

    adapter: Text | None = None
    """How it is run. Default: its name."""
    command: str | list[Text] | None = None
    """For shell: the command line; the prompt comes on its standard input. For the others: the program to start
    instead of the one found by name."""
    playbook: str | None = None
    """For scripted: the YAML file it plays, relative to this file."""
    model: str | None = None
    """The model its CLI is told to use."""
    env: list[Text] | None = None
    """Names of the environment variables it may see; no other reaches it. Its provider's key need not be here: our
    proxy adds it."""
    key_env: Text | None = None
    """Variable that holds its provider's key. Default: its provider's usual one, as ANTHROPIC_API_KEY."""
    secrets_file: str | None = None
    """JSON file with provider keys by name, relative to this file. Default for deepseek: secrets.json."""
    login: str | None = None
    """Folder of a subscription's login, as ~/.claude; used when there is no key. docs/sandbox.md: what that exposes."""
    base_url: Text | None = None
    """Where its provider answers. Default: the provider's own address."""
    price: Price | None = None
    """For computing money where the program tells tokens only."""
    hosts: list[Text] | None = None
    """Hosts it may reach beside its provider and the package registries."""
    readable: list[Text] | None = None
    """Paths it may read beside the system's and its own program's, as ~/.cargo."""
    limits: Limits | None = None
    """What one run may take."""
    max_parallel: Number | None = None
    """Runs of it at the same time; 0 = as many as there are workers. Default: 0."""
    paused: bool | None = None
    """Do not choose it. Default: false."""
    budget: AgentBudget | None = None
    """Its ceilings over all repositories."""
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
    """Default: 200. Not applied yet: the chain is proved from its first event, so nothing of it is removed."""
    done_tasks: Count | None = None
    """Files kept in done and failed. Default: 2000."""


class Config(SeedKeys, kw_only=True):
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
    operators: list[Operator] | None = None
    """Who may see, order and approve, by GitHub login and Telegram id. Default: whoever has this machine, and the
    configured chat, may everything."""
    web: Web | None = None
    """The web page."""
    max_parallel_workers: Number | None = None
    """Tasks worked on at the same time; 0 = by this machine's memory. Default: 0."""
    min_free_memory_mb: Number | None = None
    """No task is claimed while less memory is free. Default: 1024."""
    autopull: Autopull | None = None
    """Whether this installation updates itself. Default: off."""
    ledger_anchor: Text | None = None
    """Repository that gets the ledger's head as a git ref, so that a cut-off end shows. Default: self_repo, else the
    first repository that is not dispatcher_only."""
    ledger_anchor_minutes: Amount | None = None
    """Least time between two anchors; 0 = none. Default: 60."""
    self_repo: str | None = None
    """Which of the repositories gets findings about this program. Default: none."""
    self_issues_per_day: Number | None = None
    """Findings about the program itself that are filed in 24 hours at most. Default: 3."""
    similarity_model: Text | None = None
    """Sentence model for finding duplicate issues: its name on the model hub, or a folder that holds it.
    Default: sentence-transformers/all-MiniLM-L6-v2."""
    digest_hour: Annotated[int, Meta(ge=-1, le=23)] | None = None
    """UTC hour of the daily summary; -1 = none. Default: 7."""
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
