"""Git refs, branches, commits, comparison, trees and blobs."""

from __future__ import annotations

import base64
import re

from orchestrator.hub import diffs
from orchestrator.hub.gitops import ZERO
from orchestrator.hub.http import Answer, ApiError, Call, Routes, missing, text_field
from orchestrator.hub.process import ProgramError
from orchestrator.hub.rest.shapes import checks as check_shapes
from orchestrator.hub.rest.shapes import commits as shapes
from orchestrator.hub.rules import protection, pushing

routes = Routes()
REPO = "/repos/{owner}/{repo}"
_SHA = re.compile(r"[0-9a-f]{40}")


@routes.on("GET " + REPO + "/git/ref/{ref:path}", area="contents")
def read(call: Call) -> Answer:
    """One ref (heads/x, tags/x, pull/1/head)."""
    name = "refs/" + call.params["ref"]
    sha = call.hub.bare(call.repo).ref(name)
    if sha is None:
        raise missing()
    return Answer(body=shapes.ref(call, call.repo, name, sha))


@routes.on("GET " + REPO + "/git/matching-refs/{ref:path}", area="contents")
def matching(call: Call) -> Answer:
    """The refs that begin so."""
    found = call.hub.bare(call.repo).refs("refs/" + call.params["ref"])
    return call.page(list(found.items()), lambda page: [shapes.ref(call, call.repo, name, sha) for name, sha in page])


@routes.on("POST " + REPO + "/git/refs", area="contents", role="write")
def create(call: Call) -> Answer:
    """Make a ref."""
    body = call.body()
    name = text_field(body, "ref", "Reference", required=True) or ""
    sha = text_field(body, "sha", "Reference", required=True) or ""
    if not re.fullmatch(r"refs/(heads|tags|agent-os|notes)/[^\s~^:?*\[\\]+", name) or ".." in name:
        raise ApiError(422, "Reference name must start with 'refs/' and have at least two slashes.")
    bare = call.hub.bare(call.repo)
    if not _SHA.fullmatch(sha) or bare.resolve(sha) is None:
        raise ApiError(422, "Object does not exist")
    _workflow_guard(call, ZERO, sha)
    if not bare.set_ref(name, sha, ZERO):
        raise ApiError(422, "Reference already exists")
    pushing.after_update(call.hub, call.viewer, call.repo, name, ZERO, sha)
    return Answer(body=shapes.ref(call, call.repo, name, sha), status=201)


def _workflow_guard(call: Call, before: str, after: str) -> None:
    """A token that may not write workflows may not bring in a change of one."""
    if call.viewer.grants("workflows", "write"):
        return
    bare = call.hub.bare(call.repo)
    base = bare.branch(call.repo.default_branch) if before == ZERO else before
    changed = diffs.between(bare, bare.merge_base(base, after) if base else None, after)
    if any(file.path.startswith(".github/workflows/") for file in changed):
        raise ApiError(403, call.viewer.refusal())


@routes.on("PATCH " + REPO + "/git/refs/{ref:path}", area="contents", role="write")
def update(call: Call) -> Answer:
    """Move a ref; only forward unless forced."""
    name, body, bare = "refs/" + call.params["ref"], call.body(), call.hub.bare(call.repo)
    sha = text_field(body, "sha", "Reference", required=True) or ""
    before = bare.ref(name)
    if before is None:
        raise ApiError(422, "Reference does not exist")
    if not _SHA.fullmatch(sha) or bare.resolve(sha) is None:
        raise ApiError(422, "Object does not exist")
    forward = bare.is_ancestor(before, sha)
    if not forward and not body.get("force"):
        raise ApiError(422, "Update is not a fast forward")
    _guard(call, name, before, sha, forward)
    _workflow_guard(call, before, sha)
    if not bare.set_ref(name, sha, before):
        raise ApiError(409, "Reference cannot be updated")
    pushing.after_update(call.hub, call.viewer, call.repo, name, before, sha)
    return Answer(body=shapes.ref(call, call.repo, name, sha))


@routes.on("DELETE " + REPO + "/git/refs/{ref:path}", area="contents", role="write")
def delete(call: Call) -> Answer:
    """Delete a ref."""
    name, bare = "refs/" + call.params["ref"], call.hub.bare(call.repo)
    before = bare.ref(name)
    if before is None:
        raise ApiError(422, "Reference does not exist")
    _guard(call, name, before, ZERO, True)
    bare.delete_ref(name)
    pushing.after_update(call.hub, call.viewer, call.repo, name, before, ZERO)
    return Answer(status=204)


def _guard(call: Call, name: str, before: str, after: str, forward: bool) -> None:
    branch = name.removeprefix("refs/heads/")
    if branch == name:
        return
    if after == ZERO and branch == call.repo.default_branch:
        raise ApiError(422, "Cannot delete the default branch")
    reason = protection.push_refusal(call.hub, call.viewer, call.repo, branch, before, after)
    rules = protection.load(call.db, call.repo, branch)
    if reason is None and rules is not None and not forward and not rules.force_pushes:
        reason = "Cannot force-push to this branch"
    if reason is not None:
        raise ApiError(422, reason)


@routes.on("GET " + REPO + "/branches", area="contents")
def branches(call: Call) -> Answer:
    """Branches by name."""
    found = [(name.removeprefix("refs/heads/"), sha) for name, sha in call.hub.bare(call.repo).refs().items()]
    rules = {name: protection.load(call.db, call.repo, name) for name, _ in found}
    if call.query.get("protected") in ("true", "false"):
        wanted = call.query["protected"] == "true"
        found = [pair for pair in found if (rules[pair[0]] is not None) == wanted]
    base = f"{call.api}/repos/{call.repo.full_name}"
    return call.page(found, lambda page: [
        {"name": name, "commit": {"sha": sha, "url": f"{base}/commits/{sha}"}, "protected": rules[name] is not None}
        for name, sha in page
    ])  # fmt: skip


