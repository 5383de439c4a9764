"""Boards: making them, their cards and what the cards hold."""

from __future__ import annotations

from typing import Any

from orchestrator.hub.graphql.boards import field_kind
from orchestrator.hub.graphql.errors import Refusal
from orchestrator.hub.graphql.mutations.common import need_text, repo_of, the
from orchestrator.hub.graphql.registry import mutation
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.graphql.world import World
from orchestrator.hub.store import cards, projects, users
from orchestrator.hub.store.projects import Field, Item, Project
from orchestrator.hub.store.users import User

Payload = dict[str, Any]
_COLUMN = {"text": "TEXT", "number": "NUMBER", "date": "DATE", "single_select_option_id": "SINGLE_SELECT"}


def _board(world: World, node_id: str) -> Project:
    row: Project = the(world, node_id, "ProjectV2").row
    world.need_board(row, "write")
    return row


def _item(world: World, board: Project, node_id: str) -> Item:
    row: Item = the(world, node_id, "ProjectV2Item").row
    if row.project_id != board.id:
        raise Refusal("NOT_FOUND", "The item does not exist in the project")
    return row


def _field(world: World, board: Project, node_id: str) -> Field:
    row: Field = the(world, node_id, "ProjectV2Field", "ProjectV2SingleSelectField").row
    if row.project_id != board.id:
        raise Refusal("NOT_FOUND", "The field does not exist in the project")
    return row


def _item_thing(world: World, item: Item) -> Thing:
    return alone(world, "ProjectV2Item", cards.get(world.db, item.id))


@mutation("createProjectV2")
def create(world: World, owner_id: str, title: str, repository_id: str | None = None) -> Payload:
    """A board of one's own or of an organization one belongs to."""
    need_text(title, "Title")
    owner: User = the(world, owner_id, "User", "Organization").row
    belongs = owner.id == world.user.id or users.member_role(world.db, owner.id, world.user.id) is not None
    installed = world.viewer.account_id == owner.id
    granted = world.viewer.grants("projects", "write") or world.viewer.grants("organization_projects", "write")
    if not (belongs or installed) or not granted:
        message = f"{world.user.login} does not have permission to create projects for {owner.login}."
        raise Refusal("FORBIDDEN", message if granted else world.viewer.refusal())
    repo = repo_of(world, repository_id) if repository_id else None
    board = projects.create(world.db, owner.id, world.user.id, title)
    if repo is not None:
        projects.link_repo(world.db, board.id, repo)
    return {"projectV2": alone(world, "ProjectV2", board)}


@mutation("updateProjectV2")
def update(
    world: World, project_id: str, title: str | None = None, short_description: str | None = None,
    closed: bool | None = None, public: bool | None = None,
) -> Payload:  # fmt: skip
    """Title, description, closed, public."""
    board = _board(world, project_id)
    need_text(title, "Title")
    wanted = {"title": title, "short_description": short_description}
    flags = {"closed": closed, "public": public}
    columns: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    columns |= {name: int(value) for name, value in flags.items() if value is not None}
    return {"projectV2": alone(world, "ProjectV2", projects.update(world.db, board.id, **columns))}


@mutation("deleteProjectV2")
def delete_board(world: World, project_id: str) -> Payload:
    """Take a board away; whoever may only write to it may not."""
    board = _board(world, project_id)
    installed = world.viewer.account_id == board.owner_id
    admin = users.member_role(world.db, board.owner_id, world.user.id) == "admin"
    if not (installed or admin or world.user.id in (board.owner_id, board.creator_id)):
        raise Refusal("FORBIDDEN", f"{world.user.login} does not have permission to delete this project.")
    gone = alone(world, "ProjectV2", board)
    projects.delete(world.db, board.id)
    return {"projectV2": gone}


@mutation("linkProjectV2ToRepository")
def link(world: World, project_id: str, repository_id: str) -> Payload:
    """Show a board on a repository."""
    board, repo = _board(world, project_id), repo_of(world, repository_id)
    projects.link_repo(world.db, board.id, repo)
    return {"repository": alone(world, "Repository", repo)}


@mutation("addProjectV2ItemById")
def add_item(world: World, project_id: str, content_id: str) -> Payload:
    """Put an issue or pull request on a board; one that is there already stays one card."""
    board = _board(world, project_id)
    content = the(world, content_id, "Issue", "PullRequest")
    item = cards.add(world.db, board.id, world.user.id, issue_id=content.row.id)
    if item.archived:
        item = cards.archive(world.db, item, False)
    return {"item": _item_thing(world, item)}


@mutation("addProjectV2DraftIssue")
def add_draft(world: World, project_id: str, title: str, body: str | None = None) -> Payload:
    """Put a card with a text of its own on a board."""
    need_text(title, "Title")
    board = _board(world, project_id)
    item = cards.add(world.db, board.id, world.user.id, draft_title=title, draft_body=body or "")
    return {"projectItem": _item_thing(world, item)}


