"""Closing keywords: `closes #1`, `Fixes owner/repo#2`.

Source: https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.hub.db import Database
from orchestrator.hub.store import issues, pulls, repos
from orchestrator.hub.store.issues import Issue
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.repos import Repo

if TYPE_CHECKING:
    from orchestrator.hub.auth import Viewer

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|<!--.*?-->", re.DOTALL)
_KEYWORD = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+(?:([\w.-]+)/([\w.-]+))?#(\d{1,9})\b", re.I)


def references(db: Database, repo: Repo, text: str | None) -> list[Issue]:
    """The issues (not pull requests) that a text promises to close, in the order of the text; code is not read."""
    found: dict[int, Issue] = {}
    for owner, name, number in _KEYWORD.findall(_CODE.sub("", text or "")):
        target = repos.by_name(db, owner, name) if owner else repo
        issue = issues.by_number(db, target.id, int(number)) if target else None
        if issue is not None and not issue.is_pull:
            found[issue.id] = issue
    return list(found.values())


def link(db: Database, repo: Repo, pull: Pull, body: str | None) -> None:
    """Bring closingIssuesReferences up to date; only pull requests into the default branch promise anything."""
    promised = references(db, repo, body) if pull.base_ref == repo.default_branch else []
    pulls.set_closing(db, pull.id, [issue.id for issue in promised])


def close(db: Database, viewer: Viewer, targets: list[Issue], commit: str) -> None:
    """Close issues because a commit landed on the default branch."""
    if viewer.user is None:
        return
    for issue in targets:
        if issue.state == "open":
            issues.set_state(db, issue, viewer.user.id, "closed", commit=commit, app_id=viewer.app_id)
