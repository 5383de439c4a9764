"""Where an issue or a task stands, why it does not move, and what would move it. Derived on each read, from the very
judgements that the roles act on."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.github import issues
from orchestrator.github.errors import NotFound
from orchestrator.mailbox.box import Entry
from orchestrator.model.event import EventKind
from orchestrator.model.governance import Approval
from orchestrator.model.issue import BoardStatus, Issue
from orchestrator.model.names import RepoName
from orchestrator.model.settings import RepoSettings
from orchestrator.model.standing import Standing, Who
from orchestrator.model.task import Folder, Task
from orchestrator.model.times import parse
from orchestrator.operations import OrderRefused, TaskLine, explain_loop, line, shown, standing, task
from orchestrator.pipeline import choosing, considering, funds, load, pool, trusting
from orchestrator.policy import eligible, liveness, merge, patches, route
from orchestrator.policy.eligible import Again, Dispatch, LeaveAlone, Reason
from orchestrator.services import Services
from orchestrator.state import locks
from orchestrator.state.store import CorruptState


@dataclass(frozen=True, kw_only=True)
class Explained:
    subject: str
    """`owner/name#N`, or the id of a task without an issue."""
    title: str
    stands: str
    """Where it stands, in words."""
    why: tuple[str, ...] = ()
    """What it waits for; empty when nothing stands in its way."""
    moves: tuple[str, ...] = ()
    """What would move it."""
    vouched: str = ""
    """Whose word its text rests on."""
    hypothesis: tuple[str, ...] = ()
    """What is expected of it, or why that is not on record."""
    outcomes: tuple[str, ...] = ()
    """What is or will be measured of it, and what that waits for."""
    task: TaskLine | None = None
    standing: Standing | None = None
    """What must happen next, who must do it, by when; None for what is over."""
    raw: str = ""
    """Title and body as they stand on GitHub, with what nobody sees written out; only when asked for."""


BY_ITSELF = frozenset({Reason.UNASKED, Reason.WAITING, Reason.REVIEW_FULL})
"""Reasons that pass without anybody's doing something about the issue itself."""
AGAIN = "set the issue Ready again, or `agent-os task retry {id}`"
MOVES = {
    Reason.CLOSED: "open the issue",
    Reason.UNTRUSTED: "somebody who may write to the repository, or is listed in `trusted_authors`, sets it Ready",
    Reason.UNASKED: "GitHub answers again; it is asked with every tick",
    Reason.EXCLUDED: "change its labels",
    Reason.WAITING: "close what it depends on",
    Reason.CIRCULAR: "take one of the dependencies out of the issues",
    Reason.UNKNOWN_DEPENDENCY: "correct the issue's dependency",
    Reason.ON_HOLD: AGAIN,
    Reason.CORRUPT: "repair or delete its file in corrupt/",
    Reason.STALE: "set it Ready anew: take it off Ready and put it back",
    Reason.REVIEW_FULL: "merge or close one of the open pull requests, or raise `max_open_pull_requests`",
}
_WAITS = {
    merge.APPROVAL: "a person approves the pull request: a review on GitHub, or `agent-os approve {id}`",
    merge.REFUSED: "it is approved after all, or a push answers it",
    merge.NO_CHECKS: "one of these three, or a person merges it",
    merge.TAKEN_OUT: "a person puts it back, or merges it",
    merge.NOT_VOUCHED: "somebody who may write to the repository sets the issue Ready again, once they have read it",
    merge.NO_SANDBOX: "a person merges it",
    "not ours": "whoever pushed there merges or closes it",
    merge.SWITCHED_OFF: "a person merges it",
    merge.DISPATCHED: "a person merges it",
    "draft": "a person marks it ready for review",
    "checks": "its checks end",
    "its turn": "the older pull request lands",
}
"""Words of a wait of `policy.merge` to what ends it."""


def explain(services: Services, subject: str, *, raw: bool = False) -> Explained:
    """`subject`: `owner/name#N` (an issue, or the pull request of a task) or a task id. Raises OrderRefused for what is
    not there."""
    told = _explained(services, subject, raw=raw)
    name, _, number = told.subject.partition("#")
    repo = services.settings.repo(name)
    if repo is None or not number:
        return told
    found = explain_loop.of_issue(services, repo, int(number))
    return replace(told, hypothesis=found.hypothesis, outcomes=found.outcomes)


