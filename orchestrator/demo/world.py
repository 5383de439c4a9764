"""The world the demo plays in: a hub with its people, boards and repositories, and an installation that manages them.

Everything stands in one folder that a person can read: `config.yaml`, `playbook.yaml`, `token`, `runtime/`,
`worktrees/`, and the hub's own state under `hub/`. ORCH_ROOT=<folder> makes every command work on it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from orchestrator import wiring
from orchestrator.demo.scenario import ENGINEERS, REVIEWER, Outcome, Scenario, Story
from orchestrator.hub import Hub
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.settings import AgentSettings, Settings
from orchestrator.model.task import Folder, Task
from orchestrator.pipeline import intake
from orchestrator.policy.eligible import Reason
from orchestrator.policy.merge import APPROVAL
from orchestrator.services import Services

PERSON, STRANGER, BOT = "ada", "mallory", "agent-os-bot"
COLUMNS = ("Backlog", "Ready", "In Progress", "Blocked", "Done")
WORKERS = 2
_TYPES = ("implementation", "debugging", "architecture", "research", "design", "content", "browser_automation")


@dataclass(frozen=True, kw_only=True)
class Filed:
    """A story and the issue it became."""

    story: Story
    number: int
    task: TaskId

    @property
    def name(self) -> str:
        return f"{self.story.repo}#{self.number}"


@dataclass(kw_only=True)
class World:
    folder: Path
    scenario: Scenario
    hub: Hub
    engineer: AgentSettings | None
    """Instead of the scripted ones."""
    boards: dict[str, int] = field(default_factory=dict)
    """Owner -> board number."""
    filed: list[Filed] = field(default_factory=list)
    mended: list[Filed] = field(default_factory=list)
    """Those a person has helped along."""
    roles: dict[str, Services] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What the roles see of the environment: where programs are, and what the engineer's settings name."""
        named = self.engineer.env if self.engineer else ()
        env = {name: os.environ[name] for name in ("PATH", "HOME", *named) if name in os.environ}
        return {"PATH": os.defpath, "HOME": str(self.folder), **env}

    def services(self, role: str) -> Services:
        """The services of one role, as its cron entry would build them."""
        if role not in self.roles:
            self.roles[role] = wiring.build(self.settings, self.env, kind="role", id=role)
        return self.roles[role]

    @cached_property
    def settings(self) -> Settings:
        """Read once, when it stands."""
        return wiring.settings(self.folder / "config.yaml", self.folder, self.env)

    def repo_key(self, name: str) -> str:
        return next(r.key for r in self.scenario.repositories if r.name == name)

    # --- what people do

    def file(self, story: Story) -> Filed:
        """The issue, still in Backlog."""
        after = next((f.number for f in self.filed if f.story.title == story.after), 0)
        number = self.hub.admin.issue(
            story.repo,
            story.title,
            story.body.replace("{after}", str(after)),
            author=story.author,
            labels=story.labels,
            board=self.boards[story.repo.split("/")[0]],
            status="Backlog",
        )
        filed = Filed(story=story, number=number, task=intake.task_id(self.repo_key(story.repo), number, 1))
        self.filed.append(filed)
        return filed

    def set_ready(self, filed: Filed) -> None:
        """By its author: what a stranger's automation moves starts nothing."""
        self.hub.admin.set_status(filed.story.repo, filed.number, "Ready", actor=filed.story.author)

    def mend(self, filed: Filed) -> None:
        """The person adds what was missing, says so, and moves the task's file with a plain rename."""
        person = filed.story.person
        assert person is not None, "only stories with a person are mended by one"
        self.hub.admin.push(filed.story.repo, "main", person.adds, author=PERSON, message="Add what was missing")
        self.hub.admin.comment(filed.story.repo, filed.number, person.says, actor=PERSON)
        mailbox = self.services("queue").mailbox.root
        self.mended.append(filed)
        os.rename(mailbox / "escalated" / f"{filed.task}.md", mailbox / "inbox" / f"{filed.task}.md")

    def approve(self, filed: Filed, number: int) -> None:
        """The person approves the pull request, as on GitHub's page."""
        self.mended.append(filed)
        self.hub.admin.review(filed.story.repo, number, "APPROVE", "Good.", actor=PERSON)

    # --- what is seen

    def waits_for_approval(self, filed: Filed) -> int:
        """Number of its open pull request when a person's approval is all it waits for; 0 when not."""
        found = self.task(filed)
        if found is None or found[0] is not Folder.REVIEW or not found[1].pull_request:
            return 0
        decided = [
            str(r.data.get("detail", ""))
            for r in self.services("queue").ledger.read()
            if r.kind == EventKind.PULL_DECIDED.value and r.task == filed.task
        ]
        return found[1].pull_request if decided and APPROVAL in decided[-1] else 0

    def task(self, filed: Filed) -> tuple[Folder, Task] | None:
        """Where its task stands, None when it never became one."""
        entry = self.services("queue").mailbox.find(filed.task)
        return (entry.folder, entry.task) if entry else None

    def outcome(self, filed: Filed) -> Outcome:
        found = self.task(filed)
        if found is None:
            return Outcome.LEFT_ALONE if self._refused(filed) else Outcome.OPEN
        folder, task = found
        if folder is Folder.DONE and task.merge_sha:
            return Outcome.MERGED
        return Outcome.ESCALATED if folder is Folder.ESCALATED else Outcome.OPEN

    def _refused(self, filed: Filed) -> bool:
        """The dispatcher decided against it, and not only for now."""
        said = [
            r.data.get("reason")
            for r in self.services("queue").ledger.read()
            if r.kind == EventKind.NOT_DISPATCHED.value
            and (r.repo, r.data.get("issue")) == (filed.story.repo, filed.number)
        ]
        return bool(said) and said[-1] != Reason.WAITING.value


