"""`agent-os plan`: what the next sprint takes up and why, and a person's word about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, progress, show

if TYPE_CHECKING:
    from orchestrator.model.plan import Plan
    from orchestrator.services import Services


NONE_YET = "no plan yet; the planner makes one when it is due, `agent-os plan now REPO` at once"


@click.group("plan")
def commands() -> None:
    """Sprint plans: look at them, approve or reject one, make one now."""


@commands.command("ls")
@click.argument("repo", required=False, default="")
@show.json_flag
def ls(repo: str, as_json: bool) -> None:
    """All plans, newest first."""
    from orchestrator.operations import plans

    services = _services()
    found = plans.plans(services, repo)
    if as_json:
        click.echo(show.as_json(found))
    elif not found:
        click.echo(NONE_YET)
    else:
        show.table(
            [(p.id, p.state.value, p.at, ", ".join(f"#{i.issue}" for i in p.items), p.by, p.decided_by) for p in found],
            ("plan", "state", "made", "issues", "by", "decided by"),
        )
    _unreadable(plans.unreadable(services, repo))


@commands.command("show")
@click.argument("repo", required=False, default="")
@show.json_flag
def show_(repo: str, as_json: bool) -> None:
    """The newest plan of a repository, or of each: every candidate with the terms of its score."""
    from orchestrator.operations import plans

    services = _services()
    found = plans.newest(services, repo)
    if as_json:
        click.echo(show.as_json(found))
    else:
        for plan in found:
            _print(plan)
        if not found:
            click.echo(NONE_YET)
    _unreadable(plans.unreadable(services, repo))


@commands.command("approve")
@click.argument("id")
@show.json_flag
def approve(id: str, as_json: bool) -> None:
    """Apply a plan that waits: its issues stand Ready."""
    from orchestrator.operations import plans

    _answer(plans.approve(_services(), id, here.person()), as_json)


@commands.command("reject")
@click.argument("id")
@click.option("--why", default="", help="What is wrong with it; kept with the plan and in the record.")
@show.json_flag
def reject(id: str, why: str, as_json: bool) -> None:
    """End a plan that waits. The cadence stays due: another one is made when something changed."""
    from orchestrator.operations import plans

    _answer(plans.reject(_services(), id, here.person(), why=why), as_json)


@commands.command("strike")
@click.argument("id")
@click.argument("issue", type=click.IntRange(min=1))
@show.json_flag
def strike(id: str, issue: int, as_json: bool) -> None:
    """Take one issue out of a plan that waits; the rest goes on waiting for your word."""
    from orchestrator.operations import plans

    plan = plans.strike(_services(), id, issue, here.person())
    left = ", ".join(f"#{i.issue}" for i in plan.items)
    click.echo(show.as_json(plan) if as_json else f"{plan.id}: takes up {left}")


@commands.command("now")
@click.argument("repo")
@click.option("--dry-run", is_flag=True, help="Show the plan, ask no agent, do nothing.")
@show.json_flag
def now(repo: str, dry_run: bool, as_json: bool) -> None:
    """Plan a repository at once, whatever its cadence."""
    from orchestrator.operations import plans

    with progress.working(f"planning {repo}"):
        did = plans.now(_services(), repo, here.person(), dry_run=dry_run)
    if as_json:
        click.echo(show.as_json(did))
        return
    show.say(did.words or "nothing was to do")
    if did.plan is not None:
        _print(did.plan)


def _services() -> Services:
    return here.services("operator", here.person())


def _unreadable(found: tuple[str, ...]) -> None:
    """On standard error and in the exit status, so that an answer as JSON stays one."""
    for why in found:
        click.echo(f"unreadable: {why}; mend it or take it away, nothing is planned there until then", err=True)
    if found:
        sys.exit(1)


def _answer(plan: Plan, as_json: bool) -> None:
    ready = ", ".join(f"#{n}" for n in plan.promoted)
    text = f"{plan.id}: {plan.state.value}" + (f", Ready: {ready}" if ready else "")
    click.echo(show.as_json(plan) if as_json else text)


def _print(plan: Plan) -> None:
    note = f" ({plan.note})" if plan.note else ""
    show.say(f"\n{plan.id}: {plan.state.value}, made {plan.at} by {plan.by}{note}")
    if plan.focus:
        show.say(plan.focus)
    taken = {i.issue for i in plan.items}
    names = [t.name for t in plan.candidates[0].terms] if plan.candidates else []
    if not plan.candidates:
        click.echo("no open issue could be taken up")
    else:
        show.table(
            [
                (
                    f"{'*' if c.issue in taken else ' '} #{c.issue}",
                    f"{c.score:.1f}",
                    *(f"{t.value:+.1f}" for t in c.terms),
                    c.direction,
                    c.title,
                )
                for c in plan.candidates
            ],
            ("issue", "score", *names, "direction", "title"),
        )
    for item in plan.items:
        show.say(f"#{item.issue}: {item.rationale}")
        if item.hypothesis is not None:
            hoped = item.hypothesis
            way = f"{hoped.metric} {hoped.expected.value} by {hoped.size:.1%} or more in {hoped.window_days:g} days"
            show.say(f"  expects {way}")
    for one in plan.left_out:
        show.say(f"left out: #{one.issue} {one.title}: {one.why}")