def _explained(services: Services, subject: str, *, raw: bool) -> Explained:
    if "#" not in subject:
        folder, found = task(services, subject)
        told = _of_task(services, folder, found)
        repo = services.settings.repo(found.repo)
        if not raw or repo is None or found.issue is None:
            return told
        return replace(told, raw=_raw(_read(services, repo, found.issue)))
    name, _, number = subject.partition("#")
    repo = services.settings.repo(name)
    if repo is None or not number.isdecimal():
        raise OrderRefused(f"{subject!r} is no issue of a managed repository; expected owner/name#N or a task id")
    if (mine := _whose_pull(services, repo, int(number))) is not None:
        return _explained(services, mine, raw=raw)
    generations = considering.tasks_of(services, repo, int(number))
    newest = generations[-1] if generations else None
    if newest is not None and newest[0] in eligible.LIVE and not raw:
        return _of_task(services, *newest)
    issue = trusting.on_board(services, _read(services, repo, int(number)), repo)
    told = (
        _of_task(services, *newest) if newest and _tells(services, issue, *newest) else _of_issue(services, issue, repo)
    )
    if newest is not None and newest[0] not in (*eligible.LIVE, Folder.CORRUPT):
        told = replace(told, task=line(Entry(id=newest[1].id, folder=newest[0], task=newest[1])))
    return replace(told, raw=_raw(issue)) if raw else told


def _tells(services: Services, issue: Issue, folder: Folder, found: Task) -> bool:
    """Whether the task says more than the issue: it is under way, its issue is closed, or it was stopped and nobody
    has set the issue Ready again."""
    if folder in eligible.LIVE:
        return True
    if folder is Folder.CORRUPT:
        return False
    ready = trusting.set_ready(services, issue, services.repo(found))
    return not issue.open or (folder is not Folder.DONE and not ready)


def _whose_pull(services: Services, repo: RepoSettings, number: int) -> str | None:
    """The id of the task whose pull request bears this number."""
    entries = (e for folder in Folder if folder is not Folder.CORRUPT for e in services.mailbox.list(folder))
    mine = (e for e in entries if e.task.pull_request == number)
    return next((e.id for e in mine if e.task.repo.casefold() == repo.name.casefold()), None)


def _read(services: Services, repo: RepoSettings, number: int) -> Issue:
    try:
        found = issues.read(services.github, RepoName(repo.name), number)
    except NotFound as why:
        raise OrderRefused(str(why)) from why
    if f"/pull/{number}" in found.url:
        raise OrderRefused(f"{repo.name}#{number} is a pull request of no task here")
    return found


def _raw(issue: Issue) -> str:
    return patches.escaped(f"{issue.title}\n\n{issue.body}".replace("\r\n", "\n"))


# An issue that is no live task


def _of_issue(services: Services, issue: Issue, repo: RepoSettings) -> Explained:
    subject = f"{issue.repo}#{issue.number}"
    told = Explained(subject=subject, title=patches.escaped(issue.title), stands="is not dispatched")
    if issue.open and not trusting.set_ready(services, issue, repo):
        ready = services.settings.project(repo.project).statuses.name(BoardStatus.READY)
        where = f"put the label `{repo.ready_label}` on it, or move its card to {ready}"
        mine = liveness.of_person(where, services.now(), services.now())
        return replace(told, stands="is not Ready", why=("nobody has set it Ready",), moves=(where,), standing=mine)
    if off := services.stopped(repo):
        return replace(
            told, stands="is Ready", why=(off,), moves=(_on(services, repo),), standing=_rests(services, off)
        )
    match considering.choice(services, issue, repo):
        case LeaveAlone(reason=reason, why=why):
            stopped = considering.tasks_of(services, repo, issue.number)
            id = stopped[-1][1].id if stopped else ""
            move = MOVES[reason].format(id=id)
            who = Who.WAITING if reason in BY_ITSELF else Who.YOU
            mine = replace(liveness.of_person(move, services.now(), services.now()), who=who)
            return replace(told, stands="is Ready, and left alone", why=(why,), moves=(move,), standing=mine)
        case Dispatch(vouched=vouched) | Again(vouched=vouched):
            over = funds.repo(services, repo)
            word = f"{vouched.by} vouched for it at {vouched.at}"
            held = (over.words,) if over is not None else ()
            moves = ("the budget has room again",) if over is not None else ("the dispatcher's next tick starts it",)
            due = _next_tick(services, over.until if over is not None else "")
            mine = liveness.until(Who.WAITING, (*held, *moves)[0], due, services.now())
            return replace(told, stands="is Ready", why=held, moves=moves, vouched=word, standing=mine)
    return replace(told, stands="is at work")


def _on(services: Services, repo: RepoSettings) -> str:
    off = services.switches.of(repo=repo.key)
    if off is None:
        return f"a person sets automation_mode of {repo.key} to dispatcher_only or full in config.yaml"
    order = f"agent-os on {off.name}".strip()
    return f"a person switches it on: `{order}`"


def _rests(services: Services, off: str) -> Standing:
    return replace(liveness.of_person(off, services.now(), services.now()), who=Who.WAITING)


def _next_tick(services: Services, until: str) -> datetime:
    """When the dispatcher must have come to it, once what it waits for is over."""
    soon = services.now() + liveness.MISSED * timedelta(minutes=liveness.EVERY["dispatcher"])
    return max(parse(until), soon) if until else soon


# A task