@routes.on("GET " + REPO + "/branches/{branch:path}", area="contents")
def branch(call: Call) -> Answer:
    """One branch."""
    name = call.params["branch"]
    sha = call.hub.bare(call.repo).branch(name)
    if sha is None:
        raise ApiError(404, "Branch not found")
    rules = protection.load(call.db, call.repo, name)
    return Answer(body=check_shapes.branch(call, call.repo, name, sha, rules))


@routes.on("GET " + REPO + "/commits", area="contents")
def commits(call: Call) -> Answer:
    """Commits of a branch, newest first."""
    bare, query = call.hub.bare(call.repo), call.query
    if not bare.refs():
        raise ApiError(409, "Git Repository is empty.")
    sha = bare.resolve(query.get("sha") or call.repo.default_branch)
    if sha is None:
        raise missing()
    options = [f"--{name}={query[name]}" for name in ("since", "until", "author") if name in query]
    found = bare.commits(sha, *options, path=query.get("path"))
    return call.page(found, lambda page: shapes.commits(call, call.repo, page))


@routes.on("GET " + REPO + "/commits/{ref:path}", area="contents")
def commit(call: Call) -> Answer:
    """One commit with its files."""
    bare, wanted = call.hub.bare(call.repo), call.params["ref"]
    found = bare.commit(wanted)
    if found is None:
        raise ApiError(422, f"No commit found for SHA: {wanted}")
    changed = diffs.between(bare, found.parents[0] if found.parents else None, found.sha)
    added, removed = sum(file.additions for file in changed), sum(file.deletions for file in changed)
    shape = shapes.commits(call, call.repo, [found])[0]
    shape["stats"] = {"total": added + removed, "additions": added, "deletions": removed}
    return Answer(body=shape | {"files": shapes.files(call, call.repo, found.sha, changed[:300])})


@routes.on("GET " + REPO + "/git/commits/{sha}", area="contents")
def git_commit(call: Call) -> Answer:
    """One commit object."""
    found = call.hub.bare(call.repo).commit(call.params["sha"])
    if found is None:
        raise missing()
    return Answer(body=shapes.git_commit(call, call.repo, found))


@routes.on("GET " + REPO + "/compare/{spec:path}", area="contents")
def compare(call: Call) -> Answer:
    """Two commits: base...head."""
    bare, repo = call.hub.bare(call.repo), call.repo
    names = [part.rpartition(":")[2] for part in call.params["spec"].split("...", 1)]
    ends = [bare.resolve(name) for name in names]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        raise missing()
    base, head = ends[0], ends[1]
    common = bare.merge_base(base, head)
    if common is None:
        raise ApiError(404, f"No common ancestor between {names[0]} and {names[1]}.")
    ahead, behind = bare.ahead_behind(base, head)
    state = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    found = bare.commits(f"{base}..{head}")[::-1]
    page = call.page(found, lambda part: shapes.commits(call, repo, part))
    one, middle = shapes.commits(call, repo, [*bare.commits(base, limit=1), *bare.commits(common, limit=1)])
    html = f"{call.hub.url}/{repo.full_name}/compare/{names[0]}...{names[1]}"
    body = {
        "url": f"{call.api}/repos/{repo.full_name}/compare/{call.params['spec']}", "html_url": html,
        "permalink_url": f"{call.hub.url}/{repo.full_name}/compare/{base[:12]}...{head[:12]}",
        "diff_url": f"{html}.diff", "patch_url": f"{html}.patch", "base_commit": one, "merge_base_commit": middle,
        "status": state, "ahead_by": ahead, "behind_by": behind, "total_commits": len(found), "commits": page.body,
        "files": shapes.files(call, repo, head, diffs.between(bare, common, head)[:300]),
    }  # fmt: skip
    return Answer(body=body, headers=page.headers)


@routes.on("GET " + REPO + "/git/trees/{sha:path}", area="contents")
def tree(call: Call) -> Answer:
    """A tree, recursive on request."""
    bare, wanted = call.hub.bare(call.repo), call.params["sha"]
    found = bare.commit(wanted)
    sha = found.tree if found else wanted
    if not _SHA.fullmatch(sha):
        raise missing()
    recursive = call.query.get("recursive", "") not in ("", "0", "false")
    base = f"{call.api}/repos/{call.repo.full_name}/git"
    entries = [
        {
            "path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha,
            "url": f"{base}/{entry.kind}s/{entry.sha}", **({} if entry.size is None else {"size": entry.size}),
        }
        for entry in bare.tree(sha, recursive=recursive)
    ]  # fmt: skip
    return Answer(body={"sha": sha, "url": f"{base}/trees/{sha}", "tree": entries, "truncated": False})


@routes.on("GET " + REPO + "/git/blobs/{sha}", area="contents")
def blob(call: Call) -> Answer:
    """A blob, base64."""
    sha = call.params["sha"]
    if not _SHA.fullmatch(sha):
        raise missing()
    try:
        data = call.hub.bare(call.repo).blob(sha)
    except ProgramError as error:
        raise missing() from error
    url = f"{call.api}/repos/{call.repo.full_name}/git/blobs/{sha}"
    content = base64.encodebytes(data).decode()
    node = shapes.commit_node(call.repo, sha).replace("C_", "B_", 1)
    return Answer(
        body={"sha": sha, "node_id": node, "size": len(data), "url": url, "content": content, "encoding": "base64"}
    )
