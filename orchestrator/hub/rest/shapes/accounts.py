"""Users, organizations, apps, repositories."""

from __future__ import annotations

import json

from orchestrator.hub import auth
from orchestrator.hub.db import Database
from orchestrator.hub.http import Call, Json
from orchestrator.hub.store import repos, users
from orchestrator.hub.store.repos import LEVELS, Repo
from orchestrator.hub.store.users import App, Installation, User


def user(call: Call, account: User) -> Json:
    """simple-user."""
    login = account.login
    own = f"{call.api}/users/{login}"
    page = f"{call.hub.url}/apps/{login.removesuffix('[bot]')}" if account.kind == "Bot" else f"{call.hub.url}/{login}"
    return {
        "login": login, "id": account.id, "node_id": account.node_id,
        "avatar_url": f"{call.hub.url}/avatars/u/{account.id}", "gravatar_id": "", "url": own, "html_url": page,
        "followers_url": f"{own}/followers", "following_url": own + "/following{/other_user}",
        "gists_url": own + "/gists{/gist_id}", "starred_url": own + "/starred{/owner}{/repo}",
        "subscriptions_url": f"{own}/subscriptions", "organizations_url": f"{own}/orgs", "repos_url": f"{own}/repos",
        "events_url": own + "/events{/privacy}", "received_events_url": f"{own}/received_events",
        "type": account.kind, "user_view_type": "public", "site_admin": account.site_admin,
    }  # fmt: skip


def full_user(call: Call, account: User, *, private: bool = False) -> Json:
    """public-user, and private-user for oneself."""
    owned = repos.of_owner(call.db, account.id)
    hidden = sum(repo.private for repo in owned)
    shape = user(call, account) | {
        "name": account.name, "company": None, "blog": "", "location": None, "email": account.email, "hireable": None,
        "bio": None, "twitter_username": None, "public_repos": len(owned) - hidden, "public_gists": 0, "followers": 0,
        "following": 0, "created_at": account.created_at, "updated_at": account.created_at,
    }  # fmt: skip
    if private:
        shape |= {
            "private_gists": 0, "total_private_repos": hidden, "owned_private_repos": hidden, "disk_usage": 0,
            "collaborators": 0, "two_factor_authentication": True, "user_view_type": "private",
            "plan": {"name": "free", "space": 976562499, "collaborators": 0, "private_repos": 10000},
        }  # fmt: skip
    return shape


def organization(call: Call, org: User) -> Json:
    """organization-full."""
    own = f"{call.api}/orgs/{org.login}"
    return {
        "login": org.login, "id": org.id, "node_id": org.node_id, "url": own, "repos_url": f"{own}/repos",
        "events_url": f"{own}/events", "hooks_url": f"{own}/hooks", "issues_url": f"{own}/issues",
        "members_url": own + "/members{/member}", "public_members_url": own + "/public_members{/member}",
        "avatar_url": f"{call.hub.url}/avatars/u/{org.id}", "description": None, "name": org.name or org.login,
        "html_url": f"{call.hub.url}/{org.login}", "has_organization_projects": True, "has_repository_projects": True,
        "public_repos": len([repo for repo in repos.of_owner(call.db, org.id) if not repo.private]),
        "public_gists": 0, "followers": 0, "following": 0, "type": "Organization", "created_at": org.created_at,
        "updated_at": org.created_at, "archived_at": None,
    }  # fmt: skip


def app(call: Call, found: App) -> Json:
    """integration."""
    owner = user(call, users.get(call.db, found.owner_id))
    return {
        "id": found.id, "slug": found.slug, "node_id": found.node_id, "owner": owner,
        "client_id": f"Iv23{found.id:016d}", "name": found.name, "description": "", "external_url": call.hub.url,
        "html_url": f"{call.hub.url}/apps/{found.slug}", "created_at": found.created_at,
        "updated_at": found.created_at, "permissions": json.loads(found.permissions), "events": [],
    }  # fmt: skip


