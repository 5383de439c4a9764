"""GitHub's official contracts as the tests read them, cut once and kept in .cache beside the download.

The OpenAPI file has 13 MB; what the hub's operations need of it is under one. The cut is made anew when the download
changes (its stamp) or this file does."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / ".cache/contracts"
OPENAPI = CONTRACTS / "node_modules/@octokit/openapi/generated/api.github.com.json"
Json = dict[str, Any]


def hub_routes() -> list[tuple[str, str]]:
    """Method and path of every REST operation of the hub, with plain {parameters}."""
    from orchestrator.hub import rest

    return [(route.method, re.sub(r":path\}", "}", route.path)) for route in rest.all_routes()]


def shape_of(path: str) -> str:
    """A path with its parameters' names taken out: GitHub's names are not the hub's."""
    return re.sub(r"\{[^}]+\}", "{}", path)


@cache
def cut() -> Json:
    """Operations (`GET /repos/{}/{}`) with their response schemas, and the schemas they refer to."""
    stamp = hashlib.sha256()
    for part in ((CONTRACTS / "stamp").read_bytes(), Path(__file__).read_bytes(), repr(hub_routes()).encode()):
        stamp.update(part)
    kept = CONTRACTS / f"cut-{stamp.hexdigest()[:16]}.json"
    if not kept.exists():
        for old in CONTRACTS.glob("cut-*.json"):
            old.unlink(missing_ok=True)
        fresh = kept.with_suffix(f".{stamp.hexdigest()[-6:]}.tmp")
        fresh.write_text(json.dumps(_cut(json.loads(OPENAPI.read_text(encoding="utf-8")))), encoding="utf-8")
        fresh.replace(kept)
    found: Json = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _cut(whole: Json) -> Json:
    wanted = {(method, shape_of(path)) for method, path in hub_routes()}
    operations: Json = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            if (method.upper(), shape_of(path)) in wanted:
                operations[f"{method.upper()} {shape_of(path)}"] = {
                    code: _schema(whole, answer) for code, answer in operation["responses"].items()
                }
    schemas: Json = {}
    todo = [*_references(operations), "basic-error"]
    while todo:
        name = todo.pop()
        if name not in schemas:
            schemas[name] = converted(whole["components"]["schemas"][name])
            todo += _references(schemas[name])
    return {"operations": converted(operations), "schemas": schemas}


def _schema(whole: Json, answer: Json) -> Any:
    """The JSON schema of one response, None for a response without a JSON body."""
    if "$ref" in answer:
        answer = whole["components"]["responses"][answer["$ref"].rsplit("/", 1)[-1]]
    content: Json = answer.get("content", {})
    return next((media["schema"] for name, media in content.items() if "json" in name and "schema" in media), None)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rsplit("/", 1)[-1]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def converted(node: Any) -> Any:
    """OpenAPI 3.0 as JSON schema: `nullable` means "or null", also next to an enum and to a reference."""
    if isinstance(node, list):
        return [converted(value) for value in node]
    if not isinstance(node, dict):
        return node
    plain = {name: converted(value) for name, value in node.items() if name not in ("nullable", "example", "examples")}
    if "oneOf" in plain:
        # The contract's alternatives overlap (a basic error fits the others too): one of them must fit, not only one.
        plain["anyOf"] = plain.pop("oneOf")
    if isinstance(plain.get("$ref"), str):
        plain["$ref"] = plain["$ref"].replace("#/components/schemas/", "#/schemas/")
    if node.get("nullable") is not True:
        return plain
    return {"anyOf": [plain, {"type": "null"}]}


@cache
def validator(operation: str, code: str) -> Any:
    """The compiled validator of an operation's response; None when the contract promises no JSON body.

    Raises KeyError for an operation or a status that the contract does not know."""
    whole = cut()
    schema = whole["operations"][operation][code]
    if schema is None:
        return None
    return jsonschema_rs.Draft202012Validator({"schemas": whole["schemas"], **schema}, validate_formats=False)


def problems(operation: str, code: int, body: Any) -> list[str]:
    """What is wrong with a body: where and why."""
    found = validator(operation, str(code))
    if found is None:
        return []
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}" for error in found.iter_errors(body)]


def basic_error(body: Any) -> list[str]:
    """What keeps a body from being GitHub's plain error."""
    schemas = cut()["schemas"]
    compiled = jsonschema_rs.Draft202012Validator(
        {"schemas": schemas, **schemas["basic-error"], "required": ["message", "documentation_url"]}
    )
    return [error.message[:300] for error in compiled.iter_errors(body)]


def unknown_to_github(routes: Iterable[tuple[str, str]]) -> list[str]:
    """Operations of the hub that GitHub's contract does not have."""
    known = cut()["operations"]
    return sorted(f"{method} {path}" for method, path in routes if f"{method} {shape_of(path)}" not in known)
