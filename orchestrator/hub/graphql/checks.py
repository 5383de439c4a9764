"""Check runs, suites, commit statuses and their sum on a commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from orchestrator.hub import nodes
from orchestrator.hub.graphql import ids
from orchestrator.hub.graphql.accounts import account
from orchestrator.hub.graphql.commits import commit_thing, repo_row
from orchestrator.hub.graphql.errors import Refusal, no_node
from orchestrator.hub.graphql.pages import Connection
from orchestrator.hub.graphql.refs import GitRef
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.things import Thing, alone, spread
from orchestrator.hub.rules import protection
from orchestrator.hub.rules.protection import Required
from orchestrator.hub.store import checks, pulls, users
from orchestrator.hub.store.checks import CheckRun, Suite
from orchestrator.hub.store.checks import Status as CommitStatus

GOOD = ("success", "neutral", "skipped")


@dataclass(frozen=True, kw_only=True)
class Rollup:
    """All checks and statuses of a commit."""

    repo_id: int
    sha: str

    @property
    def node_id(self) -> str:
        return ids.encode("SCR", self.repo_id, self.sha)


rows_of(Rollup, "StatusCheckRollup", "Status")
rows_of(CheckRun, "CheckRun")
rows_of(Suite, "CheckSuite")
rows_of(CommitStatus, "StatusContext")


def _found(thing: Thing) -> tuple[list[Thing], list[Thing]]:
    """Runs and statuses of the commit of a row (sha, repo_id), newest of each kind; for all siblings at once."""

    def load(rows: list[Any]) -> dict[tuple[int, str], tuple[list[Thing], list[Thing]]]:
        db = thing.world.db
        grouped: dict[tuple[int, str], tuple[list[Thing], list[Thing]]] = {}
        runs: list[tuple[tuple[int, str], CheckRun]] = []
        states: list[tuple[tuple[int, str], CommitStatus]] = []
        for repo_id in {row.repo_id for row in rows}:
            shas = {row.sha for row in rows if row.repo_id == repo_id}
            runs += [((repo_id, sha), r) for sha, rs in checks.runs(db, repo_id, shas).items() for r in reversed(rs)]
            states += [
                ((repo_id, sha), s) for sha, ss in checks.statuses(db, repo_id, shas).items() for s in reversed(ss)
            ]
            grouped |= {(repo_id, sha): ([], []) for sha in shas}
        for (key, _), one in zip(runs, spread(thing.world, "CheckRun", [run for _, run in runs]), strict=True):
            grouped[key][0].append(one)
        for (key, _), one in zip(states, spread(thing.world, "StatusContext", [s for _, s in states]), strict=True):
            grouped[key][1].append(one)
        return grouped

    pair: tuple[list[Thing], list[Thing]] = thing.shared("checks", load)[thing.row.repo_id, thing.row.sha]
    return pair


@field("Commit.statusCheckRollup")
def rollup(thing: Thing) -> Thing | None:
    """The sum; None when nothing ever reported."""
    runs, states = _found(thing)
    if not runs and not states:
        return None
    made: Thing = thing.shared("rollups", lambda rows: {
        (one.row.repo_id, one.row.sha): one
        for one in spread(thing.world, "StatusCheckRollup", [Rollup(repo_id=r.repo_id, sha=r.sha) for r in rows])
    })[thing.row.repo_id, thing.row.sha]  # fmt: skip
    return made


@field("Commit.status")
def status(thing: Thing) -> Thing | None:
    """The sum of the statuses alone; None when there is none."""
    if not _found(thing)[1]:
        return None
    return alone(thing.world, "Status", Rollup(repo_id=thing.row.repo_id, sha=thing.row.sha))


@field("StatusCheckRollup.state")
def rollup_state(thing: Thing) -> str:
    """FAILURE and ERROR over PENDING over SUCCESS."""
    runs, states = _found(thing)
    return _sum([_run_state(run.row) for run in runs] + [one.row.state for one in states])


@field("Status.state")
def status_state(thing: Thing) -> str:
    """The same over the statuses."""
    return _sum([one.row.state for one in _found(thing)[1]])


def _run_state(run: CheckRun) -> str:
    if run.status != "completed":
        return "pending"
    return "success" if run.conclusion in GOOD else "failure"


def _sum(states: Iterable[str]) -> str:
    found = set(states)
    return next((state.upper() for state in ("failure", "error", "pending") if state in found), "SUCCESS")


@field("StatusCheckRollup.commit", "Status.commit", "StatusContext.commit")
def commit(thing: Thing) -> Any:
    """The commit it is about."""
    return commit_thing(thing, "own", lambda row: row.sha)


@connection("StatusCheckRollup.contexts")
def contexts(thing: Thing) -> list[Thing]:
    """Check runs, then statuses."""
    runs, states = _found(thing)
    return [*runs, *states]


@field("StatusCheckRollupContextConnection.checkRunCount")
def run_count(page: Connection) -> int:
    """How many of all are check runs."""
    return sum(one.kind == "CheckRun" for one in page.whole)


@field("StatusCheckRollupContextConnection.statusContextCount")
def status_count(page: Connection) -> int:
    """How many of all are statuses."""
    return len(page.whole) - run_count(page)


@field("Status.contexts")
def status_contexts(thing: Thing) -> list[Thing]:
    """The newest status of each context."""
    return _found(thing)[1]


@field("Status.context")
def status_context(thing: Thing, name: str) -> Thing | None:
    """One of them by its name."""
    return next((one for one in _found(thing)[1] if one.row.context == name), None)


@connection("Commit.checkSuites")
def suites(thing: Thing) -> Rows:
    """One suite per app."""
    return Rows(kind="CheckSuite", rows=checks.suites(thing.world.db, thing.row.repo_id, thing.row.sha))


@field("CheckRun.status")
def run_status(thing: Thing) -> str:
    """QUEUED, IN_PROGRESS, COMPLETED."""
    return str(thing.row.status).upper()


@field("CheckRun.conclusion")
def conclusion(thing: Thing) -> str | None:
    """Only once completed."""
    return str(thing.row.conclusion).upper() if thing.row.conclusion else None


@field("StatusContext.state")
def context_state(thing: Thing) -> str:
    """ERROR, FAILURE, PENDING or SUCCESS."""
    return str(thing.row.state).upper()


@field("CheckRun.url", "CheckRun.permalink")
def run_url(thing: Thing) -> str:
    """The run's page."""
    return f"{thing.world.web}/{repo_row(thing).full_name}/runs/{thing.row.id}"


