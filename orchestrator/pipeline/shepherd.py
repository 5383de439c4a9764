"""An open pull request is walked to its end: merged by sha, repaired, handed over, or its books finished."""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.git import Conflict, Pushed, Refused
from orchestrator.github import checks, pulls
from orchestrator.github.errors import HeadMoved, NotMergeable
from orchestrator.mailbox.box import Claim
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.issue import BoardStatus
from orchestrator.model.names import Sha
from orchestrator.model.pull import Pull
from orchestrator.model.result import BlockerCode
from orchestrator.model.settings import Checks, RepoSettings
from orchestrator.model.steps import Finish, HandOver, Merge, PullStep, Review, Rework, Update, Wait, Withdraw
from orchestrator.model.task import AttemptKind, FailedCheck, Folder, Phase, Task
from orchestrator.pipeline import approving, closing, desk, effect, finish, following, judge, report, trusting, wishes
from orchestrator.policy import merge as policy
from orchestrator.services import Services


def look(services: Services, claim: Claim, pull: Pull, *, turn: bool) -> bool:
    """One task in review and its pull request as just read. True when the base moved, so that others look anew."""
    if claim.task.phase is Phase.MERGED:
        finish.finish(services, claim)
        return False
    if claim.task.phase is Phase.CLOSING:
        closing.close(services, claim)
        return False
    claim = following.caught_up(services, claim, pull)
    step = _decide(services, claim.task, pull, turn)
    _record(services, claim.task, step)
    if pull.open and pull.head_sha == claim.task.pushed_sha:
        approving.show(services, claim.task, pull)
    match step:
        case Wait(why=why):
            _wait(services, claim.task, why)
            return False
        case Update():
            return _update(services, claim, pull)
        case Merge(sha=sha):
            return _merge(services, claim, pull, sha)
        case Finish():
            finish.seen_merged(services, claim, pull)
            return True
        case Rework() | HandOver():
            _rework(services, claim, step)
        case Review(why=why):
            # Judged already: the worker that takes it up asks a reviewer, and finds the pull request open.
            task = replace(claim.task, phase=Phase.JUDGED, reason=why)
            services.mailbox.move(claim, task, Folder.INBOX)
        case Withdraw(why=why):
            closing.towards(services, claim, Folder.DONE, f"withdrawn: {why}", BlockerCode.NONE)
    return False


def _decide(services: Services, task: Task, pull: Pull, turn: bool) -> PullStep:
    facts = policy.Facts(
        task=task,
        repo=services.repo(task),
        pull=pull,
        turn=turn,
        loopback=services.settings.github.loopback,
        approval=approving.standing(services, task, pull),
        requests=wishes.fresh(services, task, pull),
        published=task.pushed_at,
        now=services.now(),
    )
    step = policy.decide(facts)
    if pull.head_sha != task.pushed_sha and following.lags(services, task, pull):
        return Wait(why="GitHub does not show our last push yet")
    # What costs a request is asked only of what would land now: the issue's text, and whether the base moved on.
    if isinstance(step, Merge) and (untrusted := trusting.before_merge(services, task)):
        return policy.decide(replace(facts, untrusted=untrusted))
    if isinstance(step, Merge) and pulls.behind(services.github, pull):
        step = policy.decide(replace(facts, pull=replace(pull, behind=True)))
    return step


def _record(services: Services, task: Task, step: PullStep) -> None:
    """A decision is recorded when it changes, not at every poll."""
    state = repr(step)
    if services.signatures.seen(f"pull:{task.id}", state):
        return
    services.record(EventKind.PULL_DECIDED, task, step=type(step).__name__, detail=state)
    services.signatures.remember(f"pull:{task.id}", state)


def _wait(services: Services, task: Task, why: str) -> None:
    """Waiting that only a person can end is told once."""
    if policy.of_a_person(why):
        notify.tell(
            services, AlertKind.MANUAL_ACTION, task, f"wait:{task.pushed_sha}", why, action="see the pull request"
        )


def _merge(services: Services, claim: Claim, pull: Pull, sha: Sha) -> bool:
    task = claim.task
    services.mailbox.check(claim)

    def look_first() -> effect.Result | None:
        now = pulls.watch(services.github, [(task.repo, pull.number)]).get((task.repo, pull.number))
        return {"sha": now.merge_sha} if now and now.merged and now.merge_sha else None

    def act() -> effect.Result:
        message = services.redact(_message(services, task))
        title = services.redact(f"{task.title[:200]} (#{pull.number})")
        return {"sha": pulls.merge(services.github, pull, sha, title, message)}

    try:
        done = effect.once(services, task, f"merge:{sha}", f"merge #{pull.number}", look=look_first, act=act)
    except (HeadMoved, NotMergeable) as refused:
        _refused(services, task, sha, str(refused))
        return False
    finish.merged(services, claim, Sha(done["sha"]))
    return True


def _refused(services: Services, task: Task, sha: Sha, why: str) -> None:
    """Recorded once. Somebody may have pushed in between, so a person is told only when it is refused again."""
    subject, state = f"refused:{task.id}", f"{sha} {why}"
    if not services.signatures.seen(subject, state):
        services.record(EventKind.PULL_DECIDED, task, step="refused", detail=why)
        services.signatures.remember(subject, state)
        return
    text = f"GitHub refuses to merge #{task.pull_request}: {why}"
    notify.tell(services, AlertKind.MANUAL_ACTION, task, f"refused:{sha}", text, action="see the pull request")


