"""One task as a person looks at it: where it stands, its attempts, the change, what gate, reviewer and people said of
it, what it cost, and which orders make sense now."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from enum import Enum

from orchestrator.git import GitError
from orchestrator.mailbox.box import Entry
from orchestrator.model.gate import CommandRun
from orchestrator.model.governance import Approval
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.operations import TaskLine, shown, task
from orchestrator.policy.visible import visible
from orchestrator.services import Services
from orchestrator.state.store import CorruptState

MOST_DIFF = 4000
"""Lines of a change that are shown; the rest is on the pull request."""
MOST_PATCH = 2_000_000
"""Characters of a change that are looked at."""


class Act(Enum):
    """An order that a person may give to a task."""

    SEND = "send"
    HOLD = "hold"
    STOP = "stop"
    RETRY = "retry"
    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class DiffLine:
    kind: str
    """add, del, hunk or same."""
    text: str


@dataclass(frozen=True, kw_only=True)
class DiffFile:
    path: str
    added: int
    deleted: int
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, kw_only=True)
class Diff:
    files: tuple[DiffFile, ...] = ()
    base: str = ""
    head: str = ""
    left_out: int = 0
    """Lines that are not shown."""
    why: str = ""
    """Why there is none to see; empty when there is."""


@dataclass(frozen=True, kw_only=True)
class TaskPage:
    folder: Folder
    task: Task
    seen: TaskLine
    issue_url: str
    pull_url: str
    acts: tuple[Act, ...]
    diff: Diff
    words: tuple[Approval, ...] = ()
    """What people said about its heads, newest first."""
    verification: CommandRun | None = None
    """Of the newest attempt that came so far."""
    cost_usd: float | None = None
    """Of all runs that told money; None: none did."""
    tokens: int = 0
    running: bool = False
    problems: tuple[str, ...] = field(default=())
    """What could not be read."""


def page(services: Services, id: str) -> TaskPage:
    """Files and the mirror only, no network. Raises OrderRefused for an unknown id or an unreadable file."""
    folder, found = task(services, id)
    words: tuple[Approval, ...] = ()
    problems: list[str] = []
    try:
        words = tuple(sorted(services.approvals.of(found.id), key=lambda w: w.at, reverse=True))
    except CorruptState as why:
        problems.append(str(why))
    web = services.settings.github.web_url.rstrip("/")
    usages = [a.usage for a in found.attempts] + ([found.review.usage] if found.review else [])
    told = [u.cost_usd for u in usages if u.cost_usd is not None]
    return TaskPage(
        folder=folder,
        task=found,
        seen=shown(services, Entry(id=found.id, folder=folder, task=found)),
        issue_url=found.url or (f"{web}/{found.repo}/issues/{found.issue}" if found.issue else ""),
        pull_url=f"{web}/{found.repo}/pull/{found.pull_request}" if found.pull_request else "",
        acts=acts(folder, found),
        diff=diff(services, found),
        words=words,
        verification=next((a.verification for a in reversed(found.attempts) if a.verification), None),
        cost_usd=round(sum(told), 6) if told else None,
        tokens=sum(u.input_tokens + u.cached_tokens + u.output_tokens for u in usages),
        running=folder is Folder.PROCESSING and found.phase is Phase.RUNNING,
        problems=tuple(problems),
    )


def acts(folder: Folder, found: Task) -> tuple[Act, ...]:
    """The orders that are not refused for where the task stands; the first is the likeliest."""
    published = found.phase in (Phase.PUBLISHED, Phase.MERGED)
    match folder:
        case Folder.DONE | Folder.CORRUPT:
            return ()
        case Folder.FAILED:
            return (Act.RETRY,)
        case Folder.BLOCKED | Folder.ESCALATED | Folder.HOLD:
            rest = () if published else (Act.STOP,)
            return (Act.RETRY, Act.SEND, *rest)
        case Folder.REVIEW if found.phase is Phase.PUBLISHED:
            return (Act.APPROVE, Act.REJECT, Act.SEND, Act.HOLD)
        case _:
            return (Act.SEND, Act.HOLD) if published else (Act.SEND, Act.HOLD, Act.STOP)


def diff(services: Services, found: Task) -> Diff:
    """The newest change of the task against its base, from the mirror: what was judged, and later published."""
    base = found.verdict.base_sha if found.verdict else found.base_sha
    head = found.candidate_sha or found.pushed_sha
    repo = services.settings.repo(found.repo)
    if repo is None or not base or not head:
        return Diff(why="no change yet")
    repository = services.repository(repo)
    text = ""
    with contextlib.suppress(GitError, OSError):
        if repository.path.is_dir() and repository.has(base) and repository.has(head):
            text = repository.patch(base, head)
    if not text:
        return Diff(base=base, head=head, why="nothing to see: it changes no file, or the mirror has dropped it")
    return _parsed(visible(services.redact.head(text, MOST_PATCH)), base, head)


def _parsed(text: str, base: str, head: str) -> Diff:
    files: list[DiffFile] = []
    left = MOST_DIFF
    left_out = 0
    for path, lines in _files(text):
        kept = lines[: max(0, left)]
        left -= len(kept)
        left_out += len(lines) - len(kept)
        added, deleted = (sum(1 for each in lines if each.kind == kind) for kind in ("add", "del"))
        files.append(DiffFile(path=path, added=added, deleted=deleted, lines=tuple(kept)))
    return Diff(files=tuple(files), base=base, head=head, left_out=left_out)


def _files(text: str) -> list[tuple[str, list[DiffLine]]]:
    found: list[tuple[str, list[DiffLine]]] = []
    inside = False
    for line in text.split("\n"):
        if line.startswith("diff --git "):
            found.append((line.split(" b/")[-1], []))
            inside = False
        elif not found:
            continue
        elif line.startswith("@@"):
            inside = True
            found[-1][1].append(DiffLine(kind="hunk", text=line))
        elif inside and line[:1] in ("+", "-", " "):
            found[-1][1].append(DiffLine(kind=_KINDS[line[0]], text=line[1:]))
        elif not inside and line.startswith(("Binary files", "new file", "deleted file", "old mode", "new mode")):
            found[-1][1].append(DiffLine(kind="hunk", text=line))
    return found


_KINDS = {"+": "add", "-": "del", " ": "same"}
