"""`agent-os approve | reject`: the operator's word about a published head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, show

if TYPE_CHECKING:
    from orchestrator.operations.approve import Given


@click.command("approve")
@click.argument("ref", metavar="TASK|OWNER/REPO#N")
@click.option("--why", default="", help="Kept in the record.")
@show.json_flag
def approve(ref: str, why: str, as_json: bool) -> None:
    """Let the published head of a task land, once its checks pass. The word dies when the head moves."""
    from orchestrator.operations import approve as order

    _answer(order.approve(here.services("operator", here.person()), ref, here.person(), why=why), as_json)


@click.command("reject")
@click.argument("ref", metavar="TASK|OWNER/REPO#N")
@click.option("--why", required=True, help="What is wrong with it.")
@show.json_flag
def reject(ref: str, why: str, as_json: bool) -> None:
    """Keep the published head of a task from landing. To have it changed, comment on the pull request."""
    from orchestrator.operations import approve as order

    _answer(order.reject(here.services("operator", here.person()), ref, here.person(), why=why), as_json)


COMMANDS = (approve, reject)


def _answer(given: Given, as_json: bool) -> None:
    click.echo(show.as_json(given) if as_json else given.text)