def make(folder: Path, scenario: Scenario, *, port: int = 0, engineer: AgentSettings | None = None) -> World:
    """A new world in an empty folder, its hub serving. The caller stops the hub."""
    hub = Hub(folder / "hub", port=port)
    hub.start()
    world = World(folder=folder, scenario=scenario, hub=hub, engineer=engineer)
    for login in (PERSON, STRANGER, BOT):
        hub.admin.user(login)
    for owner in dict.fromkeys(r.owner for r in scenario.repositories):
        if owner != PERSON:
            hub.admin.org(owner, members={PERSON: "admin"})
    for repo in scenario.repositories:
        hub.admin.repo(repo.name, files=repo.files(), ci=repo.jobs, collaborators={BOT: "admin"})
    for owner in dict.fromkeys(r.owner for r in scenario.repositories):
        names = [r.name for r in scenario.repositories if r.owner == owner]
        world.boards[owner] = hub.admin.board(owner, title="Sprint", options=COLUMNS, repos=names)
    _write(folder / "token", hub.admin.token(BOT) + "\n", mode=0o600)
    _write(folder / "playbook.yaml", yaml.safe_dump(scenario.playbook(), sort_keys=False, allow_unicode=True))
    _write(folder / "config.yaml", _HEAD + yaml.safe_dump(_config(world), sort_keys=False, width=120))
    return world


NO_TOKEN = "AGENT_OS_DEMO_TOKEN"
"""A variable nobody sets: the demo's token stands in its file, and the user's own for github.com is not for its hub."""
_HEAD = "# Written by the demo. Every key is explained in docs/config.md.\n\n"


def _config(world: World) -> dict[str, Any]:
    scenario, engineer = world.scenario, world.engineer
    names = [engineer.name] if engineer else list(ENGINEERS)
    chains = {**dict.fromkeys(_TYPES, names), "docs": names[::-1]}
    return {
        "operator": PERSON,
        "github": {"url": world.hub.url, "token_file": "token", "token_env": NO_TOKEN},
        "projects": {
            owner: {
                "owner": owner,
                "number": number,
                "trusted_authors": [PERSON],
                "repos": [
                    {
                        "repo": r.name,
                        "key": r.key,
                        "verify": r.verify,
                        "checks": "required",
                        **_OPEN_AIR,
                        **_toolchain(),
                    }
                    for r in scenario.repositories
                    if r.owner == owner
                ],
            }
            for owner, number in world.boards.items()
        },
        "agents": {engineer.name: _said(engineer)} if engineer else {n: dict(_SCRIPTED) for n in (*names, REVIEWER)},
        **({} if engineer else {"reviewers": [REVIEWER]}),
        "agent_fallbacks": {type: list(chain) for type, chain in chains.items()},
        "max_parallel_workers": WORKERS,
        "worktrees_dir": "worktrees",
    }


_OPEN_AIR = {"merge_without_sandbox": True}
"""The demo's repositories are its own: what merges there needs no better protection than this machine can give."""


def _toolchain() -> dict[str, list[str]]:
    """The verifications run this very Python, wherever it stands: their box shows it to them."""
    return {"readable": sorted({sys.prefix, sys.base_prefix})}


_SCRIPTED = {"adapter": "scripted", "playbook": "playbook.yaml"}


def _said(engineer: AgentSettings) -> dict[str, Any]:
    said: dict[str, Any] = {"adapter": engineer.adapter, "timeout_minutes": engineer.timeout_minutes}
    more = {
        "command": list(engineer.command),
        "model": engineer.model,
        "env": list(engineer.env),
        "key_env": engineer.key_env,
        "secrets_file": engineer.secrets_file,
        "login": engineer.login,
        "base_url": engineer.base_url,
        "price": {k: v for k, v in asdict(engineer.price).items() if v is not None} if engineer.price else None,
        "hosts": list(engineer.hosts),
        "readable": list(engineer.readable),
    }
    return said | {key: value for key, value in more.items() if value}


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.touch(mode=mode)
    path.write_text(text, encoding="utf-8")
