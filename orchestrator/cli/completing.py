"""`agent-os completion`: words after Tab, by click's own scripts."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_AGENT_OS_COMPLETE"


@click.command(
    "completion", epilog="bash and zsh read it from ~/.bashrc or ~/.zshrc, fish from its completions/ folder."
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands and options in your shell."""
    found = get_completion_class(shell)
    if found is None:  # click knows all of SHELLS
        raise click.BadParameter(shell)
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "agent-os", VARIABLE).source())
