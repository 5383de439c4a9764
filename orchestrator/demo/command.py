"""`bin/demo`: makes the world, plays the stories, tells what came of it, and tidies up."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from orchestrator.model.errors import Told

if TYPE_CHECKING:
    from orchestrator.demo.report import Report
    from orchestrator.demo.world import World
    from orchestrator.model.settings import AgentSettings

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPTED_SECONDS = 300.0
"""A played run takes about half a minute on two cores; a machine that is busy with more than this still gets there."""
REAL_SECONDS = 3600.0
WIDE = 140
"""Characters that the whole table of stories needs; a narrower terminal gets the columns that matter."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Progress to standard error, one JSON object as the last line.")
@click.option("--keep", type=click.Path(path_type=Path), default=None, help="Keep everything in this (new) folder.")
@click.option("--serve", is_flag=True, help="Leave the hub running at the end, until ^C.")
@click.option("--speed", type=click.FloatRange(min=0), default=0.0, help="Lines a second at most; 0 = as they happen.")
@click.option("--agent", default="", help="A command line agent of yours in place of the scripted engineers.")
@click.option("--scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None, hidden=True)
def main(as_json: bool, keep: Path | None, serve: bool, speed: float, agent: str, scenario: Path | None) -> None:
    """The whole organization at work on a GitHub of its own on this machine: no account, no network, no model.

    Issues are filed and set Ready, dispatched, worked on in isolated workspaces, judged, published, checked by CI,
    merged, closed and remembered. The engineers follow a script; everything else is the real program. Exit status: 0
    every story ended as it should, 1 one did not.
    """
    from orchestrator import process
    from orchestrator.demo import engineer, play, report, watch, world
    from orchestrator.demo import scenario as stories

    told = stories.load(scenario) if scenario else stories.load()
    mine = engineer.resolve(agent, os.environ, checkout=CHECKOUT) if agent else None
    told = told.for_any_agent() if mine else told
    with _interruptible(), _folder(keep) as folder, contextlib.ExitStack() as left:
        screen = watch.Screen(to_stderr=as_json, per_second=speed)
        left.callback(screen.end)
        began = time.monotonic()
        made = world.make(folder, told, engineer=mine)
        left.callback(made.hub.stop)
        left.callback(process.end_detached)
        with watch.Watch(world=made, screen=screen) as told_of:
            play.play(made, told_of, limit=REAL_SECONDS if mine else SCRIPTED_SECONDS)
            seconds = time.monotonic() - began
        seen = report.make(made, seconds)
        screen.end()
        _show(seen, made, mine, as_json=as_json)
        if keep or serve:
            _where(made, serve=serve, to_stderr=as_json)
        _result(seen, as_json=as_json)
        if serve:
            with contextlib.suppress(KeyboardInterrupt):
                made.hub.serve_forever()
        if seen.differences:
            sys.exit(1)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where the world stands: the folder that is to be kept, which must be new or empty, or one that goes again."""
    if keep is None:
        made = Path(tempfile.mkdtemp(prefix="agent-os-demo-"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    keep = keep.absolute()
    try:
        keep.mkdir(parents=True, exist_ok=True)
        full = any(keep.iterdir())
    except OSError as error:
        raise Told(f"--keep {keep}: {error.strerror}") from error
    if full:
        raise Told(f"--keep {keep}: the folder is not empty; name a new one")
    yield keep


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """A polite end (SIGTERM, SIGHUP) is a ^C: everything that was started is ended."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Abort from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(seen: Report, world: World, mine: AgentSettings | None, *, as_json: bool) -> None:
    """The table of stories, and what did not end as it should."""
    from orchestrator.cli import show

    if not as_json:
        from orchestrator.demo.watch import SIGNS

        rows = [
            (
                e.filed.name,
                e.filed.story.shows,
                e.filed.task if e.task else "",
                len(e.task.attempts) if e.task else 0,
                f"#{e.task.pull_request}" if e.task and e.task.pull_request else "",
                (e.task.merge_sha or "")[:10] if e.task else "",
                f"{e.minutes:.1f}" if e.minutes is not None else "",
                SIGNS[e.outcome],
            )
            for e in seen.stories
        ]
        click.echo()
        if sys.stdout.isatty() and shutil.get_terminal_size().columns < WIDE:
            short = [(issue, end, runs, pull, shows) for issue, shows, _, runs, pull, _, _, end in rows]
            show.table(short, ("issue", "end", "runs", "pull", "shows"), last=None)
        else:
            show.table(rows, ("issue", "shows", "task", "attempts", "pull", "merge", "minutes", "end"))
        github = seen.github
        book = seen.ledger
        holds = "holds" if book.ok else "DOES NOT HOLD"
        click.echo(
            f"\n{seen.seconds:.0f} s; ledger verify: {book.events} events, the chain {holds}; {book.matched} of "
            f"{book.anchors} heads told outside match; {book.exposed} events after the last of them\n"
            f"GitHub: {github['requests']} requests, {github['writes']} of them writes, "
            f"{github['graphql_points']} GraphQL points"
        )
        click.echo(
            f"The engineer was {mine.name} ({mine.adapter})."
            if mine
            else "The engineers were scripted: no model was called. All else is the real program."
        )
    for difference in seen.differences:
        click.echo(f"NOT AS EXPECTED: {difference}", err=True)


def _where(world: World, *, serve: bool, to_stderr: bool) -> None:
    folder = world.folder
    lines = [
        "",
        f"Everything stands in {folder}:",
        f"  ORCH_ROOT={folder} bin/agent-os status",
        "      (also: task ls, task show, ledger show, ledger verify)",
        f"  {folder}/runtime/mailbox, {folder}/runtime/logs, {folder}/config.yaml",
    ]
    if serve:
        repo = world.scenario.repositories[0].name
        lines += [
            f"The hub serves at {world.hub.url} until ^C; the bot's token is in {folder}/token:",
            f"  git clone {world.hub.url}/{repo}.git",
            f'  curl -H "Authorization: Bearer $(cat {folder}/token)" "{world.hub.url}/repos/{repo}/pulls?state=all"',
            f"  ORCH_ROOT={folder} bin/agent-os up                (the organization goes on working)",
        ]
    else:
        lines.append(f"  bin/agent-os hub --root {folder}/hub --port {world.hub.port}")
        lines.append("      (its GitHub, served again)")
    for line in lines:
        click.echo(line, err=to_stderr)


def _result(seen: Report, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(seen.as_json(), ensure_ascii=False))
    sys.stdout.flush()
