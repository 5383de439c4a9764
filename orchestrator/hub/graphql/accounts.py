"""People, organizations, bots and apps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.hub.graphql.errors import not_found
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.store import projects, repos, users
from orchestrator.hub.store.users import App, User

rows_of(User, "User", "Organization", "Bot")
rows_of(App, "App")


def kind_of(user: User) -> str:
    """The GraphQL type of an account."""
    return user.kind


def account(thing: Thing, key: str, reference: Callable[[Any], int | None]) -> Thing | None:
    """The account whose id `reference` reads from a row."""
    return thing.one(f"account:{key}", users.by_ids, kind_of, reference)


@field("User.login", "Organization.login")
def login(thing: Thing) -> str:
    """The login as it is."""
    found: str = thing.row.login
    return found


@field("Bot.login")
def bot_login(thing: Thing) -> str:
    """GraphQL drops the `[bot]` that REST appends."""
    found: str = thing.row.login
    return found.removesuffix("[bot]")


@field("User.email")
def email(thing: Thing) -> str:
    """Empty when not public."""
    return thing.row.email or ""


@field("User.url", "Organization.url")
def url(thing: Thing) -> str:
    """The profile."""
    return f"{thing.world.web}/{thing.row.login}"


@field("Bot.url")
def bot_url(thing: Thing) -> str:
    """The app behind the bot."""
    return f"{thing.world.web}/apps/{bot_login(thing)}"


@field("User.avatarUrl", "Organization.avatarUrl", "Bot.avatarUrl")
def avatar(thing: Thing, size: int | None = None) -> str:
    """A picture's address."""
    return f"{thing.world.web}/avatars/{thing.row.id}" + (f"?s={size}" if size else "")


@field("User.isViewer")
def is_viewer(thing: Thing) -> bool:
    """Is it the caller?"""
    return bool(thing.row.id == thing.world.user.id)


@field("User.isSiteAdmin")
def is_site_admin(thing: Thing) -> bool:
    """Staff of the server."""
    return bool(thing.row.site_admin)


@field("Organization.viewerIsAMember")
def viewer_is_member(thing: Thing) -> bool:
    """Does the caller belong to it?"""
    return users.member_role(thing.world.db, thing.row.id, thing.world.user.id) is not None


@field("Organization.viewerCanAdminister")
def viewer_administers(thing: Thing) -> bool:
    """Is the caller one of its owners?"""
    return users.member_role(thing.world.db, thing.row.id, thing.world.user.id) == "admin"


@field("User.organization")
def organization(thing: Thing, login: str) -> Thing | None:
    """An organization of the user."""
    found = [org for org in users.orgs_of(thing.world.db, thing.row.id) if org.login.lower() == login.lower()]
    return alone(thing.world, "Organization", found[0]) if found else None


@connection("User.organizations")
def organizations(thing: Thing) -> Rows:
    """All organizations of the user."""
    return Rows(kind="Organization", rows=users.orgs_of(thing.world.db, thing.row.id))


@field("User.repository", "Organization.repository")
def repository(thing: Thing, name: str, follow_renames: bool = True) -> Thing:
    """A repository of the account that the caller may see."""
    found = repos.by_name(thing.world.db, thing.row.login, name)
    if found is None or not thing.world.sees(found):
        raise not_found(f"a Repository with the name '{thing.row.login}/{name}'")
    return alone(thing.world, "Repository", found)


@connection("User.repositories", "Organization.repositories")
def repositories(thing: Thing) -> Rows:
    """What the caller may see of the account's repositories."""
    found = repos.of_owner(thing.world.db, thing.row.id)
    return Rows(kind="Repository", rows=[repo for repo in found if thing.world.sees(repo)])


@field("User.projectV2", "Organization.projectV2")
def project(thing: Thing, number: int) -> Thing:
    """A board by its number."""
    found = projects.by_number(thing.world.db, thing.row.id, number)
    if found is None or thing.world.board_level(found) == "none":
        raise not_found(f"a ProjectV2 with the number {number}")
    return alone(thing.world, "ProjectV2", found)


@connection("User.projectsV2", "Organization.projectsV2")
def boards(thing: Thing) -> Rows:
    """The boards that the caller may see."""
    found = projects.of_owner(thing.world.db, thing.row.id)
    return Rows(kind="ProjectV2", rows=[board for board in found if thing.world.board_level(board) != "none"])


@field("App.url")
def app_url(thing: Thing) -> str:
    """The app's page."""
    return f"{thing.world.web}/apps/{thing.row.slug}"
