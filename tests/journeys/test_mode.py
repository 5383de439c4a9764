"""`agent-os mode`: more is done by itself only after a person was told what, and agreed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import app

CONFIG = """\
automation_mode: observe   # until I know it
projects:
  main:
    owner: ada
    repos:
      - {key: app, repo: ada/app, verify: none}   # flow
      - key: lib
        repo: ada/lib
        verify: none
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "config.yaml"
    found.write_text(CONFIG)
    for name, value in {"ORCH_ROOT": str(tmp_path), "HOME": str(tmp_path), "USER": "olga", "GITHUB_TOKEN": "x"}.items():
        monkeypatch.setenv(name, value)
    return found


def mode(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app.main, ["mode", *words])
    return found.exit_code, found.output + str(found.exception or "")


def test_consent_stands_between_observe_and_full(file: Path) -> None:
    code, told = mode("app", "full")
    assert code != 0
    assert "are merged by themselves; those of high risk wait" in told
    assert "say yes to it first (`--yes`" in told
    assert file.read_text() == CONFIG
    assert mode("app", "full", "--dry-run")[0] == 0
    assert file.read_text() == CONFIG
    assert mode("app", "full", "--yes")[0] == 0
    assert file.read_text() == CONFIG.replace("verify: none}", "verify: none, automation_mode: full}")
    assert {m["repo"]: m["mode"] for m in json.loads(mode("--json")[1])} == {"app": "full", "lib": "observe"}


def test_less_by_itself_needs_no_yes_and_is_recorded(file: Path, tmp_path: Path) -> None:
    assert mode("full", "--yes")[0] == 0
    assert mode("observe")[0] == 0
    assert [json.loads(mode("--json")[1])[n]["mode"] for n in (0, 1)] == ["observe", "observe"]
    assert file.read_text().startswith("automation_mode: observe   # until I know it\n")
    ledger = "".join(f.read_text() for f in (tmp_path / "runtime" / "ledger").glob("*.jsonl"))
    assert ledger.count('"order":"settings"') == 2
    assert '"id":"olga"' in ledger
    assert mode("nobody", "full", "--yes")[0] != 0
