"""`agent-os explain`: why something does not move."""

from __future__ import annotations

import click

from orchestrator.cli import show
from orchestrator.cli.here import person, services

WHO = {"you": "you", "agents": "the program, by itself", "ci": "the checks, or GitHub", "waiting": "nobody: it waits"}


@click.command()
@click.argument("subject")
@click.option("--raw", is_flag=True, help="Also the issue's text as it stands, hidden characters written out.")
@show.json_flag
def explain(subject: str, raw: bool, as_json: bool) -> None:
    """Where an issue (owner/name#N) or a task stands, why it does not move; what comes next, who does it, by when."""
    from orchestrator.operations import explain as explaining

    told = explaining.explain(services("operator", person()), subject, raw=raw)
    if as_json:
        click.echo(show.as_json(told))
        return
    show.say(f"{told.subject}  {told.title}")
    show.say(told.stands)
    for head, lines in (
        ("waits", told.why),
        ("moves", told.moves),
        ("trust", (told.vouched,) if told.vouched else ()),
        ("hypothesis", told.hypothesis),
        ("outcome", told.outcomes),
    ):
        for words in lines:
            show.say(f"{head}: {words}")
    if told.standing:
        late = ", overdue" if told.standing.overdue else ""
        by = f", by {told.standing.deadline[:16].replace('T', ' ')} UTC" if told.standing.deadline else ""
        show.say(f"next: {told.standing.action or told.standing.stuck}")
        show.say(f"who: {WHO[told.standing.who.value]}{by}{late}")
    if raw:
        show.say(f"\n{told.raw}")
