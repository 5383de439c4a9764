"""`agent-os top`: the terminal screen."""

from __future__ import annotations

import importlib.util
import sys

import click

from orchestrator.cli import here
from orchestrator.model.errors import Told

SIDES = tuple("123456")


def _grid(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int]:
    """`2x2`: rows and columns of running tasks."""
    rows, _, columns = value.partition("x")
    if rows not in SIDES or columns not in SIDES:
        raise click.BadParameter(f"got {value!r}, expected rows x columns of 1 to 6 each, like 2x2")
    return int(rows), int(columns)


@click.command("top")
@click.option("--grid", callback=_grid, default="2x2", metavar="RxC", show_default=True, help="Running tasks at once.")
def top(grid: tuple[int, int]) -> None:
    """Watch the running tasks and give orders, on the whole terminal. `?` lists the keys."""
    if importlib.util.find_spec("textual") is None:
        raise Told(
            "the terminal screen is not installed; `bin/setup --tui` installs it (`agent-os status` does without)"
        )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Told("top needs a terminal; `agent-os status --json` tells the same to a program")
    from orchestrator.tui.app import Top

    person = here.person()
    Top(here.services("operator", person), person=person, rows=grid[0], columns=grid[1]).run()
