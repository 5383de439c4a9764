"""People, organizations, apps and their tokens."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.hub import nodes
from orchestrator.hub.db import Database

ACTIONS_APP_ID = 15368
"""GitHub's own number for the `github-actions` app: https://api.github.com/apps/github-actions"""

_PREFIX = {"User": "U", "Organization": "O", "Bot": "BOT"}


@dataclass(frozen=True, kw_only=True)
class User:
    """An account: a person, an organization or the bot of an app (`kind` is GitHub's `type`)."""

    id: int
    login: str
    kind: str
    name: str | None
    email: str | None
    app_id: int | None
    site_admin: bool
    created_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode(_PREFIX[self.kind], self.id)


@dataclass(frozen=True, kw_only=True)
class App:
    """A GitHub App. `permissions` is JSON: area -> read|write; `public_key` is PEM for its JWTs."""

    id: int
    slug: str
    name: str
    public_key: str | None
    owner_id: int
    bot_id: int
    permissions: str
    created_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("A", self.id)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An app installed on an account."""

    id: int
    app_id: int
    account_id: int
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Token:
    """A credential. `kind` is classic, fine or installation; `permissions` None means everything its user may."""

    token: str
    user_id: int
    kind: str
    permissions: str | None
    scopes: str | None
    app_id: int | None
    installation_id: int | None
    repos: str | None
    expires_at: str | None
    created_at: str


def create(db: Database, login: str, kind: str = "User", name: str | None = None, app_id: int | None = None) -> User:
    """Add an account. Raises sqlite3.IntegrityError when the login is taken."""
    with db.write():
        email = f"{login}@users.hub.example" if kind == "User" else None
        identity = db.insert(
            "users", login=login, kind=kind, name=name, email=email, app_id=app_id, created_at=db.now()
        )
        return by_ids(db, [identity])[identity]


def by_login(db: Database, login: str) -> User | None:
    """The account with that login (case does not matter)."""
    return db.row(User, "SELECT * FROM users WHERE login=?", login)


def by_ids(db: Database, ids: Iterable[int | None]) -> dict[int, User]:
    """Accounts by id."""
    return {user.id: user for user in db.by_ids(User, "users", [i for i in ids if i is not None])}


def get(db: Database, identity: int) -> User:
    """The account with that id. Raises KeyError."""
    return by_ids(db, [identity])[identity]


def set_member(db: Database, org_id: int, user_id: int, role: str) -> None:
    """Make a user a `member` or `admin` of an organization."""
    db.run("INSERT OR REPLACE INTO members VALUES (?,?,?)", org_id, user_id, role)


def member_role(db: Database, org_id: int, user_id: int) -> str | None:
    """`member`, `admin` or None."""
    role: str | None = db.value("SELECT role FROM members WHERE org_id=? AND user_id=?", org_id, user_id)
    return role


def members(db: Database, org_id: int) -> list[User]:
    """The members of an organization by login."""
    sql = "SELECT users.* FROM users JOIN members ON user_id=users.id WHERE org_id=? ORDER BY login"
    return db.rows(User, sql, org_id)


def orgs_of(db: Database, user_id: int) -> list[User]:
    """The organizations a user belongs to."""
    sql = "SELECT users.* FROM users JOIN members ON org_id=users.id WHERE user_id=? ORDER BY login"
    return db.rows(User, sql, user_id)


def create_app(
    db: Database,
    slug: str,
    owner_id: int,
    public_key: str | None,
    permissions: Mapping[str, str],
    identity: int | None = None,
) -> App:
    """Register an app and its bot account `slug[bot]`."""
    with db.write():
        bot = create(db, f"{slug}[bot]", "Bot")
        values: dict[str, str | int | None] = {} if identity is None else {"id": identity}
        app_id = db.insert(
            "apps", slug=slug, name=slug.replace("-", " ").title(), public_key=public_key, owner_id=owner_id,
            bot_id=bot.id, permissions=json.dumps(dict(permissions)), created_at=db.now(), **values,
        )  # fmt: skip
        db.update("users", bot.id, app_id=app_id)
    return apps(db, [app_id])[app_id]


def apps(db: Database, ids: Iterable[int | None]) -> dict[int, App]:
    """Apps by id."""
    return {app.id: app for app in db.by_ids(App, "apps", [i for i in ids if i is not None])}


def app_by_slug(db: Database, slug: str) -> App | None:
    """The app with that slug."""
    return db.row(App, "SELECT * FROM apps WHERE slug=?", slug)


def install(db: Database, app_id: int, account_id: int) -> Installation:
    """Install an app on an account; a second time gives the same installation."""
    with db.write():
        found = installation(db, app_id, account_id)
        if found is None:
            db.insert("installations", app_id=app_id, account_id=account_id, created_at=db.now())
            found = installation(db, app_id, account_id)
    assert found is not None
    return found


def installation(db: Database, app_id: int, account_id: int) -> Installation | None:
    """The installation of an app on an account."""
    return db.row(Installation, "SELECT * FROM installations WHERE app_id=? AND account_id=?", app_id, account_id)


def installations(db: Database, app_id: int) -> list[Installation]:
    """All installations of an app."""
    return db.rows(Installation, "SELECT * FROM installations WHERE app_id=? ORDER BY id", app_id)


def create_token(
    db: Database, user_id: int, *, kind: str = "fine", permissions: Mapping[str, str] | None = None,
    scopes: Sequence[str] | None = None, app_id: int | None = None, installation_id: int | None = None,
    repos: Sequence[int] | None = None, expires_at: str | None = None,
) -> Token:  # fmt: skip
    """Issue a token. The prefixes are GitHub's: ghp_ classic, github_pat_ fine-grained, ghs_ installation."""
    prefix = {"classic": "ghp_", "fine": "github_pat_", "installation": "ghs_"}[kind]
    token = Token(
        token=prefix + secrets.token_hex(18), user_id=user_id, kind=kind,
        permissions=None if permissions is None else json.dumps(dict(permissions)),
        scopes=None if scopes is None else json.dumps(list(scopes)), app_id=app_id, installation_id=installation_id,
        repos=None if repos is None else json.dumps(list(repos)), expires_at=expires_at, created_at=db.now(),
    )  # fmt: skip
    db.insert("tokens", **vars(token))
    return token


def token(db: Database, text: str) -> Token | None:
    """The token, unless unknown or expired."""
    found = db.row(Token, "SELECT * FROM tokens WHERE token=?", text)
    return None if found is None or (found.expires_at is not None and found.expires_at <= db.now()) else found


def revoke(db: Database, text: str) -> None:
    """Forget a token."""
    db.run("DELETE FROM tokens WHERE token=?", text)


def people(db: Database) -> list[User]:
    """All persons by id."""
    return db.rows(User, "SELECT * FROM users WHERE kind='User' ORDER BY id")
