"""The one GitHub client: who we are, one question or write at a time, limits obeyed, every refusal named.

Reads are repeated (they change nothing); a write is sent exactly once. Where a write got no good answer, the error
says `uncertain`, and the caller looks before trying again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from orchestrator.clock import Clock
from orchestrator.github import documents, probe
from orchestrator.github.auth import TokenSource
from orchestrator.github.errors import GitHubError, Incomplete, Malformed, RateLimited, Unavailable
from orchestrator.github.probe import Answer
from orchestrator.github.refusals import graphql_data, parse, refusal, wait_asked
from orchestrator.github.words import Json, Words
from orchestrator.model.settings import GitHubSettings

if TYPE_CHECKING:
    from orchestrator.github.graph import Graph
    from orchestrator.github.rest import Rest

AGENT = "agent-os"
ACCEPT = "application/vnd.github+json"
PER_PAGE = 100
_TRIES = 3
_READS = frozenset({"GET", "HEAD"})


def _nothing() -> None:
    """No pacing."""


def _anywhere(repo: str) -> None:
    """No wall."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What the client borrows from stores that it does not know. The defaults remember nothing."""

    may_write: Callable[[str], None] = _anywhere
    """Raises `Stopped` where nothing is to be written: told the repository (owner/name), or nothing for a write that is
    about none."""
    before_write: Callable[[], None] = _nothing
    """Returns once a write may be sent (pacing shared by all processes)."""
    retry_after: Callable[[float], None] = lambda seconds: None
    """GitHub asked everybody with this token to wait that many seconds."""
    blocked_for: Callable[[], float] = lambda: 0.0
    """Seconds still to wait because of an earlier `retry_after`; while above 0 nothing is sent at all."""
    etag_get: Callable[[str], tuple[str, str] | None] = lambda key: None
    """The ETag and the text stored under a key."""
    etag_put: Callable[[str, str, str], None] = lambda key, etag, text: None


@dataclass(kw_only=True)
class Stats:
    """What this object has cost so far."""

    requests: int = 0
    writes: int = 0
    not_modified: int = 0
    """Reads answered 304: they cost nothing of the rate limit."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One probe as it went out, with the digest of its good answer: what an idle tick asks again."""

    url: str
    body: str
    answer: str
    """SHA-256 of the answer's bytes, hexadecimal."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A good REST answer. `headers` by lower-case name; `data` is None where the body is empty or no JSON was asked."""

    status: int
    headers: Mapping[str, str]
    data: Json
    text: str = field(default="", repr=False)


