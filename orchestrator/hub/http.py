"""What a REST handler gets and gives back: the call, the answer, GitHub's errors, paging and ETags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from orchestrator.hub.errors import ApiError, Json, invalid, missing

if TYPE_CHECKING:
    from orchestrator.hub.auth import Viewer
    from orchestrator.hub.db import Database
    from orchestrator.hub.store.repos import Repo
    from orchestrator.hub.store.users import User
    from orchestrator.hub.world import World

__all__ = ["Answer", "ApiError", "Call", "Json", "Route", "Routes", "invalid", "missing"]

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a handler returns: a JSON value (None: no body) or, with `text`, plain text."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None

    def encoded(self) -> bytes:
        """The bytes of the body."""
        if self.text is not None:
            return self.text.encode()
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


@dataclass(kw_only=True)
class Call:
    """One request to a REST handler, already authenticated; `repo` is set on routes of a repository."""

    hub: World
    viewer: Viewer
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    prefix: str = ""
    found_repo: Repo | None = None

    @property
    def db(self) -> Database:
        return self.hub.db

    @property
    def api(self) -> str:
        """The base of API urls in answers, as the caller addressed the hub."""
        return self.hub.url + self.prefix

    @property
    def repo(self) -> Repo:
        """The repository of the path (checked by the dispatcher)."""
        assert self.found_repo is not None
        return self.found_repo

    @property
    def user(self) -> User:
        """The account that acts. Raises ApiError 401 for an anonymous caller, 403 for an app without installation."""
        if self.viewer.user is None:
            raise (
                ApiError(401, "Requires authentication")
                if self.viewer.app is None
                else ApiError(403, "Resource not accessible by integration")
            )
        return self.viewer.user

    def number(self, name: str) -> int:
        """A number in the path. Raises ApiError 404 when it is none."""
        text = self.params[name]
        if not text.isdigit() or len(text) > 15:
            raise missing()
        return int(text)

    def body(self) -> Json:
        """The JSON object sent. Raises ApiError 400 for what is no JSON, 422 for JSON that is no object."""
        if not self.raw.strip():
            return {}
        try:
            value = json.loads(self.raw)
        except ValueError as error:
            raise ApiError(400, "Problems parsing JSON") from error
        if not isinstance(value, dict):
            raise ApiError(422, "Invalid request.\n\nThe body is not an object.")
        return value

    def page(self, items: Sequence[Item], shape: Callable[[Sequence[Item]], list[Any]]) -> Answer:
        """One page of a list (page, per_page at most 100) with its Link header; only the page is shaped."""
        start, size, headers = self._paging(len(items))
        return Answer(body=shape(items[start : start + size]), headers=headers)

    def page_in(
        self, name: str, items: Sequence[Item], shape: Callable[[Sequence[Item]], list[Any]], **more: Any
    ) -> Answer:
        """One page inside an object with total_count, as check runs and search results come."""
        start, size, headers = self._paging(len(items))
        body = {"total_count": len(items), **more, name: shape(items[start : start + size])}
        return Answer(body=body, headers=headers)

    def _paging(self, total: int) -> tuple[int, int, dict[str, str]]:
        size = min(100, max(1, _int(self.query.get("per_page"), 30)))
        page = max(1, _int(self.query.get("page"), 1))
        last = max(1, -(-total // size))
        links = []
        if page > 1:
            links += [("prev", min(page - 1, last)), ("first", 1)]
        if page < last:
            links = [("next", page + 1), ("last", last), *links]
        base = {name: value for name, value in self.query.items() if name != "page"}
        url = f"{self.api}{self.path}?"
        link = ", ".join(f'<{url}{urlencode({**base, "page": number})}>; rel="{rel}"' for rel, number in links)
        return (page - 1) * size, size, {"link": link} if link else {}


def _int(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() else default


def etag(body: bytes, key: str) -> str:
    """A weak ETag of a body, private to a token as on GitHub."""
    return f'W/"{hashlib.sha256(body + key.encode()).hexdigest()}"'


def matches(tag: str, header: str | None) -> bool:
    """Does If-None-Match name the tag (weak comparison, RFC 9110 section 8.8.3.2)?"""
    wanted = {part.strip().removeprefix("W/") for part in (header or "").split(",")}
    return tag.removeprefix("W/") in wanted or "*" in wanted


@dataclass(frozen=True, kw_only=True)
class Route:
    """A REST operation and what it needs: an area and level of the token, a role in the repository."""

    method: str
    path: str
    handler: Callable[[Call], Answer]
    area: str
    level: str
    role: str
    creates: bool


class Routes:
    """The operations of one module, collected by decorators."""

    def __init__(self) -> None:
        self.found: list[Route] = []

    def on(
        self, verb_and_path: str, *, area: str = "metadata", role: str = "read", level: str | None = None
    ) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
        """Register `"POST /repos/{owner}/{repo}/issues"`. The level follows from the verb unless given."""
        method, path = verb_and_path.split(" ")
        needed = level or ("read" if method == "GET" else "write")

        def register(handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
            creates = method in ("POST", "PUT") and not path.endswith("access_tokens")
            self.found.append(
                Route(method=method, path=path, handler=handler, area=area, level=needed, role=role, creates=creates)
            )
            return handler

        return register


def text_field(body: Mapping[str, Any], name: str, resource: str, *, required: bool = False) -> str | None:
    """A text of the body. Raises ApiError 422 when it is required and absent, or no text."""
    value = body.get(name)
    if value is None and not required:
        return None
    if value is None or (required and value == ""):
        raise invalid(resource, name, "missing_field")
    if not isinstance(value, str):
        raise ApiError(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string.")
    return value


def names_field(value: object, key: str = "name") -> list[str]:
    """Label or user names given as texts or as objects. Raises ApiError 422 for anything else."""
    values: Iterable[object] = value if isinstance(value, list) else [value]
    names = [item.get(key) if isinstance(item, dict) else item for item in values]
    if not all(isinstance(name, str) and name for name in names):
        raise ApiError(422, "Invalid request.\n\nEvery item must be a name.")
    return [str(name) for name in names]
