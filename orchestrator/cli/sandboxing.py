"""`agent-os sandbox test`: what this machine can confine, tried now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli import progress, show

if TYPE_CHECKING:
    from orchestrator.model.confinement import Probe


@click.group(name="sandbox")
def commands() -> None:
    """How agent runs are confined on this machine."""


@commands.command("test")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def test(as_json: bool) -> None:
    """Try every level with a real program that tries to get out. Exit status 1 when none holds.

    Takes about a second and needs no configuration; what agents may merge under which level: docs/sandbox.md.
    """
    from orchestrator import sandbox
    from orchestrator.model.confinement import Level

    with progress.working("trying to get out of each level"):
        probes = sandbox.probe()
    best = next((p.level for p in probes if p.holds), Level.NONE)
    if as_json:
        click.echo(show.as_json({"best": best.value, "levels": [_data(p) for p in probes]}))
    else:
        for probe in probes:
            _print(probe)
        click.echo(f"\nAgents run under: {best.value}")
    sys.exit(1 if best is Level.NONE else 0)


def _data(probe: Probe) -> dict[str, object]:
    return {"level": probe.level.value, "holds": probe.holds, "why": probe.why, "cannot": list(probe.cannot)}


def _print(probe: Probe) -> None:
    word = "no confinement" if probe.level.value == "none" else "holds" if probe.holds else "does not hold"
    click.echo(f"{probe.level.value:11} {word}")
    for line in probe.why.splitlines():
        click.echo(f"    {line}")
    for line in probe.cannot:
        click.echo(f"    cannot hold: {line}")
