"""Refs, by REST's rules."""

from __future__ import annotations

from typing import Any

from orchestrator.hub.graphql.commits import repo_row
from orchestrator.hub.graphql.mutations.common import repo_of, the, through_rest
from orchestrator.hub.graphql.refs import GitRef
from orchestrator.hub.graphql.registry import mutation
from orchestrator.hub.graphql.things import alone
from orchestrator.hub.graphql.world import World
from orchestrator.hub.rest import refs as rest

Payload = dict[str, Any]


@mutation("createRef")
def create(world: World, repository_id: str, name: str, oid: str) -> Payload:
    """Make a ref."""
    repo = repo_of(world, repository_id)
    through_rest(world, repo, rest.create, area="contents", role="write", body={"ref": name, "sha": oid})
    return {"ref": alone(world, "Ref", GitRef(repo_id=repo.id, path=name, sha=oid))}


@mutation("updateRef")
def update(world: World, ref_id: str, oid: str, force: bool | None = False) -> Payload:
    """Move a ref."""
    found = the(world, ref_id, "Ref")
    name = found.row.path.removeprefix("refs/")
    wanted = {"sha": oid, "force": bool(force)}
    repo = repo_row(found)
    through_rest(world, repo, rest.update, area="contents", role="write", params={"ref": name}, body=wanted)
    return {"ref": alone(world, "Ref", GitRef(repo_id=found.row.repo_id, path=found.row.path, sha=oid))}


@mutation("deleteRef")
def delete(world: World, ref_id: str) -> Payload:
    """Delete a ref."""
    found = the(world, ref_id, "Ref")
    through_rest(world, repo_row(found), rest.delete, area="contents", role="write",
                 params={"ref": found.row.path.removeprefix("refs/")})  # fmt: skip
    return {}
