"""Addresses and places: which GitHub, which folders."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.config.placed import Notes
from orchestrator.config.schema import Config, GitHub, Telegram
from orchestrator.model.settings import GitHubSettings, TelegramSettings
from orchestrator.yamlread.problems import At

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def expand(text: str, *, base: Path, env: Mapping[str, str], at: At, notes: Notes) -> Path:
    """`~` and `$VARIABLE` are filled in; what is relative starts at `base`. A variable that is not set is a problem."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in env:
            notes.bad(at, f"a path whose variables are set; {name} is not", text)
        return env.get(name, "")

    filled = _VARIABLE.sub(value, text)
    if filled == "~" or filled.startswith("~/"):
        filled = str(home(env)) + filled[1:]
    return base / filled


def home(env: Mapping[str, str]) -> Path:
    return Path(env["HOME"]) if env.get("HOME") else Path.home()


def data_dir(env: Mapping[str, str]) -> Path:
    """`~/.local/share/agent-os`, or where XDG_DATA_HOME says (XDG Base Directory Specification)."""
    share = env.get("XDG_DATA_HOME") or ""
    return (Path(share) if share.startswith("/") else home(env) / ".local/share") / "agent-os"


def default_worktrees(root: Path, env: Mapping[str, str]) -> Path:
    """Outside of any checkout: tools look upward for their settings and would find ours in an agent's folder."""
    return data_dir(env) / "worktrees" / f"{root.name}-{zlib.crc32(str(root).encode()):08x}"


def github(said: GitHub | None, *, base: Path, env: Mapping[str, str], notes: Notes) -> GitHubSettings:
    """github.com, an Enterprise host (REST under /api/v3, GraphQL at /api/graphql), or the embedded one on loopback."""
    said = said or GitHub()
    web = (said.url or "https://github.com").rstrip("/")
    loopback = _check(web, ("github", "url"), notes)
    public = web in ("https://github.com", "https://www.github.com")
    web = "https://github.com" if public else web
    app = said.app
    paced = 0.0 if loopback else 1.0
    return GitHubSettings(
        web_url=web,
        api_url="https://api.github.com" if public else f"{web}/api/v3",
        graphql_url="https://api.github.com/graphql" if public else f"{web}/api/graphql",
        token_env=said.token_env or "GITHUB_TOKEN",
        token_file=_file(said.token_file, ("github", "token_file"), base, env, notes),
        app_id=str(app.id) if app else "",
        app_private_key_file=_file(
            app.private_key_file if app else None, ("github", "app", "private_key_file"), base, env, notes
        ),
        app_installation_id=app.installation_id if app else None,
        seconds_between_writes=paced if said.seconds_between_writes is None else said.seconds_between_writes,
        writes_per_minute=said.writes_per_minute or 80,
        writes_per_hour=said.writes_per_hour or 500,
        settle_seconds=30.0 if said.settle_seconds is None else said.settle_seconds,
    )


def telegram(config: Config, *, env: Mapping[str, str], notes: Notes) -> TelegramSettings:
    """The telegram section, or the two flat keys of the older spelling. A token written down stands before `env`'s."""
    said = config.telegram or Telegram()
    chat = said.chat_id if said.chat_id is not None else config.telegram_chat_id
    api = (said.api_url or "https://api.telegram.org").rstrip("/")
    _check(api, ("telegram", "api_url"), notes)
    variable = said.token_env or "TELEGRAM_BOT_TOKEN"
    return TelegramSettings(
        token_env=variable,
        token=said.token or config.telegram_bot_token or env.get(variable, "").strip(),
        chat_id="" if chat is None else str(chat),
        api_url=api,
        quiet_hours=_quiet(said, notes),
        timezone=_zone(said, notes),
    )


_HOURS = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def _quiet(said: Telegram, notes: Notes) -> str:
    hours = said.quiet_hours or ""
    if hours and not _HOURS.fullmatch(hours):
        notes.bad(("telegram", "quiet_hours"), "two times of the day, as 22:00-07:00", hours)
        return ""
    return hours


def _zone(said: Telegram, notes: Notes) -> str:
    import zoneinfo

    name = said.timezone or "UTC"
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        notes.bad(("telegram", "timezone"), "a name of the IANA database, as Europe/Berlin", name)
        return "UTC"
    return name


_PATTERN = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::([0-9]{1,5}))?")


def patterns(said: tuple[list[str] | None, At], notes: Notes) -> tuple[str, ...]:
    """Names of hosts agents may reach: `pypi.org`, `*.example.com`, `127.0.0.1:8080`; lower case, each checked."""
    names, at = said
    for n, name in enumerate(names or ()):
        match = _PATTERN.fullmatch(name)
        whole_domain = name.startswith("*.") and "." not in name[2:]
        if match is None or whole_domain or int(match[1] or 443) not in range(1, 65536):
            notes.bad((*at, n), "a host name (pypi.org, *.example.com, with :port where that is not 443)", name)
    return tuple(dict.fromkeys(name.lower() for name in names or ()))


def _shown(url: str) -> str:
    """As an error may repeat it: without the password that somebody wrote into it."""
    return re.sub(r"//[^/@]*@", "//...@", url)


def provider(text: str | None, at: At, notes: Notes) -> str:
    """Where a model answers: https with any path, or http on loopback; a key travels there."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        good = good and bool(parts.hostname) and parts.username is None and not parts.query and not parts.fragment
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        notes.bad(at, "https://HOST/PATH, or http://127.0.0.1:PORT/PATH", _shown(text))
    return text.rstrip("/")


def _file(text: str | None, at: At, base: Path, env: Mapping[str, str], notes: Notes) -> str:
    return str(expand(text, base=base, env=env, at=at, notes=notes)) if text else ""


def _check(url: str, at: At, notes: Notes) -> bool:
    """A token travels there: https, or http on loopback only. Answers whether it is loopback."""
    try:
        parts = urlsplit(url)
        loopback = parts.hostname in _LOOPBACK
        good = parts.scheme == "https" or (parts.scheme == "http" and loopback)
        good = good and bool(parts.hostname) and parts.username is None and parts.path == "" and not parts.query
        _ = parts.port
    except ValueError:
        good = loopback = False
    if not good:
        notes.bad(at, "https://HOST, or http://127.0.0.1:PORT, without a path", _shown(url))
    return loopback
