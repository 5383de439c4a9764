"""What the mutations share: things by id, and REST's handlers as the place where the rules are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orchestrator.hub import auth
from orchestrator.hub.graphql.commits import repo_row
from orchestrator.hub.graphql.errors import Refusal, no_node
from orchestrator.hub.graphql.query import find_node, find_nodes
from orchestrator.hub.graphql.things import Thing
from orchestrator.hub.graphql.world import World
from orchestrator.hub.http import Answer, Call
from orchestrator.hub.store import issues
from orchestrator.hub.store.repos import Repo


def the(world: World, node_id: str, *kinds: str) -> Thing:
    """The thing with that id. Raises Refusal NOT_FOUND when it is none of the kinds."""
    found = find_node(world, node_id)
    if found.kind not in kinds:
        raise no_node(node_id)
    return found


def all_of(world: World, node_ids: Sequence[str], *kinds: str) -> list[Thing]:
    """Things by their ids, in that order. Raises Refusal NOT_FOUND for the first that is none of the kinds."""
    found = find_nodes(world, list(node_ids))
    for node_id in node_ids:
        if node_id not in found or found[node_id].kind not in kinds:
            raise no_node(node_id)
    return [found[node_id] for node_id in node_ids]


def names(things: Iterable[Thing], attribute: str) -> list[str]:
    """A column of some things."""
    return [str(getattr(thing.row, attribute)) for thing in things]


def fresh(world: World, thing: Thing) -> Thing:
    """The same issue or pull request as it is now."""
    from orchestrator.hub.graphql.things import alone

    return alone(world, thing.kind, issues.get(world.db, thing.row.id))


def through_rest(
    world: World, repo: Repo, handler: Callable[[Call], Answer], *, area: str, role: str = "read",
    params: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None,
) -> Any:  # fmt: skip
    """Run a REST handler as the caller and give its JSON. Raises ApiError as REST does."""
    auth.check(world.db, world.viewer, repo, area, "write", role)
    call = Call(
        hub=world.hub, viewer=world.viewer, method="POST", path="/graphql", query={}, headers={},
        params={name: str(value) for name, value in (params or {}).items()},
        raw=json.dumps({name: value for name, value in (body or {}).items() if value is not None}).encode(),
        found_repo=repo,
    )  # fmt: skip
    return handler(call).body


def repo_of(world: World, node_id: str) -> Repo:
    """A repository by its id."""
    row: Repo = the(world, node_id, "Repository").row
    return row


def need_text(value: str | None, what: str) -> None:
    """Raise Refusal UNPROCESSABLE for a blank text."""
    if value is not None and not value.strip():
        raise Refusal("UNPROCESSABLE", f"{what} can't be blank")


__all__ = ["all_of", "fresh", "names", "need_text", "repo_of", "repo_row", "the", "through_rest"]
