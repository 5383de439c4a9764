"""The doctor: short form of `bin/prove doctor`, and what its faults one by one do not show."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.faults import FAULTS, Fault
from benchmarks.installation import ROOT, Installation
from benchmarks.proofs.doctor import members, unpacked
from orchestrator.cli import app
from orchestrator.doctor import CHECKS, Check, Finding, Given, State, bundle, examine
from orchestrator.model.errors import Told
from orchestrator.model.event import EventKind
from orchestrator.model.times import stamp
from tests.stubs import telegram

BY_NAME = {fault.name: fault for fault in FAULTS}
TOGETHER = (
    "missing label", "agent too old", "a role's tick fails", "crontab without us", "telegram chat wrong",
    "ledger line changed", "corrupt task", "corrupt cool-downs", "corrupt accounts", "objective broken",
    "a required check that never comes", "another installation", "secrets file open to others", "budget reached",
    "similarity model missing", "a role switched off", "other packages", "worktrees folder gone", "sandbox blocked",
    "disk full",
)  # fmt: skip
"""Faults that do not hide each other."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    with telegram.running() as pager:
        made = Installation(tmp_path, pager)
        yield made
        made.close()


def plain(subject: str) -> str:
    return subject.rsplit("/", 1)[-1] if subject.startswith("/") else subject


def test_twenty_faults_at_once_are_each_named_and_what_can_be_mended_is(here: Installation) -> None:
    assert here.look() == {}
    planted = [BY_NAME[name] for name in TOGETHER]
    for fault in planted:
        fault.plant(here)
    wanted = {fault.found for fault in planted}
    assert {(check, plain(subject)) for check, subject in here.look()} == wanted

    done = here.fix()

    assert {(m.check, plain(m.subject)) for m in done if m.mended} == {f.found for f in planted if f.fixed}
    assert {(c, plain(s)) for c, s in here.look()} == {f.found for f in planted if not f.fixed}
    orders = [r for r in here.world.events(EventKind.ORDER) if r.data["order"] == "doctor --fix"]
    assert {r.data["check"] for r in orders} == {f.found[0] for f in planted if f.fixed}
    assert {r.actor.id for r in orders} == {"ada"}
    assert (here.tmp / "runtime/state/cooldowns.json.corrupt.reason").read_text().endswith("\n")
    assert "/usr/bin/true" in (here.tmp / "crontab").read_text()


@pytest.mark.parametrize("fault", [BY_NAME["expired token"], BY_NAME["missing scope"]], ids=lambda f: f.name)
def test_what_rests_on_a_missing_thing_is_unknown_and_not_another_fault(here: Installation, fault: Fault) -> None:
    fault.plant(here)
    assert set(here.look()) == {fault.found}


def test_without_a_configuration_the_rest_is_looked_at_all_the_same(here: Installation) -> None:
    (here.tmp / "config.yaml").write_text("repos: [\n")
    (here.tmp / "runtime/mailbox/inbox").mkdir(parents=True)
    (here.tmp / "runtime/mailbox/inbox/app-7.md").write_text("---\nid: [\n---\n")
    seen = examine.examine(here.given(), CHECKS, str)
    assert {line.check for line in seen.of(State.FAIL)} == {"configuration"}
    assert {line.check for line in seen.of(State.WARN)} == {"mailbox"}
    assert {"git", "disk", "cron", "crontab", "sandbox"} <= {line.check for line in seen.of(State.OK, State.UNKNOWN)}
    assert {"token", "board", "agents"} <= {line.check for line in seen.of(State.UNKNOWN)}


def hangs(given: Given) -> list[Finding]:
    while not given.found.get("stop"):
        time.sleep(0.01)
    return []


def crashes(given: Given) -> list[Finding]:
    raise ZeroDivisionError("boom")


def test_a_check_that_crashes_or_hangs_is_a_finding_and_the_others_answer(here: Installation) -> None:
    slow = Check(name="slow", why="w", look=hangs, seconds=0.2)
    bad = Check(name="bad", why="w", look=crashes, seconds=0.2)
    given = here.given(quick=False)
    seen = examine.examine(given, (slow, bad, *(c for c in CHECKS if c.name == "python")), str)
    given.found["stop"] = (Finding(state=State.OK, seen=""),)
    told = {line.check: line for line in seen.lines}
    assert told["slow"].state is State.UNKNOWN
    assert told["bad"].state is State.FAIL
    assert "ZeroDivisionError: boom" in told["bad"].seen
    assert told["python"].state is State.OK


def test_the_command_tells_json_asks_before_the_crontab_and_ends_by_what_it_found(here: Installation) -> None:
    (here.tmp / "crontab").write_text("5 4 * * * /usr/bin/true\n")
    env = {**here.env, "AGENT_OS_CONFIG": str(here.tmp / "config.yaml"), "ORCH_ROOT": str(here.tmp), "USER": "ada"}
    (here.tmp / "runtime/state/ledger.key").chmod(0o640)

    def run(*words: str) -> tuple[int, dict[str, dict[str, str]], list[dict[str, object]]]:
        done = CliRunner().invoke(app.main, ["doctor", "--json", *words], env=env)
        told = json.loads(done.stdout)
        return done.exit_code, {f"{x['check']} {x['subject']}".strip(): x for x in told["lines"]}, told["mended"]

    key = f"permissions {here.tmp / 'runtime/state/ledger.key'}"
    assert run("--quick")[0] == 0
    code, lines, mended = run("--fix")
    assert key not in lines, "mended: it is looked at anew"
    assert code == 0
    assert f"{here.tmp}/runtime/state/ledger.key: 640 became 600" in {m["did"] for m in mended}
    assert lines["crontab"]["state"] == "warn"
    assert "nobody agreed" in str(next(m for m in mended if m["check"] == "crontab")["did"])
    assert "run_queue.sh" not in (here.tmp / "crontab").read_text()
    code, lines, mended = run("--fix", "--yes")
    assert lines["crontab"]["state"] == "ok"
    assert (here.tmp / "crontab").read_text().startswith("5 4 * * * /usr/bin/true\n")
    assert f"{ROOT}/bin/run_queue.sh" in (here.tmp / "crontab").read_text()
    (here.tmp / "config.yaml").write_text("repos: [\n")
    assert run("--quick")[0] == 1


