"""Pull requests: found, opened, watched in batches, merged by sha."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from orchestrator.github import documents, reviews, wire
from orchestrator.github.client import GitHub
from orchestrator.github.errors import (
    GitHubError,
    HeadMoved,
    Invalid,
    Malformed,
    NotFound,
    NotMergeable,
    PartialAnswer,
    after_write,
)
from orchestrator.github.repos import path
from orchestrator.github.words import Json, Words, object_of
from orchestrator.model.names import Public, RepoName, Sha
from orchestrator.model.pull import CheckRun, CheckState, Pull

PER_QUERY = 25
"""Each pull request brings up to 100 checks, so fewer go into one request than issues."""
Ref = tuple[RepoName, int]


def find(gh: GitHub, repo: RepoName, head: str, *, state: str = "open") -> tuple[Pull, ...]:
    """Pull requests from branch `head` of the repository itself, newest first. `state`: open, closed or all."""
    owner = repo.partition("/")[0]
    listed = gh.pages(f"{path(repo)}/pulls", {"head": f"{owner}:{head}", "state": state})
    pulls = [wire.pull_rest(dict(p.data), repo) for p in listed]
    # GitHub drops a filter that it does not understand and answers with everything.
    return tuple(p for p in pulls if p.head_ref == head and p.head_repo.casefold() == repo.casefold())


def open(gh: GitHub, repo: RepoName, head: str, base: str, title: Public, body: Public, draft: bool = False) -> Pull:
    """Opens a pull request, or returns the one that is open already for this head and base. Raises Invalid."""
    wanted: dict[str, Json] = {"title": title, "body": body, "head": head, "base": base, "draft": draft}
    try:
        reply = gh.rest("POST", f"{path(repo)}/pulls", body=wanted)
    except Invalid as refused:
        if "already exists" not in str(refused):
            raise
        there = [p for p in find(gh, repo, head) if p.base_ref == base]
        if not there:
            raise
        return there[0]
    with after_write():
        return wire.pull_rest(reply.data, repo)


def watch(gh: GitHub, wanted: Sequence[Ref]) -> dict[Ref, Pull]:
    """All that the merge policy needs of each pull request, 25 to a request, checks to their last page.

    What does not exist, or cannot be seen, is left out. `behind` is not told here: ask `behind`.
    """
    found: dict[Ref, Pull] = {}
    unique = list(dict.fromkeys(wanted))
    for start in range(0, len(unique), PER_QUERY):
        refs = unique[start : start + PER_QUERY]
        while refs:
            try:
                data = gh.graphql(documents.widened("pulls", len(refs)), _variables(refs))
            except PartialAnswer as partial:
                gone = {f.path[0] for f in partial.faults} if partial.only_missing() else set()
                left = [ref for i, ref in enumerate(refs) if f"r{i}" not in gone]
                if len(left) == len(refs):
                    raise
                refs = left
                continue
            for i, (repo, number) in enumerate(refs):
                node = data.one(f"r{i}").one("pullRequest")
                seen = wire.pull(node, repo, _checks(gh, repo, number, node))
                found[repo, number] = replace(seen, said=reviews.said(gh, repo, number, node))
            break
    return found


def _variables(refs: Sequence[Ref]) -> dict[str, Json]:
    said: dict[str, Json] = {}
    for i, (repo, number) in enumerate(refs):
        said[f"owner{i}"], _, said[f"name{i}"] = repo.partition("/")
        said[f"number{i}"] = number
    return said


NOT_SEEN = "the head's checks are not readable yet"


def _checks(gh: GitHub, repo: RepoName, number: int, node: Words) -> tuple[CheckRun, ...]:
    """The checks of the very head. Right after a push GitHub may still answer for the commit before: then they count as
    pending, since what is red or green there says nothing about this head."""
    commit = _head_commit(node)
    if commit is None or commit.text("oid") != node.text("headRefOid"):
        return (CheckRun(name=NOT_SEEN, state=CheckState.PENDING),)
    return tuple(_contexts(gh, repo, number, commit))


def _head_commit(node: Words) -> Words | None:
    commits = node.one("commits").many("nodes")
    return commits[-1].one("commit") if commits else None


def _contexts(gh: GitHub, repo: RepoName, number: int, commit: Words) -> Iterator[CheckRun]:
    owner, _, name = repo.partition("/")
    oid = commit.text("oid")
    while (rollup := commit.maybe("statusCheckRollup")) is not None:
        contexts = rollup.one("contexts")
        for node in contexts.many("nodes"):
            yield wire.context(node)
        after = wire.next_page(contexts)
        if after is None:
            return
        said: dict[str, Json] = {"owner": owner, "name": name, "number": number, "after": after}
        data = gh.graphql(documents.load("contexts"), said)
        following = _head_commit(data.one("repository").one("pullRequest"))
        if following is None or following.text("oid") != oid:
            yield CheckRun(name=NOT_SEEN, state=CheckState.PENDING)
            return
        commit = following


def behind(gh: GitHub, pull: Pull) -> bool:
    """Whether the base branch, as it stands now, has commits that the head lacks. One request; 304 when nothing moved.

    Asked of the comparison, since `mergeStateStatus` says BEHIND only where branch protection wants it up to date.
    """
    span = f"{quote(pull.base_ref, safe='/')}...{pull.head_sha}"
    reply = gh.rest("GET", f"{path(pull.repo)}/compare/{span}", params={"per_page": 1})
    return object_of(reply.data, f"compare {span}").number("behind_by") > 0


def merge(gh: GitHub, pull: Pull, sha: Sha, title: Public, message: Public) -> Sha:
    """Squash-merges exactly head `sha`; returns the merge commit.

    Raises HeadMoved when the head is another one, NotMergeable when GitHub will not merge it now.
    """
    wanted: dict[str, Json] = {
        "sha": sha, "merge_method": "squash", "commit_title": title, "commit_message": message,
    }  # fmt: skip
    try:
        reply = gh.rest("PUT", f"{path(pull.repo)}/pulls/{pull.number}/merge", body=wanted)
    except GitHubError as refused:
        raise _merge_refusal(refused) from refused
    with after_write():
        told = object_of(reply.data, f"merge of {pull.repo}#{pull.number}")
        if not told.flag("merged"):
            raise Malformed(told.where, "GitHub answered well but merged nothing")
        return Sha(told.text("sha"))


def _merge_refusal(refused: GitHubError) -> GitHubError:
    """405 and 409 as GitHub's documentation of "Merge a pull request" says; anything else stays what it is."""
    if refused.status == 409:
        return HeadMoved(str(refused), status=409)
    if refused.status == 405:
        return NotMergeable(str(refused), status=405)
    return refused


