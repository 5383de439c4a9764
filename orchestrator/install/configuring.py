"""The words of config.yaml: only what is needed, each with its reason; the rest stands in example.config.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.install.engineers import Engineer
from orchestrator.install.finding import Found
from orchestrator.install.words import comment, distinct, key, scalar
from orchestrator.model.settings import AutomationMode


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that the file says."""

    operator: str
    url: str
    token_env: str
    token_file: str
    mode: AutomationMode
    repos: tuple[Found, ...]
    boards: tuple[tuple[str, str, int | None], ...]
    """Per owner of repositories: owner of the board, its number."""
    agents: tuple[Engineer, ...]
    secrets_file: str
    """For agents whose key is kept there; empty = in the environment."""
    telegram_chat: str
    unconfined: bool
    """Merge also what an unconfined agent made: on a hub of one's own, on a machine without a sandbox."""


def text(plan: Plan) -> str:
    """config.yaml."""
    lines = [
        "# Written by `agent-os init`. Every key and its default: example.config.yaml and docs/config.md.",
        "# After a change: bin/agent-os check-config",
        "",
        f"operator: {scalar(plan.operator)}   # your GitHub login: your issues start work",
        "",
        *_mode(plan.mode),
        "",
        "projects:",
    ]
    for owner, (board_owner, number) in _projects(plan):
        lines += [f"  {scalar(key(owner))}:", f"    owner: {scalar(board_owner)}"]
        lines += [f"    number: {number}"] if number is not None else ["    # no board: the label `ready` starts work"]
        lines += ["    repos:"]
        for repo, name in _keyed(plan.repos):
            if repo.owner == owner:
                lines += _repo(repo, name)
    lines += ["", *_agents(plan), *_sandbox(plan), *_github(plan), *_telegram(plan)]
    return "\n".join(lines).rstrip() + "\n"


def keys(repos: Sequence[Found]) -> tuple[str, ...]:
    """One per repository, each once."""
    return tuple(name for _, name in _keyed(repos))


def _keyed(repos: Sequence[Found]) -> list[tuple[Found, str]]:
    found: list[tuple[Found, str]] = []
    for repo in repos:
        short, taken = key(repo.name.partition("/")[2]), {name for _, name in found}
        found.append((repo, short if short not in taken else distinct(key(repo.name.replace("/", "-")), taken)))
    return found


def _projects(plan: Plan) -> list[tuple[str, tuple[str, int | None]]]:
    return [(owner, (board_owner, number)) for owner, board_owner, number in plan.boards]


def _mode(mode: AutomationMode) -> list[str]:
    said = f"automation_mode: {mode.value}"
    if mode is AutomationMode.OBSERVE:
        return [
            "# observe: every tick says what it would do and does nothing. Your consent to more: `agent-os mode full`.",
            said,
        ]
    return [
        "# full | dispatcher_only (open pull requests, a person does the rest) | observe (do nothing, say what)",
        said,
    ]


def _repo(repo: Found, name: str) -> list[str]:
    verify = "none" if repo.verify == "none" else scalar(repo.verify)
    ci = comment(repo.ci or "no CI was seen")
    return [
        f"      - key: {scalar(name)}",
        f"        repo: {scalar(repo.name)}",
        f"        verify: {verify}   # we run this on a clean checkout of every change ({comment(repo.why)})",
        f"        checks: {repo.checks.value}   # required | if_present | none ({ci})",
    ]


def _agents(plan: Plan) -> list[str]:
    if not plan.agents:
        return [
            "# No agent was found on this machine. Install one (docs/agents.md) and name it here; until then codex,",
            "# claude, gemini and deepseek are tried, whichever appear.",
            "# agents:",
            "#   claude: {login: ~/.claude}",
            "",
        ]
    lines = ["# Engineers, in the order they are tried."] if len(plan.agents) > 1 else ["# Your engineer."]
    lines.append("agents:")
    for one in plan.agents:
        said = dict(one.said)
        if plan.secrets_file and one.keys:
            said["secrets_file"] = plan.secrets_file
        inner = ", ".join(f"{name}: {scalar(value)}" for name, value in said.items())
        lines.append(f"  {scalar(one.name)}: {{{inner}}}")
    return [*lines, ""]


def _sandbox(plan: Plan) -> list[str]:
    if not plan.unconfined:
        return []
    return [
        "# This machine cannot confine agents (`agent-os sandbox test`), and the GitHub below is one of your own here.",
        "merge_without_sandbox: true",
        "",
    ]


def _github(plan: Plan) -> list[str]:
    said = [f"  url: {scalar(plan.url)}"] if plan.url else []
    said += [f"  token_env: {scalar(plan.token_env)}"] if plan.token_env != "GITHUB_TOKEN" else []
    if plan.token_file:
        said.append(f"  token_file: {scalar(plan.token_file)}   # cron has no environment; readable by you alone")
    return ["github:", *said, ""] if said else []


def _telegram(plan: Plan) -> list[str]:
    if not plan.telegram_chat:
        return []
    return [
        "telegram:",
        f"  chat_id: {scalar(plan.telegram_chat)}   # the bot's token: TELEGRAM_BOT_TOKEN, or `token` here",
        "",
    ]
