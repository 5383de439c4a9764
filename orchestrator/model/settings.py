"""The resolved configuration: precedence applied once, nothing optional left to guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from orchestrator.model.confinement import Limits, Sandbox
from orchestrator.model.governance import GateRules, ReviewRules
from orchestrator.model.issue import BoardStatus
from orchestrator.model.names import RepoName
from orchestrator.model.operators import Operator
from orchestrator.model.planning import (
    Budget,
    Cadence,
    OutcomeAttribution,
    PlanningResearch,
    ProductionFeedback,
    Similarity,
)
from orchestrator.model.task import Priority, TaskType


class AutomationMode(Enum):
    FULL = "full"
    DISPATCHER_ONLY = "dispatcher_only"
    """Accept, dispatch, open pull requests; no merge, no repair, no follow-up, no self-filed work."""
    OBSERVE = "observe"
    """Say what would be done and do nothing: no task, no write on GitHub, no model asked. What `init` writes until a
    person has consented."""


class Checks(Enum):
    """What counts as green on a pull request (DECISIONS D6)."""

    REQUIRED = "required"
    """At least one check, none red, none pending, all required ones by the right app."""
    IF_PRESENT = "if_present"
    """As REQUIRED where checks appear; a head without any after the grace time passes on our own verification."""
    NONE = "none"
    """The repository has no CI on purpose: our own verification run is the gate."""


class MemoryMode(Enum):
    COMMIT = "commit"
    """Fold into CODEBASE.md on the base branch; by pull request where that is refused or merging is a person's."""
    PULL_REQUEST = "pull_request"
    LOCAL = "local"
    """Fragments stay in runtime/state/memory and reach prompts, nothing is written to the repository."""


class OnQuota(Enum):
    FALLBACK = "fallback"
    WAIT = "wait"


class Autopull(Enum):
    OFF = "off"
    TAG = "tag"
    MAIN = "main"


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD per million tokens, as the operator's provider bills them."""

    input: float
    output: float
    cached: float | None = None
    """Read from the provider's cache; None = as input."""


@dataclass(frozen=True, kw_only=True)
class AgentBudget:
    """Ceilings of one engineer over all repositories. 0 = none."""

    day_usd: float = 0
    month_usd: float = 0
    day_tokens: int = 0
    month_tokens: int = 0
    window_tokens: int = 0
    """Tokens of a subscription's window, as its plan tells; the budget's `subscription_share` of it is used."""
    window_hours: float = 5


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """One engineer by name: which adapter runs it and how."""

    name: str
    adapter: str
    """A key of `agents.AGENTS`."""
    command: tuple[str, ...] = ()
    """For the shell adapter: the command line; the prompt comes on its standard input. For the others: the program to
    start instead of the one found by name, with words that come first (`node`, `/x/cli.js`)."""
    playbook: str = ""
    """For the scripted adapter: the YAML file it plays."""
    model: str = ""
    env: tuple[str, ...] = ()
    """Names of environment variables it may see. Its provider's key is not among them: our proxy adds it."""
    timeout_minutes: float = 40
    silence_minutes: float = 15
    cooldown_minutes: float = 60
    key_env: str = ""
    """Variable of ours that holds its provider's key; empty = the adapter's usual one."""
    secrets_file: str = ""
    """JSON file that holds provider keys by name (deepseek: openRouterApiKey, nanoGptApiKey, chutesApiKey)."""
    login: str = ""
    """Folder with a subscription's login files; used when there is no key. It then goes to its provider by itself."""
    base_url: str = ""
    """Where its provider answers; empty = the provider's own address."""
    price: Price | None = None
    """For computing money where the program tells tokens only."""
    hosts: tuple[str, ...] = ()
    """Hosts it may reach beside its provider (`pypi.org`, `*.example.com`, with `:port` where that is not 443)."""
    readable: tuple[str, ...] = ()
    """Paths it may read beside the system's and its own program's."""
    limits: Limits = Limits()
    max_parallel: int = 0
    """Runs of it at the same time; 0 = as many as there are workers."""
    paused: bool = False
    """The operator's pause: it is not chosen."""
    budget: AgentBudget = AgentBudget()


