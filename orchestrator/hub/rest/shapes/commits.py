"""Commits, files of a diff, branches, refs, trees, contents."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import quote

from orchestrator.hub import gitids as ids
from orchestrator.hub.diffs import FileDiff
from orchestrator.hub.gitops import Commit, Entry, Person
from orchestrator.hub.http import Call, Json
from orchestrator.hub.rest.shapes import accounts
from orchestrator.hub.store.repos import Repo
from orchestrator.hub.store.users import User

UNSIGNED: Json = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def commit_node(repo: Repo, sha: str) -> str:
    """A commit's node id, which GraphQL understands."""
    return ids.encode("C", repo.id, sha)


def commits(call: Call, repo: Repo, found: Sequence[Commit]) -> list[Json]:
    """commit. The accounts of author and committer are found by their mail addresses."""
    return [_commit(call, repo, commit) for commit in found]


def _account(call: Call, person: Person) -> Json | None:
    sql = "SELECT * FROM users WHERE email=? OR ?=id||'+'||login||'@users.hub.example'"
    found = call.db.row(User, sql, person.email, person.email)
    return accounts.user(call, found) if found else None


def person(found: Person) -> Json:
    """Author or committer as git has them."""
    return {"name": found.name, "email": found.email, "date": found.date}


def _commit(call: Call, repo: Repo, commit: Commit) -> Json:
    base, page = f"{call.api}/repos/{repo.full_name}", f"{call.hub.url}/{repo.full_name}"
    return {
        "sha": commit.sha, "node_id": commit_node(repo, commit.sha), "url": f"{base}/commits/{commit.sha}",
        "html_url": f"{page}/commit/{commit.sha}", "comments_url": f"{base}/commits/{commit.sha}/comments",
        "commit": {
            "author": person(commit.author), "committer": person(commit.committer), "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{base}/git/trees/{commit.tree}"},
            "url": f"{base}/git/commits/{commit.sha}", "comment_count": 0, "verification": UNSIGNED,
        },
        "author": _account(call, commit.author), "committer": _account(call, commit.committer),
        "parents": [
            {"sha": sha, "url": f"{base}/commits/{sha}", "html_url": f"{page}/commit/{sha}"} for sha in commit.parents
        ],
    }  # fmt: skip


def git_commit(call: Call, repo: Repo, commit: Commit) -> Json:
    """git-commit."""
    base, page = f"{call.api}/repos/{repo.full_name}", f"{call.hub.url}/{repo.full_name}"
    return {
        "sha": commit.sha, "node_id": commit_node(repo, commit.sha), "url": f"{base}/git/commits/{commit.sha}",
        "html_url": f"{page}/commit/{commit.sha}", "author": person(commit.author),
        "committer": person(commit.committer), "message": commit.message, "verification": UNSIGNED,
        "tree": {"sha": commit.tree, "url": f"{base}/git/trees/{commit.tree}"},
        "parents": [
            {"sha": sha, "url": f"{base}/git/commits/{sha}", "html_url": f"{page}/commit/{sha}"}
            for sha in commit.parents
        ],
    }  # fmt: skip


def files(call: Call, repo: Repo, sha: str, found: Sequence[FileDiff]) -> list[Json]:
    """diff-entry."""
    base, page = f"{call.api}/repos/{repo.full_name}", f"{call.hub.url}/{repo.full_name}"
    shaped = []
    for file in found:
        path = quote(file.path)
        shape: Json = {
            "sha": file.sha, "filename": file.path, "status": file.status, "additions": file.additions,
            "deletions": file.deletions, "changes": file.additions + file.deletions,
            "blob_url": f"{page}/blob/{sha}/{path}", "raw_url": f"{page}/raw/{sha}/{path}",
            "contents_url": f"{base}/contents/{path}?ref={sha}",
        }  # fmt: skip
        shape |= {"patch": file.patch} if file.patch is not None else {}
        shape |= {"previous_filename": file.previous} if file.previous is not None else {}
        shaped.append(shape)
    return shaped


def ref(call: Call, repo: Repo, name: str, sha: str) -> Json:
    """git-ref."""
    base = f"{call.api}/repos/{repo.full_name}/git"
    return {
        "ref": name, "node_id": ids.encode("REF", repo.id, name), "url": f"{base}/{name}",
        "object": {"sha": sha, "type": "commit", "url": f"{base}/commits/{sha}"},
    }  # fmt: skip


def content(call: Call, repo: Repo, revision: str, entry: Entry, data: bytes | None) -> Json:
    """content-file with `data`, or an entry of a content-directory without."""
    base, page = f"{call.api}/repos/{repo.full_name}", f"{call.hub.url}/{repo.full_name}"
    path, folder = quote(entry.path), entry.kind == "tree"
    own = f"{base}/contents/{path}?ref={quote(revision)}"
    blob = f"{base}/git/{'trees' if folder else 'blobs'}/{entry.sha}"
    html = f"{page}/{'tree' if folder else 'blob'}/{revision}/{path}"
    shape: Json = {
        "type": "dir" if folder else "file", "size": entry.size or 0, "name": entry.path.rsplit("/", 1)[-1],
        "path": entry.path, "sha": entry.sha, "url": own, "git_url": blob, "html_url": html,
        "download_url": None if folder else f"{page}/raw/{revision}/{path}",
        "_links": {"self": own, "git": blob, "html": html},
    }  # fmt: skip
    if data is not None:
        shape |= {"encoding": "base64", "content": base64.encodebytes(data).decode()}
    return shape
