"""Check runs and suites, statuses, branch protection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.hub.http import Call, Json
from orchestrator.hub.rest.shapes import accounts, commits
from orchestrator.hub.rules.protection import Protection
from orchestrator.hub.store import checks as store
from orchestrator.hub.store import users
from orchestrator.hub.store.checks import CheckRun, Status, Suite
from orchestrator.hub.store.repos import Repo


def runs(call: Call, repo: Repo, found: Sequence[CheckRun]) -> list[Json]:
    """check-run."""
    apps = {key: accounts.app(call, app) for key, app in users.apps(call.db, {run.app_id for run in found}).items()}
    base = f"{call.api}/repos/{repo.full_name}"
    shaped = []
    for run in found:
        url = f"{base}/check-runs/{run.id}"
        page = f"{call.hub.url}/{repo.full_name}/actions/runs/{run.suite_id}/job/{run.id}"
        shaped.append({
            "id": run.id, "name": run.name, "node_id": run.node_id, "head_sha": run.head_sha,
            "external_id": run.external_id or "", "url": url, "html_url": page, "details_url": run.details_url or page,
            "status": run.status, "conclusion": run.conclusion, "started_at": run.started_at,
            "completed_at": run.completed_at, "check_suite": {"id": run.suite_id}, "app": apps[run.app_id],
            "output": {
                "title": run.title, "summary": run.summary, "text": run.text, "annotations_count": 0,
                "annotations_url": f"{url}/annotations",
            },
            "pull_requests": [],
        })  # fmt: skip
    return shaped


def suites(call: Call, repo: Repo, found: Sequence[Suite]) -> list[Json]:
    """check-suite; its status and conclusion follow from its runs."""
    apps = users.apps(call.db, {suite.app_id for suite in found})
    inside = store.runs_of_suites(call.db, [suite.id for suite in found])
    place = accounts.minimal_repo(call, repo)
    shaped = []
    for suite in found:
        status, conclusion = outcome(inside[suite.id])
        url = f"{call.api}/repos/{repo.full_name}/check-suites/{suite.id}"
        commit = call.hub.bare(repo).commit(suite.head_sha)
        head = None if commit is None else {
            "id": commit.sha, "tree_id": commit.tree, "message": commit.message, "timestamp": commit.committer.date,
            "author": {"name": commit.author.name, "email": commit.author.email},
            "committer": {"name": commit.committer.name, "email": commit.committer.email},
        }  # fmt: skip
        shaped.append({
            "id": suite.id, "node_id": suite.node_id, "head_branch": suite.head_branch, "head_sha": suite.head_sha,
            "status": status, "conclusion": conclusion, "url": url, "before": None, "after": suite.head_sha,
            "pull_requests": [], "app": accounts.app(call, apps[suite.app_id]), "repository": place,
            "created_at": suite.created_at, "updated_at": suite.updated_at, "head_commit": head,
            "latest_check_runs_count": len(inside[suite.id]), "check_runs_url": f"{url}/check-runs",
        })  # fmt: skip
    return shaped


def outcome(found: Sequence[CheckRun]) -> tuple[str, str | None]:
    """Status and conclusion of a suite: the worst of its runs."""
    if not found:
        return "queued", None
    if any(run.status != "completed" for run in found):
        return ("in_progress" if any(run.status != "queued" for run in found) else "queued"), None
    order = ("action_required", "timed_out", "cancelled", "failure", "neutral", "success", "skipped")
    return "completed", min((run.conclusion or "success" for run in found), key=order.index)


def status(call: Call, repo: Repo, found: Status) -> Json:
    """status."""
    creator = users.get(call.db, found.creator_id)
    return simple_status(call, repo, found) | {"creator": accounts.user(call, creator)}


def simple_status(call: Call, repo: Repo, found: Status) -> Json:
    """simple-commit-status."""
    return {
        "url": f"{call.api}/repos/{repo.full_name}/statuses/{found.sha}", "id": found.id, "node_id": found.node_id,
        "avatar_url": f"{call.hub.url}/avatars/u/{found.creator_id}", "state": found.state,
        "description": found.description, "target_url": found.target_url, "context": found.context,
        "created_at": found.created_at, "updated_at": found.created_at,
    }  # fmt: skip


def combined(call: Call, repo: Repo, sha: str, found: Sequence[Status], page: Sequence[Status]) -> Json:
    """combined-commit-status."""
    base = f"{call.api}/repos/{repo.full_name}"
    return {
        "state": store.combined(found), "statuses": [simple_status(call, repo, each) for each in page], "sha": sha,
        "total_count": len(found), "repository": accounts.minimal_repo(call, repo),
        "commit_url": f"{base}/commits/{sha}", "url": f"{base}/commits/{sha}/status",
    }  # fmt: skip


def branch(call: Call, repo: Repo, name: str, sha: str, rules: Protection | None) -> Json:
    """branch-with-protection."""
    base = f"{call.api}/repos/{repo.full_name}"
    commit = call.hub.bare(repo).commits(sha, limit=1)
    return {
        "name": name, "commit": commits.commits(call, repo, commit)[0], "protected": rules is not None,
        "_links": {"self": f"{base}/branches/{name}", "html": f"{call.hub.url}/{repo.full_name}/tree/{name}"},
        "protection": summary(rules), "protection_url": f"{base}/branches/{name}/protection",
    }  # fmt: skip


def summary(rules: Protection | None) -> Json:
    """The short protection inside a branch."""
    found = rules.checks if rules is not None and rules.checks is not None else ()
    level = "off" if rules is None or rules.checks is None else "everyone" if rules.enforce_admins else "non_admins"
    return {
        "enabled": rules is not None,
        "required_status_checks": {
            "enforcement_level": level, "contexts": [entry.context for entry in found],
            "checks": [{"context": entry.context, "app_id": entry.app_id} for entry in found],
        },
    }  # fmt: skip


def protection(call: Call, repo: Repo, name: str, rules: Protection) -> Json:
    """protected-branch: what GET and PUT of a branch's protection answer."""
    own = f"{call.api}/repos/{repo.full_name}/branches/{name}/protection"
    switches = {
        "allow_force_pushes": rules.force_pushes, "allow_deletions": rules.deletions, "block_creations": False,
        "required_linear_history": rules.linear, "required_conversation_resolution": rules.conversations,
        "lock_branch": False, "allow_fork_syncing": False,
    }  # fmt: skip
    shape: dict[str, Any] = {
        "url": own, "required_signatures": {"url": f"{own}/required_signatures", "enabled": False},
        "enforce_admins": {"url": f"{own}/enforce_admins", "enabled": rules.enforce_admins},
        **{switch: {"enabled": value} for switch, value in switches.items()},
    }  # fmt: skip
    if rules.checks is not None:
        url = f"{own}/required_status_checks"
        shape["required_status_checks"] = {
            "url": url, "strict": rules.strict, "contexts": [entry.context for entry in rules.checks],
            "contexts_url": f"{url}/contexts",
            "checks": [{"context": entry.context, "app_id": entry.app_id} for entry in rules.checks],
        }  # fmt: skip
    if rules.reviews is not None:
        shape["required_pull_request_reviews"] = {
            "url": f"{own}/required_pull_request_reviews", "dismiss_stale_reviews": rules.dismiss_stale,
            "require_code_owner_reviews": False, "required_approving_review_count": rules.reviews,
            "require_last_push_approval": False,
        }  # fmt: skip
    if rules.restrictions is not None:
        url = f"{own}/restrictions"
        people = [users.by_login(call.db, login) for login in rules.restrictions]
        apps = [users.app_by_slug(call.db, slug) for slug in rules.restricted_apps]
        shape["restrictions"] = {
            "url": url, "users_url": f"{url}/users", "teams_url": f"{url}/teams", "apps_url": f"{url}/apps",
            "users": [accounts.user(call, person) for person in people if person], "teams": [],
            "apps": [accounts.app(call, app) for app in apps if app],
        }  # fmt: skip
    return shape
