"""`agent-os evidence`: look at the metric snapshots of a repository, and write one by hand."""

from __future__ import annotations

import sys

import click

from orchestrator.cli import here, show

TRUST = ("low", "medium", "high")
PRIVACY = ("public", "internal", "restricted")


@click.group("evidence")
def commands() -> None:
    """Metric snapshots of a repository. Exporters write them (docs/evidence.md); the program never does by itself."""


@commands.command("ls")
@click.argument("repo")
@show.json_flag
def ls(repo: str, as_json: bool) -> None:
    """Every evidence file of the repository; exit 1 when one cannot be used."""
    from orchestrator.operations import objectives

    lines = objectives.listed(here.services("operator", here.person()), repo)
    if as_json:
        click.echo(show.as_json(lines))
    else:
        show.table(
            [
                (
                    x.file,
                    x.snapshot.metric + (f" ({x.unknown})" if x.unknown else ""),
                    objectives.words(x.snapshot),
                    x.snapshot.trust.value,
                    x.snapshot.privacy.value,
                )
                if x.snapshot
                else (x.file, "", x.problem, "", "")
                for x in lines
            ],
            ("file", "metric", "says", "trust", "privacy"),
        )
    if any(x.problem for x in lines):
        sys.exit(1)


@commands.command("add")
@click.argument("repo")
@click.option("--metric", required=True, help="Its id in the objective.")
@click.option("--value", type=float, required=True)
@click.option("--unit", default="")
@click.option("--observed-at", default="", metavar="TIME", help="UTC, ISO 8601, or a day. [default: now]")
@click.option("--trust", type=click.Choice(TRUST), default="medium", show_default=True)
@click.option("--privacy", type=click.Choice(PRIVACY), default="internal", show_default=True)
@click.option("--provenance", default="", help="Where the figure comes from. [default: typed by you]")
@click.option("--post-merge", is_flag=True, help="Into the file that merged work is measured by.")
@click.option("--force", is_flag=True, help="Also for an id that the objective does not know.")
@click.option("--replace", "over", is_flag=True, help="Write over a file that stands there.")
@show.json_flag
def add(
    repo: str,
    metric: str,
    value: float,
    unit: str,
    observed_at: str,
    trust: str,
    privacy: str,
    provenance: str,
    post_merge: bool,
    force: bool,
    over: bool,
    as_json: bool,
) -> None:
    """Write one snapshot, <metric>_latest.yaml or <metric>_post_merge.yaml, in the repository's evidence folder."""
    from orchestrator.model.evidence import Snapshot
    from orchestrator.model.planning import Privacy, Trust
    from orchestrator.operations import objectives

    snapshot = Snapshot(
        file="",
        metric=metric.casefold(),
        value=value,
        unit=unit,
        observed_at=observed_at,
        provenance=provenance,
        trust=Trust(trust),
        privacy=Privacy(privacy),
    )
    path = objectives.add(
        here.services("operator", here.person()),
        repo,
        snapshot,
        post_merge=post_merge,
        over=over,
        unknown=force,
        person=here.person(),
    )
    click.echo(show.as_json({"file": path}) if as_json else f"wrote {path}")
