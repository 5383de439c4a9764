"""Ready issues become task files. One question per board and tick; libraries load only when there is work."""

from __future__ import annotations

from pathlib import Path

from orchestrator.github import board, issues
from orchestrator.model.event import EventKind
from orchestrator.model.issue import BoardStatus, Issue
from orchestrator.model.settings import ProjectSettings, RepoSettings
from orchestrator.model.task import Folder, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import answers, considering, effect, estimating, funds, intake, observing, trusting
from orchestrator.planning import hypotheses
from orchestrator.policy import eligible, patches
from orchestrator.policy.budget import Over
from orchestrator.policy.eligible import Again, Announce, Choice, Dispatch, LeaveAlone, Reason
from orchestrator.policy.liveness import OBSERVED, OVER_BUDGET
from orchestrator.roles.base import Ticked, fence
from orchestrator.services import Services
from orchestrator.state.left import Left, LeftIssue

EVERY = "* * * * *"

TOLD = frozenset({Reason.WAITING, Reason.CIRCULAR, Reason.UNKNOWN_DEPENDENCY})
"""Reasons the issue's author is told of, once each. The others only stand in the ledger."""

TOLD_BY_TASK = frozenset({Reason.CLOSED, Reason.ON_HOLD, Reason.CORRUPT, Reason.STALE})
"""Its task stands among what is open, or it is over."""

LASTING = frozenset({Reason.CLOSED, Reason.UNTRUSTED, Reason.EXCLUDED, Reason.REVIEW_FULL})
"""Reasons that hold for as long as GitHub's answer, the configuration and what is watched are the same. Who is given
write permission is seen by the hourly full tick, or when they act."""


def watched(services: Services) -> list[Path]:
    """People answer in the notes beside escalated tasks; where tasks with an open pull request stand."""
    root = services.mailbox.root
    folder = root / Folder.ESCALATED.value
    state = services.settings.runtime / "state"
    notes = [folder, *sorted(folder.glob("*.escalation.md"))]
    live = sorted(root / one.value for one in eligible.LIVE)
    return [*notes, *live, state / "pacing.json", state / "accounts.json"]


def tick(services: Services, *, dry_run: bool = False) -> Ticked:
    """Reads every board once, then does what `policy.eligible` says of each Ready issue."""
    did: list[str] = []
    settled = True
    if not dry_run:
        for id in services.mailbox.ids(Folder.ESCALATED):
            with fence(services, None, f"answer to {id}") as failed:
                answers.look(services, id)
            settled = settled and not failed
    asked: dict[str, trusting.Asked] = {}
    left: dict[str, list[LeftIssue]] = {}
    would: dict[str, list[str]] = {r.key: [] for r in services.settings.repos if observing.observed(r)}
    for project in services.settings.projects:
        with fence(services, None, f"board {project.key}") as failed:
            ready = _question(services, project).ready
            left |= {key: [] for key in project.repos}
            for issue in ready:
                repo = services.settings.repo(issue.repo)
                if repo is None or services.switches.of(repo=repo.key) is not None:
                    continue
                with fence(services, None, f"{issue.repo}#{issue.number}", repo=issue.repo) as failed_one:
                    choice = considering.choice(services, issue, repo, asked.setdefault(repo.key, {}))
                    left[repo.key] += _stays(services, choice, repo)
                    settled = settled and isinstance(choice, LeaveAlone) and choice.reason in LASTING
                    if observing.observed(repo):
                        if isinstance(choice, Dispatch | Again):
                            would[repo.key].append(f"{_words(choice)} #{issue.number} {issue.title}")
                    elif dry_run or _carry_out(services, choice, repo):
                        did.append(f"{issue.repo}#{issue.number}: {_words(choice)}")
                settled = settled and not failed_one
        settled = settled and not failed
    if not dry_run:
        with fence(services, None, "issues left alone"):
            for key, issues_left in left.items():
                Left(root=services.settings.runtime / "state").note(key, issues_left)
    for key, lines in would.items():
        did += observing.say(services.looking() if dry_run else services, "dispatcher", _repo(services, key), lines)
    return Ticked(did=tuple(did), settled=settled and not did)


def _stays(services: Services, choice: Choice, repo: RepoSettings) -> list[LeftIssue]:
    """The issue where it stays as it is though it stands Ready; else nothing. What a task or its folder tells already
    is not told twice."""
    match choice:
        case LeaveAlone(reason=reason, why=why) if reason not in TOLD_BY_TASK:
            said, words = reason.value, why
        case Dispatch() | Again() if observing.observed(repo):
            said, words = OBSERVED, f"{repo.name} is in observe: `agent-os mode {repo.key} full` lets it start"
        case Dispatch() if (over := funds.repo(services, repo)) is not None:
            said, words = OVER_BUDGET, over.words
        case _:
            return []
    issue = choice.issue
    title, now = patches.escaped(issue.title), stamp(services.now())
    return [
        LeftIssue(repo=issue.repo, number=issue.number, title=title, url=issue.url, reason=said, why=words, since=now)
    ]


