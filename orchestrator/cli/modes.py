"""`agent-os mode [REPO] [MODE]`: how much is done by itself, and the consent before it becomes more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, show

if TYPE_CHECKING:
    from orchestrator.operations.modes import ModeChange

MODES = ("observe", "dispatcher_only", "full")


@click.command("mode")
@click.argument("repo", default="")
@click.argument("mode", type=click.Choice(MODES), required=False)
@click.option("--yes", is_flag=True, help="Consent to what will then be done by itself, without being asked.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@show.json_flag
def mode(repo: str, mode: str | None, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Show or change how much is done by itself: observe (say what would be done, do nothing), dispatcher_only (open
    pull requests), full. `agent-os mode full` is about every repository, `agent-os mode app full` about one. More than
    now needs your yes to what will happen."""
    from orchestrator.model.settings import AutomationMode
    from orchestrator.operations import modes

    if repo in MODES and mode is None:
        repo, mode = "", repo
    services = here.services("operator", here.person())
    if mode is None:
        lines = modes.modes(services, repo)
        if as_json:
            click.echo(show.as_json(lines))
        else:
            show.table([(m.repo, m.name, m.mode) for m in lines], ("key", "repository", "mode"))
        return
    wanted = AutomationMode(mode)
    told = modes.would(services, wanted, repo)
    if not as_json:
        _tell(told, again=dry_run)
    if not dry_run:
        asks = any(c.consent for c in told)
        agreed = yes or (asks and not as_json and sys.stdin.isatty() and click.confirm("Do you want that?"))
        modes.change(services, wanted, repo, person=here.person(), consent=agreed)
    if as_json:
        click.echo(show.as_json(told))
    elif not dry_run and any(c.before != c.after for c in told):
        click.echo(f"written to {services.settings.config_file.name}; the next tick goes by it")


def _tell(told: tuple[ModeChange, ...], *, again: bool) -> None:
    for change in told:
        if change.before == change.after:
            click.echo(f"{change.name} is in {change.after} already")
            continue
        click.echo(f"{change.name}: {change.before} -> {change.after}. What {'would' if again else 'will'} happen:")
        for line in change.now:
            click.echo(f"  {line}")
