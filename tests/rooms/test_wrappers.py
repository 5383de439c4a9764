"""The scripts cron runs, with a program that is a shell script, and the crontab that runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.config.crontab import crontab
from orchestrator.state import locks

BIN = Path(__file__).parents[2] / "bin"
ROLES = ("dispatcher", "queue", "pr_monitor", "scorer", "log_analyzer", "planner", "autopull", "bot")
PROGRAM = '#!/bin/sh\necho "$@"\necho "$PATH" > "$HOME/path"\nexit $(cat "$HOME/status" 2>/dev/null || echo 0)\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a check%out"
    (root / "bin").mkdir(parents=True)
    (root / ".venv/bin").mkdir(parents=True)
    for script in [*BIN.glob("run_*.sh"), BIN / "_role.sh"]:
        shutil.copy(script, root / "bin")
    for name in ("pyproject.toml", "constraints.txt"):
        (root / name).write_text("")
    setup = root / "bin/setup"
    setup.write_text('#!/bin/sh\necho ran >> "${0%/*}/../setups"\n')
    program = root / ".venv/bin/python"
    program.write_text(PROGRAM)
    setup.chmod(0o755)
    program.chmod(0o755)
    (root / ".venv/stamp-run").write_text("")
    (tmp_path / "home").mkdir()
    return root


def cron(checkout: Path, role: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """As cron starts it: next to no environment, another working directory."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(checkout.parent / "home")} | extra
    script = checkout / "bin" / f"run_{role}.sh"
    return subprocess.run([script], cwd="/", env=env, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("role", ROLES)
def test_each_wrapper_ticks_its_role_after_a_banner_on_standard_error(checkout: Path, role: str) -> None:
    done = cron(checkout, role)
    assert (done.returncode, done.stdout) == (0, f"-m orchestrator tick {role}\n")
    assert re.fullmatch(rf"\[\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{{4}}\] {role} start\n", done.stderr)
    assert (checkout / "runtime/logs").is_dir()


@pytest.mark.parametrize("status", ["0", "3"])
def test_the_exit_status_is_passed_on_and_recorded(checkout: Path, status: str) -> None:
    (checkout.parent / "home/status").write_text(status)
    assert cron(checkout, "queue").returncode == int(status)
    recorded = (checkout / "runtime/state/ticks/queue").read_text()
    assert re.fullmatch(rf"{status} \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{{4}}\n", recorded)


def test_a_tick_that_still_runs_is_skipped_with_a_line_and_exit_0(checkout: Path) -> None:
    with locks.hold(checkout / "runtime/state/locks/cron-queue.lock"):
        done = cron(checkout, "queue")
        other = cron(checkout, "dispatcher")
    assert (done.returncode, done.stdout) == (0, "")
    assert "queue: the tick before is still running; skipped" in done.stderr
    assert not (checkout / "runtime/state/ticks/queue").exists()
    assert other.stdout


def test_what_a_tick_leaves_running_does_not_keep_the_lock(checkout: Path) -> None:
    (checkout / ".venv/bin/python").write_text('#!/bin/sh\nsleep 5 >/dev/null 2>&1 & echo $! > "$HOME/pid"\n')
    cron(checkout, "queue")
    pid = int((checkout.parent / "home/pid").read_text())
    try:
        with locks.hold(checkout / "runtime/state/locks/cron-queue.lock") as mine:
            assert mine
    finally:
        os.kill(pid, 9)


def test_without_flock_the_tick_runs_all_the_same(checkout: Path) -> None:
    tools = checkout.parent / "tools"
    tools.mkdir()
    for name in ("bash", "sh", "env", "mkdir", "cat", "date", "touch"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    done = cron(checkout, "queue", PATH=str(tools))
    assert done.stdout == "-m orchestrator tick queue\n"


def test_where_people_install_agents_is_on_the_path_and_named_programs_come_first(checkout: Path) -> None:
    home = checkout.parent / "home"
    nvm = home / ".nvm/versions/node"
    made = [home / ".local/bin", home / "bin", home / ".npm-global/bin"]
    made += [nvm / v / "bin" for v in ("v9.11.2", "v20.3.0", "v20.12.1", "odd")]
    for folder in made:
        folder.mkdir(parents=True)
    tool = checkout.parent / "opt/codex"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    cron(checkout, "queue", CODEX_BIN=str(tool), CLAUDE_BIN="/nowhere/claude")
    path = (home / "path").read_text().strip().split(":")
    assert path[:4] == [str(tool.parent), str(home / ".local/bin"), str(home / "bin"), str(home / ".npm-global/bin")]
    assert str(nvm / "v20.12.1/bin") in path
    assert not {str(nvm / v / "bin") for v in ("v9.11.2", "v20.3.0", "odd")} & set(path)
    assert path[-2:] == ["/usr/bin", "/bin"]
    assert "/nowhere" not in path


def test_setup_runs_only_when_there_is_none_or_the_packages_changed(checkout: Path) -> None:
    cron(checkout, "queue")
    assert not (checkout / "setups").exists()
    stamp = checkout / ".venv/stamp-run"
    os.utime(stamp, (1, 1))
    cron(checkout, "queue")
    cron(checkout, "queue")
    assert (checkout / "setups").read_text() == "ran\n", "once: the stamp is new again"
    stamp.unlink()
    cron(checkout, "queue")
    assert (checkout / "setups").read_text() == "ran\nran\n"


def test_a_setup_that_fails_stops_the_tick(checkout: Path) -> None:
    (checkout / ".venv/stamp-run").unlink()
    (checkout / "bin/setup").write_text("#!/bin/sh\nexit 4\n")
    done = cron(checkout, "queue")
    assert (done.returncode, done.stdout) == (1, "")


def test_an_idle_tick_starts_only_the_lock_and_the_program(checkout: Path) -> None:
    """Each program started costs a cron minute a millisecond or two; bash's own words cost nothing."""
    cron(checkout, "queue")
    script = checkout / "bin/run_queue.sh"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(checkout.parent / "home")}
    traced = subprocess.run(["bash", "-x", script], env=env, capture_output=True, text=True, timeout=20, check=True)
    words = {line.lstrip("+ ").split(" ")[0] for line in traced.stderr.splitlines() if line.startswith("+")}
    assert not words & {"mkdir", "date", "dirname", "cat", "touch", "sed", "bin/setup", "python3"}
    assert "flock" in words


def test_a_version_too_broken_for_its_own_tick_is_taken_back_by_the_script(checkout: Path) -> None:
    def git(*args: str) -> str:
        who = {f"GIT_{w}_{k}": "t@example.com" for w in ("AUTHOR", "COMMITTER") for k in ("NAME", "EMAIL")}
        env = {"PATH": os.environ["PATH"], "HOME": str(checkout.parent / "home"), **who}
        return subprocess.run(["git", *args], cwd=checkout, env=env, capture_output=True, text=True, check=True).stdout

    (checkout / ".gitignore").write_text("runtime/\n.venv/\nsetups\n")
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "good")
    good = git("rev-parse", "HEAD").strip()
    git("commit", "-q", "--allow-empty", "-m", "bad")
    bad = git("rev-parse", "HEAD").strip()
    (checkout / "runtime/state").mkdir(parents=True)
    record = {"good": good, "watched": bad, "at": "2026-11-21T08:00:00Z", "failing": [], "refused": []}
    (checkout / "runtime/state/autopull.json").write_text(json.dumps(record, indent=1))
    assert cron(checkout, "autopull").returncode == 0
    assert git("rev-parse", "HEAD").strip() == bad, "its tick went well: nothing to take back"
    (checkout.parent / "home/status").write_text("1")
    done = cron(checkout, "autopull")
    assert done.returncode == 1
    assert f"taking back {good}" in done.stderr
    assert git("rev-parse", "HEAD").strip() == good
    assert (checkout / "setups").read_text() == "ran\n"