def _of_task(services: Services, folder: Folder, found: Task) -> Explained:
    if folder is Folder.CORRUPT:
        raise OrderRefused(f"task {found.id} is unreadable; see corrupt/{found.id}.reason")
    seen = shown(services, Entry(id=found.id, folder=folder, task=found))
    why, moves = _waits(services, folder, found)
    word = found.vouched
    return Explained(
        subject=f"{found.repo}#{found.issue}" if found.issue else found.id,
        title=found.title,
        stands=f"task {found.id} in {folder.value}/: {seen.doing}",
        why=tuple(w for w in why if w),
        moves=moves,
        vouched=f"{word.by} vouched for it at {word.at}" if word else "",
        task=seen,
        standing=_standing(services, folder, found),
    )


def _standing(services: Services, folder: Folder, found: Task) -> Standing | None:
    if folder in (Folder.DONE, Folder.FAILED):
        return None
    return standing.of(services, Entry(id=found.id, folder=folder, task=found), standing.told(services))


def _waits(services: Services, folder: Folder, found: Task) -> tuple[tuple[str, ...], tuple[str, ...]]:
    repo = services.settings.repo(found.repo)
    off = services.stopped(repo)
    if off and repo is not None and folder in eligible.LIVE:
        return (off,), (_on(services, repo),)
    match folder:
        case Folder.INBOX:
            return _in_the_queue(services, found)
        case Folder.PROCESSING:
            if services.mailbox.alive(found.id):
                return (), ("its worker goes on by itself",)
            return ("its worker died",), ("the queue's next tick goes on where it stood",)
        case Folder.REVIEW:
            return _in_review(services, found)
        case Folder.BLOCKED | Folder.ESCALATED | Folder.FAILED | Folder.HOLD:
            return (found.reason,), (AGAIN.format(id=found.id),)
        case _:
            return (), ()


def _in_the_queue(services: Services, found: Task) -> tuple[tuple[str, ...], tuple[str, ...]]:
    repo = services.settings.repo(found.repo)
    over = funds.over(services, found, repo) if repo is not None else None
    most = services.settings.max_parallel_workers
    busy = most and locks.slots_taken(pool.slots_dir(services)) >= most
    later = f"not before {found.not_before}" if found.not_before else ""
    why = (
        f"{later}: {found.reason}" if later and found.reason else later,
        _no_agent(services, found, repo) if not later and repo is not None else "",
        load.short_of_memory(services),
        over.words if over is not None else "",
        f"all {most} workers are busy" if busy else "",
    )
    return why, ("it is taken up by itself",) if any(why) else ("the queue's next tick takes it up",)


def _no_agent(services: Services, found: Task, repo: RepoSettings) -> str:
    """Why no agent would take it now: cool-downs, budgets, pauses, places."""
    names = {*route.chain(found, repo), found.next_agent} - {""}
    unfit = {n: "" if services.settings.agent(n) else "is not configured" for n in names}  # nobody is asked, or told
    choice = choosing.choose(services, found, repo, unfit)
    return choice.why if isinstance(choice, route.NoRoute) else ""


def _in_review(services: Services, found: Task) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The newest decision about its pull request, in its own words."""
    decided = [r for r in services.ledger.read() if r.task == found.id and r.kind == EventKind.PULL_DECIDED.value]
    if (aboard := _aboard(services, found)) is not None:
        return (aboard,), ("the train's checks end",)
    if (word := _since(services, found, decided[-1].at if decided else "")) is not None:
        said = f"{word.by} {'approved' if word.approve else merge.REFUSED} at {word.at}"
        return (f"{said}: {word.why}" if word.why else said,), ("the pull request monitor's next tick acts on it",)
    if not decided:
        return ("nobody has looked at its pull request yet",), ("the pull request monitor's next tick looks",)
    why = str(decided[-1].data.get("why") or decided[-1].data.get("detail", ""))
    step = decided[-1].data.get("step")
    moves = tuple(what.format(id=found.id) for words, what in _WAITS.items() if words in why)[:1]
    return (why if step == "Wait" else f"{step}: {why}",), moves or ("the pull request monitor goes on by itself",)


def _aboard(services: Services, found: Task) -> str | None:
    """The merge train it is a member of: what was decided of it alone is older than that."""
    repo = services.settings.repo(found.repo)
    with contextlib.suppress(CorruptState):
        train = services.trains.of(repo.key).train if repo is not None else None
        if train is not None and found.pull_request in train.numbers:
            draft = f", draft #{train.pull}" if train.pull else ""
            return f"tested in a merge train of {len(train.members)}{draft}"
    return None


def _since(services: Services, found: Task, decided: str) -> Approval | None:
    """A person's word about the published head, given here after the newest decision."""
    words: list[Approval] = []
    with contextlib.suppress(CorruptState):  # `shown` has told it
        words = [w for w in services.approvals.of(found.id) if not w.source and w.head_sha == found.pushed_sha]
    newest = max(words, key=lambda w: w.at, default=None)
    return newest if newest is not None and newest.at > decided else None