@field("CheckRun.detailsUrl")
def details_url(thing: Thing) -> str:
    """Where the app shows more; the run's page when it named nothing."""
    return str(thing.row.details_url or run_url(thing))


@field("CheckRun.checkSuite")
def run_suite(thing: Thing) -> Thing | None:
    """The suite it belongs to."""
    return thing.one("suite", checks.suites_by_ids, "CheckSuite", lambda row: row.suite_id)


@field("CheckSuite.app")
def suite_app(thing: Thing) -> Thing | None:
    """The app that reports."""
    return thing.one("app", users.apps, "App", lambda row: row.app_id)


@field("CheckSuite.commit")
def suite_commit(thing: Thing) -> Any:
    """The commit it is about."""
    return commit_thing(thing, "own", lambda row: row.head_sha)


@field("CheckSuite.branch")
def suite_branch(thing: Thing) -> Thing | None:
    """The branch it ran for, if it still exists."""
    branch = thing.row.head_branch
    sha = thing.world.hub.bare(repo_row(thing)).branch(branch) if branch else None
    if sha is None:
        return None
    return alone(thing.world, "Ref", GitRef(repo_id=thing.row.repo_id, path=f"refs/heads/{branch}", sha=sha))


@connection("CheckSuite.checkRuns")
def suite_runs(thing: Thing) -> list[Thing]:
    """Its runs."""
    return thing.many("runs", checks.runs_of_suites, "CheckRun")


@field("CheckSuite.status")
def suite_status(thing: Thing) -> str:
    """COMPLETED when all runs are."""
    states = {run.row.status for run in suite_runs_of(thing)}
    if not states:
        return "QUEUED"
    return "COMPLETED" if states == {"completed"} else "QUEUED" if states == {"queued"} else "IN_PROGRESS"


@field("CheckSuite.conclusion")
def suite_conclusion(thing: Thing) -> str | None:
    """The worst of its runs, once all are completed."""
    if suite_status(thing) != "COMPLETED":
        return None
    found = {run.row.conclusion for run in suite_runs_of(thing)}
    bad = [value for value in found if value not in GOOD]
    return "FAILURE" if "failure" in bad else bad[0].upper() if bad else "SUCCESS"


def suite_runs_of(thing: Thing) -> list[Thing]:
    """The runs of a suite as things."""
    return thing.many("runs", checks.runs_of_suites, "CheckRun")


@field("CheckSuite.url")
def suite_url(thing: Thing) -> str:
    """The suite's page."""
    return f"{thing.world.web}/{repo_row(thing).full_name}/suites/{thing.row.id}"


@field("StatusContext.creator")
def creator(thing: Thing) -> Thing | None:
    """Who set it."""
    return account(thing, "creator", lambda row: row.creator_id)


@field("StatusContext.avatarUrl")
def context_avatar(thing: Thing, size: int | None = None) -> str:
    """The picture of who set it."""
    return f"{thing.world.web}/avatars/{thing.row.creator_id}"


@field("CheckRun.isRequired")
def run_required(thing: Thing, pull_request_id: str | None = None, pull_request_number: int | None = None) -> bool:
    """Must this run be green before that pull request may be merged?"""
    asked = _required(thing, pull_request_id, pull_request_number)
    return any(one.context == thing.row.name and one.app_id in (None, thing.row.app_id) for one in asked)


@field("StatusContext.isRequired")
def context_required(thing: Thing, pull_request_id: str | None = None, pull_request_number: int | None = None) -> bool:
    """Must this status be green before that pull request may be merged?"""
    asked = _required(thing, pull_request_id, pull_request_number)
    return any(one.context == thing.row.context and one.app_id in (None, thing.row.app_id) for one in asked)


def _required(thing: Thing, node_id: str | None, number: int | None) -> tuple[Required, ...]:
    if node_id is None and number is None:
        raise Refusal("UNPROCESSABLE", "One of the arguments pullRequestId or pullRequestNumber is required.")
    known: dict[Any, tuple[Required, ...]] = thing.shared("required", lambda rows: {})
    if (node_id, number) not in known:
        db, repo = thing.world.db, repo_row(thing)
        if node_id is not None:
            decoded = nodes.decode(node_id)
            pull = pulls.by_ids(db, [decoded[1][1]]).get(decoded[1][1]) if decoded and decoded[0] == "PR" else None
        else:
            pull = pulls.by_number(db, repo.id, number or 0)
        if pull is None or pull.repo_id != repo.id:
            raise (
                no_node(node_id)
                if node_id
                else Refusal("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
            )
        rules = protection.load(db, repo, pull.base_ref)
        known[node_id, number] = (rules.checks or ()) if rules else ()
    return known[node_id, number]
