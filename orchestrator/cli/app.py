"""`agent-os`: the commands. Each loads what it needs when it runs, so that an idle tick stays cheap."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli import (
    approving,
    completing,
    cron,
    doctor,
    evidence,
    explaining,
    grouped,
    ledger,
    modes,
    money,
    objectives,
    plans,
    sandboxing,
    setting_up,
    show,
    standing,
    steer,
    switching,
    top,
    trying,
    uninstalling,
    web,
)
from orchestrator.cli.here import person, services, settings
from orchestrator.model.roles import NAMES

if TYPE_CHECKING:
    from orchestrator.model.settings import Settings


json_flag = show.json_flag


@click.group(cls=grouped.Grouped, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Agent OS: an autonomous software organization.

    A GitHub issue set to Ready becomes a verified, merged pull request. Configuration: config.yaml in the checkout
    (or AGENT_OS_CONFIG). What reads takes --json. Every command: docs/cli.md.
    """


@main.command()
@click.argument("role", type=click.Choice(NAMES))
@click.option("--dry-run", is_flag=True, help="Say what would be done, do nothing.")
@click.option("--wait", is_flag=True, help="queue only: stay until the workers are done.")
@json_flag
def tick(role: str, dry_run: bool, wait: bool, as_json: bool) -> None:
    """One pass of one role; what cron runs."""
    from orchestrator.cli import ticking

    did = ticking.once(services("role", role), role, dry_run=dry_run, wait=wait)
    if as_json:
        click.echo(show.as_json({"role": role, "did": did}))
    else:
        for line in did:
            show.say(line)
        if dry_run and not did:
            click.echo("nothing to do")


@main.command()
@click.option("--seconds", type=float, default=None, help="Stop after this long (default: until interrupted).")
def up(seconds: float | None) -> None:
    """All roles on their schedule, in the foreground; for trying and for containers."""
    from orchestrator.cli import ticking

    ticking.up(lambda role: services("role", role), seconds=seconds, say=lambda line: show.say(str(line)))


@main.command(hidden=True)
def worker() -> None:
    """One worker process; started by the queue."""
    from orchestrator.pipeline import pool

    pool.serve(services("worker", str(os.getpid())))


@main.command(hidden=True)
@click.option("--count", type=click.IntRange(min=1), required=True)
def workers(count: int) -> None:
    """Several worker processes that share memory; started by the queue."""
    from orchestrator import wiring
    from orchestrator.pipeline import spawner

    said = settings()
    spawner.run(
        wiring.build(said, os.environ, kind="worker", id="spawner"),
        lambda: wiring.build(said, os.environ, kind="worker", id=str(os.getpid())),
        count,
    )


@main.command()
@click.option("--stuck", is_flag=True, help="Only what nobody will move; exit status 3 when there is any.")
@json_flag
def status(stuck: bool, as_json: bool) -> None:
    """Everything that is not over: what needs you first, then what goes on by itself."""
    if stuck:
        sys.exit(switching.stuck(as_json))
    standing.status(services("operator", person()), as_json=as_json)


@main.group()
def task() -> None:
    """Look at tasks and give orders: a message, a stop, a pause, a retry."""


for _command in steer.COMMANDS:
    task.add_command(_command)
for _command in (*approving.COMMANDS, *switching.COMMANDS):
    main.add_command(_command)
main.add_command(sandboxing.commands)
main.add_command(money.cost)
main.add_command(top.top)
main.add_command(completing.completion)
main.add_command(modes.mode)
main.add_command(explaining.explain)
main.add_command(ledger.commands)
main.add_command(objectives.commands)
main.add_command(objectives.score)
main.add_command(evidence.commands)
main.add_command(plans.commands)
main.add_command(cron.commands)
main.add_command(web.web)
main.add_command(setting_up.init)
main.add_command(trying.canary)
main.add_command(uninstalling.uninstall)
task.add_command(trying.new)
main.add_command(doctor.doctor)


