"""What a card holds: values that somebody set, and those that follow from its content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.hub.graphql.accounts import account, kind_of
from orchestrator.hub.graphql.boards import content, draft_title, field_kind, html
from orchestrator.hub.graphql.registry import connection, field, rows_of
from orchestrator.hub.graphql.repository import repository_of
from orchestrator.hub.graphql.things import Thing, spread_groups
from orchestrator.hub.store import cards, issues, projects
from orchestrator.hub.store.projects import Field, FieldValue, Item, Option

_VALUE_KINDS = {
    "SINGLE_SELECT": "ProjectV2ItemFieldSingleSelectValue", "TEXT": "ProjectV2ItemFieldTextValue",
    "TITLE": "ProjectV2ItemFieldTextValue", "NUMBER": "ProjectV2ItemFieldNumberValue",
    "DATE": "ProjectV2ItemFieldDateValue", "LABELS": "ProjectV2ItemFieldLabelValue",
    "REPOSITORY": "ProjectV2ItemFieldRepositoryValue", "ASSIGNEES": "ProjectV2ItemFieldUserValue",
}  # fmt: skip

rows_of(FieldValue, *set(_VALUE_KINDS.values()))


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
        id=(1 << 30) + column.id, item_id=row.id, field_id=column.id, option_id=None, text=None, number=None, date=None,
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
field(*_on(["SingleSelect"], "nameHTML"))(_of_option(lambda option: html(option.name)))
field(*_on(["SingleSelect"], "color"))(_of_option(lambda option: option.color))
field(*_on(["SingleSelect"], "description"))(_of_option(lambda option: option.description))


@field(*_on(["Text"], "text"))
def value_text(thing: Thing) -> str | None:
    """The text; of the Title column the content's title."""
    if thing.row.id < 1 << 30:
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