class GitHub:
    """Not for several threads at once. `timeout` in seconds; libraries load with the first call that needs them."""

    def __init__(
        self,
        settings: GitHubSettings,
        clock: Clock,
        token: TokenSource,
        hooks: Hooks | None = None,
        *,
        timeout: float = 30.0,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.token = token
        self.hooks = hooks or Hooks()
        self.stats = Stats()
        self.questions: list[Question] = []
        """Probes answered well since the caller last cleared the list."""
        self.timeout = timeout
        # On loopback there is no crowd to step back from.
        self.backoff = 0.02 if settings.loopback else 0.5
        self._login = ""
        self._rest: Rest | None = None
        self._graph: Graph | None = None

    def close(self) -> None:
        """Ends open connections; the next call opens new ones."""
        if self._rest is not None:
            self._rest.close()
        if self._graph is not None:
            self._graph.close()
        self._rest = self._graph = None

    def login(self) -> str:
        """Login of whoever the token belongs to; an app's ends in `[bot]`. Asked once."""
        if not self._login:
            viewer = self.probe(documents.load("viewer"), {}).one("viewer")
            self._login = viewer.text("login")
            self.questions.pop()  # whose the token is does not change: no idle minute asks it again
        return self._login

    def is_me(self, login: str) -> bool:
        return login.casefold() == self.login().casefold()

    # GraphQL

    def probe(self, document: str, variables: Mapping[str, Json]) -> Words:
        """One question through the standard library: the idle tick's. Errors as `graphql`; never for a mutation."""
        where = documents.operation(document)

        def ask() -> Answer:
            return probe.post(
                self.settings.graphql_url,
                document,
                variables,
                token=self.token.token(),
                agent=AGENT,
                timeout=self.timeout,
                direct=self.settings.loopback,
            )

        kept: list[str] = []

        def asking() -> Answer:
            answer = ask()
            kept[:] = [answer[2]]
            return answer

        words = self._read_graphql(asking, where)
        body = probe.body(document, variables).decode()
        digest = hashlib.sha256(kept[0].encode()).hexdigest()
        self.questions.append(Question(url=self.settings.graphql_url, body=body, answer=digest))
        return words

    def graphql(self, document: str, variables: Mapping[str, Json], *, repo: str = "") -> Words:
        """The `data` of the answer. A query is repeated on a 5xx or a lost answer, a mutation is sent once; `repo` is
        the repository that it writes to.

        Raises PartialAnswer when the answer has `errors`, Stopped where nothing may be written, else what `refusals`
        names.
        """
        where, write = documents.operation(document), documents.is_mutation(document)
        graph = self._graphs()
        if not write:
            return self._read_graphql(lambda: graph.post(document, variables, write=False, where=where), where)
        self._before(write=True, repo=repo)
        return self._judge_graphql(graph.post(document, variables, write=True, where=where), where, write=True)

    def _read_graphql(self, ask: Callable[[], Answer], where: str) -> Words:
        for again in range(_TRIES):
            if again:
                self.clock.sleep(self.backoff * 2**again)
            self._before(write=False)
            try:
                return self._judge_graphql(ask(), where, write=False)
            except Unavailable:
                if again == _TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")

    def _judge_graphql(self, answer: Answer, where: str, *, write: bool) -> Words:
        status, headers, body = answer
        if status != 200:
            raise self._told(refusal(status, headers, body, where, write=write, now=self.clock.now()))
        self._hear(headers)
        try:
            return graphql_data(body, headers, where, write=write, now=self.clock.now())
        except RateLimited as limited:
            raise self._told(limited) from None

    # REST

    def rest(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Json] | None = None,
        params: Mapping[str, str | int] | None = None,
        accept: str = ACCEPT,
    ) -> Reply:
        """One REST call; `path` as GitHub documents it, from the slash on. GETs are conditional where an ETag is known.

        Raises what `refusals` names, Stopped where nothing may be written, Malformed on a redirect of a write.
        """
        write = method not in _READS
        headers = {"Accept": accept}
        key = "" if write else self._key(path, params, accept)
        stored = self.hooks.etag_get(key) if key else None
        if stored:
            headers["If-None-Match"] = stored[0]
        self._before(write=write, repo=_repo(path))
        where = f"{method} {path}"
        status, got, text = self._rests().send(method, path, headers=headers, body=body, params=params, write=write)
        if status == 304 and stored:
            self.stats.not_modified += 1
            kept = json.loads(stored[1])
            return self._reply(200, {**got, "link": kept["link"]}, kept["text"], where, write=False)
        if status >= 400:
            raise self._told(refusal(status, got, text, where, write=write, now=self.clock.now()))
        self._hear(got)
        if status >= 300:
            raise GitHubError(f"{where}: redirected to {got.get('location', 'nowhere')}; was it renamed?")
        reply = self._reply(status, got, text, where, write=write)
        if key and "etag" in got:
            self.hooks.etag_put(key, got["etag"], json.dumps({"link": got.get("link", ""), "text": text}))
        return reply

    def pages(
        self, path: str, params: Mapping[str, str | int] | None = None, *, key: str = "", limit: int = 100
    ) -> Iterator[Words]:
        """Every entry of a list to its last page (`key` names the list inside an object).

        Raises Incomplete beyond `limit` pages of 100: a list that is cut off silently reads as "not there".
        """
        wanted: dict[str, str | int] = {"per_page": PER_PAGE, **(params or {})}
        for _ in range(limit):
            reply = self.rest("GET", path, params=wanted)
            holder = Words(path, {key or "list": reply.data})
            yield from (holder.one(key).many(key) if key else holder.many("list"))
            following = _next(reply.headers.get("link", ""))
            if following is None:
                return
            wanted = {**wanted, **following}
        raise Incomplete(f"GET {path}: more than {limit} pages of {PER_PAGE}")

    def text(self, path: str) -> str:
        """A plain-text download, which GitHub redirects to another host that gets no token (logs).

        The redirect is followed here: PyGithub refuses hosts outside its own list, and the logs' host is outside.
        """
        self._before(write=False)
        where = f"GET {path}"
        answer = self._rests().send("GET", path, headers={"Accept": ACCEPT}, body=None, params=None, write=False)
        if answer[0] in (301, 302, 307):
            try:
                answer = probe.download(
                    answer[1].get("location", ""), agent=AGENT, timeout=self.timeout, direct=self.settings.loopback
                )
            except ValueError as why:
                raise Malformed(where, str(why)) from why
        if answer[0] != 200:
            raise self._told(refusal(*answer, where, write=False, now=self.clock.now()))
        return answer[2]

    def _reply(self, status: int, headers: Mapping[str, str], text: str, where: str, *, write: bool) -> Reply:
        return Reply(status=status, headers=headers, data=parse(text, where, write=write) if text else None, text=text)

    def _key(self, path: str, params: Mapping[str, str | int] | None, accept: str) -> str:
        """Answers differ by who asks, so the token's digest is part of the key."""
        digest = hashlib.sha256(self.token.token().encode()).hexdigest()[:16]
        query = "&".join(f"{k}={v}" for k, v in sorted((params or {}).items()))
        return f"{self.settings.api_url}{path}?{query} {accept} {digest}"

    # Limits

    def _before(self, *, write: bool, repo: str = "") -> None:
        if write:
            self.hooks.may_write(repo)
        if (left := self.hooks.blocked_for()) > 0:
            raise RateLimited("GitHub asked us to wait", self.clock.now() + timedelta(seconds=left))
        if write:
            self.hooks.before_write()
            self.stats.writes += 1
        self.stats.requests += 1

    def _told(self, error: GitHubError) -> GitHubError:
        """Remembers a limit for everybody before the error goes up."""
        if isinstance(error, RateLimited):
            self.hooks.retry_after(max(0.0, (error.until - self.clock.now()).total_seconds()))
        return error

    def _hear(self, headers: Mapping[str, str]) -> None:
        """A good answer can be the last one allowed."""
        if (wait := wait_asked(headers, self.clock.now())) is not None:
            self.hooks.retry_after(wait)

    def _rests(self) -> Rest:
        if self._rest is None:
            from orchestrator.github.rest import Rest

            self._rest = Rest(
                self.settings.api_url, self.token.token, agent=AGENT, timeout=self.timeout, backoff=self.backoff
            )
        return self._rest

    def _graphs(self) -> Graph:
        if self._graph is None:
            from orchestrator.github.graph import Graph

            self._graph = Graph(
                self.settings.graphql_url,
                self.token.token,
                agent=AGENT,
                timeout=self.timeout,
                direct=self.settings.loopback,
            )
        return self._graph


def _repo(path: str) -> str:
    """owner/name of a REST path that is about a repository; else empty."""
    parts = path.split("/", 4)
    return f"{parts[2]}/{parts[3].partition('?')[0]}" if len(parts) > 3 and parts[1] == "repos" else ""


def _next(link: str) -> dict[str, str | int] | None:
    """The query of `rel="next"` in a Link header (RFC 8288), which GitHub builds by page number or by cursor."""
    for part in link.split(","):
        address, _, rest = part.partition(";")
        if 'rel="next"' in rest:
            query = parse_qsl(urlsplit(address.strip().strip("<>")).query)
            if not query:
                raise Malformed("Link", part)
            return dict(query)
    return None
