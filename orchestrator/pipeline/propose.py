"""Memory where the base takes no direct commit of ours: one pull request per repository, never two.

Its fragments go on waiting until they stand in the base, so prompts hold them meanwhile, the open pull request takes in
what comes later, and nothing is lost when it is never merged. It lands by the same policy as any other. What a person
pushed there stays, and what a person closed is not proposed again.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.git import Pushed, Repository
from orchestrator.github import pulls
from orchestrator.github.errors import HeadMoved, NotMergeable
from orchestrator.memory import Fragment
from orchestrator.model.alert import Alert, AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.gate import Finding, Outcome, Verdict
from orchestrator.model.governance import ReviewMode
from orchestrator.model.names import Sha, TaskId
from orchestrator.model.pull import Pull
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.model.steps import Merge
from orchestrator.model.task import Task
from orchestrator.pipeline import approving
from orchestrator.policy import merge as policy
from orchestrator.services import Services

FILE = "CODEBASE.md"


def ours_to_merge(services: Services, repo: RepoSettings) -> bool:
    """Whether anything of ours may land on the base without a person (DECISIONS D6)."""
    return repo.merge and repo.automation_mode is AutomationMode.FULL and services.settings.github.loopback


def propose(
    services: Services, repo: RepoSettings, repository: Repository, base: str, sha: Sha, waiting: tuple[Fragment, ...]
) -> None:
    """`sha`: the waiting fragments on top of the present base; the same fragments give the same commit."""
    branch = _branch(repo)
    held = repository.remote_head(branch)
    last = next(iter(pulls.find(services.github, repo.name, branch, state="all")), None)
    if last is not None and not last.open and not last.merged and _declined(services, repo, repository, last, waiting):
        return
    if held is not None and not services.signatures.seen(f"memory:{held}", repo.key):
        return
    if held == sha and last is not None and last.open:
        _land(services, repo, repository, last, base, sha, waiting)
        return
    services.signatures.remember(f"memory:{sha}", repo.key)  # before the push: what we made stays known as ours
    if held != sha and not isinstance(repository.push(branch, sha, expect=held), Pushed):
        return
    if last is None or not last.open:
        title = services.redact(f"Remember merged work in {FILE}")
        text = services.redact("Entries for CODEBASE.md from merged work. Nothing else is changed.")
        last = pulls.open(services.github, repo.name, branch, base, title, text)
        services.record(EventKind.PULL_OPENED, repo=repo.name, number=last.number, head=sha)
    if not ours_to_merge(services, repo):
        text = services.redact(f"{repo.name}: pull request #{last.number} keeps {FILE}; merging is yours.")
        subject, state = f"memory:{repo.key}", f"pull:{last.number}"
        kind = AlertKind.MANUAL_ACTION
        notify.alert(services, Alert(kind=kind, subject=subject, state=state, text=text, link=last.url))


def tidy(services: Services, repo: RepoSettings, repository: Repository, sha: Sha) -> None:
    """The base took `sha` itself, once its checks as a pull request were green: its branch goes."""
    if services.signatures.seen(f"memory:{sha}", repo.key):
        repository.delete_branch(_branch(repo), sha)


def _branch(repo: RepoSettings) -> str:
    return f"agent/memory-{repo.key}"


def _declined(
    services: Services, repo: RepoSettings, repository: Repository, closed: Pull, waiting: tuple[Fragment, ...]
) -> bool:
    """What the closed pull request held waits no longer. True when there was any of it."""
    content = repository.read(closed.head_sha, FILE) if repository.has(closed.head_sha) else None
    text = (content or b"").decode("utf-8", "replace")
    refused = [f for f in waiting if text and services.memory.fold(text, (f,)) == text]
    if refused:
        services.memory.folded(repo.key, refused, f"declined in #{closed.number}")
        services.record(
            EventKind.FOLDED, repo=repo.name, sha="", tasks=[f.task for f in refused], declined=closed.number
        )
    return bool(refused)


def _land(
    services: Services,
    repo: RepoSettings,
    repository: Repository,
    pull: Pull,
    base: str,
    sha: Sha,
    waiting: tuple[Fragment, ...],
) -> None:
    """Judged like a task's pull request whose head our own gate has passed: we made every byte of it."""
    seen = pulls.watch(services.github, [(repo.name, pull.number)]).get((repo.name, pull.number))
    if seen is None:
        return
    at = max(f.at for f in waiting)
    passed = (Finding(check="written_by_us", outcome=Outcome.PASS, why=""),)
    verdict = Verdict(head_sha=sha, base_sha=seen.base_sha, tree=repository.tree_of(sha) or sha, findings=passed, at=at)
    id = TaskId(f"{repo.key}-memory")
    task = Task(id=id, repo=repo.name, issue=None, title=pull.title, base=base, pushed_sha=sha, verdict=verdict)
    # No reviewer is asked about our own fold; beyond loopback its merge is a person's.
    unreviewed = replace(repo, review=replace(repo.review, mode=ReviewMode.OFF))
    loopback = services.settings.github.loopback
    step = policy.decide(
        policy.Facts(
            task=task,
            repo=unreviewed,
            pull=seen,
            turn=True,
            loopback=loopback,
            published=at,
            now=services.now(),
            approval=approving.standing(services, task, seen),
        )
    )
    if not isinstance(step, Merge):
        return
    try:
        title, body = (
            services.redact(f"{pull.title} (#{pull.number})"),
            services.redact(f"Ledger: {services.ledger.trailer()}"),
        )
        merged = pulls.merge(services.github, seen, step.sha, title, body)
    except (HeadMoved, NotMergeable):
        return
    services.record(EventKind.MERGED, repo=repo.name, number=pull.number, sha=merged, by="agent-os")
    repository.delete_branch(pull.head_ref, sha)
