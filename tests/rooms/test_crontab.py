"""Our lines in a person's crontab: what stands beside them stays byte for byte, and what cron lacks is carried."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.clock import Clock
from orchestrator.config import crontab as text
from orchestrator.install import crontab, timers
from orchestrator.model.errors import Told
from orchestrator.model.settings import AgentSettings
from orchestrator.policy import schedule
from orchestrator.roles import ROLES
from orchestrator.state.made import Made

ROOT = Path("/srv/agent-os")
LINES = text.crontab(ROOT, {"queue": "* * * * *"})
STRANGE = "MAILTO=me\n\n# a comment \t \n@daily\tbackup\x0b\x0c 50% \u2028\udcff\r\n0 0 * * * true\n"


@pytest.mark.parametrize("beside", ["", STRANGE, "\n\n", "# agent-os begin /srv/other\nx\n# agent-os end /srv/other\n"])
def test_what_stands_beside_our_lines_stays_byte_for_byte(beside: str) -> None:
    whole = text.merged(beside, LINES, ROOT)
    assert text.ours(whole, ROOT) == LINES
    assert text.removed(whole, ROOT) == beside
    assert text.merged(whole, LINES, ROOT) == whole
    between = text.merged("first\n", LINES, ROOT) + beside
    assert text.removed(between, ROOT) == "first\n" + beside


def test_a_beginning_without_its_end_is_left_to_the_person() -> None:
    broken = LINES.replace("# agent-os end", "# agent-os fin")
    with pytest.raises(Told, match="without its end"):
        text.removed(broken, ROOT)
    with pytest.raises(Told, match="without its end"):
        text.merged(broken, LINES, ROOT)


def test_a_line_carries_what_cron_lacks_and_only_our_own(tmp_path: Path) -> None:
    checkout, place = tmp_path / "a 50% b", tmp_path / "else where"
    (checkout / "bin").mkdir(parents=True)
    script = checkout / "bin" / "run_queue.sh"
    script.write_text('#!/bin/sh\necho "$ORCH_ROOT|$AGENT_OS_CONFIG|$PATH|$GITHUB_TOKEN"\n')
    script.chmod(0o755)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "claude").touch(mode=0o755)
    env = {"ORCH_ROOT": str(place), "AGENT_OS_CONFIG": "/etc/50%/c.yaml", "PATH": f"/usr/bin:{tools}", "HOME": "/h"}
    agents = [AgentSettings(name="c", adapter="claude"), AgentSettings(name="s", adapter="shell", command=("sh",))]
    carry = crontab.carried({**env, "GITHUB_TOKEN": "t" * 40}, agents)
    assert carry == {"ORCH_ROOT": str(place), "AGENT_OS_CONFIG": "/etc/50%/c.yaml", "PATH": str(tools)}
    line = text.crontab(checkout, {"queue": "* * * * *"}, carry).splitlines()[1]
    command = line.removeprefix("* * * * * ").replace("\\%", "%")  # as crontab(5) reads it
    subprocess.run(["/bin/sh", "-c", command], env={"PATH": "/usr/bin:/bin"}, check=True)
    told = (place / "runtime/logs/queue.log").read_text()
    assert told == f"{place}|/etc/50%/c.yaml|{tools}:/usr/bin:/bin|\n"


@pytest.fixture
def tab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A crontab(1) that keeps its text in a file stands for the real one."""
    tab, program = tmp_path / "tab", tmp_path / "crontab"
    program.write_text(
        f"#!/bin/sh\ncase $1 in\n-) exec cat > {tab};;\n-r) exec rm {tab};;\nesac\n[ -f {tab} ] && exec cat {tab}\n"
        "echo no crontab for you >&2; exit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tab


@pytest.mark.parametrize("before", [None, STRANGE])
def test_installed_twice_and_removed_the_crontab_is_as_before(tab: Path, tmp_path: Path, before: str | None) -> None:
    made = Made(root=tmp_path / "state", clock=Clock())
    if before is not None:
        tab.write_bytes(before.encode("utf-8", "surrogateescape"))
    assert [crontab.install(ROOT, {}, made) for _ in range(2)] == [True, False]
    assert crontab.installed(ROOT).count("run_queue.sh") == 1
    assert [crontab.remove(ROOT, made) for _ in range(2)] == [True, False]
    assert made.all() == ()
    if before is None:
        assert not tab.exists()
    else:
        assert tab.read_bytes() == before.encode("utf-8", "surrogateescape")


def test_timers_are_due_when_cron_is_and_are_taken_away_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "conf"))
    made = Made(root=tmp_path / "state", clock=Clock())
    said = timers.install(ROOT, {"ORCH_ROOT": "/x 50%", "PATH": "/tools"}, made)
    files = {p.name: p.read_text() for p in timers.folder(os.environ).iterdir()}
    assert len(files) == 2 * len(ROLES) == len(made.all())
    stem = timers.prefix(Path("/x 50%"))
    assert 'Environment="ORCH_ROOT=/x 50%%"' in files[f"{stem}queue.service"]
    assert "KillMode=process" in files[f"{stem}queue.service"]
    assert "OnCalendar=*-*-* *:0/5:00" in files[f"{stem}pr_monitor.timer"]
    assert any("systemctl --user" in line for line in said)
    assert (
        timers.install(ROOT, {"ORCH_ROOT": "/x 50%", "PATH": "/tools"}, made)[0] == "the unit files stand there already"
    )
    assert len(timers.remove(Path("/x 50%"), made)) == 2 * len(ROLES)
    assert (made.all(), list(timers.folder(os.environ).iterdir())) == ((), [])
    assert timers.calendar("0 7 * * 1") == "Mon *-*-* 7:0:00"
    monday = datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert schedule.due("0 7 * * 1", monday)
    assert not schedule.due("0 7 * * 1", monday + timedelta(days=1))