def installation(call: Call, found: Installation) -> Json:
    """installation."""
    account = users.get(call.db, found.account_id)
    owner = users.apps(call.db, [found.app_id])[found.app_id]
    own = f"{call.api}/app/installations/{found.id}"
    return {
        "id": found.id, "account": user(call, account), "repository_selection": "all",
        "access_tokens_url": f"{own}/access_tokens", "repositories_url": f"{call.api}/installation/repositories",
        "html_url": f"{call.hub.url}/settings/installations/{found.id}", "app_id": owner.id, "app_slug": owner.slug,
        "target_id": account.id, "target_type": account.kind, "permissions": json.loads(owner.permissions),
        "events": [], "created_at": found.created_at, "updated_at": found.created_at, "single_file_name": None,
        "has_multiple_single_files": False, "single_file_paths": [], "suspended_by": None, "suspended_at": None,
    }  # fmt: skip


_TEMPLATES = {
    "archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}", "commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}", "contributors_url": "/contributors", "deployments_url": "/deployments",
    "downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks", "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}", "issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}", "languages_url": "/languages", "merges_url": "/merges",
    "milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}", "releases_url": "/releases{/id}", "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}", "subscribers_url": "/subscribers", "subscription_url": "/subscription",
    "tags_url": "/tags", "teams_url": "/teams", "trees_url": "/git/trees{/sha}",
}  # fmt: skip


def minimal_repo(call: Call, repo: Repo) -> Json:
    """minimal-repository."""
    own = f"{call.api}/repos/{repo.full_name}"
    shape: Json = {
        "id": repo.id, "node_id": repo.node_id, "name": repo.name, "full_name": repo.full_name,
        "private": repo.private, "owner": user(call, users.get(call.db, repo.owner_id)),
        "html_url": f"{call.hub.url}/{repo.full_name}", "description": repo.description, "fork": False, "url": own,
    }  # fmt: skip
    return shape | {name: own + tail for name, tail in _TEMPLATES.items()}


def repo(call: Call, found: Repo) -> Json:
    """repository."""
    host, issues = call.hub.url, open_issues(call.db, found)
    rank = LEVELS.index(auth.role(call.db, call.viewer, found))
    shape = minimal_repo(call, found) | {
        "clone_url": f"{host}/{found.full_name}.git", "git_url": f"git:{host.partition(':')[2]}/{found.full_name}.git",
        "ssh_url": f"git@{host.partition('//')[2]}:{found.full_name}.git", "svn_url": f"{host}/{found.full_name}",
        "mirror_url": None, "homepage": None, "language": None, "forks": 0, "forks_count": 0, "stargazers_count": 0,
        "watchers": 0, "watchers_count": 0, "size": 0, "default_branch": found.default_branch, "open_issues": issues,
        "open_issues_count": issues, "is_template": False, "topics": [], "has_issues": True, "has_projects": True,
        "has_wiki": False, "has_pages": False, "has_downloads": False, "has_discussions": False,
        "archived": found.archived, "disabled": False, "visibility": "private" if found.private else "public",
        "pushed_at": found.pushed_at, "created_at": found.created_at, "updated_at": found.updated_at, "license": None,
        "allow_forking": True, "web_commit_signoff_required": False,
    }  # fmt: skip
    if call.viewer.user is not None:
        needs = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
        shape["permissions"] = {name: rank >= LEVELS.index(level) for name, level in needs.items()}
    return shape


def full_repo(call: Call, found: Repo) -> Json:
    """full-repository."""
    return repo(call, found) | {
        "network_count": 0, "subscribers_count": 0, "allow_rebase_merge": found.allow_rebase_merge,
        "allow_squash_merge": found.allow_squash_merge, "allow_merge_commit": found.allow_merge_commit,
        "allow_auto_merge": found.allow_auto_merge, "delete_branch_on_merge": found.delete_branch_on_merge,
        "allow_update_branch": True, "use_squash_pr_title_as_default": False,
        "squash_merge_commit_message": "COMMIT_MESSAGES", "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
        "merge_commit_message": "PR_TITLE", "merge_commit_title": "MERGE_MESSAGE",
    }  # fmt: skip


def open_issues(db: Database, found: Repo) -> int:
    """Open issues and pull requests."""
    count: int = db.value("SELECT count(*) FROM issues WHERE repo_id=? AND state='open'", found.id)
    return count


def association(db: Database, found: Repo, account: User) -> str:
    """author_association."""
    if account.id == found.owner_id:
        return "OWNER"
    if users.member_role(db, found.owner_id, account.id):
        return "MEMBER"
    return "COLLABORATOR" if LEVELS.index(repos.permission(db, found, account)) > LEVELS.index("read") else "NONE"
