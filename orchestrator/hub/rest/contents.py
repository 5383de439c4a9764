"""Files through the API: read, write, delete."""

from __future__ import annotations

import base64
import binascii

from orchestrator.hub.gitops import ZERO
from orchestrator.hub.http import Answer, ApiError, Call, Json, Routes, missing, text_field
from orchestrator.hub.rest.shapes import commits as shapes
from orchestrator.hub.rules import protection, pushing

routes = Routes()
PATH = "/repos/{owner}/{repo}/contents/{path:path}"


@routes.on("GET /repos/{owner}/{repo}/contents", area="contents")
def root(call: Call) -> Answer:
    """The top folder."""
    return _read(call, "")


@routes.on("GET " + PATH, area="contents")
def read(call: Call) -> Answer:
    """A file or a folder."""
    return _read(call, call.params["path"].strip("/"))


@routes.on("GET /repos/{owner}/{repo}/readme", area="contents")
def readme(call: Call) -> Answer:
    """The README.md of the top folder."""
    return _read(call, "README.md")


def _read(call: Call, path: str) -> Answer:
    bare, revision = call.hub.bare(call.repo), call.query.get("ref") or call.repo.default_branch
    sha = bare.resolve(revision)
    if sha is None:
        raise ApiError(404, f"No commit found for the ref {revision}" if "ref" in call.query else "Not Found")
    entries = bare.tree(sha, path=path)
    if path and len(entries) == 1 and entries[0].kind == "tree":
        entries = bare.tree(sha, path=path + "/")
    elif path and entries and entries[0].kind == "blob":
        data = bare.blob(entries[0].sha)
        if call.headers.get("accept", "").find("raw") >= 0:
            return Answer(text=data.decode("utf-8", "replace"))
        return Answer(body=shapes.content(call, call.repo, revision, entries[0], data))
    if path and not entries:
        raise missing()
    return Answer(body=[shapes.content(call, call.repo, revision, entry, None) for entry in entries])


@routes.on("PUT " + PATH, area="contents", role="write")
def write(call: Call) -> Answer:
    """Create a file, or replace the one with the given blob sha."""
    text = text_field(call.body(), "content", "Content", required=True) or ""
    try:
        data = base64.b64decode(text)
    except binascii.Error as error:
        raise ApiError(422, "content is not valid Base64") from error
    path = call.params["path"]
    sha, existed = _commit(call, path, data)
    entry = call.hub.bare(call.repo).tree(sha, path=path)[0]
    branch = call.body().get("branch") or call.repo.default_branch
    content = shapes.content(call, call.repo, branch, entry, None)
    return Answer(body={"content": content, "commit": _shape(call, sha)}, status=200 if existed else 201)


@routes.on("DELETE " + PATH, area="contents", role="write")
def delete(call: Call) -> Answer:
    """Delete a file."""
    text_field(call.body(), "sha", "Content", required=True)
    sha, _ = _commit(call, call.params["path"], None)
    return Answer(body={"content": None, "commit": _shape(call, sha)})


def _shape(call: Call, sha: str) -> Json:
    return shapes.git_commit(call, call.repo, call.hub.bare(call.repo).commits(sha, limit=1)[0])


def _commit(call: Call, path: str, data: bytes | None) -> tuple[str, bool]:
    """One commit on the branch; the new sha and whether the file was there. Raises ApiError 409 for a stale blob."""
    body, bare, repo = call.body(), call.hub.bare(call.repo), call.repo
    message = text_field(body, "message", "Content", required=True) or ""
    branch = text_field(body, "branch", "Content") or repo.default_branch
    if path.startswith(".github/workflows/") and not call.viewer.grants("workflows", "write"):
        raise ApiError(403, call.viewer.refusal())
    with call.hub.repo_lock(repo):
        before = bare.branch(branch)
        if before is None and bare.refs():
            raise ApiError(404, f"Branch {branch} not found")
        entries = bare.tree(before, path=path) if before else []
        present = entries[0].sha if entries and entries[0].kind == "blob" else None
        given = text_field(body, "sha", "Content")
        if present is None and (data is None or given):
            raise missing()
        if present is not None and given is None:
            raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if given != present:
            raise ApiError(409, f"{path} does not match {given}")
        now = call.db.now()
        person = call.hub.person(call.user, now)
        tree = bare.tree_with(before, {path: data})
        sha = bare.commit_tree(tree, (before,) if before else (), message, person, person)
        reason = protection.push_refusal(call.hub, call.viewer, repo, branch, before or ZERO, sha)
        if reason is not None:
            raise ApiError(409, f"Could not update file: {reason}")
        if not bare.set_ref(f"refs/heads/{branch}", sha, before or ZERO):
            raise ApiError(409, f"is at {bare.branch(branch)} but expected {before}")
        pushing.after_update(call.hub, call.viewer, repo, f"refs/heads/{branch}", before or ZERO, sha)
    return sha, present is not None
