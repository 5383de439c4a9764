"""Our own merge of exactly the judged head: once, with a look before anything is asked again."""

from __future__ import annotations

from orchestrator import notify
from orchestrator.github import pulls
from orchestrator.github.errors import HeadMoved, NotMergeable
from orchestrator.mailbox.box import Claim
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.names import Sha
from orchestrator.model.pull import Pull
from orchestrator.model.task import Task
from orchestrator.pipeline import effect, finish, report
from orchestrator.policy import ci_words, review
from orchestrator.services import Services


def merge(services: Services, claim: Claim, pull: Pull, sha: Sha) -> Sha | None:
    """Squash-merges exactly `sha` and closes the books; the merge commit, or None when GitHub refused.

    Raises Unsettled while an earlier try may still show up, and GitHubError.
    """
    task = claim.task
    services.mailbox.check(claim)

    def look_first() -> effect.Result | None:
        now = pulls.watch(services.github, [(task.repo, pull.number)]).get((task.repo, pull.number))
        return {"sha": now.merge_sha} if now and now.merged and now.merge_sha else None

    def act() -> effect.Result:
        message = services.redact(_message(services, task))
        title = services.redact(f"{services.redact.head(ci_words.title(task.title), 200)} (#{pull.number})")
        return {"sha": pulls.merge(services.github, pull, sha, title, message)}

    try:
        done = effect.once(services, task, f"merge:{sha}", f"merge #{pull.number}", look=look_first, act=act)
    except (HeadMoved, NotMergeable) as refused:
        _refused(services, task, sha, str(refused))
        return None
    finish.merged(services, claim, Sha(done["sha"]))
    return Sha(done["sha"])


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
    last = task.attempts[-1]
    agents = ", ".join(dict.fromkeys(a.agent for a in task.attempts))
    lines = [report.defused(last.summary), ""]
    if task.issue:
        lines.append(f"Closes: #{task.issue}")
    lines += [f"Task: {task.id}", f"Agents: {agents}"]
    if (reviewed := review.of_head(task)) is not None and reviewed.reviewer:
        own = ", the author's own program" if reviewed.same_agent else ""
        lines.append(f"Reviewer: {reviewed.reviewer} ({reviewed.opinion.value}{own})")
    return "\n".join([*lines, f"Ledger: {services.ledger.trailer()}"])
