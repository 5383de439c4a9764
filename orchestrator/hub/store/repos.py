"""Repositories, who may do what in them, branch protection, labels of the repository, pushes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.hub import nodes
from orchestrator.hub.db import Database, marks
from orchestrator.hub.store import users
from orchestrator.hub.store.users import User

LEVELS = ("none", "read", "triage", "write", "maintain", "admin")


@dataclass(frozen=True, kw_only=True)
class Repo:
    """A repository. `ci` is JSON: job name -> shell command."""

    id: int
    owner_id: int
    name: str
    private: bool
    description: str | None
    default_branch: str
    archived: bool
    delete_branch_on_merge: bool
    allow_merge_commit: bool
    allow_squash_merge: bool
    allow_rebase_merge: bool
    allow_auto_merge: bool
    ci: str
    created_at: str
    updated_at: str
    pushed_at: str
    owner_login: str

    @property
    def node_id(self) -> str:
        return nodes.encode("R", self.id)

    @property
    def full_name(self) -> str:
        return f"{self.owner_login}/{self.name}"

    @property
    def jobs(self) -> dict[str, str]:
        """CI jobs: name -> shell command."""
        jobs: dict[str, str] = json.loads(self.ci)
        return jobs


@dataclass(frozen=True, kw_only=True)
class Label:
    """A label of a repository; `color` is six hex digits."""

    id: int
    repo_id: int
    name: str
    color: str
    description: str | None
    created_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("LA", self.repo_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Push:
    """One ref moved: by whom, from which commit (zeros: created) to which (zeros: deleted)."""

    id: int
    repo_id: int
    actor_id: int
    ref: str
    before: str
    after: str
    created_at: str


_SELECT = "SELECT repos.*, users.login AS owner_login FROM repos JOIN users ON users.id=repos.owner_id "


def create(db: Database, owner_id: int, name: str, **columns: str | int | None) -> Repo:
    """Add a repository row. Raises sqlite3.IntegrityError when the owner has one of that name."""
    now = db.now()
    with db.write():
        identity = db.insert(
            "repos", owner_id=owner_id, name=name, created_at=now, updated_at=now, pushed_at=now, **columns
        )
        return by_ids(db, [identity])[identity]


def by_name(db: Database, owner: str, name: str) -> Repo | None:
    """The repository owner/name."""
    return db.row(Repo, _SELECT + "WHERE users.login=? AND repos.name=?", owner, name)


def by_ids(db: Database, ids: Iterable[int]) -> dict[int, Repo]:
    """Repositories by id."""
    wanted = list(set(ids))
    found = db.rows(Repo, _SELECT + f"WHERE repos.id IN ({marks(wanted)})", *wanted) if wanted else []
    return {repo.id: repo for repo in found}


def get(db: Database, identity: int) -> Repo:
    """The repository with that id. Raises KeyError."""
    return by_ids(db, [identity])[identity]


def of_owner(db: Database, owner_id: int) -> list[Repo]:
    """An account's repositories by name."""
    return db.rows(Repo, _SELECT + "WHERE owner_id=? ORDER BY repos.name", owner_id)


def every(db: Database) -> list[Repo]:
    """All repositories by id."""
    return db.rows(Repo, _SELECT + "ORDER BY repos.id")


def update(db: Database, repo_id: int, **columns: str | int | None) -> None:
    """Change columns; `updated_at` moves."""
    db.update("repos", repo_id, updated_at=db.now(), **columns)


def take_number(db: Database, repo_id: int) -> int:
    """The next number of the sequence that issues and pull requests share. Inside a `write()`."""
    number: int = db.value("SELECT next_number FROM repos WHERE id=?", repo_id)
    db.update("repos", repo_id, next_number=number + 1)
    return number


def set_collaborator(db: Database, repo_id: int, user_id: int, permission: str | None) -> None:
    """Give a user read, triage, write, maintain or admin; None takes it away."""
    db.run("DELETE FROM collaborators WHERE repo_id=? AND user_id=?", repo_id, user_id)
    if permission is not None:
        db.run("INSERT INTO collaborators VALUES (?,?,?)", repo_id, user_id, permission)


def collaborators(db: Database, repo: Repo) -> list[User]:
    """Everybody with write access or named as a collaborator: owner or members first, by login."""
    named = db.rows(User, "SELECT users.* FROM users JOIN collaborators ON user_id=users.id WHERE repo_id=?", repo.id)
    owner = users.get(db, repo.owner_id)
    first = [owner] if owner.kind == "User" else users.members(db, owner.id)
    return sorted({user.id: user for user in [*first, *named]}.values(), key=lambda user: user.login)


def permission(db: Database, repo: Repo, user: User | None) -> str:
    """The highest of LEVELS that a user has; a public repository is readable by all."""
    level = "none" if repo.private else "read"
    if user is None:
        return level
    if user.id == repo.owner_id:
        return "admin"
    role = users.member_role(db, repo.owner_id, user.id)
    if role == "admin":
        return "admin"
    granted: str | None = db.value(
        "SELECT permission FROM collaborators WHERE repo_id=? AND user_id=?", repo.id, user.id
    )
    return max((level, "read" if role else "none", granted or "none"), key=LEVELS.index)


def protection(db: Database, repo_id: int, branch: str) -> dict[str, Any] | None:
    """The settings of a protected branch as given to the API (shape: rules.protection), or None."""
    text = db.value("SELECT settings FROM protections WHERE repo_id=? AND branch=?", repo_id, branch)
    settings: dict[str, Any] | None = None if text is None else json.loads(text)
    return settings


def set_protection(db: Database, repo_id: int, branch: str, settings: Mapping[str, Any] | None) -> None:
    """Protect a branch, or with None take the protection away."""
    with db.write():
        db.run("DELETE FROM protections WHERE repo_id=? AND branch=?", repo_id, branch)
        if settings is not None:
            db.run("INSERT INTO protections VALUES (?,?,?)", repo_id, branch, json.dumps(settings, sort_keys=True))


def label(db: Database, repo_id: int, name: str) -> Label | None:
    """A label by name (case does not matter)."""
    return db.row(Label, "SELECT * FROM labels WHERE repo_id=? AND name=?", repo_id, name)


def labels(db: Database, repo_id: int) -> list[Label]:
    """All labels of a repository, oldest first."""
    return db.rows(Label, "SELECT * FROM labels WHERE repo_id=? ORDER BY id", repo_id)


def create_label(db: Database, repo_id: int, name: str, color: str = "ededed", description: str | None = None) -> Label:
    """Add a label. Raises sqlite3.IntegrityError when it exists."""
    identity = db.insert(
        "labels", repo_id=repo_id, name=name, color=color, description=description, created_at=db.now()
    )
    return db.by_ids(Label, "labels", [identity])[0]


def delete_label(db: Database, label_id: int) -> None:
    """Remove a label from the repository and from all its issues."""
    with db.write():
        db.run("DELETE FROM issue_labels WHERE label_id=?", label_id)
        db.run("DELETE FROM labels WHERE id=?", label_id)


def add_push(db: Database, repo_id: int, actor_id: int, ref: str, before: str, after: str) -> None:
    """Record that a ref moved."""
    now = db.now()
    with db.write():
        db.insert("pushes", repo_id=repo_id, actor_id=actor_id, ref=ref, before=before, after=after, created_at=now)
        db.update("repos", repo_id, pushed_at=now, updated_at=now)


def pushes(db: Database, repo_id: int) -> list[Push]:
    """All recorded pushes, oldest first."""
    return db.rows(Push, "SELECT * FROM pushes WHERE repo_id=? ORDER BY id", repo_id)
