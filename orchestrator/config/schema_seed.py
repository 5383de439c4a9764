"""The older spelling of config.yaml: still accepted, each use is a warning."""

from __future__ import annotations

from orchestrator.config.schema_evidence import Block, Count, Positive, Text
from orchestrator.config.schema_shared import Shared


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


class SeedKeys(Shared, kw_only=True):
    """Keys of the older spelling at the top of the file."""

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
