"""`agent-os web`: the page on loopback, and the link to it."""

from __future__ import annotations

import importlib.util
import os

import click

from orchestrator.cli import here
from orchestrator.model.errors import Told


@click.command("web")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help="On 127.0.0.1 (default: web_port of config.yaml); 0 takes a free one.",
)
def web(port: int | None) -> None:
    """The web page, on loopback alone; prints its link, and serves until ^C.

    The link holds the key of this run: whoever has it may give orders. It ends with the run.
    """
    if importlib.util.find_spec("jinja2") is None:
        raise Told("the web page is not installed; `bin/setup --web` installs it (`agent-os status` does without)")
    from orchestrator import wiring
    from orchestrator.web.desk import Desk
    from orchestrator.web.serving import Web

    who = here.person()
    desk = Desk(lambda: wiring.build(here.settings(), os.environ, kind="operator", id=who), person=who)
    chosen = desk.services.settings.web_port if port is None else port
    with Web(desk, port=chosen) as page:
        click.echo(f"  {page.link}\n")
        click.echo("From another machine: keep this open there, then open the link there.")
        click.echo(f"  ssh -N -L {page.port}:127.0.0.1:{page.port} {who}@{os.uname().nodename}\n")
        click.echo("^C ends it.")
        try:
            page.wait()
        except KeyboardInterrupt:
            click.echo("ended")
