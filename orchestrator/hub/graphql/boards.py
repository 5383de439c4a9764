"""Projects v2: boards, fields, options, cards and their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.hub import nodes
from orchestrator.hub.graphql.accounts import account, kind_of
from orchestrator.hub.graphql.commits import repo_row
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.repository import issue_kind, repository_of
from orchestrator.hub.graphql.things import Thing, alone, spread_groups
from orchestrator.hub.store import cards, issues, projects, repos
from orchestrator.hub.store.projects import Field, FieldValue, Item, Option, Project


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


_VALUE_KINDS = {
    "SINGLE_SELECT": "ProjectV2ItemFieldSingleSelectValue", "TEXT": "ProjectV2ItemFieldTextValue",
    "TITLE": "ProjectV2ItemFieldTextValue", "NUMBER": "ProjectV2ItemFieldNumberValue",
    "DATE": "ProjectV2ItemFieldDateValue", "LABELS": "ProjectV2ItemFieldLabelValue",
    "REPOSITORY": "ProjectV2ItemFieldRepositoryValue", "ASSIGNEES": "ProjectV2ItemFieldUserValue",
}  # fmt: skip

rows_of(Project, "ProjectV2")
rows_of(Field, "ProjectV2Field", "ProjectV2SingleSelectField")
rows_of(Option, "ProjectV2SingleSelectFieldOption")
rows_of(Item, "ProjectV2Item")
rows_of(Draft, "DraftIssue")
rows_of(FieldValue, *set(_VALUE_KINDS.values()))


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
def option_name_html(thing: Thing) -> str:
    """The name for a page."""
    return _html(thing.row.name)


@field("ProjectV2SingleSelectFieldOption.descriptionHTML")
def option_description_html(thing: Thing) -> str:
    """The description for a page."""
    return _html(thing.row.description)


def _html(text: str) -> str:
    import html

    return html.escape(text)


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


def _fields(thing: Thing) -> list[Field]:
    """The columns of an item's board."""
    known: dict[int, list[Field]] = thing.shared(
        "fields", lambda rows: projects.fields_of(thing.world.db, {row.project_id for row in rows})
    )
    return known[thing.row.project_id]


def _values(thing: Thing) -> list[Thing]:
    """All values of an item, in the order of the columns: stored ones, and those that follow from the content."""
    known: dict[int, list[Thing]] = thing.shared("values", lambda rows: _all_values(thing, rows))
    return known[thing.row.id]


def _all_values(thing: Thing, rows: list[Item]) -> dict[int, list[Thing]]:
    stored = cards.values_of(thing.world.db, [row.id for row in rows])
    by_field = {one.id: one for columns in _boards_fields(thing).values() for one in columns}
    grouped: dict[int, list[FieldValue]] = {}
    for sibling in thing.batch.things:
        found = list(stored[sibling.row.id])
        found += [_derived(sibling.row, column) for column in _fields(sibling) if _has(sibling, column)]
        grouped[sibling.row.id] = sorted(found, key=lambda value: value.field_id)
    return spread_groups(thing.world, lambda value: _VALUE_KINDS[by_field[value.field_id].data_type], grouped)


def _boards_fields(thing: Thing) -> dict[int, list[Field]]:
    _fields(thing)
    known: dict[int, list[Field]] = thing.shared("fields", lambda rows: {})
    return known


def _has(item: Thing, column: Field) -> bool:
    """Does the content give this built-in column something to show?"""
    if column.data_type == "TITLE":
        return True
    found = content(item) if column.data_type in ("REPOSITORY", "LABELS", "ASSIGNEES") else None
    if found is None or found.kind == "DraftIssue":
        return False
    if column.data_type == "LABELS":
        return bool(found.many("labels", issues.labels_of, "Label"))
    return column.data_type == "REPOSITORY" or bool(found.many("assignees", issues.assignees_of, "User"))


