"""Every place that text of ours goes to, each fed by the function that the pipeline feeds it by."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import leaks
from orchestrator import notify
from orchestrator.agents.log import RunLog
from orchestrator.github import issues, pulls
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import RepoName, TaskId
from orchestrator.model.result import AgentResult, FailureClass, Status
from orchestrator.model.stream import Command, RunOutcome, Text
from orchestrator.model.task import Folder, Task
from orchestrator.pipeline import effect, judge, publish, run
from orchestrator.services import Services
from tests.journeys.world import REPO, World
from tests.stubs.telegram import Telegram

LONG, SHORT = 15_000, 1_200
"""Characters that one text of a sink takes: what is cut away would prove nothing."""


@dataclass(frozen=True, kw_only=True)
class Sink:
    name: str
    limit: int
    write: Callable[[int, str], None]
    read: Callable[[], str]


def all_of(world: World, pager: Telegram) -> tuple[Sink, ...]:
    """Of a world with one task that is done; its services know the secrets."""
    services, task = world.services, world.task()
    runtime = world.settings.runtime
    number = task.issue
    assert number is not None
    told: list[str] = []
    return (
        Sink(
            name="comments", limit=LONG,
            write=_comment(services, task),
            read=lambda: leaks.meaning(world.state(number)["comments"]),
        ),
        Sink(name="issues", limit=LONG, write=_issue(services), read=lambda: _issues(world)),
        Sink(name="pull requests", limit=LONG, write=_pull(world, task, told), read=lambda: "\n".join(told)),
        Sink(name="commit messages", limit=LONG, write=_commit(services, task), read=lambda: _commits(services)),
        Sink(
            name="Telegram", limit=SHORT,
            write=lambda n, text: notify.tell(services, AlertKind.SYSTEM, task, f"bulk:{n}", text),
            read=lambda: "\n".join(pager.messages),
        ),
        Sink(name="alert files", limit=0, write=_nothing, read=lambda: leaks.texts(runtime / "state" / "alerts")),
        Sink(name="logs of runs", limit=LONG, write=_log(services), read=lambda: leaks.texts(runtime / "logs")),
        Sink(
            name="ledger", limit=LONG,
            write=lambda n, text: services.record(EventKind.CRASH, task, error=text, more=[{text: text}]),
            read=lambda: leaks.texts(runtime / "ledger"),
        ),
        Sink(name="task files", limit=LONG, write=_task(services, task), read=lambda: leaks.texts(runtime / "mailbox")),
        Sink(name="metrics", limit=0, write=_nothing, read=lambda: leaks.texts(runtime / "metrics")),
        Sink(
            name="prompts", limit=LONG, write=_prompt(services, runtime / "bulk"),
            read=lambda: leaks.texts(runtime / "bulk"),
        ),
        Sink(name="command line", limit=0, write=_nothing, read=lambda: _printed(world)),
    )  # fmt: skip


def _nothing(n: int, text: str) -> None:
    """What the others wrote comes here too."""


def _comment(services: Services, task: Task) -> Callable[[int, str], None]:
    def write(n: int, text: str) -> None:
        effect.comment(services, task, f"bulk:{n}", text)

    return write


def _issue(services: Services) -> Callable[[int, str], None]:
    def write(n: int, text: str) -> None:
        issues.create(services.github, RepoName(REPO), services.redact.head(text, 200), services.redact(text))

    return write


def _issues(world: World) -> str:
    return leaks.meaning(world.admin.snapshot()["repos"][REPO]["issues"])


def _pull(world: World, task: Task, told: list[str]) -> Callable[[int, str], None]:
    services, number = world.services, task.pull_request
    assert number is not None

    def write(n: int, text: str) -> None:
        attempt = replace(task.attempts[-1], summary=text, done=(text,), risks=(text,))
        said = replace(task, title=" ".join(text.split("\n")), attempts=(attempt,))
        title, body = publish.title(services, said), publish.body(services, said)
        pulls.edit(services.github, task.repo, number, title=title, body=body)
        told.append(leaks.meaning(world.pulls()))

    return write


def _commit(services: Services, task: Task) -> Callable[[int, str], None]:
    repository = services.repository(services.repo(task))
    assert task.base_sha is not None
    base = task.base_sha
    tree = repository.tree_of(base)
    assert tree is not None

    def write(n: int, text: str) -> None:
        said = replace(task, title=text, id=TaskId(f"{task.id}-bulk{n}"))
        judge._commit(services, said, task.attempts[-1], repository, tree, (base,))

    return write


def _commits(services: Services) -> str:
    """Every commit of every mirror, reachable or not."""
    parts = []
    for mirror in sorted((services.settings.runtime / "repos").rglob("HEAD")):
        args = ["git", "--git-dir", str(mirror.parent), "cat-file", "--batch-all-objects", "--batch", "--buffer"]
        done = subprocess.run(args, capture_output=True, check=False)
        parts.append(done.stdout.decode("utf-8", "replace"))
    return "\n".join(parts)


def _log(services: Services) -> Callable[[int, str], None]:
    def write(n: int, text: str) -> None:
        with RunLog(services.settings.runtime / "logs" / "bulk" / f"{n}.log", services.clock, services.redact) as log:
            log.event(Text(text=text))
            log.event(Command(command=text, exit=0))
            log.note(text)

    return write


def _task(services: Services, task: Task) -> Callable[[int, str], None]:
    def write(n: int, text: str) -> None:
        result = AgentResult(
            status=Status.COMPLETE, summary=text, done=(text,), risks=(text,), manual_steps=(text,), next_step=text
        )
        outcome = RunOutcome(exit=0, failure=FailureClass.NONE, detail=text)
        said = run._recorded(services, replace(task, id=TaskId(f"app-{1000 + n}")), outcome, result)
        services.mailbox.put(said, Folder.DONE)

    return write


def _prompt(services: Services, folder: Path) -> Callable[[int, str], None]:
    def write(n: int, text: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / f"{n}.md").write_text(services.redact(text))

    return write


def _printed(world: World) -> str:
    """What the command line prints of the tasks that hold the texts, for people and as JSON."""
    env = {**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "ORCH_ROOT": str(world.tmp)}
    parts = []
    for words in (
        ["status"],
        *(["task", "show", f"app-{1000 + n}", *more] for n in range(4) for more in ([], ["--json"])),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator", *words], env=env, capture_output=True, check=True, timeout=60
        )
        text = (done.stdout + done.stderr).decode("utf-8", "replace")
        parts += [text, leaks.meaning(json.loads(text)) if "--json" in words else ""]
    return "\n".join(parts)


def chunks(found: Sequence[leaks.Planted], limit: int) -> list[str]:
    """The planted texts on lines of their own, joined up to a sink's limit."""
    lines: list[str] = []
    parts: list[str] = []
    size = 0
    for each in found:
        if lines and size + len(each.text) + 4 > limit:
            parts.append("\n".join(lines))
            lines, size = [], 0
        lines.append(f"x {each.text}")
        size += len(each.text) + 4
    return [*parts, "\n".join(lines)]
