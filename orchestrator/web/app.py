"""The page as an ASGI application: the guard before everything, then pages, parts of pages, orders and the stream.

Loaded late: nothing imports it but `serving`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as Http
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.model.errors import Told
from orchestrator.model.operators import Right
from orchestrator.operations import OrderRefused, people, stream
from orchestrator.web import guard as guarding
from orchestrator.web import render
from orchestrator.web.desk import Desk
from orchestrator.web.guard import Guard, Refusal, Request
from orchestrator.web.page import Asked, Crumb, Given, Order, Page, Shown
from orchestrator.web.pages import ORDERS, PAGES
from orchestrator.web.streams import Streams

STATIC = Path(__file__).parent / "static"
ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_NAV = tuple(page for page in PAGES if page.nav)


def build(desk: Desk, guard: Guard, streams: Streams, *, guarded: bool = True) -> ASGIApp:
    """`guarded=False` is for the proof that the guard does the refusing: every request then finds an answer."""
    methods = ANY if not guarded else None
    web = _Web(desk, guard, streams)
    routes = [
        Route(guarding.OPEN, web.open, methods=methods),
        Route("/static/{name}", web.static, methods=methods),
        Route("/events", web.events, methods=methods),
        Route("/orders/{name:path}", web.order, methods=methods or ["POST"]),
        *(Route(page.path, web.showing(page), methods=methods) for page in PAGES),
    ]
    handlers: dict[Any, Any] = {404: web.missing, Exception: _crashed}
    app = Starlette(routes=routes, exception_handlers=handlers)
    return _Guarded(app, guard if guarded else None)


class _Web:
    def __init__(self, desk: Desk, guard: Guard, streams: Streams) -> None:
        self._desk, self._guard, self._streams = desk, guard, streams

    async def open(self, http: Http) -> Response:
        """The link: its token becomes a cookie, and leaves the address."""
        if not self._guard.opens(http.query_params.get("token", "")):
            return _told(
                Refusal(status=401, why="the link is of an earlier run: `agent-os web` prints the present one")
            )
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(self._guard.cookie, self._guard.link, httponly=True, samesite="strict", path="/")
        return answer

    async def static(self, http: Http) -> Response:
        name = http.path_params["name"]
        file = next((f for f in STATIC.iterdir() if f.name == name), None)
        return FileResponse(file) if file else _told(Refusal(status=404, why="no such file"))

    async def events(self, http: Http) -> Response:
        after = http.headers.get("last-event-id") or http.query_params.get("after", "")
        task = http.query_params.get("task", "")
        services, person = self._desk.services, self._desk.person
        try:
            people.require(services, person, Right.SEE)
        except OrderRefused as why:
            return _told(Refusal(status=403, why=str(why)))
        if not self._streams.room():
            return _told(Refusal(status=503, why="too many pages are open; close some"))
        return StreamingResponse(
            self._streams.run(self._desk, after, task if re.fullmatch(r"[a-z0-9-]{1,200}", task) else ""),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"},
        )

    def showing(self, page: Page) -> Callable[[Http], Any]:
        async def show(http: Http) -> Response:
            return await run_in_threadpool(self._show, page, http.path_params, dict(http.query_params))

        return show

    def _show(self, page: Page, path: Mapping[str, str], query: dict[str, str]) -> Response:
        services, person = self._desk.services, self._desk.person
        part = query.pop("part", "")
        position = stream.position(services)  # before the look: what happens during it is told again
        status = 200
        try:
            people.require(services, person, Right.SEE)
            shown = page.show(Asked(services=services, person=person, path=path, query=query))
        except OrderRefused as why:
            status, shown = 404, _error("Not here", str(why))
        except Told as why:
            status, shown = 500, _error("This cannot be read", str(services.redact(str(why))))
        if part and status == 200 and not render.has_part(shown.template, part):
            return _told(Refusal(status=404, why="the page has no such part"))
        frame = self._frame(page, shown, position) | {"part": part if status == 200 else ""}
        return _html(shown, frame, services.redact, status)

    def _frame(self, page: Page | None, shown: Shown, position: str) -> dict[str, object]:
        """What base.html needs beside the page's own values."""
        return {
            "title": shown.title,
            "crumbs": shown.crumbs,
            "nav": _NAV,
            "section": (page.section or page.name) if page else "",
            "person": self._desk.person or "somebody",
            "problem": self._desk.problem,
            "write": self._guard.write,
            "position": position,
            "task": shown.values.get("live_task", ""),
            "part": "",
        }

    async def order(self, http: Http) -> Response:
        try:
            body = await http.body()
        except ClientDisconnect:  # it left, or `_capped` ended it
            return _told(Refusal(status=413, why=f"at most {guarding.MOST_BODY} bytes"))
        return await run_in_threadpool(self._order, http.path_params["name"], body)

    def _order(self, name: str, body: bytes) -> Response:
        found = next((o for o in ORDERS if o.name == name), None)
        if found is None:
            return _refused(f"no order {name!r}", 404)
        fields = _fields(body, found)
        if isinstance(fields, str):
            return _refused(fields, 400)
        services, person = self._desk.services, self._desk.person
        try:
            people.require(services, person, found.right)
            with self._desk.ordering:
                answer = found.run(Given(services=services, person=person, fields=fields))
        except Told as why:
            return _refused(str(services.redact(str(why))), 409)
        return JSONResponse({"ok": True, "text": str(services.redact(answer.text)), "go": answer.go})

    async def missing(self, http: Http, _error_: Exception) -> Response:
        shown = _error("Not here", "there is no page at this address")
        return _html(shown, self._frame(None, shown, ""), self._desk.services.redact, 404)


