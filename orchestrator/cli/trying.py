"""`agent-os task new`: an issue by its words. `agent-os canary`: one issue all the way, then everything cleaned up."""

from __future__ import annotations

import click

from orchestrator.cli import here, show


@click.command("new")
@click.argument("text", nargs=-1, required=True)
@click.option("--repo", default="", help="Key or owner/name. Default: the only one there is.")
@show.json_flag
def new(text: tuple[str, ...], repo: str, as_json: bool) -> None:
    """File an issue and set it Ready. The first line is its title; your word vouches for exactly this text."""
    from orchestrator.operations import filing

    services = here.services("operator", here.person())
    click.get_current_context().call_on_close(services.github.close)
    filed = filing.file(services, repo, " ".join(text), here.person())
    click.echo(show.as_json(filed) if as_json else f"{filed.text}: {filed.url}")


@click.command("canary")
@click.option("--repo", default="", help="Key or owner/name of a scratch repository. Default: the only one there is.")
@click.option("--really", is_flag=True, help="Also on a repository that has other open issues.")
@click.option(
    "--minutes", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Wait so long at most."
)
@show.json_flag
def canary(repo: str, really: bool, minutes: float, as_json: bool) -> None:
    """The whole way once, on GitHub as it is: one issue is filed, worked on, merged, and what it left is cleaned up.

    It changes the repository: the change is merged and then taken back by a second commit. Use a scratch repository.
    Exit status: 0 it went all the way, 1 it did not, and the last line says where it stopped.
    """
    from orchestrator.cli import ticking
    from orchestrator.install import canary as flying

    services = here.services("operator", here.person())
    click.get_current_context().call_on_close(services.github.close)
    roles = {name: here.services("role", name) for name in flying.ROLES}
    for built in roles.values():
        click.get_current_context().call_on_close(built.github.close)

    def tick(role: str) -> None:
        ticking.once(roles[role], role, wait=role == "queue")

    say = (lambda line: None) if as_json else click.echo
    told = flying.fly(services, repo, tick, person=here.person(), really=really, minutes=minutes, say=say)
    if as_json:
        click.echo(show.as_json(told))
    if not told.merged:
        raise SystemExit(1)
