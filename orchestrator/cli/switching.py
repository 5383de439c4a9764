"""`agent-os on | off`: the kill switch; `status --stuck`."""

from __future__ import annotations

import click

from orchestrator.cli import here, show


@click.command("off")
@click.argument("what", default="", metavar="[REPO|ROLE]")
@click.option("--why", default="", help="The reason, for whoever finds it off.")
@show.json_flag
def off(what: str, why: str, as_json: bool) -> None:
    """Stop everything, or one repository or role, at once. Runs under way end, their work is kept."""
    _turn(what, why, as_json, on=False)


@click.command("on")
@click.argument("what", default="", metavar="[REPO|ROLE]")
@click.option("--why", default="", help="The reason, for the ledger.")
@show.json_flag
def on(what: str, why: str, as_json: bool) -> None:
    """Let what was switched off go on from where it stood."""
    _turn(what, why, as_json, on=True)


def _turn(what: str, why: str, as_json: bool, *, on: bool) -> None:
    from orchestrator.operations import switch

    told = switch.turn(here.services("operator", here.person()), on=on, what=what, person=here.person(), why=why)
    click.echo(show.as_json(told) if as_json else told.text)


def stuck(as_json: bool) -> int:
    """What breaks the liveness invariant; the exit status: 3 when anything does."""
    from orchestrator.operations import stuck as finding

    found = finding.stuck(here.services("operator", here.person()))
    if as_json:
        click.echo(show.as_json(found))
    else:
        for card in found:
            show.say(f"{card.subject}: {card.standing.stuck}")
        if not found:
            click.echo("every open item has an owner, a next action and a deadline")
    return 3 if found else 0


COMMANDS = (off, on)