@dataclass(frozen=True, kw_only=True)
class Statuses:
    """What the board's columns are called on GitHub."""

    names: tuple[tuple[BoardStatus, str], ...] = (
        (BoardStatus.BACKLOG, "Backlog"),
        (BoardStatus.READY, "Ready"),
        (BoardStatus.IN_PROGRESS, "In Progress"),
        (BoardStatus.BLOCKED, "Blocked"),
        (BoardStatus.DONE, "Done"),
    )

    def name(self, status: BoardStatus) -> str:
        return dict(self.names)[status]


@dataclass(frozen=True, kw_only=True)
class RepoSettings:
    """Everything one managed repository needs; repo over project over global, already applied."""

    key: str
    """Unique, `[a-z0-9-]`: the first part of every task id and branch."""
    name: RepoName
    project: str
    """Key of its project (board)."""
    clone_url: str
    automation_mode: AutomationMode = AutomationMode.FULL
    trusted_authors: frozenset[str] = frozenset()
    """Logins, lower case, whose issues start work. The owner and the operator's own login are always in it."""
    chains: tuple[tuple[TaskType, tuple[str, ...]], ...] = ()
    default_agent: str = "auto"
    default_task_type: TaskType = TaskType.IMPLEMENTATION
    ready_label: str = "ready"
    excluded_labels: frozenset[str] = frozenset()
    priority_weights: tuple[tuple[Priority, float], ...] = (
        (Priority.HIGH, 30.0),
        (Priority.NORMAL, 10.0),
        (Priority.LOW, 0.0),
    )
    max_attempts: int = 4
    max_corrections: int = 3
    max_ci_rounds: int = 3
    max_recoveries: int = 3
    max_runs: int = 12
    max_runtime_minutes: float = 40
    on_quota: OnQuota = OnQuota.FALLBACK
    verify: str = ""
    """Shell command run by us on a clean checkout of the candidate. Empty and `verify_none` False is a config error."""
    verify_none: bool = False
    """The operator said in so many words that there is nothing to run."""
    verify_minutes: float = 5
    checks: Checks = Checks.REQUIRED
    no_checks_grace_minutes: float = 10
    memory: MemoryMode = MemoryMode.COMMIT
    merge: bool = True
    """Merge by itself when green; False = open the pull request and stop there."""
    sandbox: Sandbox = Sandbox.PREFER
    merge_without_sandbox: bool = False
    """Merge by itself also what an unconfined agent made; has to be said in so many words."""
    hosts: tuple[str, ...] = ()
    """Hosts that agents on this repository may reach beside their providers, on top of the registries."""
    readable: tuple[str, ...] = ()
    """Paths that its agents and its verification may read beside the system's: a toolchain."""
    gate: GateRules = GateRules()
    review: ReviewRules = ReviewRules()
    max_open_pull_requests: int = 5
    """So many pull requests of ours wait for review or merge at most; nothing new is dispatched beyond. 0 = any."""
    merge_batch: int = 10
    """Pull requests that the merge train tests together at most; 1 = one by one."""
    auto_revert: bool = False
    """Open a revert when the base branch goes red after a merge of ours; else only tell."""
    max_parallel: int = 0
    """Tasks of it at the same time; 0 = as many as there are workers."""
    formatter_agent: str = ""
    """Agent asked to restructure a sloppy issue; empty = parse only."""
    required_labels: frozenset[str] = frozenset()
    """Issues without all of these are left alone."""
    path: Path | None = None
    """A checkout of the user's, only ever read: where relative evidence paths start."""
    cadence: Cadence = Cadence()
    budget: Budget = Budget()
    objective: Path | None = None
    """The repository's objective file; None = objectives_dir/<key>.yaml."""
    planning_research: PlanningResearch = PlanningResearch()
    production_feedback: ProductionFeedback = ProductionFeedback()
    outcome_attribution: OutcomeAttribution = OutcomeAttribution()
    similarity: Similarity = Similarity()

    def chain(self, type: TaskType) -> tuple[str, ...]:
        return dict(self.chains).get(type, ())


