"""What tests and the demo do to a hub without HTTP: make its world, and act as its people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.hub import auth, picture
from orchestrator.hub.gitops import ZERO, Commit
from orchestrator.hub.rules import merging, opening, protection, pushing, reviewing
from orchestrator.hub.store import cards, comments, issues, projects, pulls, queues, repos, users
from orchestrator.hub.store.issues import Issue
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.repos import Repo
from orchestrator.hub.store.users import App, User

if TYPE_CHECKING:
    from orchestrator.hub.world import World

Files = Mapping[str, str | bytes | None]
APP_PERMISSIONS = {
    "contents": "write", "issues": "write", "pull_requests": "write", "checks": "write", "statuses": "write",
    "workflows": "write", "projects": "write", "metadata": "read",
}  # fmt: skip


class Admin:
    """`hub.admin`. Things are named as people name them (logins, owner/name, numbers); unknown names raise KeyError.
    Who acts is `author` or `actor`, a login (default: the owner of the repository, for an organization its first
    admin)."""

    def __init__(self, hub: World) -> None:
        self.hub = hub

    # Accounts

    def user(self, login: str, name: str | None = None) -> User:
        """Add a person."""
        return users.create(self.hub.db, login, "User", name)

    def org(self, login: str, members: Mapping[str, str] | None = None) -> User:
        """Add an organization with members: login -> admin | member."""
        org = users.create(self.hub.db, login, "Organization")
        for member, role in (members or {}).items():
            users.set_member(self.hub.db, org.id, self.account(member).id, role)
        return org

    def token(
        self, login: str, permissions: Mapping[str, str] | None = None, kind: str = "fine",
        scopes: Sequence[str] | None = None, repos: Sequence[str] | None = None,
    ) -> str:  # fmt: skip
        """A token of a person: everything, or only these permissions (fine) or scopes (kind="classic")."""
        only = None if repos is None else [self.repository(name).id for name in repos]
        account = self.account(login)
        return users.create_token(
            self.hub.db, account.id, kind=kind, permissions=permissions, scopes=scopes, repos=only
        ).token

    def app(
        self, slug: str, public_key_pem: str | None = None, installations: Sequence[str] = (),
        permissions: Mapping[str, str] | None = None, owner: str = "github",
    ) -> App:  # fmt: skip
        """Register a GitHub App and install it on these accounts."""
        app = users.create_app(
            self.hub.db, slug, self.account(owner).id, public_key_pem, permissions or APP_PERMISSIONS
        )
        for login in installations:
            users.install(self.hub.db, app.id, self.account(login).id)
        return app

    def account(self, login: str) -> User:
        """An account by login. Raises KeyError."""
        found = users.by_login(self.hub.db, login)
        if found is None:
            raise KeyError(f"no account {login}")
        return found

    # Repositories

    def repo(
        self, full_name: str, files: Files | None = None, private: bool = False, ci: Mapping[str, str] | None = None,
        collaborators: Mapping[str, str] | None = None, default_branch: str = "main",
        delete_branch_on_merge: bool = False, description: str | None = None,
    ) -> Repo:  # fmt: skip
        """Make a repository, with a first commit of these files (None: empty), CI jobs and collaborators."""
        import json

        owner, _, name = full_name.partition("/")
        repo = repos.create(
            self.hub.db, self.account(owner).id, name, private=int(private), default_branch=default_branch,
            ci=json.dumps(dict(ci or {})), delete_branch_on_merge=int(delete_branch_on_merge), description=description,
        )  # fmt: skip
        self.hub.bare(repo).create(default_branch)
        for login, permission in (collaborators or {}).items():
            repos.set_collaborator(self.hub.db, repo.id, self.account(login).id, permission)
        if files is not None:
            self.push(full_name, default_branch, files, message="Initial commit")
        return repo

    def set_ci(self, full_name: str, jobs: Mapping[str, str]) -> None:
        """Change the CI jobs of a repository (for commits pushed from now on)."""
        import json

        repos.update(self.hub.db, self.repository(full_name).id, ci=json.dumps(dict(jobs)))

    def collaborator(self, full_name: str, login: str, permission: str | None) -> None:
        """Give or (None) take a person's role."""
        repos.set_collaborator(self.hub.db, self.repository(full_name).id, self.account(login).id, permission)

    def repository(self, full_name: str) -> Repo:
        """A repository by owner/name. Raises KeyError."""
        owner, _, name = full_name.partition("/")
        found = repos.by_name(self.hub.db, owner, name)
        if found is None:
            raise KeyError(f"no repository {full_name}")
        return found

    def protect(self, full_name: str, branch: str, **settings: Any) -> None:
        """Protect a branch; the settings are those of `protection.in_full`."""
        plain = protection.in_full(settings)
        repos.set_protection(self.hub.db, self.repository(full_name).id, branch, plain)

    def unprotect(self, full_name: str, branch: str) -> None:
        """Take the protection away."""
        repos.set_protection(self.hub.db, self.repository(full_name).id, branch, None)

    def merge_queue(self, full_name: str, branch: str, loses: str | None = None) -> None:
        """The branch is only reached through a merge queue from now on; `loses`: a file that it wrongly takes away."""
        queues.make(self.hub.db, self.repository(full_name).id, branch, loses)

    def push(
        self, full_name: str, branch: str, files: Files, author: str | None = None, message: str = "Change",
        base: str | None = None, force: bool = False,
    ) -> str:  # fmt: skip
        """A person's push: one commit with these files set (None: removed) on the branch; a new branch starts at
        `base` (a branch or sha; default: the default branch). `force` starts again from `base`. The new sha."""
        repo = self.repository(full_name)
        bare, viewer = self.hub.bare(repo), self.viewer(repo, author)
        assert viewer.user is not None
        before = bare.branch(branch)
        start = before if before and not force else bare.resolve(base or repo.default_branch)
        data = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        person = self.hub.person(viewer.user, self.hub.db.now())
        sha = bare.commit_tree(bare.tree_with(start, data), (start,) if start else (), message, person, person)
        if not bare.set_ref(f"refs/heads/{branch}", sha, before or ZERO):
            raise RuntimeError(f"{branch} moved during the push")
        pushing.after_update(self.hub, viewer, repo, f"refs/heads/{branch}", before or ZERO, sha)
        return sha

    def delete_branch(self, full_name: str, branch: str, actor: str | None = None) -> None:
        """Delete a branch, as a person would."""
        repo = self.repository(full_name)
        bare = self.hub.bare(repo)
        before = bare.branch(branch)
        if before is None:
            raise KeyError(f"no branch {branch}")
        bare.delete_ref(f"refs/heads/{branch}")
        pushing.after_update(self.hub, self.viewer(repo, actor), repo, f"refs/heads/{branch}", before, ZERO)

    def show(self, full_name: str, ref: str, path: str) -> str:
        """The text of a file. Raises KeyError."""
        data = self.hub.bare(self.repository(full_name)).file(ref, path)
        if data is None:
            raise KeyError(f"no {path} at {ref}")
        return data.decode("utf-8")

    def log(self, full_name: str, ref: str) -> list[Commit]:
        """The commits of a branch, newest first."""
        return self.hub.bare(self.repository(full_name)).commits(ref)

    def branches(self, full_name: str) -> dict[str, str]:
        """Branch -> sha."""
        found = self.hub.bare(self.repository(full_name)).refs("refs/heads/")
        return {name.removeprefix("refs/heads/"): sha for name, sha in found.items()}

    # Boards and issues

    def board(
        self, owner: str, title: str = "Board", options: Sequence[str] = projects.DEFAULT_OPTIONS,
        repos: Sequence[str] = (),
    ) -> int:  # fmt: skip
        """Make a board with these Status options; its number."""
        account = self.account(owner)
        creator = account if account.kind == "User" else self._first_admin(account)
        project = projects.create(self.hub.db, account.id, creator.id, title, options)
        for name in repos:
            projects.link_repo(self.hub.db, project.id, self.repository(name))
        return project.number

    def issue(
        self, full_name: str, title: str, body: str = "", author: str | None = None, labels: Sequence[str] = (),
        board: int | None = None, status: str | None = None, assignees: Sequence[str] = (),
    ) -> int:  # fmt: skip
        """File an issue as a person would, with labels, on a board of the owner in a status. Its number."""
        repo = self.repository(full_name)
        actor = self.actor(repo, author)
        people = [self.account(login).id for login in assignees]
        issue = issues.create(self.hub.db, repo.id, actor.id, title, body, labels=labels, assignees=people)
        if board is not None:
            project = projects.by_number(self.hub.db, repo.owner_id, board)
            if project is None:
                raise KeyError(f"no board {board}")
            item = cards.add(self.hub.db, project.id, actor.id, issue_id=issue.id)
            if status is not None:
                cards.set_status(self.hub.db, project, item, status, actor.id)
        return issue.number

    def set_status(
        self, full_name: str, number: int, status: str | None, actor: str | None = None, board: int | None = None
    ) -> None:
        """Set (None: clear) the Status of an issue on its boards, or on one; it must be on a board."""
        repo = self.repository(full_name)
        issue = self.find_issue(full_name, number)
        items = cards.of_issues(self.hub.db, [issue.id])[issue.id]
        boards = projects.by_ids(self.hub.db, [item.project_id for item in items])
        wanted = [item for item in items if board in (None, boards[item.project_id].number)]
        if not wanted:
            raise KeyError(f"#{number} is on no such board")
        for item in wanted:
            cards.set_status(self.hub.db, boards[item.project_id], item, status, self.actor(repo, actor).id)

    def status(self, full_name: str, number: int, board: int | None = None) -> str | None:
        """The Status of an issue on its (first) board."""
        issue = self.find_issue(full_name, number)
        for item in cards.of_issues(self.hub.db, [issue.id])[issue.id]:
            project = projects.get(self.hub.db, item.project_id)
            if board in (None, project.number):
                return cards.statuses(self.hub.db, project, [item]).get(item.id)
        return None

    def label(self, full_name: str, number: int, *names: str, actor: str | None = None) -> None:
        """Put labels on."""
        issue, who = self._target(full_name, number, actor)
        issues.add_labels(self.hub.db, issue, who.id, names)

    def unlabel(self, full_name: str, number: int, name: str, actor: str | None = None) -> None:
        """Take a label off."""
        issue, who = self._target(full_name, number, actor)
        issues.remove_label(self.hub.db, issue, who.id, name)

    def comment(self, full_name: str, number: int, body: str, actor: str | None = None) -> int:
        """Write a comment; its id."""
        issue, who = self._target(full_name, number, actor)
        return comments.add(self.hub.db, issue, who.id, body).id

    def edit_issue(
        self, full_name: str, number: int, title: str | None = None, body: str | None = None, actor: str | None = None
    ) -> None:
        """Change title or body."""
        issue, who = self._target(full_name, number, actor)
        issues.edit(self.hub.db, issue, who.id, title=title, body=body)

    def close(self, full_name: str, number: int, actor: str | None = None, reason: str | None = None) -> None:
        """Close an issue."""
        issue, who = self._target(full_name, number, actor)
        issues.set_state(self.hub.db, issue, who.id, "closed", reason=reason)

    def reopen(self, full_name: str, number: int, actor: str | None = None) -> None:
        """Open it again."""
        issue, who = self._target(full_name, number, actor)
        issues.set_state(self.hub.db, issue, who.id, "open")

    # Pull requests

    def open_pull(
        self, full_name: str, head: str, title: str = "Change", body: str = "", base: str | None = None,
        author: str | None = None, draft: bool = False,
    ) -> int:  # fmt: skip
        """Open a pull request; its number."""
        repo = self.repository(full_name)
        viewer = self.viewer(repo, author)
        return opening.open_pull(
            self.hub, viewer, repo, title=title, body=body, head=head, base=base or repo.default_branch, draft=draft
        ).number

    def merge_pull(self, full_name: str, number: int, actor: str | None = None, method: str = "squash") -> str:
        """Merge it as a person would; the new commit."""
        repo = self.repository(full_name)
        return merging.merge(self.hub, self.viewer(repo, actor), repo, number, method=method)

    def close_pull(self, full_name: str, number: int, actor: str | None = None) -> None:
        """Close it unmerged."""
        self.close(full_name, number, actor)

    def review(
        self, full_name: str, number: int, event: str = "APPROVE", body: str = "", actor: str | None = None
    ) -> int:
        """Submit a review (APPROVE, REQUEST_CHANGES, COMMENT); its id."""
        repo = self.repository(full_name)
        pull = self.find_pull(full_name, number)
        return reviewing.submit(self.hub, self.viewer(repo, actor), repo, pull, event=event, body=body).id

    # Looking

    def find_issue(self, full_name: str, number: int) -> Issue:
        """The stored issue. Raises KeyError."""
        found = issues.by_number(self.hub.db, self.repository(full_name).id, number)
        if found is None:
            raise KeyError(f"no #{number} in {full_name}")
        return found

    def find_pull(self, full_name: str, number: int) -> Pull:
        """The stored pull half of a pull request. Raises KeyError."""
        found = pulls.by_number(self.hub.db, self.repository(full_name).id, number)
        if found is None:
            raise KeyError(f"no pull request #{number} in {full_name}")
        return found

    def furniture(self) -> dict[str, Any]:
        """Labels, refs that are no branches, boards with their columns: what set-up makes."""
        return picture.furniture(self.hub)

    def snapshot(self) -> dict[str, Any]:
        """The whole world without times, ids and shas, for comparing two of them."""
        return picture.snapshot(self.hub)

    # Who acts

    def actor(self, repo: Repo, login: str | None) -> User:
        """The named account, or the owner (an organization's first admin)."""
        if login is not None:
            return self.account(login)
        owner = users.get(self.hub.db, repo.owner_id)
        return owner if owner.kind == "User" else self._first_admin(owner)

    def viewer(self, repo: Repo, login: str | None) -> auth.Viewer:
        """That account with all its rights."""
        return auth.acting(self.actor(repo, login))

    def _first_admin(self, org: User) -> User:
        members = users.members(self.hub.db, org.id)
        admins = [user for user in members if users.member_role(self.hub.db, org.id, user.id) == "admin"]
        return (admins or members or [org])[0]

    def _target(self, full_name: str, number: int, actor: str | None) -> tuple[Issue, User]:
        return self.find_issue(full_name, number), self.actor(self.repository(full_name), actor)
