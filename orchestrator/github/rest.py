"""REST through PyGithub's requester. Loaded when the first REST call is made.

The library repeats only GET and HEAD, and only where no answer or a 5xx came (its own default would repeat a POST
after a 502 and make two issues). It does not sit out rate limits either: that would hold a task's lock for up to an
hour inside a library; the caller is told until when instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import requests
from github import Auth, Github
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError
from urllib3.util.retry import Retry

from orchestrator.github.errors import GitHubError, Unavailable
from orchestrator.github.probe import Answer
from orchestrator.github.words import Json

_REPEATED = frozenset({"GET", "HEAD"})


class _Token(Auth.Auth):
    """Asks for the token at each request: an installation token changes within the hour."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._ask = token

    @property
    def token_type(self) -> str:
        return "Bearer"

    @property
    def token(self) -> str:
        return self._ask()


class Rest:
    """One connection to the REST endpoint, kept for the process."""

    def __init__(self, url: str, token: Callable[[], str], *, agent: str, timeout: float, backoff: float) -> None:
        retry = Retry(
            total=3,
            allowed_methods=_REPEATED,
            status_forcelist=range(500, 600),
            backoff_factor=backoff,
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        self._github = Github(
            auth=_Token(token),
            base_url=url,
            timeout=int(timeout),
            user_agent=agent,
            retry=retry,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Mapping[str, Json] | None,
        params: Mapping[str, str | int] | None,
        write: bool,
    ) -> Answer:
        """One call. `path` starts with a slash: absolute addresses would meet PyGithub's assertions about hosts.

        Raises Unavailable when no whole answer came.
        """
        where = f"{method} {path}"
        try:
            status, got, text = self._github.requester.requestJson(
                method,
                path,
                parameters=dict(params or {}),
                headers=dict(headers),
                input=body,
            )
        except requests.RequestException as why:
            raise Unavailable(f"{where}: {why!r}", uncertain=write and not _unsent(why)) from why
        except RuntimeError as why:
            # PyGithub's words for a server that points elsewhere (http to https, another host).
            raise GitHubError(f"{where}: {why}") from why
        return status, {k.lower(): str(v) for k, v in got.items()}, text

    def close(self) -> None:
        self._github.close()


def _unsent(why: requests.RequestException) -> bool:
    """Whether the request never left: there was no connection to send it on."""
    cause = why.args[0] if why.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))