def update_branch(gh: GitHub, pull: Pull, expected: Sha) -> None:
    """Asks GitHub to merge the base into the head; it does so later. Raises HeadMoved unless the head is `expected`."""
    try:
        gh.rest("PUT", f"{path(pull.repo)}/pulls/{pull.number}/update-branch", body={"expected_head_sha": expected})
    except Invalid as refused:
        if "expected" in str(refused).lower() and "head" in str(refused).lower():
            raise HeadMoved(str(refused)) from refused
        raise


def body(gh: GitHub, repo: RepoName, number: int) -> str:
    """Its text as it stands now; a person may have changed it."""
    reply = gh.rest("GET", f"{path(repo)}/pulls/{number}")
    return object_of(reply.data, f"pull request of {repo}").text_or_none("body")


def edit(gh: GitHub, repo: RepoName, number: int, *, title: Public | None = None, body: Public | None = None) -> None:
    wanted: dict[str, Json] = {k: v for k, v in (("title", title), ("body", body)) if v is not None}
    if wanted:
        gh.rest("PATCH", f"{path(repo)}/pulls/{number}", body=wanted)


def close(gh: GitHub, repo: RepoName, number: int) -> None:
    gh.rest("PATCH", f"{path(repo)}/pulls/{number}", body={"state": "closed"})


def delete_ref(gh: GitHub, repo: RepoName, branch: str) -> None:
    """Deletes a branch; one that is gone already is fine."""
    try:
        gh.rest("DELETE", f"{path(repo)}/git/refs/heads/{quote(branch, safe='/')}")
    except NotFound:
        return
    except Invalid as refused:
        if "does not exist" not in str(refused):
            raise
