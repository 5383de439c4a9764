"""Pull requests: list, open, read, change, files, commits, merge, update."""

from __future__ import annotations

from orchestrator.hub.http import Answer, ApiError, Call, Routes, invalid, missing, text_field
from orchestrator.hub.rest.shapes import commits as commit_shapes
from orchestrator.hub.rest.shapes import pulls as shapes
from orchestrator.hub.rules import merging, opening, reviewing
from orchestrator.hub.store import events, issues, pulls, users
from orchestrator.hub.store.issues import Filter
from orchestrator.hub.store.pulls import Pull

routes = Routes()
BASE = "/repos/{owner}/{repo}/pulls"


def the_pull(call: Call) -> Pull:
    """The pull request of the path. Raises ApiError 404."""
    found = pulls.by_number(call.db, call.repo.id, call.number("number"))
    if found is None:
        raise missing()
    return found


@routes.on("GET " + BASE, area="pull_requests")
def listing(call: Call) -> Answer:
    """Pull requests, filtered by state, head (owner:branch) and base."""
    query = call.query
    wanted = Filter(
        repo_ids=(call.repo.id,), state=query.get("state", "open"), pulls=True, sort=query.get("sort", "created"),
        ascending=query.get("direction", "asc" if query.get("sort") not in (None, "created") else "desc") == "asc",
    )  # fmt: skip
    found = issues.find(call.db, wanted)
    halves = pulls.of_issues(call.db, [issue.id for issue in found])
    ordered = [halves[issue.id] for issue in found]
    if ":" in query.get("head", ""):
        owner, _, branch = query["head"].partition(":")
        same = owner.lower() == call.repo.owner_login.lower()
        ordered = [pull for pull in ordered if same and pull.head_ref == branch]
    if "base" in query:
        ordered = [pull for pull in ordered if pull.base_ref == query["base"]]
    return call.page(ordered, lambda page: shapes.pulls(call, call.repo, page))


@routes.on("POST " + BASE, area="pull_requests")
def create(call: Call) -> Answer:
    """Open a pull request."""
    body = call.body()
    head = text_field(body, "head", "PullRequest", required=True) or ""
    base = text_field(body, "base", "PullRequest", required=True) or ""
    title = text_field(body, "title", "PullRequest", required=True) or ""
    text = text_field(body, "body", "PullRequest")
    pull = opening.open_pull(
        call.hub, call.viewer, call.repo, title=title, body=text, head=head, base=base, draft=bool(body.get("draft"))
    )
    shape = shapes.pull(call, call.repo, pull)
    return Answer(body=shape, status=201, headers={"location": shape["url"]})


@routes.on("GET " + BASE + "/{number}", area="pull_requests")
def read(call: Call) -> Answer:
    """One pull request; with an Accept of `diff` its text."""
    pull = the_pull(call)
    if call.headers.get("accept", "").endswith(("diff", "patch")):
        from orchestrator.hub.process import git

        bare = call.hub.bare(call.repo)
        start = bare.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
        return Answer(text=git(bare.path, "diff", start, pull.head_sha).text)
    return Answer(body=shapes.pull(call, call.repo, pull))


@routes.on("PATCH " + BASE + "/{number}", area="pull_requests")
def change(call: Call) -> Answer:
    """Change title, body, state, base."""
    pull, body = the_pull(call), call.body()
    from orchestrator.hub.rest.issues import may_change

    may_change(call, issues.get(call.db, pull.issue_id))
    state = text_field(body, "state", "PullRequest")
    if state not in (None, "open", "closed"):
        raise invalid("PullRequest", "state", "invalid")
    pull = opening.edit_pull(
        call.hub, call.viewer, call.repo, pull, title=text_field(body, "title", "PullRequest"),
        body=text_field(body, "body", "PullRequest"), state=state, base=text_field(body, "base", "PullRequest"),
    )  # fmt: skip
    return Answer(body=shapes.pull(call, call.repo, pull))