def _html(shown: Shown, frame: Mapping[str, object], redact: Callable[[str], str], status: int) -> Response:
    return HTMLResponse(render.page(shown.template, {**shown.values, "page": frame}, redact), status_code=status)


def _error(title: str, why: str) -> Shown:
    return Shown(template="error.html", title=title, crumbs=(Crumb(words=title),), values={"why": why})


def _fields(body: bytes, order: Order) -> dict[str, str] | str:
    """The order's fields, or what is wrong with them."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return "an order is one JSON object"
    if not isinstance(data, dict):
        return "an order is one JSON object"
    wrong = [name for name, value in data.items() if name not in order.fields or not isinstance(value, str)]
    return f"{order.name} knows {', '.join(order.fields) or 'no field'}, each a text" if wrong else data


def _refused(why: str, status: int) -> Response:
    return JSONResponse({"ok": False, "text": why, "go": ""}, status_code=status)


def _told(refusal: Refusal, *, page: bool = False) -> Response:
    """`page`: somebody reads it in a browser, without style, which is behind the guard as well."""
    if page:
        shown = render.page("refused.html", {"refusal": refusal}, str)
        return HTMLResponse(shown, status_code=refusal.status)
    return Response(f"{refusal.why}\n", status_code=refusal.status, media_type="text/plain")


async def _crashed(_http: Http, _why: Exception) -> Response:
    """Its traceback is written where the page was started."""
    return _told(Refusal(status=500, why="this page crashed; its traceback stands where `agent-os web` runs"))


class _Guarded:
    """The guard before the application, its headers on every answer, its cap on every body."""

    def __init__(self, app: ASGIApp, guard: Guard | None) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headed = _headed(send)
        asked = _request(scope)
        refusal = self._guard.refuse(asked) if self._guard else None
        if refusal is not None:
            # Whoever is refused keeps no connection either: there are only so many.
            refused = _told(refusal, page="text/html" in asked.one("accept"))
            refused.headers["connection"] = "close"
            await refused(scope, receive, headed)
            return
        await self._app(scope, _capped(receive) if self._guard else receive, headed)


def _request(scope: Scope) -> Request:
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in scope["headers"]),
    )


def _headed(send: Send) -> Send:
    added = [(name.encode(), value.encode()) for name, value in guarding.HEADERS]

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            named = {name for name, _ in message["headers"]}
            kept = [] if b"cache-control" in named else [(b"cache-control", b"no-store")]
            message = {**message, "headers": [*message["headers"], *added, *kept]}
        await send(message)

    return headed


def _capped(receive: Receive) -> Receive:
    """A body without a length, or longer than it said, ends here."""
    seen = 0

    async def capped() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > guarding.MOST_BODY else message

    return capped