def _message(services: Services, task: Task) -> str:
    """The squash commit's body: what closes, who worked, where the record stands (trailers)."""
    seq, digest = services.ledger.head()
    last = task.attempts[-1]
    agents = ", ".join(dict.fromkeys(a.agent for a in task.attempts))
    lines = [report.defused(last.summary), ""]
    if task.issue:
        lines.append(f"Closes: #{task.issue}")
    return "\n".join([*lines, f"Task: {task.id}", f"Agents: {agents}", f"Ledger: {seq} {digest[:16]}"])


def _update(services: Services, claim: Claim, pull: Pull) -> bool:
    """Brings the base in by our own clean merge; the verdict is carried over to exactly that tree."""
    task = claim.task
    repo = services.repo(task)
    repository = services.repository(repo)
    repository.fetch()
    tip = repository.head(task.base)
    assert task.pushed_sha is not None
    if tip is None:
        closing.towards(services, claim, Folder.ESCALATED, f"{task.base} is gone", BlockerCode.MISSING_CONTEXT)
        return False
    if repository.is_ancestor(tip, task.pushed_sha):  # it holds the base already; GitHub is behind, not the branch
        return False
    merged = repository.merge_tree(tip, task.pushed_sha)
    if isinstance(merged, Conflict):
        _rework(services, claim, policy.repair(task, repo, Rework(why=f"conflicts with {task.base}", conflict=True)))
        return False
    message = services.redact(f"Bring in {task.base} for {task.title}\n\nTask: {task.id}")
    head = repository.commit(task.id, merged.tree, (task.pushed_sha, tip), message, services.now())
    if not _still_good(services, task, repo, head):
        # As with a conflict: the repair starts from both sides joined, or it would not see what fails.
        why = f"our verification fails on top of the new {task.base}"
        _rework(services, claim, policy.repair(task, repo, Rework(why=why, failed=_own(repo), conflict=True)))
        return False
    services.mailbox.check(claim)
    journal = services.effects.of(task.id)
    journal.intend(f"push:{head}", f"update {task.branch}")
    answer = repository.push(task.branch, head, expect=task.pushed_sha)
    if not isinstance(answer, Pushed):
        journal.failed(f"push:{head}", repr(answer))
        if isinstance(answer, Refused):
            why = f"the host refused the push: {services.redact(answer.why)}"
            closing.towards(services, claim, Folder.ESCALATED, why, BlockerCode.MANUAL_INTERVENTION_REQUIRED)
        return False
    journal.done(f"push:{head}", {"sha": head})
    services.record(EventKind.UPDATED, task, base=tip, head=head)
    services.mailbox.save(claim, following.updated(services, task, head, tip, merged.tree))
    return False


def _still_good(services: Services, task: Task, repo: RepoSettings, head: Sha) -> bool:
    """Where CI judges the new head it is not judged here; where our verification is the gate, it runs again."""
    if repo.checks is Checks.REQUIRED or not repo.verify:
        return True
    return judge.verify(services, repo, services.repository(repo), task, head).exit == 0


def _own(repo: RepoSettings) -> tuple[FailedCheck, ...]:
    return (FailedCheck(name="verification", conclusion="failure", summary=repo.verify),)


def _rework(services: Services, claim: Claim, step: Rework | HandOver) -> None:
    """Red checks or a conflict: the issue is told, the board says so, the task waits for an agent on its branch, or
    for a person when no round is left. Either way the next agent knows what is wrong."""
    task = claim.task
    failed = step.failed
    if failed and task.pushed_sha and not step.conflict:
        told = {c.name: c for c in checks.failed(services.github, task.repo, task.pushed_sha)}
        failed = tuple(
            replace(c, summary=str(services.redact(told[c.name].summary))) if c.name in told else c for c in failed
        )
    if isinstance(step, HandOver):
        claim = services.mailbox.save(claim, replace(task, failed_checks=failed, conflict=step.conflict))
        closing.towards(services, claim, Folder.ESCALATED, step.why, BlockerCode.TEST_FAILURE)
        return
    task = replace(
        task,
        phase=Phase.QUEUED,
        next_kind=AttemptKind.REVIEW if step.requests else AttemptKind.CI,
        next_agent=_author(task),
        failed_checks=failed,
        conflict=step.conflict,
        requests=step.requests,
        verdict=None,
        review=None,
        reason=step.why,
    )
    state = f"red:{(task.pushed_sha or 'none')[:12]}:{task.count(AttemptKind.CI)}"
    services.record(EventKind.REWORK, task, why=step.why, failed=[c.name for c in failed], conflict=step.conflict)
    if not step.requests:  # who asked knows; the answer comes with the fix
        effect.comment(services, task, state, report.red(task))
    if failed:
        desk.show(services, task, BoardStatus.BLOCKED, why=step.why)
        notify.tell(services, AlertKind.CI_FAILURE, task, state, step.why)
    services.mailbox.move(claim, task, Folder.INBOX)


def _author(task: Task) -> str:
    """Who made the published head mends it."""
    return next((a.agent for a in reversed(task.attempts) if a.head_sha and a.spent), "")