def test_the_archive_helps_and_holds_no_secret_not_even_one_that_nobody_knows(here: Installation) -> None:
    config = here.tmp / "config.yaml"
    config.write_text(
        "telegram:\n  token: >\n    77-unknown-bot\n    -secret-word\n  chat_id: '5'\n"
        "github: {token_env: HUB_TOKEN}\nagents:\n  - key: another-unknown-word\nrepos: [\n"
    )
    log = here.tmp / "runtime/logs/app-1/run.log"
    log.parent.mkdir(parents=True)
    secret = json.loads(here.secrets.read_text())["OPENAI_API_KEY"]
    log.write_text(f"it printed {secret}\nand {secret[::-1]} went on\n" + "x" * 100_000)
    file = here.tmp / "support.tar.gz"
    redact = here.services().redact
    redact = replace(redact, known=(*redact.known, secret))
    bundle.write(file, here.given(), examine.examine(here.given(), CHECKS, redact), redact)
    text = unpacked(file)
    assert file.stat().st_mode & 0o077 == 0
    assert {m.removeprefix("agent-os-bundle/") for m in members(file)} >= {
        "doctor.json", "versions.txt", "config.yaml", "ledger.jsonl", "mailbox.txt", "logs/app-1/run.log",
    }  # fmt: skip
    assert "chat_id: '5'" in text
    assert "token_env: HUB_TOKEN" in text
    for hidden in (secret, secret[::-1], "unknown-bot", "secret-word", "another-unknown-word"):
        assert hidden not in text
    assert len(text) < 400_000
    with pytest.raises(Told, match="is no archive"):
        bundle.write(here.tmp / "config.yaml", here.given(), examine.examine(here.given(), (), redact), redact)


def test_smoke_asks_each_agent_through_its_sandbox_and_counts_it(here: Installation) -> None:
    answer = {"command": ["sh", "-c", 'cat > /dev/null; echo "{\\"answer\\": \\"ready\\"}"'], "adapter": "shell"}
    mute = {"command": ["sh", "-c", "cat > /dev/null; exit 3"], "adapter": "shell"}
    here.world.config["agents"] |= {"anna": answer, "ben": mute}
    here.world.config["agents"].pop("cora")
    here.world.build()
    given = replace(here.given(), smoke=True)
    seen = examine.examine(given, [c for c in CHECKS if c.name in ("configuration", "smoke")], str)
    told = {line.subject: line.state for line in seen.lines if line.check == "smoke"}
    assert told == {"anna": State.OK, "ben": State.FAIL}
    assert {r.data["agent"]: r.data["answered"] for r in here.world.events(EventKind.ASKED)} == {
        "anna": True,
        "ben": False,
    }


def test_every_check_is_explained_in_the_docs() -> None:
    page = (ROOT / "docs" / "doctor.md").read_text()
    told = re.findall(r"^### (\S+)$", page, re.MULTILINE)
    assert told == [check.name for check in CHECKS]
    for check in CHECKS:
        assert check.why in page, f"{check.name}: docs/doctor.md says another reason than the check"
    parts = dict(zip(told, re.split(r"^### .*$", page, flags=re.MULTILINE)[1:], strict=True))
    able = [name for name, text in parts.items() if "`--fix`" in text]
    assert able == [check.name for check in CHECKS if check.mend]


def test_a_new_installation_is_not_late_and_roles_that_nobody_scheduled_are_one_finding(here: Installation) -> None:
    ticks = here.tmp / "runtime/state/ticks"
    for role in ("scorer", "bot", "autopull"):
        (ticks / role).unlink()
    assert here.look() == {}, "set up just now"
    old = time.time() - 86_400
    os.utime(here.tmp / "config.yaml", (old, old))
    assert list(here.look()) == [("cron", "")]
    (ticks / "scorer").write_text(f"0 {stamp(datetime.now(UTC))}\n")
    (ticks / "bot").write_text(f"0 {stamp(datetime.now(UTC))}\n")
    assert list(here.look()) == [("cron", "autopull")]


def test_a_package_that_nothing_of_ours_needs_may_have_any_version(here: Installation) -> None:
    file = here.checkout / "constraints.txt"
    file.write_text(re.sub(r"(?m)^(pip|setuptools|ruff)==.*$", r"\1==0.0.1", file.read_text()))
    assert "==0.0.1" in file.read_text()
    assert here.look() == {}


def test_a_crontab_beside_timers_and_one_whose_marker_is_gone_are_told(here: Installation) -> None:
    for name in ("crontab and timers", "crontab's marker gone"):
        fault = BY_NAME[name]
        fault.plant(here)
        (told,) = (check for check in CHECKS if check.name == "crontab")
        (line,) = examine.examine(here.given(), [told], here.services().redact).lines
        assert (line.state.value, fault.says in line.seen) == (fault.states[0], True)
