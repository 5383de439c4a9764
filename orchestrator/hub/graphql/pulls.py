"""Pull requests: their branches, mergeability, commits and files. A thing holds the issue half; the other is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from orchestrator.hub.diffs import FileDiff
from orchestrator.hub.graphql import ids
from orchestrator.hub.graphql.accounts import account
from orchestrator.hub.graphql.commits import commit_row, commit_thing, repo_row
from orchestrator.hub.graphql.errors import Refusal
from orchestrator.hub.graphql.refs import GitRef
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.repository import repository_of
from orchestrator.hub.graphql.things import Thing, alone, spread
from orchestrator.hub.process import ProgramError
from orchestrator.hub.rules import reviewing
from orchestrator.hub.rules.mergeability import Verdict
from orchestrator.hub.store import issues, pulls
from orchestrator.hub.store.pulls import Pull

_CHANGE = {"removed": "DELETED"}


@dataclass(frozen=True, kw_only=True)
class PullCommit:
    """A commit as a part of a pull request."""

    repo_id: int
    issue_id: int
    number: int
    sha: str

    @property
    def node_id(self) -> str:
        return ids.encode("PURC", self.repo_id, f"{self.number}:{self.sha}")


rows_of(PullCommit, "PullRequestCommit")
rows_of(FileDiff, "PullRequestChangedFile")


def pull_of(thing: Thing) -> Pull:
    """The pull half of a pull request."""
    known: dict[int, Pull] = thing.shared(
        "pulls", lambda rows: pulls.of_issues(thing.world.db, [row.id for row in rows if row.is_pull])
    )
    return known[thing.row.id]


_COLUMNS = {
    "headRefName": "head_ref", "headRefOid": "head_sha", "baseRefName": "base_ref", "baseRefOid": "base_sha",
    "isDraft": "draft", "merged": "merged", "mergedAt": "merged_at", "additions": "additions",
    "deletions": "deletions", "changedFiles": "changed_files",
}  # fmt: skip


def _register_columns() -> None:
    for name, column in _COLUMNS.items():
        field(f"PullRequest.{name}")(lambda thing, column=column: getattr(pull_of(thing), column))


_register_columns()


@field("PullRequest.id")
def node_id(thing: Thing) -> str:
    """The pull request's own id, not its issue half's."""
    return pull_of(thing).node_id


@field("PullRequest.databaseId")
def database_id(thing: Thing) -> int:
    """The pull half's number in the store, as REST gives it."""
    return pull_of(thing).id


@field("PullRequest.fullDatabaseId")
def full_database_id(thing: Thing) -> str:
    """The same as text."""
    return str(pull_of(thing).id)


@field("PullRequest.state")
def state(thing: Thing) -> str:
    """OPEN, CLOSED or MERGED."""
    return "MERGED" if pull_of(thing).merged else str(thing.row.state).upper()


@field("PullRequest.isCrossRepository")
def never(thing: Thing) -> bool:
    """The hub has no forks."""
    return False


@field("PullRequest.maintainerCanModify")
def maintainer_can_modify(thing: Thing) -> bool:
    """Only said of forks."""
    return False


@field("PullRequest.autoMergeRequest", "AutoMergeRequest.enabledAt")
def auto_merge(thing: Thing) -> None:
    """The hub refuses to enable it."""


@field("PullRequest.headRepository", "PullRequest.baseRepository")
def same_repository(thing: Thing) -> Thing:
    """Head and base are in the same repository."""
    return repository_of(thing)


@field("PullRequest.headRepositoryOwner")
def head_owner(thing: Thing) -> Thing | None:
    """Who owns it."""
    return account(repository_of(thing), "owner", lambda row: row.owner_id)


@field("PullRequest.headRef")
def head_ref(thing: Thing) -> Thing | None:
    """The head branch, None once it is deleted."""
    return _branch(thing, pull_of(thing).head_ref)


@field("PullRequest.baseRef")
def base_ref(thing: Thing) -> Thing | None:
    """The base branch."""
    return _branch(thing, pull_of(thing).base_ref)


def _branch(thing: Thing, name: str) -> Thing | None:
    sha = thing.world.hub.bare(repo_row(thing)).branch(name)
    if sha is None:
        return None
    return alone(thing.world, "Ref", GitRef(repo_id=thing.row.repo_id, path=f"refs/heads/{name}", sha=sha))


def _verdict(thing: Thing) -> Verdict:
    """One reading per query: `mergeable` and `mergeStateStatus` of an answer belong together."""
    known: dict[int, Verdict] = thing.shared("verdicts", lambda rows: {})
    if thing.row.id not in known:
        known[thing.row.id] = thing.world.hub.mergeability.read(repo_row(thing), pull_of(thing))
    return known[thing.row.id]


@field("PullRequest.mergeable")
def mergeable(thing: Thing) -> str:
    """UNKNOWN until it is computed; reading starts the computation."""
    found = _verdict(thing).mergeable
    if found is None or thing.row.state == "closed":
        return "UNKNOWN"
    return "MERGEABLE" if found else "CONFLICTING"


