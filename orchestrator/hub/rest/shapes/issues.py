"""Issues, labels, comments, events."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.hub.http import Call, Json
from orchestrator.hub.rest.shapes import accounts
from orchestrator.hub.store import comments as talk
from orchestrator.hub.store import issues as store
from orchestrator.hub.store import pulls, repos, users
from orchestrator.hub.store.comments import Comment
from orchestrator.hub.store.events import Event
from orchestrator.hub.store.issues import Issue
from orchestrator.hub.store.repos import Label, Repo

_REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")
DEFAULT_LABELS = {"bug", "documentation", "duplicate", "enhancement", "good first issue", "help wanted", "invalid",
                  "question", "wontfix"}  # fmt: skip


def label(call: Call, repo: Repo, found: Label) -> Json:
    """label."""
    return {
        "id": found.id, "node_id": found.node_id, "url": f"{call.api}/repos/{repo.full_name}/labels/{found.name}",
        "name": found.name, "description": found.description, "color": found.color,
        "default": found.name in DEFAULT_LABELS,
    }  # fmt: skip


def reactions(url: str) -> Json:
    """reaction-rollup: the hub knows no reactions."""
    return {"url": f"{url}/reactions", "total_count": 0} | dict.fromkeys(_REACTIONS, 0)


def issues(call: Call, found: Sequence[Issue]) -> list[Json]:
    """issue, for many at once: a handful of statements whatever their number."""
    db, ids = call.db, [issue.id for issue in found]
    places = repos.by_ids(db, [issue.repo_id for issue in found])
    labels, assigned = store.labels_of(db, ids), store.assignees_of(db, ids)
    counts, halves = talk.counts(db, ids), pulls.of_issues(db, [issue.id for issue in found if issue.is_pull])
    children = talk.children_of(db, ids)
    people = users.by_ids(db, {issue.author_id for issue in found} | {issue.closed_by_id for issue in found})
    apps = users.apps(db, {issue.app_id for issue in found})
    shaped = []
    for issue in found:
        repo, author = places[issue.repo_id], people[issue.author_id]
        base = f"{call.api}/repos/{repo.full_name}"
        own, kind = f"{base}/issues/{issue.number}", "pull" if issue.is_pull else "issues"
        page = f"{call.hub.url}/{repo.full_name}/{kind}/{issue.number}"
        folk = [accounts.user(call, person) for person in assigned[issue.id]]
        done = sum(child.state == "closed" for child in children[issue.id])
        total = len(children[issue.id])
        shape: Json = {
            "url": own, "repository_url": base, "labels_url": own + "/labels{/name}", "comments_url": f"{own}/comments",
            "events_url": f"{own}/events", "html_url": page, "id": issue.id, "node_id": issue.node_id,
            "number": issue.number, "title": issue.title, "user": accounts.user(call, author),
            "labels": [label(call, repo, each) for each in labels[issue.id]], "state": issue.state,
            "locked": issue.locked, "assignee": folk[0] if folk else None, "assignees": folk, "milestone": None,
            "comments": counts.get(issue.id, 0), "created_at": issue.created_at, "updated_at": issue.updated_at,
            "closed_at": issue.closed_at, "author_association": accounts.association(db, repo, author),
            "active_lock_reason": None, "body": issue.body, "reactions": reactions(own),
            "timeline_url": f"{own}/timeline", "state_reason": issue.state_reason,
            "performed_via_github_app": accounts.app(call, apps[issue.app_id]) if issue.app_id in apps else None,
        }  # fmt: skip
        if issue.closed_by_id is not None:
            shape["closed_by"] = accounts.user(call, people[issue.closed_by_id])
        half = halves.get(issue.id)
        if half is not None:
            link = f"{base}/pulls/{issue.number}"
            shape |= {"node_id": half.node_id, "draft": half.draft, "pull_request": {
                "url": link, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch",
                "merged_at": half.merged_at,
            }}  # fmt: skip
        else:
            percent = 100 * done // total if total else 0
            shape["sub_issues_summary"] = {"total": total, "completed": done, "percent_completed": percent}
        shaped.append(shape)
    return shaped


def issue(call: Call, found: Issue) -> Json:
    """issue, one; with closed_by always there, as the single GET has it."""
    return {"closed_by": None} | issues(call, [found])[0]


def comments(call: Call, found: Sequence[Comment]) -> list[Json]:
    """issue-comment."""
    people = users.by_ids(call.db, {comment.author_id for comment in found})
    places = repos.by_ids(call.db, {comment.repo_id for comment in found})
    above = store.by_ids(call.db, {comment.issue_id for comment in found})
    apps = users.apps(call.db, {comment.app_id for comment in found})
    shaped = []
    for comment in found:
        repo, parent, author = places[comment.repo_id], above[comment.issue_id], people[comment.author_id]
        base = f"{call.api}/repos/{repo.full_name}"
        kind = "pull" if parent.is_pull else "issues"
        url = f"{base}/issues/comments/{comment.id}"
        shaped.append({
            "url": url, "id": comment.id, "node_id": comment.node_id, "body": comment.body,
            "html_url": f"{call.hub.url}/{repo.full_name}/{kind}/{parent.number}#issuecomment-{comment.id}",
            "issue_url": f"{base}/issues/{parent.number}", "user": accounts.user(call, author),
            "created_at": comment.created_at, "updated_at": comment.updated_at,
            "author_association": accounts.association(call.db, repo, author), "reactions": reactions(url),
            "performed_via_github_app": accounts.app(call, apps[comment.app_id]) if comment.app_id in apps else None,
        })  # fmt: skip
    return shaped


def events(call: Call, repo: Repo, found: Sequence[Event], *, with_issue: bool = False) -> list[Json]:
    """issue-event and timeline events: the common fields and those of the kind."""
    facts = [event.facts for event in found]
    named = [fact[key] for fact in facts for key in ("assignee", "requested_reviewer") if key in fact]
    people = users.by_ids(call.db, {event.actor_id for event in found} | set(named))
    apps = users.apps(call.db, {event.app_id for event in found})
    sources = {shape["id"]: shape for shape in issues(
        call, list(store.by_ids(call.db, {fact["source"] for fact in facts if "source" in fact}).values())
    )}  # fmt: skip
    above = store.by_ids(call.db, {event.issue_id for event in found}) if with_issue else {}
    around = {shape["id"]: shape for shape in issues(call, list(above.values()))}
    shaped = []
    for event, fact in zip(found, facts, strict=True):
        base = f"{call.api}/repos/{repo.full_name}"
        commit = fact.get("commit_id")
        shape: Json = {
            "id": event.id, "node_id": event.node_id, "url": f"{base}/issues/events/{event.id}",
            "actor": accounts.user(call, people[event.actor_id]), "event": event.kind, "commit_id": commit,
            "commit_url": f"{base}/commits/{commit}" if commit else None, "created_at": event.created_at,
            "performed_via_github_app": accounts.app(call, apps[event.app_id]) if event.app_id in apps else None,
        }  # fmt: skip
        shape |= {name: fact[name] for name in ("label", "rename", "state_reason") if name in fact}
        if "assignee" in fact:
            shape["assignee"] = accounts.user(call, people[fact["assignee"]])
            shape["assigner"] = shape["actor"]
        if "requested_reviewer" in fact:
            shape["requested_reviewer"] = accounts.user(call, people[fact["requested_reviewer"]])
            shape["review_requester"] = shape["actor"]
        if event.kind == "cross-referenced":
            shape = {key: shape[key] for key in ("actor", "event", "created_at")}
            shape |= {"updated_at": event.created_at, "source": {"type": "issue", "issue": sources[fact["source"]]}}
        if with_issue:
            shape["issue"] = around[event.issue_id]
        shaped.append(shape)
    return shaped
