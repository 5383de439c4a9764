"""Check runs, check suites, commit statuses, job logs."""

from __future__ import annotations

from orchestrator.hub.http import Answer, ApiError, Call, Json, Routes, invalid, missing, text_field
from orchestrator.hub.rest.shapes import checks as shapes
from orchestrator.hub.store import checks
from orchestrator.hub.store.checks import CheckRun
from orchestrator.hub.store.users import ACTIONS_APP_ID

routes = Routes()
REPO = "/repos/{owner}/{repo}"
STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")


def the_commit(call: Call, name: str = "ref") -> str:
    """The sha a ref of the path names. Raises ApiError 422 as GitHub does for an unknown one."""
    wanted = call.params[name]
    sha = call.hub.bare(call.repo).resolve(wanted)
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {wanted}")
    return sha


def _the_run(call: Call, name: str = "run") -> CheckRun:
    found = call.db.by_ids(CheckRun, "check_runs", [call.number(name)])
    if not found or found[0].repo_id != call.repo.id:
        raise missing()
    return found[0]


def _columns(call: Call, body: Json) -> Json:
    """The columns a body sets. A conclusion completes the run."""
    status, conclusion = text_field(body, "status", "CheckRun"), text_field(body, "conclusion", "CheckRun")
    if status is not None and status not in STATUSES:
        raise invalid("CheckRun", "status", "invalid")
    if conclusion is not None and conclusion not in CONCLUSIONS:
        raise invalid("CheckRun", "conclusion", "invalid")
    if status == "completed" and conclusion is None:
        raise invalid("CheckRun", "conclusion", "missing_field")
    columns: Json = {}
    for name in ("details_url", "external_id", "started_at", "completed_at", "name"):
        value = text_field(body, name, "CheckRun")
        columns |= {name: value} if value is not None else {}
    if conclusion is not None:
        columns |= {"status": "completed", "conclusion": conclusion}
        columns.setdefault("completed_at", call.db.now())
    elif status is not None:
        columns |= {"status": status, "conclusion": None}
    output = body.get("output")
    if isinstance(output, dict):
        columns |= {name: output[name] for name in ("title", "summary", "text") if output.get(name) is not None}
    return columns


@routes.on("POST " + REPO + "/check-runs", area="checks", role="write")
def create(call: Call) -> Answer:
    """Add a check run; only apps may."""
    app_id = call.viewer.app_id
    if app_id is None:
        raise ApiError(403, "You must authenticate via a GitHub App.")
    body = call.body()
    name = text_field(body, "name", "CheckRun", required=True) or ""
    head = text_field(body, "head_sha", "CheckRun", required=True) or ""
    sha = call.hub.bare(call.repo).resolve(head)
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {head}")
    columns = _columns(call, body)
    columns.pop("name", None)
    columns.setdefault("started_at", call.db.now())
    run = checks.add_run(call.db, call.repo.id, app_id, sha, name, **columns)
    return Answer(body=shapes.runs(call, call.repo, [run])[0], status=201)


@routes.on("GET " + REPO + "/check-runs/{run}", area="checks")
def read(call: Call) -> Answer:
    """One check run."""
    return Answer(body=shapes.runs(call, call.repo, [_the_run(call)])[0])


@routes.on("PATCH " + REPO + "/check-runs/{run}", area="checks", role="write")
def change(call: Call) -> Answer:
    """Change a check run; only the app that made it may."""
    run = _the_run(call)
    if call.viewer.app_id != run.app_id:
        wrong = f"Invalid app_id `{call.viewer.app_id}`"
        raise ApiError(403, f"{wrong} - check run can only be modified by the GitHub App that created it.")
    columns = _columns(call, call.body())
    run = checks.update_run(call.db, run.id, **columns) if columns else run
    return Answer(body=shapes.runs(call, call.repo, [run])[0])


