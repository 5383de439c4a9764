"""`agent-os doctor`: is everything there that the work needs, and what mends it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, show

if TYPE_CHECKING:
    from orchestrator.doctor import Given, Line
    from orchestrator.doctor.mending import Mended
    from orchestrator.model.settings import Settings
    from orchestrator.redact import Redactor

COLORS = {"ok": "green", "warn": "yellow", "fail": "red", "unknown": "cyan"}


@click.command()
@click.option("--fix", is_flag=True, help="Mend what can be mended, and say what was done.")
@click.option("--yes", is_flag=True, help="With --fix: ask nothing.")
@click.option("--smoke", is_flag=True, help="Ask each agent for one line, live; costs a few tokens.")
@click.option("--quick", is_flag=True, help="Only what needs no network: what a new version tries on itself.")
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path), help="Write a support archive, redacted.")
@click.option("--bodies", is_flag=True, help="With --bundle: the tasks' texts too.")
@show.json_flag
def doctor(fix: bool, yes: bool, smoke: bool, quick: bool, bundle: Path | None, bodies: bool, as_json: bool) -> None:
    """Is everything there that the work needs? Each line: state, what was seen, and where something is wrong why it
    matters and what mends it. Changes nothing without --fix. Exit status 1 when something fails. docs/doctor.md has
    every check.
    """
    from orchestrator.doctor import CHECKS, examine, mending
    from orchestrator.doctor import bundle as archive

    given, redact = _given(quick=quick, smoke=smoke)
    report = examine.examine(given, CHECKS, redact)
    mended: tuple[Mended, ...] = ()
    if fix:
        mended = mending.mend(given, CHECKS, here.person(), lambda words: _agrees(words, yes), redact)
        fresh, _ = _given(quick=quick, smoke=smoke)
        report = examine.examine(fresh, CHECKS, redact) if any(m.mended for m in mended) else report
    if bundle is not None:
        archive.write(bundle, given, report, redact, bodies=bodies)
    if as_json:
        data = {
            "good": report.good,
            "seconds": report.seconds,
            "lines": report.lines,
            "mended": mended,
            "bundle": bundle,
        }
        click.echo(show.as_json(data))
    else:
        for each in mended:
            click.echo(f"{each.check} {each.subject}".rstrip())
            click.echo(f"    before: {each.before}\n    did:    {each.did}\n    after:  {each.after}")
        _print(report.lines)
        counts = ", ".join(f"{len(found)} {state}" for state in COLORS if (found := _of(report.lines, state)))
        click.echo(f"\n{counts}, in {report.seconds:.1f} s")
        if bundle is not None:
            click.echo(f"{bundle} is written; look into it before you give it away")
    sys.exit(0 if report.good else 1)


def _of(lines: tuple[Line, ...], state: str) -> list[Line]:
    return [line for line in lines if line.state.value == state]


def _print(lines: tuple[Line, ...]) -> None:
    from orchestrator.doctor.examine import RESTS

    # What rests on something that is told already is one line: the eye should stay with what is to be mended.
    resting = [line.check for line in lines if line.state.value == "unknown" and line.seen.startswith(RESTS)]
    for line in lines:
        if line.check in resting:
            continue
        name = f"{line.check} {line.subject}".rstrip()
        click.echo(f"{click.style(f'{line.state.value:7}', fg=COLORS[line.state.value])}  {name}: {line.seen}")
        if line.state.value in ("warn", "fail"):
            click.echo(f"         why: {line.why}")
        if line.mend:
            able = "  (--fix can)" if line.fixable else ""
            click.echo(f"         mend: {line.mend}{able}")
    if resting:
        name = click.style("unknown", fg=COLORS["unknown"])
        click.echo(f"{name}  not looked at, for they rest on what fails above: {', '.join(resting)}")


def _agrees(words: str, yes: bool) -> bool:
    return yes or (sys.stdin.isatty() and click.confirm(words))


def _given(*, quick: bool, smoke: bool) -> tuple[Given, Redactor]:
    """Also where the configuration cannot be read: then the redactor knows what the environment holds."""
    from orchestrator import config, wiring
    from orchestrator.clock import BadClock
    from orchestrator.doctor import Given
    from orchestrator.redact import Redactor
    from orchestrator.roles import ROLES
    from orchestrator.yamlread.problems import ConfigError

    root, file = config.locate(os.environ, checkout=here.CHECKOUT)
    loaded: Settings | None = None
    broken: tuple[str, ...] = ()
    redact = Redactor(known=tuple(v for n, v in os.environ.items() if config.sounds_secret(n) and len(v) >= 8))
    try:
        loaded = wiring.settings(file, root, os.environ)
        redact = wiring.build(loaded, os.environ, kind="operator", id=here.person()).redact
    except (ConfigError, BadClock) as error:
        loaded, broken = None, tuple(str(error).splitlines())
    given = Given(
        checkout=here.CHECKOUT,
        root=root,
        config_file=file,
        env=os.environ,
        roles={name: role.EVERY for name, role in ROLES.items()},
        loaded=loaded,
        broken=broken,
        make=None if loaded is None else lambda: wiring.build(loaded, os.environ, kind="install", id=here.person()),
        install_cron=_install_cron,
        quick=quick,
        smoke=smoke,
    )
    return given, redact


def _install_cron() -> None:
    from orchestrator.cli import cron
    from orchestrator.install import crontab

    crontab.install(here.CHECKOUT, cron.carried(), cron.made())
