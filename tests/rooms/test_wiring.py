"""What wiring decides: when writes are paced."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import wiring

REPOS = "projects: {main: {owner: ada, repos: [{repo: ada/app, verify: none}]}}\n"


@pytest.mark.parametrize(
    ("github", "paced"),
    [
        ("{url: 'http://127.0.0.1:9'}", False),
        ("{url: 'http://127.0.0.1:9', seconds_between_writes: 1}", True),
        ("{}", True),
        ("{seconds_between_writes: 0, writes_per_minute: 5}", True),
    ],
)
def test_writes_are_counted_unless_the_host_is_loopback_and_no_pace_is_told(
    tmp_path: Path, github: str, paced: bool
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{REPOS}github: {github}\n")
    env = {"HOME": str(tmp_path)}
    services = wiring.build(wiring.settings(file, tmp_path, env), env, kind="test", id="x")
    services.github.hooks.before_write()
    assert (tmp_path / "runtime" / "state" / "pacing.json").exists() is paced


def test_the_redactor_learns_what_became_known_while_we_work(tmp_path: Path) -> None:
    """A minted token and the ledger's key are made after everything was built."""
    file = tmp_path / "config.yaml"
    file.write_text(f"{REPOS}github: {{url: 'http://127.0.0.1:9', token_file: {tmp_path / 'token'}}}\n")
    env = {"HOME": str(tmp_path)}
    services = wiring.build(wiring.settings(file, tmp_path, env), env, kind="test", id="x")
    minted, key = "not-any-providers-form-1", "3f" * 32
    hidden = f"{minted.encode().hex()} {key[::-1]}"
    assert services.redact(hidden) == hidden, "nobody knows them yet"
    (tmp_path / "token").write_text(minted)
    assert services.github.token.token() == minted
    (tmp_path / "runtime" / "state").mkdir(parents=True)
    (tmp_path / "runtime" / "state" / "ledger.key").write_text(f"{key}\n")
    assert services.redact(hidden) == "[redacted] [redacted]"
