"""Assembles the command line, the hub and the demo; turns errors into one line and an exit status."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from orchestrator import idle


def _idle(argv: list[str]) -> bool:
    """A cron tick of a role whose last one found nothing, and nothing has changed since: over before it began."""
    if len(argv) != 2 or argv[0] != "tick" or not argv[1].replace("_", "").isalpha():
        return False
    root = os.environ.get("ORCH_ROOT") or str(Path(__file__).resolve().parents[1])
    return idle.still(os.path.join(root, "runtime", "state", "idle", f"{argv[1]}.json"), os.environ)


if __name__ == "__main__" and _idle(sys.argv[1:]):
    sys.exit(0)

import click  # noqa: E402 - the idle tick is over by here

from orchestrator.cli import app, here, show  # noqa: E402
from orchestrator.model.errors import Told  # noqa: E402


@app.main.command()
@click.option(
    "--root", type=click.Path(path_type=Path), default=None, help="Where it keeps its state (default: runtime/hub)."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8180, show_default=True, help="On 127.0.0.1; 0 takes a free one."
)
@click.option(
    "--seed-file",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    help="YAML or JSON of users, repositories, boards for a new hub (docs/hub.md).",
)
def hub(root: Path | None, port: int, seed_file: Path | None) -> None:
    """A GitHub of your own on this machine, to run against and to test with. See docs/hub.md.

    Prints its address, then each user and their token; serves until ^C. A new one holds operator/hello and a board.
    """
    from orchestrator.clock import CLOCK_ENV
    from orchestrator.hub import command
    from orchestrator.hub.seeding import CannotServe

    moved = os.environ.get(CLOCK_ENV)
    try:
        command.run(root or here.CHECKOUT / "runtime" / "hub", port, seed_file, Path(moved) if moved else None)
    except CannotServe as error:
        raise Told(str(error)) from error


@app.main.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False)
@click.pass_context
def demo(context: click.Context) -> None:
    """The whole organization at work on an embedded GitHub: no account, no network, no model. See demo --help."""
    from orchestrator.demo import command

    command.main(args=context.args, prog_name="agent-os demo", standalone_mode=False)


def main() -> None:
    """Exit status: 0 done, 1 an error that says its cause, 2 wrong usage, 130 interrupted."""
    from orchestrator.github.errors import GitHubError
    from orchestrator.yamlread.problems import ConfigError

    try:
        code = app.main(prog_name="agent-os", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (ConfigError, Told) as error:
        show.say(str(error), err=True)
        sys.exit(1)
    except GitHubError as error:
        show.say(f"GitHub: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
