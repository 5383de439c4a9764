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
