"""`agent-os init`: a wizard on a terminal, or `--yes` with flags; the same steps, which can be repeated."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, show
from orchestrator.model.errors import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.install.init import Here
    from orchestrator.install.wishes import Step, Wishes
    from orchestrator.model.settings import Settings

MODES = ("observe", "dispatcher_only", "full")


@click.command("init")
@click.option("--yes", is_flag=True, help="Ask nothing: what the flags say, else what is found, else the default.")
@click.option("--repo", "repos", multiple=True, metavar="OWNER/NAME", help="A repository to work on; repeatable.")
@click.option("--verify", default="", metavar="CMD", help="Its test command, or none. Default: proposed by its files.")
@click.option("--board", default="new", show_default=True, metavar="new|none|NUMBER", help="Board; also OWNER/NUMBER.")
@click.option("--agent", "agents", multiple=True, metavar="NAME", help="Engineer; repeatable. Default: those here. "
              "NAME=COMMAND is a command line of yours, scripted a rehearsal without a model.")  # fmt: skip
@click.option("--url", default="", help="An Enterprise host, or `agent-os hub`. Default: github.com.")
@click.option("--token-env", default="GITHUB_TOKEN", show_default=True, help="Variable that holds the token.")
@click.option("--token-file", default="", help="File that holds it.")
@click.option("--operator", default="", help="Your login, where the token is a bot's. Default: the token's account.")
@click.option("--mode", type=click.Choice(MODES), default=None, help="Your consent to work. Default: observe.")
@click.option("--telegram-chat", default="", metavar="ID", help="Where alerts go.")
@click.option("--cron/--no-cron", default=None, help="Put the roles into your crontab. Default: no.")
@click.option("--systemd", is_flag=True, help="User timers of systemd instead.")
@click.option("--objective/--no-objective", default=True, help="Write an example objective. Default: yes.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, do nothing.")
@show.json_flag
def init(yes: bool, board: str, mode: str | None, cron: bool | None, systemd: bool, dry_run: bool, as_json: bool,
         repos: tuple[str, ...], verify: str, agents: tuple[str, ...], url: str, token_env: str, token_file: str,
         operator: str, telegram_chat: str, objective: bool) -> None:  # fmt: skip
    """Set up: token, board, labels, config.yaml, objective, schedule. Looks before it writes, so running it again
    changes nothing. Work begins only with your consent: `--mode full`, or `agent-os mode full` later."""
    from orchestrator.install.wishes import Schedule, Wishes
    from orchestrator.model.settings import AutomationMode

    schedule = Schedule.SYSTEMD if systemd else Schedule.CRON if cron else Schedule.NONE
    wishes = Wishes(
        repos=repos, verify=verify, board=board, agents=agents, url=url.rstrip("/"), token_env=token_env,
        token_file=token_file, operator=operator, mode=AutomationMode(mode) if mode else None,
        telegram_chat=telegram_chat, schedule=schedule, objective=objective, dry=dry_run,
    )  # fmt: skip
    place = _here()
    if not yes and not place.config_file.exists():
        if not sys.stdin.isatty():
            raise click.UsageError("nobody can be asked here: say --yes, and what you want with flags (--help)")
        wishes = _asked(place, wishes, ask_cron=cron is None and not systemd)
    _run(place, wishes, as_json=as_json)


def _here() -> Here:
    from orchestrator import config
    from orchestrator.clock import CLOCK_ENV, Clock
    from orchestrator.install.init import Here

    root, file = config.locate(os.environ, checkout=here.CHECKOUT)
    moved = os.environ.get(CLOCK_ENV)
    clock = Clock(file=Path(moved) if moved else None)
    return Here(checkout=here.CHECKOUT, root=root, config_file=file, env=dict(os.environ), clock=clock)


def _run(place: Here, wishes: Wishes, *, as_json: bool) -> None:
    from orchestrator.install import init as installing
    from orchestrator.install.wishes import Did, Steps

    steps = Steps(say=(lambda step: None) if as_json else _say)
    whole = False
    try:
        settings = installing.init(place, wishes, steps)
        whole = True
    finally:
        if not whole and steps.count(Did.DID):
            click.echo("stopped here; what is told above stands, and running it again goes on from there", err=True)
    following = _following(settings, wishes)
    if as_json:
        click.echo(show.as_json({"steps": steps.done, "next": following}))
        return
    if settings is not None and not steps.count(Did.DID):
        click.echo("everything was there; nothing was changed")
    for line in following:
        click.echo(f"next: {line}")


def _say(step: Step) -> None:
    click.echo(f"{step.did.value:>9}  {step.what}")


def _following(settings: Settings | None, wishes: Wishes) -> list[str]:
    """The one or two commands that come next."""
    from orchestrator.install.wishes import Schedule
    from orchestrator.model.settings import AutomationMode

    if settings is None:
        return []
    if any(r.automation_mode is AutomationMode.OBSERVE for r in settings.repos):
        return [
            "bin/agent-os tick dispatcher --dry-run   # what it would do",
            "bin/agent-os mode full                   # your consent: from then on it does it",
        ]
    start = "bin/agent-os up   # all roles in the foreground; `bin/agent-os crontab install` for good"
    how = f'bin/agent-os task new --repo {settings.repos[0].key} "what is to be done"'
    return [how, *([start] if wishes.schedule is Schedule.NONE else ["bin/agent-os status"])]


def _asked(place: Here, wishes: Wishes, *, ask_cron: bool) -> Wishes:
    """The wizard: one question for each thing that flags did not say. What cannot be is asked again at once."""
    from orchestrator.install import engineers, finding
    from orchestrator.install import init as installing
    from orchestrator.install.wishes import Schedule
    from orchestrator.model.settings import AutomationMode

    click.echo("Set-up of Agent OS. Enter takes what stands in brackets; nothing is written before the last answer.")
    github = installing.client(place, installing.github_settings(place, wishes))
    click.echo(finding.token(github, board=False))
    if not wishes.repos:
        look = _each(lambda name: finding.repository(github, name, wishes.verify or "none"), between=None)
        wishes = replace(wishes, repos=click.prompt("Repository (owner/name, several with spaces)", value_proc=look))
    if not wishes.verify:
        said = click.prompt("Its test command (Enter: as its files propose)", default="", show_default=False)
        wishes = replace(wishes, verify=said)
    wishes = replace(wishes, board=click.prompt("Board: new, none (labels only) or its number", default=wishes.board))
    if not wishes.agents:
        found = ", ".join(one.name for one in engineers.resolve((), place.env, "")) or "none is; scripted rehearses"
        look = _each(lambda word: engineers.resolve((word,), place.env, ""), between=",")
        words = f"Agents, or NAME=COMMAND, with commas (Enter: those found here: {found})"
        wishes = replace(wishes, agents=click.prompt(words, default="", show_default=False, value_proc=look))
    if not wishes.telegram_chat:
        said = click.prompt("Telegram chat id for alerts (Enter: none)", default="", show_default=False)
        wishes = replace(wishes, telegram_chat=said)
    if ask_cron and click.confirm("Put the roles into your crontab?", default=False):
        wishes = replace(wishes, schedule=Schedule.CRON)
    if wishes.mode is None:
        click.echo(
            "In the mode `full` agents start on issues set Ready, and what passes gate, review and CI is merged."
        )
        full = click.confirm("Consent to that now? (No: observe, say what would be done and do nothing)", default=False)
        wishes = replace(wishes, mode=AutomationMode.FULL if full else None)
    return wishes


def _each(look: Callable[[str], object], *, between: str | None) -> Callable[[str], tuple[str, ...]]:
    """An answer's parts, each looked at."""

    def parts(said: str) -> tuple[str, ...]:
        words = tuple(word.strip() for word in said.split(between) if word.strip())
        from orchestrator.github.errors import GitHubError

        try:
            for word in words:
                look(word)
        except (Told, GitHubError) as why:
            raise click.UsageError(str(why)) from None
        return words

    return parts
