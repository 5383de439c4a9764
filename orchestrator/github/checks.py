"""Checks of a commit: what failed and why, what a branch requires, our own status."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote

from orchestrator.github import wire
from orchestrator.github.client import GitHub
from orchestrator.github.errors import Forbidden, NotFound, Unavailable
from orchestrator.github.repos import path
from orchestrator.github.words import Words, object_of
from orchestrator.model import cutting
from orchestrator.model.names import Public, RepoName, Sha
from orchestrator.model.pull import CheckState, Required
from orchestrator.model.task import FailedCheck
from orchestrator.policy import logs

LOG_PART = 6000
"""Characters kept of a job's log, and of what a check says of itself: the part that tells why it failed."""
LOG_READ = 1_000_000
"""Characters from a log's end that are looked at."""
MOST = 10
"""So many failed checks have their logs read."""
Clean = Callable[[str], str]
_ACTIONS = "github-actions"


def failed(gh: GitHub, repo: RepoName, sha: Sha, clean: Clean = str) -> tuple[FailedCheck, ...]:
    """Every red check run and commit status of the commit, with its summary and the failing part of its log where
    readable. `clean` (the redactor) sees each text whole, before anything is cut from it."""
    return (*_failed_runs(gh, repo, sha, clean), *_failed_statuses(gh, repo, sha))


def _failed_runs(gh: GitHub, repo: RepoName, sha: Sha, clean: Clean) -> Iterator[FailedCheck]:
    found = 0
    for run in gh.pages(f"{path(repo)}/commits/{sha}/check-runs", {"filter": "latest"}, key="check_runs"):
        conclusion = run.text_or_none("conclusion")
        if wire.check_state(run.text("status"), conclusion) is CheckState.RED:
            found += 1
            log = _log(gh, repo, run) if found <= MOST else ""
            said = (_part("\n\n".join(p for p in _output(run) if p), clean), _part(log, clean))
            yield FailedCheck(
                name=run.text("name"),
                conclusion=conclusion,
                summary="\n\n".join(part for part in said if part),
                url=run.text_or_none("details_url") if run.has("details_url") else "",
                head_sha=sha,
            )


def _output(run: Words) -> tuple[str, str, str]:
    output = run.maybe("output")
    if output is None:
        return "", "", ""
    return output.text_or_none("title"), output.text_or_none("summary"), output.text_or_none("text")


def _log(gh: GitHub, repo: RepoName, run: Words) -> str:
    """An Actions job's log. A check run of Actions has its job's id; other apps keep no logs on GitHub."""
    app = run.maybe("app")
    if app is None or app.text("slug") != _ACTIONS:
        return ""
    try:
        return gh.text(f"{path(repo)}/actions/jobs/{run.number('id')}/logs")
    except (NotFound, Forbidden, Unavailable):
        # Logs expire, need a permission of their own, and are kept on another host: the summary has to do.
        return ""


def _part(text: str, clean: Clean) -> str:
    return logs.failing_part(clean(cutting.tail(text, LOG_READ)), LOG_PART)


def _failed_statuses(gh: GitHub, repo: RepoName, sha: Sha) -> Iterator[FailedCheck]:
    for status in gh.pages(f"{path(repo)}/commits/{sha}/status", key="statuses"):
        state = status.text("state")
        if wire.check_state("", state) is CheckState.RED:
            yield FailedCheck(
                name=status.text("context"),
                conclusion=state,
                summary=status.text_or_none("description"),
                url=status.text_or_none("target_url"),
                head_sha=sha,
            )


def required(gh: GitHub, repo: RepoName, branch: str) -> tuple[Required, ...]:
    """What the protection of `branch` asks for, as far as a token without administration may see it."""
    reply = gh.rest("GET", f"{path(repo)}/branches/{quote(branch, safe='')}")
    told = object_of(reply.data, f"branch {branch}")
    protection = told.maybe("protection") if told.has("protection") else None
    rule = (
        protection.maybe("required_status_checks") if protection and protection.has("required_status_checks") else None
    )
    if rule is None:
        return ()
    if rule.has("checks"):
        return tuple(_required(check) for check in rule.many("checks"))
    names = rule.data.get("contexts")
    return tuple(Required(context=str(n)) for n in names) if isinstance(names, list) else ()


def _required(check: Words) -> Required:
    app = check.data.get("app_id")
    return Required(context=check.text("context"), app=app if isinstance(app, int) and app > 0 else None)


def set_status(
    gh: GitHub, repo: RepoName, sha: Sha, context: str, state: str, description: Public, url: str = ""
) -> None:
    """Sets a commit status: pending, success, failure or error. GitHub takes 140 characters of description."""
    body = {"context": context, "state": state, "description": description[:140]}
    gh.rest("POST", f"{path(repo)}/statuses/{sha}", body={**body, **({"target_url": url} if url else {})})
