"""From a Starlette request to a REST handler and back: authentication, access, limits, ETag, GitHub's headers."""

from __future__ import annotations

import itertools
import logging
import re
import secrets
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.hub import auth, http
from orchestrator.hub.auth import Viewer
from orchestrator.hub.http import Answer, ApiError, Call, Route
from orchestrator.hub.limits import Budget
from orchestrator.hub.store import repos

if TYPE_CHECKING:
    from orchestrator.hub.requests import Facts
    from orchestrator.hub.world import World

_log = logging.getLogger("hub")
_numbers = itertools.count(1)
_SESSION = secrets.token_hex(4).upper()
_PREFIX = "/api/v3"


def request_id() -> str:
    """An x-github-request-id."""
    return f"{_SESSION}:{next(_numbers):X}"


class Router:
    """The table of REST operations, tried from the most specific path to the least."""

    def __init__(self, hub: World, routes: list[Route]) -> None:
        self.hub = hub
        self.routes = routes
        self._compiled: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        patterns: dict[str, dict[str, Route]] = {}
        for route in routes:
            patterns.setdefault(route.path, {})[route.method] = route
        for path, methods in sorted(patterns.items(), key=lambda pair: _specificity(pair[0])):
            self._compiled.append((re.compile(_pattern(path)), methods))

    async def __call__(self, request: Request) -> Response:
        """Serve one request under / or /api/v3."""
        path = request.scope["path"]
        prefix = _PREFIX if path.startswith(_PREFIX + "/") else ""
        path = path[len(prefix) :].rstrip("/") or "/"
        raw = await request.body()
        return await run_in_threadpool(self._serve, request, prefix, path, raw)

    def _find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for pattern, methods in self._compiled:
            found = pattern.fullmatch(path)
            if found is not None and method in methods:
                return methods[method], found.groupdict()
        return None

    def _serve(self, request: Request, prefix: str, path: str, raw: bytes) -> Response:
        viewer, budget = Viewer(), None
        facts: Facts = request.scope["hub"]
        try:
            viewer = auth.authenticate(self.hub.db, request.headers)
            facts.login = viewer.user.login if viewer.user else None
            facts.token = viewer.token.token if viewer.token else None
            resource = "search" if path.startswith("/search/") else "core"
            budget = self._afford(viewer, resource, path)
            found = self._find("GET" if request.method == "HEAD" else request.method, path)
            if found is None:
                raise http.missing()
            route, params = found
            call = Call(
                hub=self.hub, viewer=viewer, method=request.method, path=path, params=params,
                query=dict(request.query_params), headers=request.headers, raw=raw, prefix=prefix,
            )  # fmt: skip
            self._admit(call, route)
            answer = route.handler(call)
        except ApiError as error:
            answer = Answer(body=error.body(), status=error.status, headers=error.headers)
        except Exception:  # noqa: BLE001 - a server answers 500 and tells its log
            _log.exception("%s %s failed", request.method, path)
            answer = Answer(body=ApiError(500, "Server Error").body(), status=500)
        return self._respond(request, viewer, budget, answer)

    def _afford(self, viewer: Viewer, resource: str, path: str) -> Budget | None:
        """Charge one request. Raises ApiError 403 when nothing is left."""
        if path == "/rate_limit":
            return None
        before = self.hub.limits.budget(viewer.key, resource)
        if before.remaining == 0:
            who = f"user ID {viewer.user.id}" if viewer.user else "127.0.0.1"
            raise ApiError(403, f"API rate limit exceeded for {who}.", headers=before.headers())
        return self.hub.limits.charge(viewer.key, resource, 1)

    def _admit(self, call: Call, route: Route) -> None:
        if "owner" in call.params and "repo" in call.params:
            repo = repos.by_name(call.db, call.params["owner"], call.params["repo"])
            if repo is None:
                raise http.missing()
            if call.viewer.app is None or route.area != "app":
                auth.check(call.db, call.viewer, repo, route.area, route.level, route.role)
            call.found_repo = repo
        elif route.level == "write" and route.area != "app" and call.viewer.user is None:
            raise ApiError(401, "Requires authentication")
        if route.creates:
            wait = self.hub.limits.content(call.viewer.key)
            if wait is not None:
                message = (
                    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation."
                )
                raise ApiError(403, message, headers={"retry-after": str(wait)})

    def _respond(self, request: Request, viewer: Viewer, budget: Budget | None, answer: Answer) -> Response:
        body = answer.encoded()
        headers = {"x-github-request-id": request_id(), "x-github-media-type": "github.v3; format=json"}
        headers |= {"server": "github.com", "x-github-api-version-selected": "2022-11-28"}
        if viewer.token is not None and viewer.token.kind == "classic":
            headers["x-oauth-scopes"] = ", ".join(viewer.scopes)
        status = answer.status
        if request.method in ("GET", "HEAD") and status == 200:
            headers |= {"cache-control": "private, max-age=60, s-maxage=60", "vary": "Accept, Authorization"}
            headers["etag"] = http.etag(body, viewer.key)
            if http.matches(headers["etag"], request.headers.get("if-none-match")):
                status, body = 304, b""
                if budget is not None and viewer.user is not None:
                    budget = self.hub.limits.charge(viewer.key, budget.resource, -1)
        headers |= budget.headers() if budget is not None else {}
        headers |= answer.headers
        media = "text/plain; charset=utf-8" if answer.text is not None else "application/json; charset=utf-8"
        if status in (204, 205, 304) or not body:
            return Response(status_code=status, headers=headers)
        return Response(body, status_code=status, headers=headers, media_type=media)


def _specificity(path: str) -> list[int]:
    """Fixed words before variables before paths, and what goes on behind a path before its end."""
    kinds = [2 if part.endswith(":path}") else 1 if part.startswith("{") else 0 for part in path.split("/")]
    return [*kinds, 3]


def _pattern(path: str) -> str:
    """`{name}` is one segment, `{name:path}` may hold slashes."""
    pattern = re.sub(r"\{(\w+):path\}", r"(?P<\1>.+)", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
