"""A change that is another one on today's base: what its text decides is asked anew, without a run of its author.

Half of it may stand in the base by now, or the base renamed what it touches, and git's merge follows. What commands
decided is kept: the new head's CI, or our verification, runs over it anyway before it lands (DECISIONS D6).
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator import gate
from orchestrator.gate.base import COMMANDS
from orchestrator.git import Merged
from orchestrator.model.gate import Verdict
from orchestrator.model.names import Sha
from orchestrator.model.task import Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import examining, judge
from orchestrator.policy import merge_diff
from orchestrator.services import Services


def carried(services: Services, task: Task, head: Sha, base: Sha, tree: Sha) -> tuple[Verdict, bool]:
    """The gate's verdict of the published head, for `head`, which brings it together with `base` in `tree`; and
    whether the change is still the same. Raises GitError."""
    assert task.verdict is not None, "only a judged head is updated"
    if same_change(services, task, head, base):
        return replace(task.verdict, head_sha=head, base_sha=base, tree=tree), True
    return _anew(services, task, head, base, tree), False


def same_change(services: Services, task: Task, head: Sha, base: Sha) -> bool:
    """The same lines against the new base as the published head has against the old one."""
    repository = services.repository(services.repo(task))
    if task.pushed_sha is None or task.base_sha is None or not repository.has(task.base_sha):
        return False
    old = repository.bare_patch(task.base_sha, task.pushed_sha)
    return merge_diff.same(old, repository.bare_patch(base, head))


def same_on_tip(services: Services, task: Task) -> bool:
    """Whether it would be the same change on the base branch as it stands now. A conflict is for others to find."""
    repository = services.repository(services.repo(task))
    repository.fetch()
    tip = repository.head(task.base)
    if tip is None or task.pushed_sha is None or repository.is_ancestor(tip, task.pushed_sha):
        return True
    merged = repository.merge_tree(tip, task.pushed_sha)
    return not isinstance(merged, Merged) or same_change(services, task, merged.tree, tip)


def _anew(services: Services, task: Task, head: Sha, base: Sha, tree: Sha) -> Verdict:
    assert task.verdict is not None
    repo = services.repo(task)
    repository = services.repository(repo)
    changes = repository.changes(base, tree)
    evidence = judge.evidence(task, task.attempts[-1], repo, repository, base, tree, changes)
    found = examining.texts(services, replace(task, base_sha=base), repo, repository, head, evidence)
    kept = [f for f in task.verdict.findings if f.check in gate.CHECKS and gate.CHECKS[f.check].stage >= COMMANDS]
    return Verdict(head_sha=head, base_sha=base, tree=tree, findings=(*found, *kept), at=stamp(services.now()))
