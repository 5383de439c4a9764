"""A whole small world: a hub with real git and real HTTP, a config file, the real roles, a scripted agent.

A story makes a good world and spoils one fact. Workers run in this process (`here`), so that a story takes a second;
the stories that are about processes start real ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from orchestrator import wiring
from orchestrator.cli import ticking
from orchestrator.clock import Clock
from orchestrator.github import issues
from orchestrator.hub import Hub
from orchestrator.model.event import EventKind, Record
from orchestrator.model.issue import Comment
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.settings import Settings
from orchestrator.model.task import Folder, Task
from orchestrator.roles import queue
from orchestrator.services import Services

REPO = "ada/app"
FILES = {
    "README.md": "# app\n\n## Goal\n\nAdd numbers.\n",
    "calc.py": "def add(a, b):\n    return a + b\n",
    "check.sh": "test -f calc.py\n",
}
BOT = "robot"
COLUMNS = ("Backlog", "Ready", "In Progress", "Blocked", "Done")
AGENTS = ("anna", "ben")

Scene = dict[str, Any]


def works(path: str = "new.txt", text: str = "new\n", **result: Any) -> list[dict[str, Any]]:
    """The steps of an agent that does its work."""
    return [
        {"write": {"path": path, "text": text}},
        {"result": {"status": "complete", "summary": f"added {path}", **result}},
    ]


def says(status: str, code: str, **result: Any) -> list[dict[str, Any]]:
    return [{"result": {"status": status, "blocker_code": code, "summary": f"{status}: {code}", **result}}]


class World:
    def __init__(
        self,
        tmp: Path,
        *,
        ci: dict[str, str] | None = None,
        board: bool = True,
        files: dict[str, str] | None = None,
        agents: Sequence[str] = AGENTS,
        top: dict[str, Any] | None = None,
        more_repos: Sequence[str] = (),
        start_hub: Callable[[Path], Hub] | None = None,
        **repo: Any,
    ) -> None:
        self.tmp = tmp
        self.clock = Clock(file=tmp / "clock")
        assert self.clock.file is not None
        self.clock.file.write_text("0\n")
        self.hub = start_hub(tmp / "hub") if start_hub else Hub(tmp / "hub", clock_file=self.clock.file)
        self.hub.start()
        self.admin = self.hub.admin
        for login in ("ada", BOT, "mallory"):
            self.admin.user(login)
        self.admin.repo(
            REPO, files=files or FILES, ci={"test": "sh check.sh"} if ci is None else ci, collaborators={BOT: "admin"}
        )
        for name in more_repos:
            self.admin.repo(name, files=files or FILES, ci=ci or {}, collaborators={BOT: "admin"})
        self.board = (
            self.admin.board("ada", title="Sprint", options=COLUMNS, repos=[REPO, *more_repos]) if board else None
        )
        self.token = self.admin.token(BOT)
        self.playbook = tmp / "playbook.yaml"
        self.play({"steps": works()})
        self.agents = tuple(agents)
        # Scripted agents write notes outside of their folder (`count`, `keep_prompt`): most stories run unconfined.
        open_air = {"sandbox": "off", "merge_without_sandbox": True}
        # Nor are they reviewed, or their base's tests run over them: the stories about that switch it on.
        unwatched = {"review": "off", "gate": {"base_tests": False}, "max_open_pull_requests": 0}
        settings = {
            "key": "app", "repo": REPO, "verify": "sh check.sh", "memory": "local", **open_air, **unwatched, **repo,
        }  # fmt: skip
        others = [{**deepcopy(settings), "key": name.split("/")[1], "repo": name} for name in more_repos]
        self.config: dict[str, Any] = {
            "operator": "ada",
            "github": {"url": self.hub.url, "token_env": "HUB_TOKEN", "settle_seconds": 0},
            "projects": {
                "main": {"owner": "ada", **({"number": self.board} if board else {}), "repos": [settings, *others]}
            },
            "agents": {n: {"adapter": "scripted", "playbook": str(self.playbook)} for n in self.agents},
            "agent_fallbacks": {t: list(self.agents) for t in ("implementation", "debugging", "docs", "research")},
            "max_parallel_workers": 2,
            "worktrees_dir": str(tmp / "worktrees"),
            # The stories about it switch it on: a push to the remote that most have no use for.
            "ledger_anchor_minutes": 0,
            **(top or {}),
        }
        self.build()

    def build(self) -> Services:
        """Writes config.yaml and builds the services as the command line would."""
        file = self.tmp / "config.yaml"
        file.write_text(yaml.safe_dump(self.config, sort_keys=False))
        self.env = {
            "HUB_TOKEN": self.token,
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.tmp),
            "AGENT_OS_CLOCK": str(self.clock.file),
        }
        if hasattr(self, "services"):
            self.services.github.close()
        self.settings: Settings = wiring.settings(file, self.tmp, self.env)
        self.services: Services = wiring.build(self.settings, self.env, kind="test", id="story")
        return self.services

    def close(self) -> None:
        self.services.github.close()
        self.hub.stop()

    # --- what people and agents do

    def play(self, *scenes: Scene) -> None:
        """The playbook of all agents from here on."""
        self.playbook.write_text(yaml.safe_dump({"scenes": list(scenes)}, sort_keys=False))

    def issue(
        self, title: str = "Add new.txt", body: str = "Please.", *, ready: bool = True, author: str = "ada", **more: Any
    ) -> int:
        """A person files an issue and, by default, sets it Ready on the board (or by label where there is none)."""
        labels = list(more.pop("labels", []))
        if self.board is None and ready:
            labels.append("ready")
        status = "Ready" if ready else "Backlog"
        on_board: dict[str, Any] = {"board": self.board, "status": status} if self.board is not None else {}
        return int(
            self.admin.issue(more.pop("repo", REPO), title, body, author=author, labels=labels, **on_board, **more)
        )

    def ready(self, number: int, actor: str = "ada") -> None:
        self.admin.set_status(REPO, number, "Ready", actor=actor)

    def hand_move(self, id: str, frm: Folder, to: Folder) -> None:
        """A person's `mv`."""
        root = self.services.mailbox.root
        (root / to.value).mkdir(parents=True, exist_ok=True)
        (root / frm.value / f"{id}.md").rename(root / to.value / f"{id}.md")

    # --- the organization at work

    def dispatch(self) -> list[str]:
        return ticking.once(self.services, "dispatcher")

    def work(self) -> list[str]:
        return list(queue.tick(self.services, here=True).did)

    def monitor(self) -> list[str]:
        return ticking.once(self.services, "pr_monitor")

    def ci(self) -> None:
        assert self.hub.ci_idle(30), "the hub's CI did not come to rest"

    def round(self) -> None:
        """Every role once, CI at rest in between."""
        self.dispatch()
        self.work()
        self.ci()
        self.monitor()

    def rounds(self, until: Callable[[], bool], *, most: int = 12) -> None:
        for _ in range(most):
            if until():
                return
            self.round()
        assert until(), f"not there after {most} rounds: {self.places()}"

    # --- what is seen

    def task(self, id: str = "app-1") -> Task:
        entry = self.services.mailbox.find(TaskId(id))
        assert entry is not None, f"no task {id}: {self.places()}"
        return entry.task

    def pull_number(self, id: str = "app-1") -> int:
        number = self.task(id).pull_request
        assert number is not None, f"{id} has no pull request"
        return number

    def place(self, id: str = "app-1") -> str:
        folder = self.services.mailbox.where(TaskId(id))
        return folder.value if folder else "nowhere"

    def places(self) -> dict[str, int]:
        return {f.value: n for f in Folder if (n := len(self.services.mailbox.ids(f)))}

    def comments(self, number: int, repo: str = REPO) -> tuple[Comment, ...]:
        return issues.comments(self.services.github, RepoName(repo), number)

    def column(self, number: int, repo: str = REPO) -> str:
        """The issue's column on the board, as the hub has it."""
        return str(self.admin.status(repo, number))

    def shown(self, path: str, ref: str = "main", repo: str = REPO) -> str:
        return str(self.admin.show(repo, ref, path))

    def state(self, number: int, repo: str = REPO) -> dict[str, Any]:
        """The issue as the hub has it: title, body, state, state_reason, labels, comments."""
        found: dict[str, Any] = self.admin.snapshot()["repos"][repo]["issues"][str(number)]
        return found

    def pulls(self, repo: str = REPO) -> list[dict[str, Any]]:
        """All pull requests, oldest first."""
        found = self.admin.snapshot()["repos"][repo]["pulls"]
        return [found[n] for n in sorted(found, key=int)]

    def has_branch(self, name: str, repo: str = REPO) -> bool:
        return name in self.admin.branches(repo)

    def has_file(self, path: str, ref: str = "main", repo: str = REPO) -> bool:
        return path in self.admin.snapshot()["repos"][repo]["branches"][ref]

    def events(self, kind: EventKind) -> list[Record]:
        return [r for r in self.services.ledger.read() if r.kind == kind.value]

    def crashes(self) -> list[str]:
        return [str(r.data.get("error")) for r in self.events(EventKind.CRASH)]

    def runs(self) -> int:
        """How many agent runs were started."""
        return len(self.events(EventKind.AGENT_STARTED))

    def settle(self, seconds: float = 0.2) -> None:
        time.sleep(seconds)
