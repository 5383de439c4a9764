"""Making boards, mending their columns, taking them away: what set-up does with Projects v2.

`updateProjectV2Field` overwrites the options of a field (GitHub's GraphQL reference), and cards may lose their column
when it does. So whoever changes options reads the cards before and puts them back after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.github import board, documents, wire
from orchestrator.github.client import GitHub
from orchestrator.github.errors import Misconfigured, PartialAnswer, after_write
from orchestrator.github.words import Json, Words


@dataclass(frozen=True, kw_only=True)
class Option:
    name: str
    color: str = "GRAY"
    """GitHub's word: GRAY, BLUE, GREEN, YELLOW, ORANGE, RED, PINK, PURPLE."""
    description: str = ""
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A board as set-up sees it."""

    id: str
    owner: str
    number: int
    title: str
    url: str = ""
    closed: bool = False
    writable: bool = True
    """May this token's account change it?"""
    creator: str = ""
    field_id: str = ""
    """Of its Status field; empty = it has none, or one that is no single select."""
    options: tuple[Option, ...] = ()


def read(gh: GitHub, owner: str, number: int) -> Project:
    """Raises Misconfigured when the owner or the board is not there, or not visible."""
    try:
        data = gh.graphql(documents.load("project"), {"owner": owner, "number": number})
    except PartialAnswer as partial:
        if partial.only_missing():
            raise Misconfigured(f"board {owner}/{number}: there is none that this token may see") from partial
        raise
    holder = data.maybe("repositoryOwner")
    found = holder.maybe("projectV2") if holder is not None and holder.has("projectV2") else None
    if found is None:
        raise Misconfigured(f"board {owner}/{number}: there is none that this token may see")
    field = found.maybe("field")
    status = field if field is not None and field.has("options") else None
    return Project(
        id=found.text("id"),
        owner=owner,
        number=found.number("number"),
        title=found.text("title"),
        url=found.text("url"),
        closed=found.flag("closed"),
        writable=found.flag("viewerCanUpdate"),
        creator=wire.login(found.maybe("creator")),
        field_id=status.text("id") if status is not None else "",
        options=tuple(_option(o) for o in status.many("options")) if status is not None else (),
    )


def owned(gh: GitHub, owner: str) -> tuple[str, tuple[Project, ...]]:
    """(the owner's node id, their boards without fields). Raises Misconfigured for an owner who is not there."""
    found: list[Project] = []
    after: str | None = None
    while True:
        data = gh.graphql(documents.load("projects_of"), {"owner": owner, "after": after})
        holder = data.maybe("repositoryOwner")
        if holder is None:
            raise Misconfigured(f"there is no user or organization {owner!r}")
        boards = holder.one("projectsV2")
        for node in boards.many("nodes"):
            found.append(
                Project(
                    id=node.text("id"),
                    owner=holder.text("login"),
                    number=node.number("number"),
                    title=node.text("title"),
                    closed=node.flag("closed"),
                    creator=wire.login(node.maybe("creator")),
                )
            )
        after = wire.next_page(boards)
        if after is None:
            return holder.text("id"), tuple(found)


def create(gh: GitHub, owner_id: str, title: str, repository_id: str) -> int:
    """A board linked to one repository; its number. Not safe twice: look among `owned` first."""
    wanted: Mapping[str, Json] = {"owner": owner_id, "title": title, "repository": repository_id or None}
    data = gh.graphql(documents.load("create_project"), wanted)
    with after_write():
        return data.one("createProjectV2").one("projectV2").number("number")


def link(gh: GitHub, project: Project, repository_id: str) -> None:
    """Shows the board on a repository, too. Repeatable."""
    gh.graphql(documents.load("link_project"), {"project": project.id, "repository": repository_id})


def delete(gh: GitHub, project: Project) -> None:
    """The board with all its cards; the issues stay."""
    gh.graphql(documents.load("delete_project"), {"project": project.id})


def set_options(gh: GitHub, project: Project, options: Sequence[Option]) -> Project:
    """Makes the Status field's options exactly these, or makes the field; every card stands where it stood, unless its
    column went. Repeatable; the board as it is then."""
    before = statuses(gh, project)
    wanted: list[Json] = [{"name": o.name, "color": o.color, "description": o.description} for o in options]
    if project.field_id:
        gh.graphql(documents.load("set_options"), {"field": project.field_id, "options": wanted})
    else:
        gh.graphql(documents.load("create_status"), {"project": project.id, "options": wanted})
    now = read(gh, project.owner, project.number)
    restore(gh, now, before)
    return now


def restore(gh: GitHub, project: Project, before: Mapping[str, str]) -> None:
    """Puts cards that stand in another column than `before` says (item id -> name) back, where that column is there."""
    ids = {o.name.casefold(): o.id for o in project.options}
    now = statuses(gh, project)
    for item, name in before.items():
        option = ids.get(name.casefold())
        if name and option and item in now and now[item].casefold() != name.casefold():
            gh.graphql(
                documents.load("move"),
                {"project": project.id, "item": item, "field": project.field_id, "option": option},
            )


def drop_issue(gh: GitHub, project: Project, issue_node_id: str) -> None:
    """Takes an issue's card off the board; one that has none there is fine."""
    if (card := board.card(gh, issue_node_id, project.id)) is not None:
        gh.graphql(documents.load("drop_item"), {"project": project.id, "item": card.item_id})


def statuses(gh: GitHub, project: Project) -> dict[str, str]:
    """Every card's column by its item id, read to the end; empty = in none."""
    found: dict[str, str] = {}
    after: str | None = None
    while True:
        data = gh.graphql(documents.load("project_cards"), {"project": project.id, "after": after})
        items = data.one("node").one("items")
        for item in items.many("nodes"):
            value = item.maybe("fieldValueByName")
            found[item.text("id")] = value.text_or_none("name") if value is not None and value.has("name") else ""
        after = wire.next_page(items)
        if after is None:
            return found


def notes(gh: GitHub, project: Project) -> int:
    """How many drafts stand there: notes that are no issue, and go with the board."""
    found, after = 0, None
    while True:
        data = gh.graphql(documents.load("project_notes"), {"project": project.id, "after": after})
        items = data.one("node").one("items")
        found += sum(item.text("type") == "DRAFT_ISSUE" for item in items.many("nodes"))
        after = wire.next_page(items)
        if after is None:
            return found


def _option(node: Words) -> Option:
    return Option(
        name=node.text("name"), color=node.text("color"), description=node.text("description"), id=node.text("id")
    )
