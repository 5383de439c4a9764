"""`agent-os task send | stop | hold | log`: what a person says to a task at work, and what they see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, show

if TYPE_CHECKING:
    from orchestrator.operations import TaskLine


@click.command("send")
@click.argument("id")
@click.argument("text", nargs=-1, required=True)
@show.json_flag
def send(id: str, text: tuple[str, ...], as_json: bool) -> None:
    """Say something to the task's agent: now if one runs, else at its next run."""
    from orchestrator.operations import steer

    line = steer.send(here.services("operator", here.person()), id, " ".join(text), person=here.person())
    _answer(line, as_json, f"its agent will hear it; `agent-os ledger show {id}` says when (delivered)")


@click.command("stop")
@click.argument("id")
@click.argument("why", nargs=-1)
@show.json_flag
def stop(id: str, why: tuple[str, ...], as_json: bool) -> None:
    """End a task, its work kept; `task retry` takes it up again."""
    from orchestrator.operations import steer

    line = steer.stop(here.services("operator", here.person()), id, person=here.person(), why=" ".join(why))
    _answer(line, as_json, "is being stopped; its work is kept under refs/agent-os/kept")


@click.command("hold")
@click.argument("id")
@show.json_flag
def hold(id: str, as_json: bool) -> None:
    """Pause a task, also one that a worker has."""
    from orchestrator.operations import steer

    line = steer.hold(here.services("operator", here.person()), id, person=here.person())
    words = "is on hold" if line.folder == "hold" else "is being paused"
    _answer(line, as_json, f"{words}; `agent-os task retry {line.id}` ends the pause")


@click.command("log")
@click.argument("id")
@click.option("-f", "--follow", is_flag=True, help="Stay and show what comes, until the task rests.")
@click.option("--n", "run", type=click.IntRange(min=1), default=None, help="Only this run (default: all).")
@click.option("--raw", is_flag=True, help="The whole transcript instead of edits, commands and text.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line: kind, text, run, at.")
def log(id: str, follow: bool, run: int | None, raw: bool, as_json: bool) -> None:
    """What the task's agents do: edits, commands, text, and a banner for each run."""
    from orchestrator import operations
    from orchestrator.cli import watching

    services = here.services("operator", here.person())
    _, found = operations.task(services, id)  # an unknown id is an error, not an empty log
    if run is not None and run > len(found.attempts):
        raise operations.OrderRefused(f"task {id} has {len(found.attempts)} runs so far, no run {run}")
    try:
        if as_json:
            for line in watching.events(services, id, run=run, raw=raw, follow=follow):
                click.echo(show.as_json(line, indent=None))
            return
        for text in watching.lines(services, id, run=run, raw=raw, follow=follow):
            click.echo(text)
    except KeyboardInterrupt:
        return


COMMANDS = (send, stop, hold, log)


def _answer(line: TaskLine, as_json: bool, words: str) -> None:
    click.echo(show.as_json(line) if as_json else f"{line.id}: {words}")
