"""What a worker gets of our environment: enough to use every engineer's key, and nothing it was not told of."""

from __future__ import annotations

import socket

import pytest

from orchestrator import agents
from orchestrator.agents import keys
from orchestrator.model.settings import AgentSettings
from orchestrator.pipeline import pool
from tests.journeys.conftest import MakeWorld, make

__all__ = ["make"]


def test_a_worker_gets_the_keys_of_its_engineers_and_no_other(make: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make(
        agents=("anna",),
        top={
            "agents": {
                "anna": {"adapter": "claude"},
                "mine": {"adapter": "codex", "key_env": "MY_KEY", "env": ["EXTRA"]},
            }
        },
    )
    ours = {"ANTHROPIC_API_KEY": "a-key", "MY_KEY": "m-key", "EXTRA": "e", "CODEX_BIN": "/x/codex"}
    for name, value in {**ours, "OPENAI_API_KEY": "o-key", "AWS_SECRET_ACCESS_KEY": "no"}.items():
        monkeypatch.setenv(name, value)
    seen = pool._environment(world.services)
    assert {k: v for k, v in seen.items() if k in ours} == ours
    assert "OPENAI_API_KEY" not in seen, "codex was told to use another"
    assert "AWS_SECRET_ACCESS_KEY" not in seen


@pytest.mark.parametrize("name", sorted(set(agents.AGENTS) - {"shell", "scripted", "cursor"}))
def test_every_engineer_with_a_provider_names_the_variable_of_its_key(name: str) -> None:
    wanted = agents.variables(AgentSettings(name=name, adapter=name))
    assert any(v.endswith(("_KEY", "_TOKEN")) for v in wanted), wanted


def test_a_secrets_file_may_hold_any_engineers_key_by_its_variables_name(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Cron's environment has none."""
    file = tmp_path_factory.mktemp("s") / "secrets.json"
    file.write_text('{"ANTHROPIC_API_KEY": "sk-ant-0123456789-abcdef"}')
    with socket.create_server(("127.0.0.1", 0)) as provider:
        base = f"http://127.0.0.1:{provider.getsockname()[1]}"
        claude = AgentSettings(name="claude", adapter="claude", secrets_file=str(file), base_url=base)
        found = keys.access(agents.AGENTS["claude"], claude, {})
    assert isinstance(found, keys.Access)
    assert found.key == "sk-ant-0123456789-abcdef"