@routes.on("GET " + BASE + "/{number}/files", area="pull_requests")
def files(call: Call) -> Answer:
    """Changed files, at most 3000 as on GitHub."""
    pull = the_pull(call)
    found = reviewing.changed(call.hub, call.repo, pull)[:3000]
    return call.page(found, lambda page: commit_shapes.files(call, call.repo, pull.head_sha, page))


@routes.on("GET " + BASE + "/{number}/commits", area="pull_requests")
def commits(call: Call) -> Answer:
    """Commits, oldest first, at most 250 as on GitHub."""
    pull, bare = the_pull(call), call.hub.bare(call.repo)
    found = bare.commits(f"{pull.base_sha}..{pull.head_sha}")[::-1][:250]
    return call.page(found, lambda page: commit_shapes.commits(call, call.repo, page))


@routes.on("GET " + BASE + "/{number}/merge", area="pull_requests")
def is_merged(call: Call) -> Answer:
    """204 when merged, else 404."""
    if not the_pull(call).merged:
        raise missing()
    return Answer(status=204)


@routes.on("PUT " + BASE + "/{number}/merge", area="contents", role="write")
def merge(call: Call) -> Answer:
    """Merge."""
    body = call.body()
    method = body.get("merge_method") or "merge"
    if method not in ("merge", "squash", "rebase"):
        raise ApiError(422, "Invalid request.\n\nNo such merge method.")
    sha = merging.merge(
        call.hub, call.viewer, call.repo, the_pull(call).number, sha=text_field(body, "sha", "PullRequest"),
        method=method, title=text_field(body, "commit_title", "PullRequest"),
        message=text_field(body, "commit_message", "PullRequest"),
    )  # fmt: skip
    return Answer(body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@routes.on("PUT " + BASE + "/{number}/update-branch", area="pull_requests", role="write")
def update_branch(call: Call) -> Answer:
    """Merge the base into the head."""
    expected = text_field(call.body(), "expected_head_sha", "PullRequest")
    pull = the_pull(call)
    merging.update_branch(call.hub, call.viewer, call.repo, pull, expected)
    url = f"{call.api}/repos/{call.repo.full_name}/pulls/{pull.number}"
    return Answer(body={"message": "Updating pull request branch.", "url": url}, status=202)


@routes.on("GET " + BASE + "/{number}/requested_reviewers", area="pull_requests")
def requested(call: Call) -> Answer:
    """Who is asked for a review."""
    from orchestrator.hub.rest.shapes import accounts

    pull = the_pull(call)
    asked = pulls.requested_of(call.db, [pull.id])[pull.id]
    return Answer(body={"users": [accounts.user(call, user) for user in asked], "teams": []})


@routes.on("POST " + BASE + "/{number}/requested_reviewers", area="pull_requests", role="write")
def request_reviewers(call: Call) -> Answer:
    """Ask people for a review. 422 for the author and for those without access."""
    from orchestrator.hub.store import repos

    pull = the_pull(call)
    issue = issues.get(call.db, pull.issue_id)
    for login in call.body().get("reviewers") or []:
        person = users.by_login(call.db, str(login))
        if person is None or repos.permission(call.db, call.repo, person) == "none":
            raise ApiError(
                422,
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified "
                "is not a collaborator of the repository.",
            )
        if person.id == issue.author_id:
            raise ApiError(422, "Review cannot be requested from pull request author.")
        pulls.request_review(call.db, pull.id, person.id)
        events.add(call.db, repo_id=call.repo.id, issue_id=issue.id, actor_id=call.user.id, app_id=call.viewer.app_id,
                   kind="review_requested", requested_reviewer=person.id)  # fmt: skip
    return Answer(body=shapes.pulls(call, call.repo, [pull])[0], status=201)


@routes.on("DELETE " + BASE + "/{number}/requested_reviewers", area="pull_requests", role="write")
def unrequest_reviewers(call: Call) -> Answer:
    """Take requests back."""
    pull = the_pull(call)
    for login in call.body().get("reviewers") or []:
        person = users.by_login(call.db, str(login))
        if person is not None:
            pulls.drop_review_request(call.db, pull.id, person.id)
    return Answer(body=shapes.pulls(call, call.repo, [pull])[0])
