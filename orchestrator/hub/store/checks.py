"""Check suites and runs (by apps) and commit statuses (by anyone who may write)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.hub import nodes
from orchestrator.hub.db import Database, Value, marks


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The runs of one app on one commit."""

    id: int
    repo_id: int
    app_id: int
    head_sha: str
    head_branch: str | None
    created_at: str
    updated_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("CS", self.repo_id, self.id)


@dataclass(frozen=True, kw_only=True)
class CheckRun:
    """One check; `status` queued, in_progress or completed, `conclusion` set with the latter. `log` is the job's."""

    id: int
    suite_id: int
    repo_id: int
    app_id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    details_url: str | None
    external_id: str | None
    title: str | None
    summary: str | None
    text: str | None
    log: str | None
    started_at: str | None
    completed_at: str | None
    created_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("CR", self.repo_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Status:
    """One commit status; the newest of a context counts."""

    id: int
    repo_id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator_id: int
    app_id: int | None
    created_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("SC", self.repo_id, self.id)


def suite(db: Database, repo_id: int, app_id: int, sha: str, branch: str | None = None) -> Suite:
    """The app's suite on a commit, made when there is none."""
    now = db.now()
    with db.write():
        sql = "SELECT * FROM check_suites WHERE repo_id=? AND app_id=? AND head_sha=?"
        found = db.row(Suite, sql, repo_id, app_id, sha)
        if found is None:
            db.insert("check_suites", repo_id=repo_id, app_id=app_id, head_sha=sha, head_branch=branch,
                      created_at=now, updated_at=now)  # fmt: skip
            found = db.row(Suite, sql, repo_id, app_id, sha)
    assert found is not None
    return found


def suites(db: Database, repo_id: int, sha: str) -> list[Suite]:
    """The suites on a commit."""
    return db.rows(Suite, "SELECT * FROM check_suites WHERE repo_id=? AND head_sha=? ORDER BY id", repo_id, sha)


def suites_by_ids(db: Database, ids: Iterable[int]) -> dict[int, Suite]:
    """Suites by id."""
    return {found.id: found for found in db.by_ids(Suite, "check_suites", ids)}


def add_run(
    db: Database, repo_id: int, app_id: int, sha: str, name: str, *, branch: str | None = None, **columns: Value
) -> CheckRun:
    """Add a run to the app's suite; `columns` are the row's other columns (status is `queued` unless given)."""
    with db.write():
        owner = suite(db, repo_id, app_id, sha, branch)
        values: dict[str, Value] = {"status": "queued", **columns}
        identity = db.insert(
            "check_runs", suite_id=owner.id, repo_id=repo_id, app_id=app_id, head_sha=sha, name=name,
            created_at=db.now(), **values,
        )  # fmt: skip
        return get(db, identity)


def get(db: Database, identity: int) -> CheckRun:
    """A check run by id. Raises IndexError."""
    return db.by_ids(CheckRun, "check_runs", [identity])[0]


def update_run(db: Database, identity: int, **columns: Value) -> CheckRun:
    """Change a run."""
    with db.write():
        db.update("check_runs", identity, **columns)
        run = get(db, identity)
        db.update("check_suites", run.suite_id, updated_at=db.now())
        return run


def runs(db: Database, repo_id: int, shas: Iterable[str], *, latest: bool = True) -> dict[str, list[CheckRun]]:
    """Check runs by commit, newest first; with `latest` only the newest of each app and name. Lag hides."""
    wanted = list(set(shas))
    grouped: dict[str, list[CheckRun]] = {sha: [] for sha in wanted}
    hidden = db.lags.hidden("check_runs")
    seen: set[tuple[str, int, str]] = set()
    sql = f"SELECT * FROM check_runs WHERE repo_id=? AND head_sha IN ({marks(wanted)}) ORDER BY id DESC"
    for run in db.rows(CheckRun, sql, repo_id, *wanted):
        key = (run.head_sha, run.app_id, run.name)
        if run.id in hidden or (latest and key in seen):
            continue
        seen.add(key)
        grouped[run.head_sha].append(run)
    return grouped


def runs_of_suites(db: Database, suite_ids: Iterable[int]) -> dict[int, list[CheckRun]]:
    """Check runs by suite, oldest first."""
    wanted = list(set(suite_ids))
    grouped: dict[int, list[CheckRun]] = {identity: [] for identity in wanted}
    sql = f"SELECT * FROM check_runs WHERE suite_id IN ({marks(wanted)}) ORDER BY id"
    for run in db.rows(CheckRun, sql, *wanted):
        grouped[run.suite_id].append(run)
    return grouped


def add_status(
    db: Database, repo_id: int, sha: str, creator_id: int, state: str, context: str, *,
    description: str | None = None, target_url: str | None = None, app_id: int | None = None,
) -> Status:  # fmt: skip
    """Add a status: error, failure, pending or success."""
    identity = db.insert(
        "statuses", repo_id=repo_id, sha=sha, creator_id=creator_id, state=state, context=context,
        description=description, target_url=target_url, app_id=app_id, created_at=db.now(),
    )  # fmt: skip
    return db.by_ids(Status, "statuses", [identity])[0]


def statuses(db: Database, repo_id: int, shas: Iterable[str], *, latest: bool = True) -> dict[str, list[Status]]:
    """Statuses by commit, newest first; with `latest` only the newest of each context. Lag hides."""
    wanted = list(set(shas))
    grouped: dict[str, list[Status]] = {sha: [] for sha in wanted}
    hidden = db.lags.hidden("statuses")
    seen: set[tuple[str, str]] = set()
    sql = f"SELECT * FROM statuses WHERE repo_id=? AND sha IN ({marks(wanted)}) ORDER BY id DESC"
    for status in db.rows(Status, sql, repo_id, *wanted):
        key = (status.sha, status.context)
        if status.id in hidden or (latest and key in seen):
            continue
        seen.add(key)
        grouped[status.sha].append(status)
    return grouped


def combined(found: Iterable[Status]) -> str:
    """GitHub's combined state: failure over pending over success; pending when there is none."""
    states = {status.state for status in found}
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def add_seconds(db: Database, repo_id: int, sha: str, job: str, seconds: float) -> None:
    """Note how long a CI job ran."""
    db.insert("ci_seconds", repo_id=repo_id, sha=sha, job=job, seconds=seconds)


def seconds(db: Database, repo_id: int) -> dict[str, float]:
    """CI seconds by commit."""
    return dict(db.tuples("SELECT sha, sum(seconds) FROM ci_seconds WHERE repo_id=? GROUP BY sha", repo_id))


def unfinished(db: Database, repo_id: int, app_id: int) -> list[tuple[CheckRun, str | None]]:
    """An app's runs that are not completed, with the branch of their suite."""
    sql = "SELECT * FROM check_runs WHERE repo_id=? AND app_id=? AND status!='completed' ORDER BY id"
    found = db.rows(CheckRun, sql, repo_id, app_id)
    suites = suites_by_ids(db, [run.suite_id for run in found])
    return [(run, suites[run.suite_id].head_branch) for run in found]
