"""`agent-os uninstall`: what stands because of us, and taking it away."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, show

if TYPE_CHECKING:
    from orchestrator.install.uninstall import Line, Options
    from orchestrator.services import Services

_WORDS = {"remove": ("would remove", "removed"), "close": ("would close", "closed"), "leave": ("leaves", "left")}


@click.command("uninstall")
@click.option("--dry-run", is_flag=True, help="Name everything, change nothing.")
@click.option("--yes", is_flag=True, help="Do it without being asked.")
@click.option("--keep-runtime", is_flag=True, help="Mailbox, record, mirrors and workspaces stay here.")
@click.option("--leave-pulls", is_flag=True, help="Open pull requests of ours stay open, with their branches.")
@click.option("--force", is_flag=True, help="Also work that is on no other machine, and with workers at work.")
@click.option("--machine-only", is_flag=True, help="Ask nothing of GitHub, leave all there: it is away, or given up.")
@show.json_flag
def uninstall(
    dry_run: bool, yes: bool, keep_runtime: bool, leave_pulls: bool, force: bool, machine_only: bool, as_json: bool
) -> None:
    """Take away each label, branch, ref, board, crontab line, timer, workspace and file of ours; merged work stays.

    What GitHub cannot delete is closed and listed. What a person had before, or changed since, is left and listed.
    Exit status: 0 done (or only told), 1 something failed and is named; calling it again does the rest.
    """
    from orchestrator import config
    from orchestrator.install import uninstall as going

    services = here.services("install", here.person())
    click.get_current_context().call_on_close(services.github.close)
    root = config.locate(os.environ, checkout=here.CHECKOUT)[0]
    options = going.Options(keep_runtime=keep_runtime, leave_pulls=leave_pulls, force=force, machine_only=machine_only)
    removals = going.plan(services, root, options)
    if not as_json and (dry_run or not yes):
        for removal in removals:
            _say(going.told(removal))
    if dry_run:
        _warn(services, options)
        if as_json:
            click.echo(show.as_json([going.told(r) for r in removals]))
        return
    going.refuse(services, options)
    if not yes and not (sys.stdin.isatty() and click.confirm("Do all this?")):
        raise click.UsageError("nothing was done: say --yes")
    say = (lambda line: None) if as_json else _say
    done = going.carry_out(services, removals, person=here.person(), say=say)
    if as_json:
        click.echo(show.as_json(done))
    else:
        failed = sum(line.ok is False for line in done)
        gone = sum(line.ok is True for line in done)
        still = len(going.left(done))
        click.echo(f"{gone} done, {failed} failed, {still} left (above). The checkout itself is yours to delete.")
    if any(line.ok is False for line in done):
        raise SystemExit(1)


def _warn(services: Services, options: Options) -> None:
    from orchestrator.install import uninstall as going

    try:
        going.refuse(services, options)
    except going.Refused as why:
        click.echo(f"it would refuse: {why}", err=True)


def _say(line: Line) -> None:
    word = _WORDS[line.act][0 if line.ok is None and line.act != "leave" else 1]
    if line.ok is False:
        word = f"NOT {word}"
    click.echo(f"{word:>12}  {line.what}" + (f" ({line.why})" if line.why else ""))
