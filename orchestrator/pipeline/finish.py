"""After a merge: check what landed, close the books on GitHub, remember, and move the file last."""

from __future__ import annotations

from dataclasses import replace

from orchestrator import notify
from orchestrator.git import Merged
from orchestrator.mailbox.box import Claim
from orchestrator.memory import Fragment
from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from orchestrator.model.issue import BoardStatus
from orchestrator.model.names import Sha
from orchestrator.model.pull import Pull
from orchestrator.model.settings import MemoryMode
from orchestrator.model.task import Folder, Phase, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import desk, effect, estimating, landed, report, shipping, traces
from orchestrator.services import Services


def merged(services: Services, claim: Claim, sha: Sha) -> None:
    """Our own merge went through as `sha`: write it down, finish."""
    task = replace(claim.task, phase=Phase.MERGED, merge_sha=sha)
    claim = services.mailbox.save(claim, task)
    services.record(EventKind.MERGED, task, traces.of_verdicts(task), number=task.pull_request, sha=sha, by="agent-os")
    finish(services, claim)


def seen_merged(services: Services, claim: Claim, pull: Pull) -> None:
    """It is merged already, by a person or by an earlier us: only our books are behind."""
    finish(services, note_merged(services, claim, pull))


def note_merged(services: Services, claim: Claim, pull: Pull) -> Claim:
    task = replace(claim.task, phase=Phase.MERGED, merge_sha=pull.merge_sha)
    claim = services.mailbox.save(claim, task)
    by = "agent-os" if _ours(services, task) else "seen"
    services.record(
        EventKind.MERGED, task, traces.of_verdicts(task), number=task.pull_request, sha=pull.merge_sha or "", by=by
    )
    return claim


def _ours(services: Services, task: Task) -> bool:
    """We asked for this merge, also through the repository's queue, and also when its answer never came."""
    journal = services.effects.of(task.id)
    return any(journal.state(f"{way}:{task.pushed_sha}") is not None for way in ("merge", "enqueue"))


def finish(services: Services, claim: Claim) -> None:
    """Issue closed, board Done, branch gone, fragment kept, workspace gone; then the file moves. Safe to repeat."""
    task = claim.task
    repo = services.repo(task)
    repository = services.repository(repo)
    _compare_once(services, task)
    shipping.merged(services, task)
    if _ours(services, task):
        landed.begin(services, task)
        landed.oversized(services, task)
    desk.close_issue(services, task)
    desk.show(services, task, BoardStatus.DONE, why="merged")
    effect.comment(services, task, "done", f"{_farewell(task)}\n- {estimating.line(services, task)}")
    if task.pushed_sha:
        effect.repeatable(
            services, task, "delete_branch", f"delete {task.branch}",
            lambda: _gone(repository.delete_branch(task.branch, task.pushed_sha)),
        )  # fmt: skip
    if repo.memory is not MemoryMode.LOCAL or task.merge_sha:
        services.memory.keep(fragment(task, repo.key, stamp(services.now())))
        services.record(EventKind.REMEMBERED, task)
    repository.close_workspace(task.id)
    notify.tell(
        services, AlertKind.COMPLETED, task, f"merged:{task.pull_request}", f"Merged as {(task.merge_sha or '')[:12]}"
    )
    services.metrics.summary(task, "merged", f"pull request #{task.pull_request}")
    estimating.after(services, task, "merged")
    estimating.settle_pull(services, task)
    services.record(EventKind.DONE, task, merge_sha=task.merge_sha or "")
    services.mailbox.move(claim, replace(task, ended=stamp(services.now()), reason="merged"), Folder.DONE)


def fragment(task: Task, repo_key: str, at: str) -> Fragment:
    """What is remembered of a merged task: seen files, claimed decisions, quoted as data."""
    last = task.attempts[-1] if task.attempts else None
    return Fragment(
        task=task.id,
        repo_key=repo_key,
        repo=task.repo,
        issue=task.issue,
        pull=task.pull_request,
        merge_sha=task.merge_sha or "",
        at=at,
        title=task.title,
        summary=report.defused(last.summary) if last else "",
        files=last.files_changed if last else (),
        decisions=tuple(report.defused(d) for d in last.decisions) if last else (),
    )


def _compare_once(services: Services, task: Task) -> None:
    """Of our own merges only, and before the books are closed, so that neither a death nor a lost answer skips it."""
    if task.merge_sha is None or task.pushed_sha is None or not _ours(services, task):
        return
    journal, key = services.effects.of(task.id), f"compared:{task.merge_sha}"
    if journal.result(key) is None:
        _compare(services, task, task.merge_sha, task.pushed_sha)
        journal.done(key, {})


def _compare(services: Services, task: Task, sha: Sha, head: Sha) -> None:
    """A host's own merge queue has reverted code silently before; so what landed is compared with our own merge of the
    judged head and the commit that it landed on. And it must stand on the base: a merge names the head that it is of,
    not the branch, so whoever points the pull request elsewhere in that instant has it land there."""
    repository = services.repository(services.repo(task))
    repository.fetch()
    actual, onto = repository.tree_of(sha), repository.parent(sha)
    expected = repository.expected_squash(onto, head) if onto else None
    tip = repository.head(task.base)
    there = tip is not None and repository.has(sha) and repository.is_ancestor(sha, tip)
    right = isinstance(expected, Merged) and actual == expected.tree
    if right and there:
        return
    wanted = expected.tree if isinstance(expected, Merged) else "cannot tell"
    what = f"is not on {task.base}" if right else "does not hold the tree that was tested"
    services.record(EventKind.MERGE_TREE_DIFFERS, task, sha=sha, expected=wanted, actual=actual or "")
    notify.tell(
        services,
        AlertKind.SYSTEM,
        task,
        f"tree:{sha}",
        f"The merge {sha[:12]} {what}.",
        action="look at the base branch now",
    )


def _gone(answer: object) -> None:
    """A branch that somebody pushed to since, or that the host keeps, stays: the merge stands all the same."""


def _farewell(task: Task) -> str:
    sha = task.merge_sha or "an unknown commit"
    return (
        f"**Orchestrator update**\n\n- Task: `{task.id}`\n- Status: merged\n- Merge: {sha}\n- PR: #{task.pull_request}"
    )
