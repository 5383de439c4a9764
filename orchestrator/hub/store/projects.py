"""Projects v2: boards, their fields and options, their items and the items' values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.hub import nodes
from orchestrator.hub.db import Database, Value, marks
from orchestrator.hub.store.repos import Repo

BUILT_IN = (
    ("Title", "TITLE"), ("Assignees", "ASSIGNEES"), ("Status", "SINGLE_SELECT"), ("Labels", "LABELS"),
    ("Linked pull requests", "LINKED_PULL_REQUESTS"), ("Milestone", "MILESTONE"), ("Repository", "REPOSITORY"),
    ("Reviewers", "REVIEWERS"), ("Parent issue", "PARENT_ISSUE"), ("Sub-issues progress", "SUB_ISSUES_PROGRESS"),
)  # fmt: skip
"""The fields every new board has on GitHub, with their ProjectV2FieldType."""

DEFAULT_OPTIONS = ("Todo", "In Progress", "Done")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A board of a user or an organization; `updated_at` moves with every change on it."""

    id: int
    owner_id: int
    number: int
    title: str
    short_description: str | None
    closed: bool
    public: bool
    creator_id: int
    created_at: str
    updated_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("PVT", self.owner_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column; `data_type` is GitHub's ProjectV2FieldType."""

    id: int
    project_id: int
    name: str
    data_type: str
    created_at: str
    updated_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("PVTSSF" if self.data_type == "SINGLE_SELECT" else "PVTF", self.project_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Option:
    """A choice of a single-select field; `id` is eight hex digits, as on GitHub."""

    id: str
    field_id: int
    name: str
    color: str
    description: str
    position: int


@dataclass(frozen=True, kw_only=True)
class Item:
    """A card: an issue, a pull request (`issue_id` of its issue half) or a draft (`issue_id` None)."""

    id: int
    project_id: int
    issue_id: int | None
    draft_title: str | None
    draft_body: str | None
    archived: bool
    creator_id: int
    created_at: str
    updated_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("PVTI", self.project_id, self.id)

    @property
    def draft_node_id(self) -> str:
        return nodes.encode("DI", self.project_id, self.id)


@dataclass(frozen=True, kw_only=True)
class FieldValue:
    """What an item holds in a field, and who put it there when. The column of the field's type is set."""

    id: int
    item_id: int
    field_id: int
    option_id: str | None
    text: str | None
    number: float | None
    date: str | None
    creator_id: int
    created_at: str
    updated_at: str

    @property
    def node_id(self) -> str:
        return nodes.encode("PVTFSV", self.item_id, self.id)


def create(
    db: Database, owner_id: int, creator_id: int, title: str, options: Sequence[str] = DEFAULT_OPTIONS
) -> Project:
    """Make a board with GitHub's built-in fields and these Status options."""
    now = db.now()
    with db.write():
        number = 1 + (db.value("SELECT max(number) FROM projects WHERE owner_id=?", owner_id) or 0)
        identity = db.insert(
            "projects", owner_id=owner_id, number=number, title=title, creator_id=creator_id, created_at=now,
            updated_at=now,
        )  # fmt: skip
        for name, data_type in BUILT_IN:
            field = add_field(db, identity, name, data_type)
            if name == "Status":
                set_options(db, field, [(option, "GRAY", "") for option in options])
        return get(db, identity)


def get(db: Database, identity: int) -> Project:
    """A board by id. Raises IndexError."""
    return db.by_ids(Project, "projects", [identity])[0]


def by_ids(db: Database, ids: Iterable[int]) -> dict[int, Project]:
    """Boards by id."""
    return {project.id: project for project in db.by_ids(Project, "projects", ids)}


def by_number(db: Database, owner_id: int, number: int) -> Project | None:
    """A board of an account."""
    return db.row(Project, "SELECT * FROM projects WHERE owner_id=? AND number=?", owner_id, number)


def of_owner(db: Database, owner_id: int) -> list[Project]:
    """The boards of an account by number."""
    return db.rows(Project, "SELECT * FROM projects WHERE owner_id=? ORDER BY number", owner_id)


def update(db: Database, project_id: int, **columns: Value) -> Project:
    """Change columns of a board; `updated_at` moves (also with no column: a touch)."""
    db.update("projects", project_id, updated_at=db.now(), **columns)
    return get(db, project_id)


def delete(db: Database, project_id: int) -> None:
    """Take a board away with its fields, cards and links; the issues on it stay."""
    with db.write():
        fields = [row[0] for row in db.tuples("SELECT id FROM project_fields WHERE project_id=?", project_id)]
        for field in fields:
            db.run("DELETE FROM project_values WHERE field_id=?", field)
            db.run("DELETE FROM project_options WHERE field_id=?", field)
        for table in ("project_items", "project_fields", "project_repos"):
            db.run(f"DELETE FROM {table} WHERE project_id=?", project_id)
        db.run("DELETE FROM projects WHERE id=?", project_id)


def link_repo(db: Database, project_id: int, repo: Repo) -> None:
    """Link a repository to a board."""
    db.run("INSERT OR IGNORE INTO project_repos VALUES (?,?)", project_id, repo.id)


def repo_ids(db: Database, project_id: int) -> list[int]:
    """Repositories linked to a board."""
    return [row[0] for row in db.tuples("SELECT repo_id FROM project_repos WHERE project_id=?", project_id)]


def of_repo(db: Database, repo_id: int) -> list[Project]:
    """Boards a repository is linked to."""
    sql = "SELECT projects.* FROM projects JOIN project_repos ON project_id=projects.id WHERE repo_id=? ORDER BY id"
    return db.rows(Project, sql, repo_id)


def add_field(db: Database, project_id: int, name: str, data_type: str) -> Field:
    """Add a column to a board."""
    now = db.now()
    with db.write():
        identity = db.insert(
            "project_fields", project_id=project_id, name=name, data_type=data_type, created_at=now, updated_at=now
        )
        update(db, project_id)
        return db.by_ids(Field, "project_fields", [identity])[0]


def rename_field(db: Database, field: Field, name: str) -> None:
    """Give a column another name."""
    with db.write():
        db.update("project_fields", field.id, name=name, updated_at=db.now())
        update(db, field.project_id)


def fields(db: Database, ids: Iterable[int]) -> dict[int, Field]:
    """Fields by id."""
    return {field.id: field for field in db.by_ids(Field, "project_fields", ids)}


def fields_of(db: Database, project_ids: Iterable[int]) -> dict[int, list[Field]]:
    """Fields by board, in order."""
    wanted = list(set(project_ids))
    grouped: dict[int, list[Field]] = {identity: [] for identity in wanted}
    sql = f"SELECT * FROM project_fields WHERE project_id IN ({marks(wanted)}) ORDER BY id"
    for field in db.rows(Field, sql, *wanted):
        grouped[field.project_id].append(field)
    return grouped


def set_options(db: Database, field: Field, options: Sequence[tuple[str, str, str]]) -> list[Option]:
    """Make the options of a field exactly these (name, color, description). A kept name keeps its id; values that
    pointed to a removed option go, as on GitHub."""
    with db.write():
        old = {option.name: option for option in options_of(db, [field.id])[field.id]}
        db.run("DELETE FROM project_options WHERE field_id=?", field.id)
        for position, (name, color, description) in enumerate(options):
            known = old.pop(name, None)
            identity = known.id if known else hashlib.sha256(f"{field.id}/{name}".encode()).hexdigest()[:8]
            db.insert("project_options", id=identity, field_id=field.id, name=name, color=color,
                      description=description, position=position)  # fmt: skip
        for option in old.values():
            db.run("DELETE FROM project_values WHERE field_id=? AND option_id=?", field.id, option.id)
        db.update("project_fields", field.id, updated_at=db.now())
        update(db, field.project_id)
        return options_of(db, [field.id])[field.id]


def options_of(db: Database, field_ids: Iterable[int]) -> dict[int, list[Option]]:
    """Options by field, in order."""
    wanted = list(set(field_ids))
    grouped: dict[int, list[Option]] = {identity: [] for identity in wanted}
    sql = f"SELECT * FROM project_options WHERE field_id IN ({marks(wanted)}) ORDER BY position"
    for option in db.rows(Option, sql, *wanted):
        grouped[option.field_id].append(option)
    return grouped
