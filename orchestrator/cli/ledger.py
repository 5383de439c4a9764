"""`agent-os ledger show | verify`: the record of every decision and effect, and whether it still stands."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli import here, progress, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.operations.records import Verified
    from orchestrator.operations.retrace import Run, Step, Trace

_HASH = re.compile(r"\b([0-9a-f]{12})(?:[0-9a-f]{28}|[0-9a-f]{52})\b")
MOST_PROBLEMS = 20
"""Lines that are told to a person; a wrong key makes one of every event."""


@click.group("ledger")
def commands() -> None:
    """The record of every decision and effect."""


@commands.command("show")
@click.argument("subject", default="")
@click.option("--last", type=click.IntRange(min=1), default=None, help="Only the newest events as a table; default 50.")
@show.json_flag
def ledger_show(subject: str, last: int | None, as_json: bool) -> None:
    """Newest events; with SUBJECT (a task id, owner/name#N of an issue or pull request, a commit sha) that change
    retraced: who vouched, prompts, transcripts, findings, reviews, approvals, pushes, merge, cost."""
    from orchestrator.operations import records, retrace

    services = here.services("operator", here.person())
    if subject and last is None:
        trace = retrace.retrace(services, subject)
        click.echo(show.as_json(trace) if as_json else "\n".join(_trace(trace)))
        return
    found = records.events(services, subject=subject, last=last or 50)
    if as_json:
        click.echo(show.as_json(found))
        return
    show.table(
        [(r.seq, r.at, r.kind, r.task or r.repo, f"{r.actor.kind} {r.actor.id}", _words(r.data)) for r in found],
        ("seq", "at", "kind", "about", "by", "what"),
        last=None,
    )


@commands.command("verify")
@click.option("--offline", is_flag=True, help="Only what is on this machine: a cut-off end then goes unseen.")
@show.json_flag
def ledger_verify(offline: bool, as_json: bool) -> None:
    """Prove the record: the chain by itself, then against its heads in merge commits and in our ref on GitHub.
    Exit status 1 when anything is wrong."""
    from orchestrator.operations import records

    services = here.services("operator", here.person())
    with progress.working("proving every event"):
        seen = records.verify(services, offline=offline)
    if as_json:
        click.echo(show.as_json(seen))
    else:
        _verified(seen)
    if not seen.ok:
        sys.exit(1)


def _verified(seen: Verified) -> None:
    word = "holds" if seen.ok else "DOES NOT HOLD"
    click.echo(
        f"{seen.events} events in {seen.segments} segment{'s' * (seen.segments != 1)}, the chain {word}; "
        f"head {seen.head_seq} {seen.head_hash}"
    )
    if seen.offline:
        click.echo("offline: not held against what was told outside, so a cut-off end would go unseen")
    else:
        newest = f", the newest of event {seen.newest_anchor}" if seen.newest_anchor else ""
        click.echo(f"{seen.anchors} anchors outside, {seen.matched} matched{newest}")
        click.echo(f"exposed tail: {seen.exposed} events after the last anchor")
    for note in seen.notes:
        click.echo(f"note: {note}")
    for problem in seen.problems[:MOST_PROBLEMS]:
        click.echo(problem, err=True)
    if (more := len(seen.problems) - MOST_PROBLEMS) > 0:
        click.echo(f"and {more} more; --json lists all. Where it is every line, `ledger.key` is another one", err=True)


def _trace(trace: Trace) -> list[str]:
    about = f"{trace.repo}#{trace.issue}" if trace.issue else trace.repo
    total = (
        f"{trace.usd:.4f} USD" if trace.usd is not None else f"at least {trace.usd_known:.4f} USD, a part is unknown"
    )
    pulls = ", ".join(f"#{n}" for n in trace.pull_requests) or "-"
    subject = "" if trace.subject == about else f"{trace.subject}: "
    lines = [f"{subject}{about} {trace.title}".rstrip(), f"tasks {', '.join(trace.tasks) or '-'}"]
    lines += [f"pull requests {pulls}; cost {total}", *([trace.url] if trace.url else [])]
    for title, steps in (("vouched for", trace.vouched), ("findings of the gate", trace.verdicts)):
        lines += _section(title, steps)
    lines += ["", "runs", *(line for run in trace.runs for line in _run(run))] if trace.runs else []
    for title, steps in (
        ("reviews", trace.reviews),
        ("approvals", trace.approvals),
        ("pushes", trace.pushes),
        ("merge", trace.merges),
        ("every event", trace.steps),
    ):
        lines += _section(title, steps)
    return lines


def _section(title: str, steps: Sequence[Step]) -> list[str]:
    if not steps:
        return []
    return ["", title, *(f"  {s.seq:>6}  {s.at}  {s.kind}  by {s.by}  {_words({**s.data, **s.hashes})}" for s in steps)]


def _run(run: Run) -> list[str]:
    money = "cost unknown" if run.usd is None else f"{run.usd:.4f} USD"
    seqs = ", ".join(map(str, run.seqs))
    end = f"{run.status or 'no status'}, {run.failure}" if run.ended else "no end recorded"
    return [
        f"  {run.task} {run.n} ({run.kind}) by {run.agent}: {end}; {run.tokens} tokens, {money}; events {seqs}",
        f"    prompt      {run.prompt.sha256 or '-'}  {run.prompt.stands}  {run.prompt.path}".rstrip(),
        f"    transcript  {run.transcript.sha256 or '-'}  {run.transcript.stands}  {run.transcript.path}".rstrip(),
    ]


def _words(data: Mapping[str, object]) -> str:
    """On one line, whatever the values hold; hashes by their beginning, as git tells them (--json has them whole)."""
    from orchestrator.operations import wording

    return _HASH.sub(r"\1", wording.words(dict(data), limit=sys.maxsize))
