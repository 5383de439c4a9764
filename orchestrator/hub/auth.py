"""Who is calling, and what the token and the person behind it may do.

Sources: https://docs.github.com/en/rest/authentication and /en/apps/creating-github-apps
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.hub.db import Database
from orchestrator.hub.errors import ApiError
from orchestrator.hub.store import repos, users
from orchestrator.hub.store.repos import LEVELS, Repo
from orchestrator.hub.store.users import App, Token, User

if TYPE_CHECKING:
    from jwt.types import Options

_RANK = {"none": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """The caller: anonymous (nothing set), a user with a token, an app's installation, or an app by its JWT."""

    user: User | None = None
    token: Token | None = None
    app: App | None = None
    account_id: int | None = None

    @property
    def key(self) -> str:
        """What limits and ETags are counted by."""
        return self.token.token if self.token else f"app:{self.app.id}" if self.app else "anonymous"

    @property
    def app_id(self) -> int | None:
        """The app acting through this token, for performed_via_github_app and check runs."""
        return self.token.app_id if self.token else None

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of a classic token."""
        return tuple(json.loads(self.token.scopes)) if self.token and self.token.scopes else ()

    def level(self, area: str) -> str:
        """none, read or write: what the token (not the person) grants in an area of permissions."""
        if self.token is None:
            return "read" if self.app is None else "none"
        if self.token.kind == "classic" and self.token.scopes is not None:
            return _classic(self.scopes, area)
        if self.token.permissions is None or area == "metadata":
            return "write"
        granted: str = json.loads(self.token.permissions).get(area, "none")
        return granted

    def grants(self, area: str, level: str) -> bool:
        """Does the token reach that level in the area?"""
        return _RANK[self.level(area)] >= _RANK[level]

    def refusal(self) -> str:
        """GitHub's sentence for a token without the permission."""
        kind = "integration" if self.token and self.token.kind == "installation" else "personal access token"
        return f"Resource not accessible by {kind}"


def _classic(scopes: tuple[str, ...], area: str) -> str:
    if area == "workflows":
        return "write" if "workflow" in scopes else "none"
    if area in ("projects", "organization_projects"):
        return "write" if "project" in scopes else "read" if "read:project" in scopes else "none"
    if area == "checks":
        return "read" if "repo" in scopes else "none"
    return "write" if {"repo", "public_repo"} & set(scopes) else "read" if area == "metadata" else "none"


def authenticate(db: Database, headers: Mapping[str, str]) -> Viewer:
    """The caller named by the Authorization header. Raises ApiError 401 for a token that is not known."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            value = "?"
    if not scheme:
        return Viewer()
    if scheme.lower() == "bearer" and value.count(".") == 2:
        return Viewer(app=_app_of_jwt(db, value))
    return by_token(db, value)


def by_token(db: Database, text: str) -> Viewer:
    """The caller behind a token. Raises ApiError 401."""
    token = users.token(db, text)
    if token is None:
        raise ApiError(401, "Bad credentials")
    account = None
    if token.installation_id is not None:
        account = db.value("SELECT account_id FROM installations WHERE id=?", token.installation_id)
    return Viewer(user=users.get(db, token.user_id), token=token, account_id=account)


def _app_of_jwt(db: Database, text: str) -> App:
    import jwt

    try:
        issuer = str(jwt.decode(text, options={"verify_signature": False}).get("iss", ""))
        app = users.apps(db, [int(issuer)]).get(int(issuer)) if issuer.isdigit() else users.app_by_slug(db, issuer)
        if app is None or app.public_key is None:
            raise ApiError(404, "Integration not found")
        # The hub's clock may be ahead of the real one, so times are compared by hand.
        unchecked: Options = {"verify_exp": False, "verify_iat": False}
        claims = jwt.decode(text, app.public_key, algorithms=["RS256"], options=unchecked)
    except jwt.PyJWTError as error:
        raise ApiError(401, "A JSON web token could not be decoded") from error
    now = db.clock.epoch()
    issued, expires = float(claims.get("iat", 0)), float(claims.get("exp", 0))
    if not expires > min(now, _real_now()):
        raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
    if expires - issued > 660 or issued > max(now, _real_now()) + 60:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def _real_now() -> float:
    import time

    return time.time()


def role(db: Database, viewer: Viewer, repo: Repo) -> str:
    """The viewer's role in a repository, one of LEVELS. A token bound to some repositories sees no other private."""
    token = viewer.token
    if token is not None and token.repos is not None and repo.id not in json.loads(token.repos):
        return "none" if repo.private else "read"
    if token is not None and token.kind == "installation":
        if viewer.account_id != repo.owner_id:
            return "none" if repo.private else "read"
        return "admin" if viewer.level("administration") == "write" else "write"
    found = repos.permission(db, repo, viewer.user)
    if token is not None and token.kind == "classic" and repo.private and "repo" not in viewer.scopes:
        return found if token.scopes is None else "none"
    return found


def check(db: Database, viewer: Viewer, repo: Repo, area: str, level: str, wanted_role: str) -> None:
    """Raise what GitHub answers when the viewer may not: 404 unseen, 401 anonymous, 403 missing permission or role."""
    have = role(db, viewer, repo)
    if have == "none":
        raise ApiError(404, "Not Found")
    if viewer.user is None and level == "write":
        if viewer.app is not None:
            raise ApiError(403, "Resource not accessible by integration")
        raise ApiError(401, "Requires authentication")
    if not viewer.grants(area, level) and (level == "write" or repo.private):
        raise ApiError(403, viewer.refusal())
    if LEVELS.index(have) < LEVELS.index(wanted_role):
        needs = "admin rights to Repository." if wanted_role == "admin" else "push access to repository"
        raise ApiError(403, f"Must have {needs}")
    if repo.archived and level == "write" and area != "administration":
        raise ApiError(403, "Repository was archived so is read-only.")


def acting(user: User) -> Viewer:
    """A viewer that may do all its user may: how the hub itself acts for someone (admin, CI, hooks)."""
    token = Token(
        token=f"internal-{user.id}", user_id=user.id, kind="fine", permissions=None, scopes=None, app_id=None,
        installation_id=None, repos=None, expires_at=None, created_at=user.created_at,
    )  # fmt: skip
    return Viewer(user=user, token=token)
