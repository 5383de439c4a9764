"""Commits, trees and blobs, read from the repositories in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.hub.gitops import Bare, Commit, Person
from orchestrator.hub.graphql import ids
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.things import Thing, alone, spread
from orchestrator.hub.process import git
from orchestrator.hub.store import issues, pulls, repos
from orchestrator.hub.store.repos import Repo

HISTORY = 1000
"""How many commits `history` walks back."""


@dataclass(frozen=True, kw_only=True)
class GitObject:
    """An object of a repository; `prefix` C, T or B (commit, tree, blob) begins its node id."""

    repo_id: int
    sha: str
    prefix: str

    @property
    def node_id(self) -> str:
        return ids.encode(self.prefix, self.repo_id, self.sha)


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Author or committer of a commit."""

    person: Person


rows_of(GitObject, "Commit", "Tree", "Blob")
rows_of(Signature, "GitActor")


def commit_row(repo_id: int, sha: str) -> GitObject:
    """A commit as a row; what it holds is read when a field wants it."""
    return GitObject(repo_id=repo_id, sha=sha, prefix="C")


def commit_thing(thing: Thing, key: str, sha: Callable[[Any], str | None]) -> Thing | None:
    """The commit that `sha` reads from a row with a repo_id, or None; all siblings' commits are one batch."""

    def load(rows: list[Any]) -> dict[tuple[int, str], Thing]:
        wanted = {(row.repo_id, found) for row in rows if (found := sha(row)) is not None}
        order = sorted(wanted)
        things = spread(thing.world, "Commit", [commit_row(*pair) for pair in order])
        return dict(zip(order, things, strict=True))

    named = sha(thing.row)
    known = thing.shared(f"commit:{key}", load)
    return None if named is None else known[thing.row.repo_id, named]


def object_named(bare: Bare, expression: str) -> tuple[str, str] | None:
    """Kind and id of what git calls by that expression."""
    if "\n" in expression:
        return None
    words = git(bare.path, "cat-file", "--batch-check", stdin=f"{expression}\n".encode()).text.split()
    return (words[1], words[0]) if len(words) == 3 and words[1] in ("commit", "tree", "blob", "tag") else None


def details(thing: Thing) -> Commit:
    """The commit object; for all siblings one `git log` per repository."""

    def load(rows: list[Any]) -> dict[tuple[int, str], Commit]:
        found: dict[tuple[int, str], Commit] = {}
        for repo in repos.by_ids(thing.world.db, {row.repo_id for row in rows}).values():
            shas = sorted({row.sha for row in rows if row.repo_id == repo.id})
            for commit in thing.world.hub.bare(repo).commits("--no-walk=unsorted", *shas):
                found[repo.id, commit.sha] = commit
        return found

    commit: Commit = thing.shared("details", load)[thing.row.repo_id, thing.row.sha]
    return commit


def repo_row(thing: Thing) -> Repo:
    """The repository row behind a row with a repo_id."""
    found = thing.one("repository", repos.by_ids, "Repository", lambda row: row.repo_id)
    assert found is not None
    row: Repo = found.row
    return row


@field("Commit.oid", "Tree.oid", "Blob.oid")
def oid(thing: Thing) -> str:
    """The object's id."""
    return str(thing.row.sha)


@field("Commit.abbreviatedOid", "Tree.abbreviatedOid", "Blob.abbreviatedOid")
def short_oid(thing: Thing) -> str:
    """The first seven digits."""
    return str(thing.row.sha)[:7]


@field("Commit.url", "Commit.commitUrl", "Tree.commitUrl", "Blob.commitUrl")
def url(thing: Thing) -> str:
    """The page."""
    return f"{thing.world.web}/{repo_row(thing).full_name}/commit/{thing.row.sha}"


@field("Commit.message")
def message(thing: Thing) -> str:
    """The whole message."""
    return details(thing).message


@field("Commit.messageHeadline")
def headline(thing: Thing) -> str:
    """Its first line."""
    return details(thing).message.split("\n", 1)[0]