@routes.on("GET " + REPO + "/commits/{ref:path}/check-runs", area="checks")
def of_commit(call: Call) -> Answer:
    """Check runs of a commit, the newest of each name and app unless filter=all."""
    sha, query = the_commit(call), call.query
    found = checks.runs(call.db, call.repo.id, [sha], latest=query.get("filter") != "all")[sha]
    for name, read_field in (("check_name", "name"), ("status", "status"), ("app_id", "app_id")):
        if name in query:
            found = [run for run in found if str(getattr(run, read_field)) == query[name]]
    return call.page_in("check_runs", found, lambda page: shapes.runs(call, call.repo, page))


@routes.on("GET " + REPO + "/commits/{ref:path}/check-suites", area="checks")
def suites_of_commit(call: Call) -> Answer:
    """Check suites of a commit."""
    found = checks.suites(call.db, call.repo.id, the_commit(call))
    if "app_id" in call.query:
        found = [suite for suite in found if str(suite.app_id) == call.query["app_id"]]
    return call.page_in("check_suites", found, lambda page: shapes.suites(call, call.repo, page))


@routes.on("GET " + REPO + "/check-suites/{suite}", area="checks")
def suite(call: Call) -> Answer:
    """One check suite."""
    found = checks.suites_by_ids(call.db, [call.number("suite")]).get(call.number("suite"))
    if found is None or found.repo_id != call.repo.id:
        raise missing()
    return Answer(body=shapes.suites(call, call.repo, [found])[0])


@routes.on("GET " + REPO + "/check-suites/{suite}/check-runs", area="checks")
def runs_of_suite(call: Call) -> Answer:
    """Check runs of a suite."""
    found = checks.suites_by_ids(call.db, [call.number("suite")]).get(call.number("suite"))
    if found is None or found.repo_id != call.repo.id:
        raise missing()
    runs = checks.runs_of_suites(call.db, [found.id])[found.id]
    return call.page_in("check_runs", runs, lambda page: shapes.runs(call, call.repo, page))


@routes.on("POST " + REPO + "/statuses/{sha}", area="statuses", role="write")
def add_status(call: Call) -> Answer:
    """Add a commit status."""
    body = call.body()
    state = text_field(body, "state", "Status", required=True) or ""
    if state not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "state", "custom", "state is not included in the list")
    description = text_field(body, "description", "Status")
    if description is not None and len(description) > 140:
        raise invalid("Status", "description", "custom", "description is too long (maximum is 140 characters)")
    sha = call.hub.bare(call.repo).resolve(call.params["sha"])
    if sha is None or sha != call.params["sha"]:
        raise ApiError(422, f"No commit found for SHA: {call.params['sha']}")
    made = checks.add_status(
        call.db, call.repo.id, sha, call.user.id, state, text_field(body, "context", "Status") or "default",
        description=description, target_url=text_field(body, "target_url", "Status"), app_id=call.viewer.app_id,
    )  # fmt: skip
    return Answer(body=shapes.status(call, call.repo, made), status=201)


@routes.on("GET " + REPO + "/commits/{ref:path}/statuses", area="statuses")
def statuses(call: Call) -> Answer:
    """All statuses of a commit, newest first."""
    sha = the_commit(call)
    found = checks.statuses(call.db, call.repo.id, [sha], latest=False)[sha]
    return call.page(found, lambda page: [shapes.status(call, call.repo, status) for status in page])


@routes.on("GET " + REPO + "/commits/{ref:path}/status", area="statuses")
def combined(call: Call) -> Answer:
    """The combined status: the newest of each context."""
    sha = the_commit(call)
    found = checks.statuses(call.db, call.repo.id, [sha])[sha]
    page = call.page(found, list)
    return Answer(body=shapes.combined(call, call.repo, sha, found, page.body), headers=page.headers)


@routes.on("GET " + REPO + "/actions/jobs/{run}/logs", area="actions")
def log(call: Call) -> Answer:
    """A job's log. GitHub answers 302 to a storage host; the hub redirects to itself for the same reason."""
    run = _the_run(call)
    if run.app_id != ACTIONS_APP_ID or run.log is None:
        raise missing()
    url = f"{call.hub.url}/_hub/logs/{run.id}?token={call.hub.log_key(run.id)}"
    return Answer(status=302, headers={"location": url})
