"""`agent-os objective` and `agent-os score`: what is wanted of a repository, and how it goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, show

if TYPE_CHECKING:
    from orchestrator.operations.objectives import ScoreReport, Shown


@click.group("objective")
def commands() -> None:
    """What the business wants of a repository: check the file, show it, score it. See docs/objectives.md."""


@commands.command("check")
@click.argument("repo")
@show.json_flag
def check(repo: str, as_json: bool) -> None:
    """Read the objective and its evidence files; exit 1 when one cannot be used. What is not there yet is no fault."""
    from orchestrator.operations import objectives
    from orchestrator.operations.objectives import Seen

    shown = objectives.show(here.services("operator", here.person()), repo)
    told = [(m.id, "source", m.latest, m.latest_seen) for m in shown.metrics]
    told += [(m.id, "outcome_check", m.outcome, m.outcome_seen) for m in shown.metrics]
    bad = [f"{id}: {what}: {words}" for id, what, words, seen in told if seen is Seen.BAD]
    missing = [f"{id}: {what}: {words}" for id, what, words, seen in told if seen is Seen.MISSING]
    if as_json:
        found = {"file": shown.file, "repo": shown.repo, "metrics": len(shown.metrics)}
        click.echo(show.as_json({**found, "problems": bad, "missing": missing}))
    else:
        for line in (*missing, *bad):
            click.echo(line, err=True)
        state = "is good" if not bad else f"is read, {len(bad)} of its evidence files cannot be used"
        click.echo(f"{shown.file} {state}: {len(shown.metrics)} metrics")
    if bad:
        sys.exit(1)


@commands.command("show")
@click.argument("repo")
@show.json_flag
def show_one(repo: str, as_json: bool) -> None:
    """The objective with what its evidence says now."""
    from orchestrator.operations import objectives

    shown = objectives.show(here.services("operator", here.person()), repo)
    click.echo(show.as_json(shown)) if as_json else _objective(shown)


@commands.command("score")
@click.argument("repo")
@show.json_flag
def score_one(repo: str, as_json: bool) -> None:
    """The score by metric, kept in the history and drawn."""
    from orchestrator.operations import objectives

    report = objectives.score(here.services("operator", here.person()), repo)
    click.echo(show.as_json(report)) if as_json else _report(report)


@click.command("score")
@show.json_flag
def score(as_json: bool) -> None:
    """The business scores of all repositories, with their coverage."""
    from orchestrator.operations import objectives

    lines = objectives.table(here.services("operator", here.person()))
    if as_json:
        click.echo(show.as_json(lines))
        return
    show.table(
        [
            (
                x.repo,
                _number(x.total),
                f"{x.coverage:.0%}",
                f"{x.measured} of {x.metrics}" if x.metrics else "",
                str(x.inconclusive) if x.measured else "",
                x.note,
            )
            for x in lines
        ],
        ("repository", "score", "coverage", "has a value", "inconclusive", "note"),
        last=None,
    )


def _objective(shown: Shown) -> None:
    click.echo(f"{shown.repo}: {shown.primary_outcome}\n{shown.file}, snapshots count for {shown.window_days:g} days\n")
    show.table(
        [
            (
                m.id + (" (guard)" if m.guard else ""),
                f"{m.share:.0%}",
                m.direction,
                m.latest,
                "" if m.window_days is None else f"{m.window_days:g} d",
                m.outcome,
            )
            for m in shown.metrics
        ],
        ("metric", "share", "better", "latest", "window", "after a merge"),
        last=None,
    )
    for line in shown.waiting:
        click.echo(f"outcome waits: {line}")


def _report(report: ScoreReport) -> None:
    show.table(
        [(m.id, f"{m.weight:.0%}", _number(m.value), m.snapshots, m.why) for m in report.score.metrics],
        ("metric", "share", "score", "snapshots", "why"),
        last=None,
    )
    if report.score.coverage > 0:
        lost = sum(1 for m in report.score.metrics if m.inconclusive)
        but = f", {lost} of {len(report.score.metrics)} metrics inconclusive" if lost else ""
        click.echo(f"\nscore {report.score.total:+.4f}, {report.score.coverage:.0%} of the weight has a value{but}")
    else:
        click.echo("\nno score yet: no metric has a value")
    if report.regressed:
        click.echo("regressed: a finding for the weekly analysis")
    click.echo(report.picture)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}"
