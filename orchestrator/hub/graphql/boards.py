"""Projects v2: boards, fields, options, cards and their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.hub import nodes
from orchestrator.hub.graphql.accounts import account
from orchestrator.hub.graphql.commits import repo_row
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.repository import issue_kind
from orchestrator.hub.graphql.things import Thing, alone, spread_groups
from orchestrator.hub.store import cards, issues, projects, repos
from orchestrator.hub.store.projects import Field, Item, Option, Project


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The text of a card that is no issue."""

    item: Item

    @property
    def id(self) -> int:
        return self.item.id

    @property
    def node_id(self) -> str:
        return nodes.encode("DI", self.item.project_id, self.item.id)


rows_of(Project, "ProjectV2")
rows_of(Field, "ProjectV2Field", "ProjectV2SingleSelectField")
rows_of(Option, "ProjectV2SingleSelectFieldOption")
rows_of(Item, "ProjectV2Item")
rows_of(Draft, "DraftIssue")


def field_kind(row: Field) -> str:
    """The GraphQL type of a field."""
    return "ProjectV2SingleSelectField" if row.data_type == "SINGLE_SELECT" else "ProjectV2Field"


@field("ProjectV2.owner")
def owner(thing: Thing) -> Thing | None:
    """The user or organization."""
    return account(thing, "owner", lambda row: row.owner_id)


@field("ProjectV2.creator", "ProjectV2Item.creator")
def creator(thing: Thing) -> Thing | None:
    """Who made it."""
    return account(thing, "creator", lambda row: row.creator_id)


@field("ProjectV2.closedAt")
def closed_at(thing: Thing) -> str | None:
    """When it was last changed, if it is closed (closing is a change, and nothing follows it)."""
    return thing.row.updated_at if thing.row.closed else None


@field("ProjectV2.url")
def url(thing: Thing) -> str:
    """The board's page."""
    found = owner(thing)
    assert found is not None
    folder = "orgs" if found.kind == "Organization" else "users"
    return f"{thing.world.web}/{folder}/{found.row.login}/projects/{thing.row.number}"


@field("ProjectV2.viewerCanUpdate")
def can_update(thing: Thing) -> bool:
    """May the caller change it?"""
    return thing.world.board_level(thing.row) == "write"


def fields_of(thing: Thing) -> list[Thing]:
    """The columns of a board."""
    return thing.many("fields", projects.fields_of, field_kind)


@connection("ProjectV2.fields")
def field_list(thing: Thing, order_by: None = None) -> list[Thing]:
    """The columns of a board."""
    return fields_of(thing)


@field("ProjectV2.field")
def field_named(thing: Thing, name: str) -> Thing | None:
    """A column by its name (case does not matter)."""
    return next((one for one in fields_of(thing) if one.row.name.lower() == name.lower()), None)


@connection("ProjectV2.items")
def items(thing: Thing) -> Rows:
    """Its cards, archived ones left out."""
    return Rows(kind="ProjectV2Item", rows=cards.page(thing.world.db, thing.row.id))


@connection("ProjectV2.repositories")
def linked(thing: Thing) -> Rows:
    """Repositories linked to it that the caller sees."""
    known = repos.by_ids(thing.world.db, projects.repo_ids(thing.world.db, thing.row.id))
    return Rows(kind="Repository", rows=[repo for repo in known.values() if thing.world.sees(repo)])


@field("ProjectV2Field.project", "ProjectV2SingleSelectField.project", "ProjectV2Item.project")
def project(thing: Thing) -> Thing | None:
    """The board."""
    return thing.one("project", projects.by_ids, "ProjectV2", lambda row: row.project_id)


def _options(thing: Thing) -> list[Thing]:
    """Options of a single-select field; they have no number, so they are grouped by hand."""
    known: dict[int, list[Thing]] = thing.shared("options", lambda rows: spread_groups(
        thing.world, "ProjectV2SingleSelectFieldOption",
        projects.options_of(thing.world.db, [row.id for row in rows]),
    ))  # fmt: skip
    return known.get(thing.row.id, [])


@field("ProjectV2SingleSelectField.options")
def options(thing: Thing, names: Sequence[str] | None = None) -> list[Thing]:
    """Its choices, or those of the given names."""
    return [one for one in _options(thing) if names is None or one.row.name in names]


@field("ProjectV2SingleSelectFieldOption.id")
def option_id(thing: Thing) -> str:
    """Eight hex digits."""
    return str(thing.row.id)


@field("ProjectV2SingleSelectFieldOption.nameHTML")
def option_namehtml(thing: Thing) -> str:
    """The name for a page."""
    return html(thing.row.name)


@field("ProjectV2SingleSelectFieldOption.descriptionHTML")
def option_descriptionhtml(thing: Thing) -> str:
    """The description for a page."""
    return html(thing.row.description)


def html(text: str) -> str:
    from html import escape

    return escape(text)


@field("ProjectV2Item.isArchived")
def is_archived(thing: Thing) -> bool:
    """Out of sight?"""
    return bool(thing.row.archived)


@field("ProjectV2Item.content")
def content(thing: Thing) -> Thing | None:
    """The issue or pull request, None when the caller may not see it; a draft's own text."""
    if thing.row.issue_id is None:
        return alone(thing.world, "DraftIssue", Draft(item=thing.row))
    found = thing.one("content", issues.by_ids, issue_kind, lambda row: row.issue_id)
    if found is None or not thing.world.may_read(repo_row(found), "pull_requests" if found.row.is_pull else "issues"):
        return None
    return found


@field("ProjectV2Item.type")
def item_type(thing: Thing) -> str:
    """ISSUE, PULL_REQUEST, DRAFT_ISSUE, or REDACTED for what the caller may not see."""
    found = content(thing)
    if found is None:
        return "REDACTED"
    return {"Issue": "ISSUE", "PullRequest": "PULL_REQUEST"}.get(found.kind, "DRAFT_ISSUE")


@field("DraftIssue.title")
def draft_title(thing: Thing) -> str:
    """The title."""
    return thing.row.item.draft_title or ""


@field("DraftIssue.body", "DraftIssue.bodyText")
def draft_body(thing: Thing) -> str:
    """The text."""
    return thing.row.item.draft_body or ""


@field("DraftIssue.creator")
def draft_creator(thing: Thing) -> Thing | None:
    """Who wrote it."""
    return account(thing, "creator", lambda row: row.item.creator_id)


@field("DraftIssue.createdAt")
def draft_created(thing: Thing) -> str:
    """When."""
    return str(thing.row.item.created_at)


@field("DraftIssue.updatedAt")
def draft_updated(thing: Thing) -> str:
    """When it last changed."""
    return str(thing.row.item.updated_at)


@connection("DraftIssue.assignees")
def draft_assignees(thing: Thing) -> list[Thing]:
    """The hub's drafts have none."""
    return []