@task.command("ls")
@click.option("--folder", default=None, help="Only tasks in this mailbox folder.")
@json_flag
def task_ls(folder: str | None, as_json: bool) -> None:
    """All tasks, or those of one folder."""
    from orchestrator import operations
    from orchestrator.model.task import Folder

    try:
        place = Folder(folder) if folder else None
    except ValueError:
        known = ", ".join(f.value for f in Folder)
        raise click.BadParameter(f"{folder!r}: expected one of {known}", param_hint="--folder") from None
    lines = operations.tasks(services("operator", person()), place)
    if as_json:
        click.echo(show.as_json(lines))
    else:
        _task_table(lines)


def _task_table(lines: tuple[operations.TaskLine, ...]) -> None:
    show.table(
        [
            (t.id, f"{t.repo}#{t.issue}" if t.issue else t.repo, t.folder, _doing(t), t.agent, t.attempts, t.title)
            for t in lines
        ],
        ("task", "issue", "folder", "doing", "agent", "runs", "title"),
    )


def _doing(line: operations.TaskLine) -> str:
    """What waits for a person is not told by saying so: the reason is what the person needs."""
    return line.reason if line.reason and line.folder in ("blocked", "escalated", "failed") else line.doing


@task.command("show")
@click.argument("id")
@json_flag
def task_show(id: str, as_json: bool) -> None:
    """One task with all its attempts."""
    from orchestrator import operations
    from orchestrator.mailbox import text

    folder, found = operations.task(services("operator", person()), id)
    if as_json:
        click.echo(show.as_json({"folder": folder.value, "task": found}))
    else:
        show.say(f"{folder.value}/{id}.md\n\n{text.dump(found)}")


@task.command("retry")
@click.argument("id")
@json_flag
def task_retry(id: str, as_json: bool) -> None:
    """Start a stopped task again: the same as moving its file to inbox/."""
    from orchestrator import operations

    line = operations.retry(services("operator", person()), id, person=person())
    click.echo(show.as_json(line) if as_json else f"{line.id} waits in inbox/")


@main.command("check-config")
@click.option("--no-objectives", is_flag=True, help="The configuration alone; work goes on without an objective.")
@json_flag
def check_config(no_objectives: bool, as_json: bool) -> None:
    """Read the whole configuration, and the objective of each repository, and say what is wrong, with file, line, key
    and what was expected; exit 1 then."""
    from orchestrator.planning import objectives as all_objectives

    said = settings()
    wrong, missing = ((), ()) if no_objectives else all_objectives.faults(said, os.environ)
    warnings = (*said.warnings, *_engineers(said), *_boxes(said), *missing)
    if as_json:
        found = {"file": said.config_file, "repos": said.repos, "warnings": warnings, "problems": wrong}
        click.echo(show.as_json(found))
        sys.exit(1 if wrong else 0)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    for problem in wrong:
        click.echo(problem, err=True)
    if wrong:
        click.echo(f"{said.config_file.name} is good, but an objective it names cannot be used", err=True)
        sys.exit(1)
    repos = ", ".join(r.name for r in said.repos)
    number = "1 repository" if len(said.repos) == 1 else f"{len(said.repos)} repositories"
    click.echo(f"{said.config_file.name} is good: {number} ({repos})")


def _boxes(settings: Settings) -> list[str]:
    """Repositories that require a sandbox which this machine cannot hold: no agent runs for them."""
    from orchestrator import agents

    wanted = ((r, agents.confinement(r, settings.runtime)) for r in settings.repos)
    return [f"{repo.name}: {found}" for repo, found in wanted if isinstance(found, str)]


def _engineers(settings: Settings) -> list[str]:
    """Agents that could not run here and now. A warning: they may be installed later, and the others do the work."""
    from orchestrator import agents

    unfit = [f"agents.{a.name}: {why}" for a in settings.agents if (why := agents.preflight(a))]
    if unfit and len(unfit) == len(settings.agents):
        unfit.append("no agent can run: every task would be given up at once; see agents in docs/config.md")
    return unfit


@main.command()
@json_flag
def version(as_json: bool) -> None:
    """The installed version."""
    from importlib.metadata import version as installed

    number = installed("agent-os")
    click.echo(show.as_json({"version": number}) if as_json else f"agent-os {number}")


if TYPE_CHECKING:
    from orchestrator import operations
