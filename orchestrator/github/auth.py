"""Where the token comes from: a GitHub App, an environment variable, a file, or the `gh` command, in this order."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.clock import Clock
from orchestrator.github.errors import Malformed, Unauthorized, Unavailable
from orchestrator.github.refusals import parse, refusal
from orchestrator.github.words import object_of
from orchestrator.model.settings import GitHubSettings
from orchestrator.model.times import parse as parse_time
from orchestrator.process import CannotStart, clean_env, run

_EARLY = timedelta(minutes=5)
"""An installation token is replaced this long before it ends, so that no push outlives it."""
_JWT_SECONDS = 540
"""GitHub takes at most ten minutes; one minute is left for clocks that differ."""


def _gh_token(host: str) -> str:
    """What `gh auth token` prints; empty when there is no such command or no login."""
    try:
        done = run(
            ["gh", "auth", "token", "--hostname", host],
            cwd="/",
            env=clean_env(keep=("XDG_CONFIG_HOME", "GH_CONFIG_DIR")),
            timeout=10,
        )
    except CannotStart:
        return ""
    return done.out.decode("utf-8", "replace").strip() if done.exit == 0 else ""


class TokenSource:
    """Answers `token()` at every request. What was found is kept; an App's token is renewed as it nears its end."""

    def __init__(
        self,
        settings: GitHubSettings,
        clock: Clock,
        *,
        environ: Mapping[str, str] | None = None,
        gh: Callable[[str], str] = _gh_token,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._environ = os.environ if environ is None else environ
        self._gh = gh
        self._found = ""
        self._until: datetime | None = None
        self._known: set[str] = set()

    def token(self) -> str:
        """The token to send. Raises Unauthorized naming every place that was looked at; Unavailable for an App."""
        if self._settings.app_id:
            if self._until is None or self._clock.now() >= self._until - _EARLY:
                self._found, self._until = self._installation()
        elif not self._found:
            self._found = self._look()
        self._known.add(self._found)
        return self._found

    def known_secrets(self) -> tuple[str, ...]:
        """Every secret this object has held or could read now, for the redactor. Asks nobody outside."""
        here = {self._environ.get(self._settings.token_env, ""), self._read(self._settings.token_file), *self._known}
        return tuple(sorted(s for s in here if s))

    def held(self) -> tuple[str, ...]:
        """Every token this object has handed out, for the redactor: an App's are minted while it works. Asks nobody."""
        return tuple(sorted(self._known))

    def _look(self) -> str:
        said = self._settings
        if found := self._environ.get(said.token_env, "").strip():
            return found
        if said.token_file:
            if found := self._read(said.token_file):
                return found
            raise Unauthorized(f"no token: github.token_file {said.token_file} is missing or empty")
        host = said.web_url.split("//", 1)[-1].split("/", 1)[0]
        if not said.loopback and (found := self._gh(host)):
            return found
        raise Unauthorized(
            f"no token for {host}: set {said.token_env}, or github.token_file or github.app in config.yaml, "
            f"or log in with `gh auth login --hostname {host}`"
        )

    def _read(self, name: str) -> str:
        try:
            return Path(name).expanduser().read_text().strip() if name else ""
        except OSError:
            return ""

    def _installation(self) -> tuple[str, datetime]:
        """A fresh installation token and its end.

        GitHub's REST documentation, "Create an installation access token for an app". No permissions are named, so the
        token gets all that the installation has.
        """
        reply = self._call("POST", f"/app/installations/{self._installation_id()}/access_tokens")
        told = object_of(parse(reply, "installation token", write=False), "installation token")
        return told.text("token"), parse_time(told.text("expires_at"))

    def _installation_id(self) -> int:
        if self._settings.app_installation_id is not None:
            return self._settings.app_installation_id
        listed = parse(self._call("GET", "/app/installations"), "installations", write=False)
        if not isinstance(listed, list) or len(listed) != 1:
            count = len(listed) if isinstance(listed, list) else "no list of"
            raise Unauthorized(f"the App has {count} installations: name one in github.app.installation_id")
        return object_of(listed[0], "installation").number("id")

    def _call(self, method: str, path: str) -> str:
        address = f"{self._settings.api_url}{path}"
        headers = {
            "Authorization": f"Bearer {self._jwt()}",
            "Accept": "application/vnd.github+json",
            "User-Agent": "agent-os",
        }
        request = urllib.request.Request(
            address, method=method, headers=headers, data=b"" if method == "POST" else None
        )
        opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if self._settings.loopback else []))
        try:
            with opener.open(request, timeout=30) as reply:
                return str(reply.read().decode("utf-8", "replace"))
        except urllib.error.HTTPError as refused:
            with refused:
                body = refused.read().decode("utf-8", "replace")
                got = {k.lower(): v for k, v in refused.headers.items()}
            raise refusal(refused.code, got, body, path, write=False, now=self._clock.now()) from None
        except OSError as why:
            raise Unavailable(f"{path}: {why!r}") from why

    def _jwt(self) -> str:
        """Signed RS256 by PyGithub's App authentication, at our clock's time."""
        from github.Auth import AppAuth
        from jwt import PyJWTError

        key = self._read(self._settings.app_private_key_file)
        if not key:
            raise Unauthorized(
                f"no App key: github.app.private_key_file {self._settings.app_private_key_file!r} is empty"
            )
        now = int(self._clock.now().timestamp())
        sign = AppAuth.create_jwt_sign(key, "RS256")
        try:
            signed = sign({"iat": now - 60, "exp": now + _JWT_SECONDS, "iss": self._settings.app_id})
        except (ValueError, PyJWTError) as why:
            raise Malformed("github.app.private_key_file", f"is no RSA key in PEM form ({why})") from why
        return signed.decode() if isinstance(signed, bytes) else signed