@field("PullRequest.mergeStateStatus")
def merge_state(thing: Thing) -> str:
    """CLEAN, DIRTY, BLOCKED, BEHIND, UNSTABLE, DRAFT or UNKNOWN."""
    return _verdict(thing).state.upper()


@field("PullRequest.mergedBy")
def merged_by(thing: Thing) -> Thing | None:
    """Who merged it."""
    return account(thing, "merged_by", lambda row: _half(thing, row).merged_by_id)


def _half(thing: Thing, row: Any) -> Pull:
    pull_of(thing)
    known: dict[int, Pull] = thing.shared("pulls", lambda rows: {})
    return known[row.id]


@field("PullRequest.mergeCommit")
def merge_commit(thing: Thing) -> Any:
    """What landed on the base."""
    return commit_thing(thing, "merge", lambda row: _half(thing, row).merge_sha)


@field("PullRequest.potentialMergeCommit")
def test_merge(thing: Thing) -> Any:
    """The trial merge behind refs/pull/N/merge, while the request is open and clean."""
    if thing.row.state == "closed" or not _verdict(thing).mergeable:
        return None
    fresh = pulls.get(thing.world.db, pull_of(thing).id)
    return alone(thing.world, "Commit", commit_row(fresh.repo_id, fresh.test_merge_sha or fresh.head_sha))


@connection("PullRequest.closingIssuesReferences")
def closing(thing: Thing) -> list[Thing]:
    """Issues that a merge would close."""

    def load(db: Any, issue_ids: list[int]) -> dict[int, Sequence[Any]]:
        halves = pulls.of_issues(db, issue_ids)
        found = pulls.closing_of(db, [half.id for half in halves.values()])
        return {identity: found[half.id] for identity, half in halves.items()}

    return thing.many("closing", load, "Issue")


class _Commits(Sequence[Thing]):
    """The commits of a pull request, oldest first. The head alone (`commits(last: 1)`, the usual question) needs no
    git: it is known, and the heads of all pull requests of a page are one batch."""

    def __init__(self, thing: Thing) -> None:
        self.thing = thing
        self.size = max(1, pull_of(thing).commits)
        self.all: list[Thing] | None = None

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> Thing: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Thing]: ...
    def __getitem__(self, index: int | slice) -> Thing | Sequence[Thing]:
        places = range(self.size)[index]
        if isinstance(places, range) and list(places) == [self.size - 1]:
            return [self._head()]
        return self._load()[index]

    def _head(self) -> Thing:
        def load(rows: list[Any]) -> dict[int, Thing]:
            made = spread(self.thing.world, "PullRequestCommit", [self._row(r, self._sha(r)) for r in rows])
            return {row.id: one for row, one in zip(rows, made, strict=True)}

        found: Thing = self.thing.shared("heads", load)[self.thing.row.id]
        return found

    def _sha(self, row: Any) -> str:
        return _half(self.thing, row).head_sha if row.is_pull else ""

    def _row(self, row: Any, sha: str) -> PullCommit:
        return PullCommit(repo_id=row.repo_id, issue_id=row.id, number=row.number, sha=sha)

    def _load(self) -> list[Thing]:
        if self.all is None:
            thing, half = self.thing, pull_of(self.thing)
            bare = thing.world.hub.bare(repo_row(thing))
            found = [commit.sha for commit in bare.commits(f"{half.base_sha}..{half.head_sha}")][::-1]
            found = (found or [half.head_sha])[-self.size :]
            self.all = spread(thing.world, "PullRequestCommit", [self._row(thing.row, sha) for sha in found])
            self.size = len(self.all)
        return self.all


@connection("PullRequest.commits")
def commits(thing: Thing) -> Sequence[Thing]:
    """Its commits, oldest first."""
    return _Commits(thing)


@field("PullRequestCommit.commit")
def the_commit(thing: Thing) -> Any:
    """The commit."""
    return commit_thing(thing, "own", lambda row: row.sha)


@field("PullRequestCommit.pullRequest")
def commit_pull(thing: Thing) -> Thing | None:
    """The pull request."""
    return thing.one("pull", issues.by_ids, "PullRequest", lambda row: row.issue_id)


@field("PullRequestCommit.url")
def commit_url(thing: Thing) -> str:
    """The commit within the pull request."""
    return f"{thing.world.web}/{repo_row(thing).full_name}/pull/{thing.row.number}/commits/{thing.row.sha}"


@field("PullRequest.statusCheckRollup")
def rollup(thing: Thing) -> Any:
    """The head's checks."""
    from orchestrator.hub.graphql.checks import rollup as of_commit

    head = the_commit(_Commits(thing)[-1:][0])
    return None if head is None else of_commit(head)


@connection("PullRequest.files")
def files(thing: Thing) -> Rows | None:
    """Changed files; None when the commits are gone."""
    try:
        found = reviewing.changed(thing.world.hub, repo_row(thing), pull_of(thing))
    except ProgramError as error:
        raise Refusal("INTERNAL", "The diff could not be computed.") from error
    return Rows(kind="PullRequestChangedFile", rows=found)


@field("PullRequestChangedFile.changeType")
def change_type(thing: Thing) -> str:
    """ADDED, MODIFIED, DELETED, RENAMED, ..."""
    status = str(thing.row.status)
    return _CHANGE.get(status, status.upper())