@dataclass(frozen=True, kw_only=True)
class ProjectSettings:
    """One board and its repositories."""

    key: str
    owner: str
    """User or organization that owns the board."""
    number: int | None
    """Project number from its URL; None = no board, labels only."""
    statuses: Statuses = Statuses()
    repos: tuple[str, ...] = ()
    """Keys of its repositories, in config order."""


@dataclass(frozen=True, kw_only=True)
class GitHubSettings:
    api_url: str = "https://api.github.com"
    graphql_url: str = "https://api.github.com/graphql"
    web_url: str = "https://github.com"
    token_env: str = "GITHUB_TOKEN"
    token_file: str = ""
    app_id: str = ""
    app_private_key_file: str = ""
    app_installation_id: int | None = None
    seconds_between_writes: float = 1.0
    """Pacing of writes, shared by all processes. 0 on loopback."""
    writes_per_minute: int = 80
    writes_per_hour: int = 500
    settle_seconds: float = 30.0
    """How long after an uncertain write its absence from a list is not yet proof that it did not happen."""

    @property
    def loopback(self) -> bool:
        host = self.api_url.split("//", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]
        return host in ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, kw_only=True)
class TelegramSettings:
    token_env: str = "TELEGRAM_BOT_TOKEN"
    token: str = field(default="", repr=False)
    chat_id: str = ""
    api_url: str = "https://api.telegram.org"
    quiet_hours: str = ""
    """`22:00-07:00`: only what cannot wait is told between the two; empty = never quiet."""
    timezone: str = "UTC"
    """In which the quiet hours are meant: a name of the IANA database."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Caps per class, oldest first, never what is not yet on GitHub (DECISIONS D14)."""

    logs_mb: int = 500
    logs_days: float = 30
    worktrees_gb: float = 5
    ledger_mb: int = 200
    done_tasks: int = 2000


@dataclass(frozen=True, kw_only=True)
class Settings:
    root: Path
    """The checkout: config.yaml, objectives/ and runtime/ stand here unless config says otherwise."""
    runtime: Path
    worktrees: Path
    config_file: Path
    github: GitHubSettings = GitHubSettings()
    telegram: TelegramSettings = TelegramSettings()
    projects: tuple[ProjectSettings, ...] = ()
    repos: tuple[RepoSettings, ...] = ()
    agents: tuple[AgentSettings, ...] = ()
    max_parallel_workers: int = 0
    """0 = by this machine's memory (`policy.capacity`)."""
    min_free_memory_mb: int = 1024
    """A claim waits while less is free."""
    autopull: Autopull = Autopull.OFF
    self_repo: str = ""
    self_issues_per_day: int = 3
    """Findings about the program itself that are filed in 24 hours at most."""
    similarity_model: str = "sentence-transformers/all-MiniLM-L6-v2"
    """Name on the model hub, or a folder that holds it."""
    digest_hour: int = 7
    """UTC hour of the daily summary; -1 = none."""
    ledger_anchor: str = ""
    """Repository that gets the ledger's head as a git ref; empty = self_repo, else the first; of those only where
    we write by ourselves."""
    ledger_anchor_minutes: float = 60
    """Least time between two anchors; 0 = none."""
    retention: Retention = Retention()
    operator: str = ""
    """The operator's GitHub login."""
    operators: tuple[Operator, ...] = ()
    """Who may see, order and approve; empty = whoever has this machine, and the configured chat, may everything."""
    web_port: int = 8765
    """Of the web page, on 127.0.0.1."""
    objectives_dir: Path = Path("objectives")
    evidence_dir: Path = Path("evidence")
    """Metric snapshots written by an external exporter, one folder per repository."""
    warnings: tuple[str, ...] = ()
    """What was accepted but should be changed: old spellings, keys without effect, missing verification."""

    def repo(self, name: str) -> RepoSettings | None:
        """By key or by owner/name (GitHub compares names without case)."""
        fold = name.casefold()
        return next((r for r in self.repos if r.key == name or r.name.casefold() == fold), None)

    def project(self, key: str) -> ProjectSettings:
        return next(p for p in self.projects if p.key == key)

    def agent(self, name: str) -> AgentSettings | None:
        return next((a for a in self.agents if a.name == name), None)
