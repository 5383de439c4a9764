"""`agent-os crontab show | install | remove`: the roles under cron, or under systemd's user timers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, show

if TYPE_CHECKING:
    from orchestrator.state.made import Made

systemd_flag = click.option("--systemd", is_flag=True, help="User timers of systemd instead of cron.")


@click.group("crontab", invoke_without_command=True)
@click.option("--install", "at_once", is_flag=True, help="The same as `crontab install`.")
@click.pass_context
def commands(context: click.Context, at_once: bool) -> None:
    """The roles under cron: print the lines, put them into your crontab, take them out. All other jobs stay as they
    are, byte for byte. Without a word: show."""
    if context.invoked_subcommand is None:
        if at_once:
            _install()
        else:
            click.echo(_lines(), nl=False)


@commands.command("show")
@systemd_flag
@show.json_flag
def shown(systemd: bool, as_json: bool) -> None:
    """The lines that `install` puts in, or the unit files with --systemd."""
    from orchestrator.install import crontab, timers

    if systemd:
        found = timers.units(here.CHECKOUT, carried())
        if as_json:
            click.echo(show.as_json({str(path): text for path, text in found.items()}))
            return
        for path, text in found.items():
            click.echo(f"# {path}\n{text}")
        return
    lines = _lines()
    if as_json:
        click.echo(show.as_json({"lines": lines, "installed": crontab.installed(_root()) == lines}))
    else:
        click.echo(lines, nl=False)


@commands.command("install")
@systemd_flag
def install(systemd: bool) -> None:
    """In place of this installation's older lines."""
    if not systemd:
        _install()
        return
    from orchestrator.install import timers

    for line in timers.install(here.CHECKOUT, carried(), made()):
        click.echo(line)


@commands.command("remove")
@systemd_flag
def remove(systemd: bool) -> None:
    """This installation's lines only."""
    from orchestrator.install import crontab, timers

    if systemd:
        for line in timers.remove(_root(), made()) or ["no timers of this installation were there"]:
            click.echo(line)
        return
    gone = crontab.remove(_root(), made())
    click.echo("removed; `crontab -l` shows the rest" if gone else "no lines of this installation were there")


def _install() -> None:
    from orchestrator.install import crontab

    new = crontab.install(here.CHECKOUT, carried(), made())
    click.echo("installed; `crontab -l` shows it" if new else "these lines stand there already")


def _lines() -> str:
    from orchestrator.install import crontab

    return crontab.lines(here.CHECKOUT, carried())


def carried() -> dict[str, str]:
    """With the configured agents' places where there is a configuration that can be read."""
    from orchestrator import config
    from orchestrator.install import crontab

    try:
        agents = here.settings().agents
    except config.ConfigError:
        agents = ()
    return crontab.carried(os.environ, agents)


def _root() -> Path:
    from orchestrator import config

    return config.locate(os.environ, checkout=here.CHECKOUT)[0]


def made() -> Made:
    from orchestrator.clock import Clock
    from orchestrator.state.made import Made

    return Made(root=_root() / "runtime" / "state", clock=Clock())
