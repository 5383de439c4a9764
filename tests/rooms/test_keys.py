"""Where an engineer's key comes from, why there is none, and that the redactor knows every one."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from orchestrator.agents import AGENTS, keys
from orchestrator.agents.base import Agent, Provider
from orchestrator.config import known_secrets
from orchestrator.model.settings import AgentSettings, Settings

KEY = "sk-or-v1-0123456789abcdef"


@dataclass(frozen=True)
class Engineer:
    """As much of an adapter as keys ask for."""

    providers: tuple[Provider, ...]
    login_files: tuple[str, ...] = ()


@pytest.fixture
def answering() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


@pytest.fixture
def silent() -> Iterator[str]:
    with socket.socket() as bound:  # bound, and nobody listens
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


def chain(*urls: str) -> Agent:
    named = zip(("openrouter", "nanogpt", "chutes"), urls)
    providers = tuple(
        Provider(name=n, base_url=u, key_env=f"{n.upper()}_API_KEY", secret=f"{n}Key", model=f"{n}/deepseek")
        for n, u in named
    )
    return cast(Agent, Engineer(providers))


def one() -> Agent:
    return cast(Agent, Engineer((Provider(name="anthropic", base_url="https://api.x/", key_env="X_KEY"),), ("a.json",)))


def settings(**more: str) -> AgentSettings:
    return replace(AgentSettings(name="deepseek", adapter="deepseek"), **more)  # type: ignore[arg-type]


def access(agent: Agent, env: Mapping[str, str], **more: str) -> keys.Access | str:
    return keys.access(agent, settings(**more), env)


def test_the_first_that_answers_with_a_key_is_taken(tmp_path: Path, answering: str, silent: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"openrouterKey": KEY, "nanogptKey": "your-api-key-here", "chutesKey": f"{KEY}-3"}))
    found = access(chain(silent, answering, answering), {}, secrets_file=str(file))
    assert isinstance(found, keys.Access)
    assert (found.provider.name, found.key, found.base_url) == ("chutes", f"{KEY}-3", answering)
    assert KEY not in repr(found)


def test_why_none_of_a_chain_is_taken_names_each_and_no_key(tmp_path: Path, answering: str, silent: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"openrouterKey": KEY, "nanogptKey": "<paste yours>", "chutesKey": 7}))
    why = access(chain(silent, answering, answering), {}, secrets_file=str(file))
    assert isinstance(why, str)
    first, second, third = why.split("; ")
    assert first.startswith("openrouter: does not answer at 127.0.0.1:")
    assert "nanogpt: its key is a placeholder (nanogptKey in secrets.json or NANOGPT_API_KEY)" in second
    assert third == "chutes: no key (chutesKey in secrets.json or CHUTES_API_KEY)"
    assert KEY not in why


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "secrets.json cannot be read: No such file or directory"),
        ("{'single': quotes}", "secrets.json is no JSON in line 1"),
        ("[1, 2]", "secrets.json holds no JSON object"),
        ("[" * 100_000, "secrets.json has more than 65536 bytes"),
        ("[" * 60_000, "secrets.json is no JSON"),
        ("\udcff", "secrets.json is no JSON"),
    ],
)
def test_a_secrets_file_that_is_none_says_what_is_wrong(tmp_path: Path, text: str | None, told: str) -> None:
    file = tmp_path / "secrets.json"
    if text is not None:
        file.write_bytes(text.encode(errors="surrogateescape"))
    assert access(one(), {"X_KEY": KEY}, secrets_file=str(file)) == told


def test_a_secrets_folder_is_no_file(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in str(access(one(), {}, secrets_file=str(tmp_path)))


@pytest.mark.parametrize(
    ("key", "is_none"),
    [
        ("your-api-key", True), ("sk-your_key_here", True), ("sk-or-v1-xxxxxxxxxxxx", True), ("changeme", True),
        ("change-me-please", True), ("<your key>", True), ("sk-...", True), ("short", True), ("two words of it", True),
        ("sk-ant-line\nbreak-0000", True), ("kéy-0123456789", True), ("PLACEHOLDER", True),
        (KEY, False), ("sk-Z1xxx2todoYourExample9", False), ("AIzaSyA-0123456789_abc", False),
    ],
)  # fmt: skip
def test_a_key_that_nobody_filled_in(key: str, is_none: bool) -> None:
    assert keys.placeholder(key) is is_none


def test_one_provider_is_not_knocked_at_and_settings_overrule(silent: str) -> None:
    found = access(one(), {"X_KEY": f"  {KEY}\n"})
    assert isinstance(found, keys.Access)
    assert (found.key, found.base_url) == (KEY, "https://api.x")
    mine = access(one(), {"MINE": KEY}, key_env="MINE", base_url=f"{silent}/")
    assert isinstance(mine, keys.Access)
    assert mine.base_url == silent
    assert access(one(), {"X_KEY": KEY}, key_env="MINE") == "anthropic: no key (MINE)"


def test_a_login_folder_is_a_way_too(tmp_path: Path) -> None:
    assert keys.unfit(one(), settings(key_env="NOT_SET_HERE")) == (
        "anthropic: no key (NOT_SET_HERE) (or `login`: the folder of a subscription)"
    )
    assert keys.unfit(one(), settings(key_env="NOT_SET_HERE", login=str(tmp_path))) is not None
    (tmp_path / "a.json").write_text("{}")
    assert keys.unfit(one(), settings(key_env="NOT_SET_HERE", login=str(tmp_path))) is None
    assert keys.unfit(cast(Agent, Engineer(())), settings()) is None


def test_who_answered_is_remembered_for_a_while(answering: str) -> None:
    assert keys.reachable(answering)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert not keys.reachable(f"http://127.0.0.1:{port}")
        bound.listen()
        assert not keys.reachable(f"http://127.0.0.1:{port}"), "asked again only after UNREACHED_FOR"
    assert not keys.reachable("http://127.0.0.1:99999")


def test_the_redactor_is_told_every_key_and_token(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"a": "from-secrets", "deep": [{"b": "deep-secret"}], "c": "no"}))
    login = tmp_path / ".claude"
    login.mkdir()
    tokens = {"accessToken": "sk-ant-oat01-" + "a" * 40, "expires": "2026-05-01T12:00:00.000Z", "n": 1, "plan": "max"}
    (login / ".credentials.json").write_text(json.dumps({"oauth": tokens, "url": "https://example.com/some/path/x"}))
    (login / "auth.json").write_text("no JSON")
    agents = (settings(secrets_file=str(tmp_path / "secrets.json"), login=str(login), key_env="MINE"),)
    found = known_secrets(
        Settings(root=tmp_path, runtime=tmp_path, worktrees=tmp_path, config_file=tmp_path / "c", agents=agents),
        {"MINE": "my-own-key", "OPENAI_API_KEY": "the-usual-key", "EDITOR": "some-editor"},
        variables=keys.variables(AGENTS.values()),
        login_files=(".credentials.json", "auth.json", "absent.json"),
    )
    assert set(found) == {"from-secrets", "deep-secret", tokens["accessToken"], "my-own-key", "the-usual-key"}
