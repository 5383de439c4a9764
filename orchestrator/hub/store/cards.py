"""The items of boards and the values they hold (the second half of Projects v2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.hub.db import Database, Value, marks
from orchestrator.hub.store import projects
from orchestrator.hub.store.projects import Field, FieldValue, Item, Project


def add(
    db: Database, project_id: int, creator_id: int, *, issue_id: int | None = None, draft_title: str | None = None,
    draft_body: str | None = None,
) -> Item:  # fmt: skip
    """Put an issue, a pull request or a draft on a board; what is on it already is returned as it is."""
    now = db.now()
    with db.write():
        sql = "SELECT * FROM project_items WHERE project_id=? AND issue_id=?"
        found = db.row(Item, sql, project_id, issue_id) if issue_id is not None else None
        if found is not None:
            return found
        identity = db.insert(
            "project_items", project_id=project_id, issue_id=issue_id, draft_title=draft_title,
            draft_body=draft_body, creator_id=creator_id, created_at=now, updated_at=now,
        )  # fmt: skip
        projects.update(db, project_id)
        return get(db, identity)


def get(db: Database, identity: int) -> Item:
    """An item by id. Raises IndexError."""
    return db.by_ids(Item, "project_items", [identity])[0]


def by_ids(db: Database, ids: Iterable[int]) -> dict[int, Item]:
    """Items by id."""
    return {item.id: item for item in db.by_ids(Item, "project_items", ids)}


def delete(db: Database, item: Item) -> None:
    """Take an item off its board, with its values."""
    with db.write():
        db.run("DELETE FROM project_values WHERE item_id=?", item.id)
        db.run("DELETE FROM project_items WHERE id=?", item.id)
        projects.update(db, item.project_id)


def archive(db: Database, item: Item, archived: bool) -> Item:
    """Archive an item or bring it back."""
    with db.write():
        db.update("project_items", item.id, archived=int(archived), updated_at=db.now())
        projects.update(db, item.project_id)
        return get(db, item.id)


def page(
    db: Database, project_id: int, *, after: int = 0, limit: int | None = None, archived: bool = False
) -> list[Item]:
    """Items of a board in order, those after an item id, at most `limit`. Lag hides."""
    sql = "SELECT * FROM project_items WHERE project_id=? AND archived=? AND id>? ORDER BY id"
    hidden = db.lags.hidden("project_items")
    found = [item for item in db.rows(Item, sql, project_id, int(archived), after) if item.id not in hidden]
    return found if limit is None else found[:limit]


def count(db: Database, project_id: int) -> int:
    """Number of items that are not archived."""
    number: int = db.value("SELECT count(*) FROM project_items WHERE project_id=? AND archived=0", project_id)
    return number


def of_issues(db: Database, issue_ids: Iterable[int]) -> dict[int, list[Item]]:
    """Items by issue id."""
    wanted = list(set(issue_ids))
    grouped: dict[int, list[Item]] = {identity: [] for identity in wanted}
    sql = f"SELECT * FROM project_items WHERE issue_id IN ({marks(wanted)}) ORDER BY id"
    for item in db.rows(Item, sql, *wanted):
        grouped[item.issue_id or 0].append(item)
    return grouped


def values_of(db: Database, item_ids: Iterable[int]) -> dict[int, list[FieldValue]]:
    """Values by item, by field order."""
    wanted = list(set(item_ids))
    grouped: dict[int, list[FieldValue]] = {identity: [] for identity in wanted}
    sql = f"SELECT * FROM project_values WHERE item_id IN ({marks(wanted)}) ORDER BY field_id"
    for value in db.rows(FieldValue, sql, *wanted):
        grouped[value.item_id].append(value)
    return grouped


def set_value(
    db: Database, item: Item, field: Field, actor_id: int, *, option_id: str | None = None, text: str | None = None,
    number: float | None = None, date: str | None = None,
) -> FieldValue:  # fmt: skip
    """Set a field of an item. The creator of the value is whoever set it last (GitHub makes a new value each time
    a single-select changes); item and board are touched."""
    now = db.now()
    new: dict[str, Value] = {"option_id": option_id, "text": text, "number": number, "date": date}
    with db.write():
        db.run("DELETE FROM project_values WHERE item_id=? AND field_id=?", item.id, field.id)
        identity = db.insert(
            "project_values", item_id=item.id, field_id=field.id, creator_id=actor_id, created_at=now, updated_at=now,
            **new,
        )  # fmt: skip
        _touch(db, item, now)
        return db.by_ids(FieldValue, "project_values", [identity])[0]


def clear_value(db: Database, item: Item, field: Field) -> None:
    """Empty a field of an item; item and board are touched."""
    with db.write():
        db.run("DELETE FROM project_values WHERE item_id=? AND field_id=?", item.id, field.id)
        _touch(db, item, db.now())


def statuses(db: Database, project: Project, items: Sequence[Item]) -> dict[int, str]:
    """The name of the Status of each item that has one."""
    field = _status(db, project)
    if field is None:
        return {}
    names = {option.id: option.name for option in projects.options_of(db, [field.id])[field.id]}
    return {
        item_id: names[value.option_id]
        for item_id, found in values_of(db, [item.id for item in items]).items()
        for value in found
        if value.field_id == field.id and value.option_id in names
    }


def set_status(db: Database, project: Project, item: Item, status: str | None, actor_id: int) -> None:
    """Set (None: clear) the Status of an item by its name. Raises KeyError for one that the board lacks."""
    field = _status(db, project)
    if field is None:
        raise KeyError("the board has no Status")
    if status is None:
        clear_value(db, item, field)
        return
    options = {option.name: option.id for option in projects.options_of(db, [field.id])[field.id]}
    set_value(db, item, field, actor_id, option_id=options[status])


def _status(db: Database, project: Project) -> Field | None:
    return next((f for f in projects.fields_of(db, [project.id])[project.id] if f.name == "Status"), None)


def values(db: Database, ids: Iterable[int]) -> dict[int, FieldValue]:
    """Values by id."""
    return {value.id: value for value in db.by_ids(FieldValue, "project_values", ids)}


def _touch(db: Database, item: Item, now: str) -> None:
    db.update("project_items", item.id, updated_at=now)
    projects.update(db, item.project_id)