def test_the_crontab_has_a_line_per_role_between_markers() -> None:
    text = crontab(Path("/srv/agent-os"), {"dispatcher": "* * * * *", "pr_monitor": "*/5 * * * *"})
    folder = "[ -d /srv/agent-os/runtime/logs ] || mkdir -p /srv/agent-os/runtime/logs;"
    assert text.splitlines() == [
        "# agent-os begin /srv/agent-os",
        f"* * * * * {folder} /srv/agent-os/bin/run_dispatcher.sh >> /srv/agent-os/runtime/logs/dispatcher.log 2>&1",
        f"*/5 * * * * {folder} /srv/agent-os/bin/run_pr_monitor.sh >> /srv/agent-os/runtime/logs/pr_monitor.log 2>&1",
        "# agent-os end /srv/agent-os",
    ]
    with pytest.raises(ValueError, match="line break"):
        crontab(Path("/srv/a\nb"), {})


def test_a_crontab_line_works_in_a_checkout_with_a_space_and_a_percent_sign(checkout: Path) -> None:
    """As cron does: the command ends at the first bare percent sign, an escaped one loses its backslash, sh runs it."""
    line = crontab(checkout, {"queue": "* * * * *"}).splitlines()[1]
    command = re.split(r"(?<!\\)%", line.split(" ", 5)[5])[0].replace("\\%", "%")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(checkout.parent / "home")}
    subprocess.run(["sh", "-c", command], env=env, check=True, timeout=20)
    log = (checkout / "runtime/logs/queue.log").read_text()
    assert "queue start" in log
    assert "tick queue" in log


@pytest.mark.parametrize(
    "script", [*sorted(BIN.glob("run_*.sh")), BIN / "_role.sh", BIN / "demo", BIN / "prove"], ids=str
)
def test_every_script_is_bash_that_parses(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.access(script, os.X_OK) or script.name == "_role.sh"