def _derived(row: Item, column: Field) -> FieldValue:
    """A value that nobody set; its number is one no stored value has."""
    return FieldValue(
        id=(1 << 31) + column.id, item_id=row.id, field_id=column.id, option_id=None, text=None, number=None, date=None,
        creator_id=row.creator_id, created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


@connection("ProjectV2Item.fieldValues")
def field_values(thing: Thing) -> list[Thing]:
    """What the card holds."""
    return _values(thing)


@field("ProjectV2Item.fieldValueByName")
def value_by_name(thing: Thing, name: str) -> Thing | None:
    """What the card holds in one column; None when nothing (or no such column)."""
    column = next((one for one in _fields(thing) if one.name.lower() == name.lower()), None)
    if column is None:
        return None
    if column.data_type in ("SINGLE_SELECT", "TEXT", "NUMBER", "DATE"):
        return next((one for one in _stored(thing) if one.row.field_id == column.id), None)
    return next((one for one in _values(thing) if one.row.field_id == column.id), None)


def _stored(thing: Thing) -> list[Thing]:
    """The values somebody set: enough for most questions, and cheaper than all of them."""

    def load(rows: list[Item]) -> dict[int, list[Thing]]:
        kinds = {one.id: one.data_type for columns in _boards_fields(thing).values() for one in columns}
        found = cards.values_of(thing.world.db, [row.id for row in rows])
        return spread_groups(thing.world, lambda value: _VALUE_KINDS[kinds[value.field_id]], found)

    known: dict[int, list[Thing]] = thing.shared("stored", load)
    return known[thing.row.id]


_PLAIN = ("SingleSelect", "Text", "Number", "Date")
_ANY = (*_PLAIN, "Label", "Repository", "User")


def _on(kinds: Sequence[str], name: str) -> list[str]:
    return [f"ProjectV2ItemField{kind}Value.{name}" for kind in kinds]


@field(*_on(_ANY, "field"))
def value_field(thing: Thing) -> Thing | None:
    """The column."""
    return thing.one("field", projects.fields, field_kind, lambda row: row.field_id)


@field(*_on(_PLAIN, "item"))
def value_item(thing: Thing) -> Thing | None:
    """The card."""
    return thing.one("item", cards.by_ids, "ProjectV2Item", lambda row: row.item_id)


@field(*_on(_PLAIN, "creator"))
def value_creator(thing: Thing) -> Thing | None:
    """Who set it (last)."""
    return account(thing, "creator", lambda row: row.creator_id)


def _option(thing: Thing) -> Option | None:
    known: dict[str, Option] = thing.shared("option rows", lambda rows: {
        option.id: option
        for found in projects.options_of(thing.world.db, {row.field_id for row in rows}).values()
        for option in found
    })  # fmt: skip
    return known.get(thing.row.option_id)


def _of_option(read: Callable[[Option], Any]) -> Callable[[Thing], Any]:
    def resolve(thing: Thing) -> Any:
        found = _option(thing)
        return None if found is None else read(found)

    return resolve


field(*_on(["SingleSelect"], "name"))(_of_option(lambda option: option.name))
field(*_on(["SingleSelect"], "nameHTML"))(_of_option(lambda option: _html(option.name)))
field(*_on(["SingleSelect"], "color"))(_of_option(lambda option: option.color))
field(*_on(["SingleSelect"], "description"))(_of_option(lambda option: option.description))


@field(*_on(["Text"], "text"))
def value_text(thing: Thing) -> str | None:
    """The text; of the Title column the content's title."""
    if thing.row.id < 1 << 31:
        return thing.row.text  # type: ignore[no-any-return]
    item = value_item(thing)
    found = content(item) if item is not None else None
    if found is None:
        return None
    return draft_title(found) if found.kind == "DraftIssue" else str(found.row.title)


def _content(thing: Thing) -> Thing | None:
    item = value_item(thing)
    return content(item) if item is not None else None


@field(*_on(["Repository"], "repository"))
def value_repository(thing: Thing) -> Thing | None:
    """The content's repository."""
    found = _content(thing)
    return repository_of(found) if found is not None else None


@connection(*_on(["Label"], "labels"))
def value_labels(thing: Thing) -> list[Thing] | None:
    """The content's labels."""
    found = _content(thing)
    return found.many("labels", issues.labels_of, "Label") if found is not None else None


@connection(*_on(["User"], "users"))
def value_users(thing: Thing) -> list[Thing] | None:
    """The content's assignees."""
    found = _content(thing)
    return found.many("assignees", issues.assignees_of, kind_of) if found is not None else None


