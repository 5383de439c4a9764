"""`bin/prove NAME...`: runs named proofs, prints one JSON line each; exit status 1 when one does not hold."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import click

from benchmarks import proof

PROOFS: dict[str, str] = {
    "browser": "the page in chromium: every page, both widths and themes, orders, replay, 30 hostile requests",
    "idle": "an idle tick makes at most 2 requests and costs at most 3 times a bare Python with urllib and json",
    "overhead": "from Ready to pull request, at most 4 times the bare git commands",
    "kill": "SIGKILL at every mutating system call and HTTP write of a task loses and doubles nothing",
    "sandbox": "of more than 40 ways out of a run none succeeds under bubblewrap, and each does without it",
    "parallel": "50 agents at once: all tasks end right, our processes together below 1 GB and 10 % of a core",
    "survivors": "100 SIGKILLs of workers whose agents start daemons: no survivor, no task lost or doubled, work kept",
    "planted": "every planted defect is caught by the story that names it",
    "agents": "the real agent programs in every scenario of the model stub: each end is understood, none by wording",
    "demo": "the demo with real claude, codex, gemini, opencode in their sandbox: issues to merges, the stub as model",
    "fakegreen": "tricks that look green are held or flagged to the reviewer, and no honest change is held",
    "redaction": "500 secrets in 14 spellings leak at no sink; a second source's forms are found, harmless lines not",
    "train": "20 pull requests, one breaks the others: main never red, found in 5 runs, the rest in half the CI runs",
    "injection": "an agent that obeys every text, 13 channels: no harm is seen, and each is seen with its defence off",
    "quarter": "13 weeks, 3 repositories, 10 seeds: plans turn to what pays, away from what hurts, by measuring alone",
    "ledger": "4 x 1,000 appends, none lost; 1,000 tampers before the last anchor, none unseen; kills in mid-append",
    "adversary": "500 seeded schedules of acts between any two calls: no wrong merge, every wrong tree told",
    "mutants": "defects of gate, merge policy and trust: all listed by hand are killed, of machine-made ones 95 %",
    "evidence-guard": "hostile addresses and files: no hit on a loopback canary, each hits with its defence off",
    "prompt": "1,000 memory fragments and a CODEBASE.md of 2 MB: at most 3 times reading the files, bounded, said",
    "dedupe": "labelled pairs of issues: stage one precision 0.98, with an erring agent both rates 0.90; 10,000 known",
    "telegram": "each alert once over 3 SIGKILLs, 1,000 hostile texts whole under faults, each order carried out once",
    "doctor": "faults planted one by one: each found by name and nothing else, mended where it says so; no secret told",
    "setup": "an operator's set-up on one core: disk, download, memory of all roles and a worker fit 1 GB and 10 GB",
    "cron": "a real cron daemon for 5 minutes: issues merge, no role overlaps, no process left, the crontab as before",
    "uninstall": "after the whole demo labels, refs, boards, branches, files, crontab are as before, but for merges",
}


@click.command()
@click.argument("names", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="Name the proofs.")
@click.option("--all", "everything", is_flag=True, help="Run all of them.")
@click.option("--write", type=click.Path(path_type=Path), default=None, help="Also write the figures as a page.")
def main(names: tuple[str, ...], listing: bool, everything: bool, write: Path | None) -> None:
    """Run proofs by name. Each prints {"proof", "holds", "figures", "skipped", "not_proven", "seconds"}."""
    if listing:
        for name, words in PROOFS.items():
            click.echo(f"{name:10} {words}")
        return
    wanted = tuple(PROOFS) if everything else names
    if not wanted:
        raise click.UsageError("name a proof, or --list, or --all")
    if unknown := [n for n in wanted if n not in PROOFS]:
        raise click.BadParameter(f"no proof {unknown[0]!r}; there are {', '.join(PROOFS)}", param_hint="NAMES")
    lines: list[str] = []
    good = True
    for name in wanted:
        module = importlib.import_module(f"benchmarks.proofs.{name.replace('-', '_')}")
        holds, line = proof.run(name, module.prove)
        good = good and holds
        lines.append(line)
        click.echo(line)
    if write is not None:
        write.write_text(page(lines), encoding="utf-8")
    sys.exit(0 if good else 1)


def page(lines: list[str]) -> str:
    """docs/figures.md: one table per proof, made from the very lines that were printed."""
    parts = [
        "# Figures\n\nThe very lines that `bin/prove` printed, each proof run by itself. Ratios and counts decide.\n"
    ]
    for line in lines:
        data = json.loads(line)
        rows = "\n".join(f"| {k} | {json.dumps(v, ensure_ascii=False)} |" for k, v in data["figures"].items())
        word = "holds" if data["holds"] else "does NOT hold"
        parts.append(
            f"## {data['proof']}: {word}\n\n{PROOFS[data['proof']]}\n\n| figure | value |\n|---|---|\n{rows}\n\n"
            f"Skipped: {data['skipped'] or 'nothing'}. Not proven: {data['not_proven'] or 'nothing'}. "
            f"{data['seconds']} s.\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    main()