@mutation("deleteProjectV2Item")
def delete_item(world: World, project_id: str, item_id: str) -> Payload:
    """Take a card off."""
    item = _item(world, _board(world, project_id), item_id)
    cards.delete(world.db, item)
    return {"deletedItemId": item_id}


@mutation("archiveProjectV2Item")
def archive(world: World, project_id: str, item_id: str) -> Payload:
    """Put a card out of sight."""
    item = _item(world, _board(world, project_id), item_id)
    return {"item": _item_thing(world, cards.archive(world.db, item, True))}


@mutation("unarchiveProjectV2Item")
def unarchive(world: World, project_id: str, item_id: str) -> Payload:
    """Bring a card back."""
    item = _item(world, _board(world, project_id), item_id)
    return {"item": _item_thing(world, cards.archive(world.db, item, False))}


@mutation("updateProjectV2ItemFieldValue")
def set_value(world: World, project_id: str, item_id: str, field_id: str, value: dict[str, Any]) -> Payload:
    """Set what a card holds in a column; exactly one kind of value, the column's own."""
    board = _board(world, project_id)
    item, column = _item(world, board, item_id), _field(world, board, field_id)
    given = {name: part for name, part in value.items() if part is not None}
    if len(given) != 1:
        raise Refusal("UNPROCESSABLE", "Exactly one value must be given.")
    name, part = next(iter(given.items()))
    if column.data_type not in _COLUMN.values():
        raise Refusal("UNPROCESSABLE", f"The field of type {column.data_type.lower()} is currently not supported.")
    if _COLUMN[name] != column.data_type:
        raise Refusal("UNPROCESSABLE", f"Did not receive a {column.data_type.lower()} value to update a field of it.")
    if name == "single_select_option_id":
        if part not in {option.id for option in projects.options_of(world.db, [column.id])[column.id]}:
            raise Refusal("UNPROCESSABLE", "The single select option Id does not belong to the field")
        name = "option_id"
    cards.set_value(world.db, item, column, world.user.id, **{name: part})
    return {"projectV2Item": _item_thing(world, item)}


@mutation("clearProjectV2ItemFieldValue")
def clear_value(world: World, project_id: str, item_id: str, field_id: str) -> Payload:
    """Empty what a card holds in a column."""
    board = _board(world, project_id)
    item, column = _item(world, board, item_id), _field(world, board, field_id)
    if column.data_type not in _COLUMN.values():
        raise Refusal("UNPROCESSABLE", f"The field of type {column.data_type.lower()} is currently not supported.")
    cards.clear_value(world.db, item, column)
    return {"projectV2Item": _item_thing(world, item)}


def _chosen(options: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    if len({option["name"].lower() for option in options}) < len(options):
        raise Refusal("UNPROCESSABLE", "Option names must be unique.")
    return [(option["name"], option["color"], option["description"]) for option in options]


@mutation("createProjectV2Field")
def create_field(
    world: World, project_id: str, data_type: str, name: str, single_select_options: list[dict[str, str]] | None = None
) -> Payload:
    """Add a column."""
    board = _board(world, project_id)
    need_text(name, "Name")
    if data_type == "SINGLE_SELECT" and not single_select_options:
        raise Refusal("UNPROCESSABLE", "Single select options are required for a single select field.")
    if name.lower() in {one.name.lower() for one in projects.fields_of(world.db, [board.id])[board.id]}:
        raise Refusal("UNPROCESSABLE", "Name has already been taken")
    options = _chosen(single_select_options or [])
    column = projects.add_field(world.db, board.id, name, data_type)
    if data_type == "SINGLE_SELECT":
        projects.set_options(world.db, column, options)
    return {"projectV2Field": alone(world, field_kind(column), column)}


@mutation("updateProjectV2Field")
def update_field(
    world: World, field_id: str, name: str | None = None, single_select_options: list[dict[str, str]] | None = None
) -> Payload:
    """Rename a column, or replace its options (values of those that go are emptied)."""
    column: Field = the(world, field_id, "ProjectV2Field", "ProjectV2SingleSelectField").row
    world.need_board(projects.get(world.db, column.project_id), "write")
    need_text(name, "Name")
    if single_select_options is not None:
        if column.data_type != "SINGLE_SELECT":
            raise Refusal("UNPROCESSABLE", "The field is not a single select field.")
        projects.set_options(world.db, column, _chosen(single_select_options))
    if name is not None:
        projects.rename_field(world.db, column, name)
    column = projects.fields(world.db, [column.id])[column.id]
    return {"projectV2Field": alone(world, field_kind(column), column)}
