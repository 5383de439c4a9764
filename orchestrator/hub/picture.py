"""A canonical picture of a hub's world, without times, ids and shas: equal worlds have equal pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.hub.gitops import Bare
from orchestrator.hub.store import cards, comments, issues, projects, pulls, repos, users
from orchestrator.hub.store.issues import Filter, Issue
from orchestrator.hub.store.projects import Project
from orchestrator.hub.store.repos import Repo

if TYPE_CHECKING:
    from orchestrator.hub.db import Database
    from orchestrator.hub.world import World


def snapshot(hub: World) -> dict[str, Any]:
    """{owner/name: {issues, pulls, branches}} and the boards by owner/number."""
    found = repos.every(hub.db)
    owners = {repo.owner_id for repo in found}
    boards = [(owner, project) for owner in owners for project in projects.of_owner(hub.db, owner)]
    names = {owner.id: owner.login for owner in users.by_ids(hub.db, owners).values()}
    return {
        "repos": {repo.full_name: _repo(hub, repo) for repo in found},
        "boards": {f"{names[owner]}/{project.number}": _board(hub.db, project) for owner, project in boards},
    }


def furniture(hub: World) -> dict[str, Any]:
    """What stands beside the work: labels and refs that are no branches per repository, boards with their columns."""
    found = repos.every(hub.db)
    boards = [project for owner in {r.owner_id for r in found} for project in projects.of_owner(hub.db, owner)]
    return {
        "labels": {r.full_name: sorted(label.name for label in repos.labels(hub.db, r.id)) for r in found},
        "refs": {r.full_name: sorted(_other_refs(hub.bare(r))) for r in found},
        "boards": sorted([project.title, _columns(hub.db, project)] for project in boards),
    }


def _other_refs(bare: Bare) -> list[str]:
    return [name for name in bare.refs("refs/") if not name.startswith(("refs/heads/", "refs/pull/"))]


def _columns(db: Database, project: Project) -> list[str]:
    status = [one for one in projects.fields_of(db, [project.id])[project.id] if one.name == "Status"]
    return [option.name for one in status for option in projects.options_of(db, [one.id])[one.id]]


def _repo(hub: World, repo: Repo) -> dict[str, Any]:
    found = issues.find(hub.db, Filter(repo_ids=(repo.id,), state="all", ascending=True))
    ids = [issue.id for issue in found]
    labels, talk = issues.labels_of(hub.db, ids), comments.of_issues(hub.db, ids)
    halves = pulls.of_issues(hub.db, ids)
    people = users.by_ids(hub.db, [i.author_id for i in found] + [c.author_id for cs in talk.values() for c in cs])

    def shape(issue: Issue) -> dict[str, Any]:
        picture: dict[str, Any] = {
            "title": issue.title, "body": issue.body, "author": people[issue.author_id].login, "state": issue.state,
            "state_reason": issue.state_reason, "labels": sorted(label.name for label in labels[issue.id]),
            "comments": [[people[c.author_id].login, c.body] for c in talk[issue.id]],
        }  # fmt: skip
        half = halves.get(issue.id)
        if half is not None:
            picture |= {"head": half.head_ref, "base": half.base_ref, "merged": half.merged, "draft": half.draft}
        return picture

    return {
        "issues": {str(issue.number): shape(issue) for issue in found if not issue.is_pull},
        "pulls": {str(issue.number): shape(issue) for issue in found if issue.is_pull},
        "branches": _branches(hub.bare(repo)),
    }


def _branches(bare: Bare) -> dict[str, dict[str, str]]:
    """Branch -> path -> blob (content addressed, so equal content is equal)."""
    return {
        name.removeprefix("refs/heads/"): {entry.path: entry.sha for entry in bare.tree(sha, recursive=True)}
        for name, sha in bare.refs("refs/heads/").items()
    }


def _board(db: Database, project: Project) -> dict[str, Any]:
    items = cards.page(db, project.id)
    known = issues.by_ids(db, [item.issue_id for item in items if item.issue_id is not None])
    places = repos.by_ids(db, [issue.repo_id for issue in known.values()])
    named = cards.statuses(db, project, items)
    board = {}
    for item in items:
        issue = known.get(item.issue_id or 0)
        key = f"{places[issue.repo_id].full_name}#{issue.number}" if issue else f"draft {item.draft_title}"
        board[key] = named.get(item.id)
    return {"title": project.title, "closed": project.closed, "items": dict(sorted(board.items()))}
