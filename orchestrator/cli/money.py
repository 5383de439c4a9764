"""`agent-os cost`: what the work cost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import here, show

if TYPE_CHECKING:
    from orchestrator.operations.money import CostLine, CostReport


class _Day(click.DateTime):
    """Its error shows a day instead of a format."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"got {value!r}, expected a day like 2026-11-01", param, ctx)


BY = ("task", "issue", "agent", "repo", "day")


@click.command("cost")
@click.option("--by", type=click.Choice(BY), default="task", show_default=True)
@click.option("--since", type=_Day(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="First day, UTC. [default: this month]")
@show.json_flag
def cost(by: str, since: datetime | None, as_json: bool) -> None:
    """What the work cost, in money and tokens, and per merged pull request."""
    from orchestrator.operations import money

    services = here.services("operator", here.person())
    report = money.cost(services, by=money.By(by), since=since.date() if since else None)
    if as_json:
        click.echo(show.as_json(report))
        return
    _table(report)


def _table(report: CostReport) -> None:
    lines = (*report.lines, report.total) if report.lines else ()
    show.table(
        [(line.name, _usd(line), f"{line.tokens:,}", line.runs) for line in lines], (report.by, "usd", "tokens", "runs")
    )
    click.echo(f"\nsince {report.since} (UTC), {report.merged} pull requests merged", nl=False)
    if report.usd_per_merged is not None:
        least = "at least " if report.total.untold else ""
        click.echo(f", {least}{report.usd_per_merged:.2f} USD each", nl=False)
    click.echo()
    if report.total.untold:
        click.echo(f"{report.total.untold} runs told no money; `agents.<name>.price` computes it from tokens")
    for words in report.over:
        click.echo(words)


def _usd(line: CostLine) -> str:
    if line.usd is None:
        return "unknown" if line.tokens else "-"
    return f">= {line.usd:.2f}" if line.untold else f"{line.usd:.2f}"
