"""The command line as a person meets it: real processes, what they print and how they end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.roles import NAMES

CONFIG = """
projects: {main: {owner: ada, repos: [{repo: ada/app, verify: none}]}}
github: {url: "http://127.0.0.1:9"}
"""
"""A valid configuration; port 9 is one that nobody listens on."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def agent_os(root: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(root), "ORCH_ROOT": str(root), **more}
    command = [sys.executable, "-m", "orchestrator", *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("role", NAMES)
def test_every_role_ticks_on_a_fresh_installation(root: Path, role: str) -> None:
    done = agent_os(root, "tick", role, "--dry-run", GITHUB_TOKEN="x")
    assert "Traceback" not in done.stderr
    assert done.returncode == 0