def _repo(services: Services, key: str) -> RepoSettings:
    return next(r for r in services.settings.repos if r.key == key)


def _question(services: Services, project: ProjectSettings) -> board.ReadyList:
    answer = _ask(services, project)
    if answer.board is not None:
        services.boards[project.key] = answer.board
    return answer


def _ask(services: Services, project: ProjectSettings) -> board.ReadyList:
    repos = [r for r in services.settings.repos if r.project == project.key]
    return board.question(
        services.github,
        project.owner,
        project.number,
        {r.name: r.ready_label for r in repos},
        project.statuses.name(BoardStatus.READY),
    )


def _carry_out(services: Services, choice: Choice, repo: RepoSettings) -> bool:
    match choice:
        case Dispatch(issue=issue, generation=generation, vouched=vouched):
            if (over := funds.repo(services, repo)) is not None:
                return _unaffordable(services, issue, over)
            hypotheses.written(services, repo, issue, vouched.by)
            task = intake.make(services, issue, repo, generation, vouched)
            if services.mailbox.put(task):
                hashes = {"text": vouched.body_sha256}
                services.record(EventKind.DISPATCHED, task, hashes, issue=issue.number, by=vouched.by)
                estimating.note(services, task)
            hypotheses.tell(services, repo, issue.number)  # while it still stands Ready: else no tick would come back
            _announce(services, task, issue)
            _unknown_agent(services, issue, task)
            return True
        case Announce(task=task, folder=folder, issue=issue):
            if not trusting.renew(services, task, issue):
                return False
            hypotheses.tell(services, repo, issue.number)
            _announce(services, task, None)
            if folder is not Folder.PROCESSING:
                intake.shown_in_progress(services, task)
            return False
        case Again(task=task, issue=issue, vouched=vouched):
            with services.mailbox.claim(task.id) as claim:
                if claim is not None and claim.folder in eligible.STOPPED:
                    claim = intake.retold(services, claim, issue, repo, vouched)
                    intake.again(services, claim, "its issue was set Ready again")
            return True
        case LeaveAlone():
            _left_alone(services, choice)
            return False


def _unaffordable(services: Services, issue: Issue, over: Over) -> bool:
    """It stays Ready until there is something to spend: nothing is promised on the board that will not be begun."""
    funds.say(services, over)
    subject = f"left:{issue.repo}#{issue.number}"
    if not services.signatures.seen(subject, over.until):
        services.record(
            EventKind.NOT_DISPATCHED, repo=issue.repo, issue=issue.number, reason="over_budget", why=over.words
        )
        services.signatures.remember(subject, over.until)
    return False


def _announce(services: Services, task: Task, seen: Issue | None) -> None:
    """Under the task's lock; when a worker holds it already, that worker tells GitHub itself."""
    with services.mailbox.claim(task.id) as claim:
        if claim is not None:
            intake.announce(services, claim, seen)


def _unknown_agent(services: Services, issue: Issue, task: Task) -> None:
    name = intake.unknown_preference(services, issue)
    if name:
        known = ", ".join(a.name for a in services.settings.agents)
        text = (
            f"**Orchestrator**: there is no agent `{name}` here (there are: {known}). The chain for the task type runs."
        )
        effect.comment(services, task, "unknown-agent", text)


def _left_alone(services: Services, choice: LeaveAlone) -> None:
    """Once per issue and reason: an event, for dependencies a comment, for want of a trusted word a label."""
    issue = choice.issue
    subject = f"left:{issue.repo}#{issue.number}"
    if services.signatures.seen(subject, choice.why):
        return
    if choice.reason is Reason.UNTRUSTED:
        trusting.mark(services, issue)
    if choice.reason in TOLD:
        mark = f"<!-- agent-os:key={issue.repo}#{issue.number}/{choice.reason.value} -->"
        if issues.find_marked(services.github, issue.repo, issue.number, mark) is None:
            text = services.redact(f"**Orchestrator**: not started yet, {choice.why}.\n\n{mark}")
            issues.comment(services.github, issue.repo, issue.number, text)
    services.record(
        EventKind.NOT_DISPATCHED, repo=issue.repo, issue=issue.number, reason=choice.reason.value, why=choice.why
    )
    services.signatures.remember(subject, choice.why)


def _words(choice: Choice) -> str:
    match choice:
        case Dispatch(generation=generation):
            return f"dispatch (generation {generation})"
        case Announce(task=task, folder=folder):
            return f"is task {task.id} in {folder.value}/ already"
        case Again(task=task):
            return f"retry task {task.id}"
        case LeaveAlone(why=why):
            return f"left alone: {why}"
