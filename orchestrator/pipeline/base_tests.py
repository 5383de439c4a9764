"""The base commit's own tests over the candidate's source: what a change of tests could hide comes to light here.

The candidate's tree is taken with every test and every test configuration as the base has it, without those that are
new. Where that is a tree that was run already (nothing of the kind was changed, or nothing else was), it is not run
again; nor is the base, once it passed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestrator.gate import entries, testfiles
from orchestrator.gate.testfiles import Ground, Kind
from orchestrator.git import GitError, Repository
from orchestrator.model.gate import BaseTests, CommandRun, FileChange
from orchestrator.model.names import Sha
from orchestrator.model.settings import RepoSettings
from orchestrator.pipeline import commands
from orchestrator.services import Services

AT = datetime(2000, 1, 1, tzinfo=UTC)
"""Of the commits that hold composed trees: the same inputs give the same commit."""
MOST_FILES, LARGEST, TOTAL = 300, 200_000, 4_000_000
"""Tests that are read for what they name: how many, bytes of one, bytes of all."""


@dataclass(kw_only=True)
class _Plan:
    """What has to be done to the candidate's tree, and how it is told."""

    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    configured: list[str] = field(default_factory=list)
    restore: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    write: dict[str, str] = field(default_factory=dict)


def gather(
    services: Services,
    repo: RepoSettings,
    repository: Repository,
    base: Sha,
    tree: Sha,
    changes: Sequence[FileChange],
    candidate: CommandRun,
) -> BaseTests:
    """Runs what is not known yet. A tree that cannot be put together is told as `problem`."""
    ground = ground_of(repo, repository, base)
    plan = _plan(repository, base, tree, changes, ground)
    has_any = any(testfiles.kind(path, ground) in (Kind.TEST, Kind.CONFIG) for path in repository.paths(base))
    told = BaseTests(
        changed=tuple(plan.changed), added=tuple(plan.added), configured=tuple(plan.configured), has_any=has_any
    )
    if not (has_any or plan.changed or plan.configured):
        return told
    try:
        composed = repository.composed(tree, base, restore=plan.restore, remove=plan.remove, write=plan.write)
    except (GitError, ValueError) as error:
        why = f"the base commit's tests cannot be put over the change: {error}"
        return BaseTests(changed=told.changed, added=told.added, configured=told.configured, problem=why)
    before = commands.kept(services, repo, repository, base, repo.verify)
    if composed == tree:
        over = candidate
    elif composed == repository.tree_of(base):
        over = before
    else:
        commit = repository.commit_tree(composed, (base,), "The base commit's tests over a candidate", AT)
        over = commands.kept(services, repo, repository, commit, repo.verify)
    return BaseTests(
        changed=told.changed, added=told.added, configured=told.configured, has_any=has_any, base=before, over=over
    )


def ground_of(repo: RepoSettings, repository: Repository, base: Sha) -> Ground:
    """What counts as a test here, by the configuration and by what the base's own verification runs."""
    listed = frozenset(repository.paths(base))

    def read(path: str) -> str | None:
        return _text(repository, base, path) if path in listed else None

    return entries.ground(repo.gate.test_paths, (repo.verify,), read)


def _plan(repository: Repository, base: Sha, tree: Sha, changes: Sequence[FileChange], ground: Ground) -> _Plan:
    plan = _Plan()
    for change in changes:
        kind = testfiles.kind(change.path, ground)
        if kind is Kind.MIXED:
            _mixed(repository, base, tree, change, ground, plan)
        elif kind is not Kind.SOURCE:
            _whole(change, kind is Kind.CONFIG, plan)
    return plan


def _whole(change: FileChange, config: bool, plan: _Plan) -> None:
    if config:
        plan.configured.append(change.path)
    if change.status == "A":
        plan.added.append(change.path)
        plan.remove.append(change.path)
    else:
        plan.changed.append(change.path)
        plan.restore.append(change.path)


def _mixed(repository: Repository, base: Sha, tree: Sha, change: FileChange, ground: Ground, plan: _Plan) -> None:
    """Only where the part that decides about tests differs; and only that part is put back, where it can be."""
    before, after = (_text(repository, place, change.path) for place in (base, tree))
    if testfiles.part(change.path, before, ground) == testfiles.part(change.path, after, ground):
        return
    mended = None
    if change.status == "M" and before is not None and after is not None:
        mended = testfiles.mended(change.path, before, after, ground)
    _whole(change, True, plan)
    if mended is not None:
        plan.restore.remove(change.path)
        plan.write[change.path] = mended


def _text(repository: Repository, place: Sha, path: str) -> str | None:
    try:
        data = repository.read(place, path)
    except ValueError:  # a name that is not asked for by path
        return None
    return None if data is None else data.decode("utf-8", "replace")


_LITERAL = re.compile(
    r"\"([^\"\\\n]{1,80})\"|'([^'\\\n]{1,80})'|(?<![\w.])(-?[0-9][0-9_]{0,20}(?:\.[0-9]{1,20})?)(?![\w.])"
)


def literals(repo: RepoSettings, repository: Repository, base: Sha) -> frozenset[str]:
    """Numbers and short texts that the base commit's tests name. Raises GitError."""
    ground = ground_of(repo, repository, base)

    def is_test(path: str) -> bool:
        return testfiles.kind(path, ground) is Kind.TEST

    found: set[str] = set()
    for data in repository.several(base, is_test, most=MOST_FILES, largest=LARGEST, total=TOTAL):
        text = data.decode("utf-8", "replace")
        found |= {next(filter(None, groups)) for groups in _LITERAL.findall(text)}
    return frozenset(found)