@field("Commit.messageBody")
def message_body(thing: Thing) -> str:
    """What follows the first line."""
    return details(thing).message.partition("\n")[2].strip("\n")


@field("Commit.author")
def author(thing: Thing) -> Thing:
    """Who wrote it."""
    return alone(thing.world, "GitActor", Signature(person=details(thing).author))


@field("Commit.committer")
def committer(thing: Thing) -> Thing:
    """Who committed it."""
    return alone(thing.world, "GitActor", Signature(person=details(thing).committer))


@field("Commit.authoredDate")
def authored(thing: Thing) -> str:
    """When it was written."""
    return details(thing).author.date


@field("Commit.committedDate")
def committed(thing: Thing) -> str:
    """When it was committed."""
    return details(thing).committer.date


@field("Commit.tree")
def tree(thing: Thing) -> Thing:
    """Its tree."""
    found = GitObject(repo_id=thing.row.repo_id, sha=details(thing).tree, prefix="T")
    return alone(thing.world, "Tree", found)


@connection("Commit.parents")
def parents(thing: Thing) -> Rows:
    """Its parents."""
    return Rows(kind="Commit", rows=[commit_row(thing.row.repo_id, sha) for sha in details(thing).parents])


@connection("Commit.history")
def history(thing: Thing) -> Rows:
    """Itself and its ancestors, newest first."""
    found = thing.world.hub.bare(repo_row(thing)).commits(thing.row.sha, limit=HISTORY)
    return Rows(kind="Commit", rows=[commit_row(thing.row.repo_id, commit.sha) for commit in found])


@connection("Commit.associatedPullRequests")
def commit_pulls(thing: Thing) -> Rows:
    """Pull requests with the commit as their head or their merge."""
    repo, db = repo_row(thing), thing.world.db
    wanted = issues.Filter(repo_ids=(repo.id,), state="all", pulls=True)
    rows = issues.find(db, wanted)
    halves = pulls.of_issues(db, [row.id for row in rows])
    found = [row for row in rows if thing.row.sha in (halves[row.id].head_sha, halves[row.id].merge_sha)]
    return Rows(kind="PullRequest", rows=found)


@field("GitActor.name")
def actor_name(thing: Thing) -> str:
    """As git has it."""
    return str(thing.row.person.name)


@field("GitActor.email")
def actor_email(thing: Thing) -> str:
    """As git has it."""
    return str(thing.row.person.email)


@field("GitActor.date")
def actor_date(thing: Thing) -> str:
    """When."""
    return str(thing.row.person.date)


@field("GitActor.user")
def actor_user(thing: Thing) -> Thing | None:
    """The account with that address, if it is a person's."""
    from orchestrator.hub.store import users

    login = thing.row.person.email.partition("@")[0].rpartition("+")[2]
    found = users.by_login(thing.world.db, login)
    if found is None or found.kind != "User" or found.email != thing.row.person.email:
        return None
    return alone(thing.world, "User", found)


def _blob(thing: Thing) -> bytes:
    def load(rows: list[Any]) -> dict[str, bytes]:
        return {}

    cache = thing.shared("bytes", load)
    if thing.row.sha not in cache:
        cache[thing.row.sha] = thing.world.hub.bare(repo_row(thing)).blob(thing.row.sha)
    found: bytes = cache[thing.row.sha]
    return found


@field("Blob.byteSize")
def byte_size(thing: Thing) -> int:
    """Bytes."""
    return len(_blob(thing))


@field("Blob.isBinary")
def is_binary(thing: Thing) -> bool:
    """Not text?"""
    return b"\0" in _blob(thing)[:8000]


@field("Blob.isTruncated")
def is_truncated(thing: Thing) -> bool:
    """The hub gives the whole text."""
    return False


@field("Blob.text")
def blob_text(thing: Thing) -> str | None:
    """The text, None for binary data."""
    return None if is_binary(thing) else _blob(thing).decode("utf-8", "replace")
