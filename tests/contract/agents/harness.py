"""The real programs through the scenarios of the model stub, and the table of what they were understood as saying.

`bin/test-agents [NAME...]`: all of them without names. Exit status 1 when a cell is wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import click

from orchestrator.agents import AGENTS
from orchestrator.model.result import FailureClass
from tests.contract.agents.cell import KEY, Cell, Order
from tests.contract.agents.install import ROOT, CannotInstall, install
from tests.contract.agents.scenarios import FIRST, NOT_RECORDED, OTHERS, SCENARIOS, TOLD, Scenario, of
from tests.stubs import models
from tests.stubs.models_mind import ANSWER

LIMIT = 240.0
"""Seconds for one cell; its own watchdogs end it much earlier."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One cell of the table with what is wrong about it."""

    agent: str
    scenario: str
    cell: Cell | None
    asked: int
    """Model requests that reached the stub."""
    wrong: tuple[str, ...]

    def line(self) -> str:
        if self.cell is None:
            return f"{self.agent:15} {self.scenario:11} -  {'; '.join(self.wrong)}"
        end = f"rc {self.cell.exit}" if not self.cell.killed else f"ended by us ({self.cell.killed})"
        told = f" {self.cell.failure} {end} {self.cell.seconds}s x{self.asked}"
        return f"{self.agent:15} {self.scenario:11}{told}{'  WRONG: ' if self.wrong else ''}{'; '.join(self.wrong)}"


def judge(scenario: Scenario, cell: Cell, asked: Sequence[models.Asked]) -> tuple[str, ...]:
    """What is wrong; empty when the run was understood."""
    wrong: list[str] = []
    expected = {scenario.expected.value}
    if scenario.name == "429-once":
        # Some get over one short refusal by themselves, some end with it: both are good ways, no other is.
        expected.add(FailureClass.QUOTA.value)
    if cell.failure not in expected:
        wrong.append(f"understood as {cell.failure}, not {scenario.expected.value} ({cell.detail[:160]})")
    if scenario.reset and (cell.reset_in is None or abs(cell.reset_in - TOLD) > 240):
        wrong.append(f"quota returns in {TOLD} s, understood as {cell.reset_in}")
    if scenario.artefact and not (cell.hello and cell.valid):
        wrong.append(f"left {'' if cell.hello else 'no '}hello.txt, {'a' if cell.valid else 'no'} valid result")
    if scenario.artefact and not cell.session and AGENTS[cell.agent].capabilities.resume:
        wrong.append("no session id")
    if scenario.ask and cell.reply != ANSWER:
        wrong.append(f"answered {cell.reply[:80]!r}")
    if scenario.then and cell.before != FailureClass.QUOTA.value:
        wrong.append(f"the run before it was understood as {cell.before}, not quota")
    if scenario.then and not any("progress.txt" in a.body for a in asked):
        wrong.append("it began anew instead of going on")
    if cell.leaked:
        wrong.append("the provider's key reached the program")
    if not asked:
        wrong.append("no request reached the provider")
    if foreign := {a.key for a in asked} - {KEY}:
        wrong.append(f"{len(foreign)} requests without the provider's key")
    if cell.requests < len(asked) and not cell.killed:  # what was under way when we ended it may miss on the record
        wrong.append(f"our proxy saw {cell.requests} of {len(asked)} requests")
    return (*wrong, *_usage(scenario, cell, asked))


def _usage(scenario: Scenario, cell: Cell, asked: Sequence[models.Asked]) -> tuple[str, ...]:
    """A good run's usage is exactly what the stub's answers said it was."""
    if scenario.name not in ("ok", "text", "toolfail", "ask", "resume"):
        return ()
    answered = len(asked) - cell.left
    wanted = (800 * answered, 200 * answered, 50 * answered)
    return () if cell.usage == wanted else (f"used {wanted}, understood as {cell.usage}",)


def run(order: Order, stub: models.Stub, token: str) -> Judged:
    """One cell, in a process of its own."""
    scenario = SCENARIOS[order.scenario]
    argv = [sys.executable, "-m", "tests.contract.agents.cell", json.dumps(asdict(order))]
    try:
        ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Judged(agent=order.agent, scenario=order.scenario, cell=None, asked=0, wrong=(f"no end in {LIMIT} s",))
    asked = stub.of(token)
    try:
        found = json.loads(ended.stdout.strip().splitlines()[-1])
        cell = Cell(**{**found, "usage": tuple(found["usage"])})
    except (ValueError, IndexError, TypeError):
        why = (f"the harness broke: {ended.stderr.strip()[-400:]}",)
        return Judged(agent=order.agent, scenario=order.scenario, cell=None, asked=len(asked), wrong=why)
    return Judged(
        agent=order.agent, scenario=order.scenario, cell=cell, asked=len(asked), wrong=judge(scenario, cell, asked)
    )


def table(
    wanted: Iterable[tuple[str, str]], *, level: str, jobs: int, record: bool, keep: str, say: Callable[[str], None]
) -> list[Judged]:
    """Runs all of them, `jobs` at a time."""

    def one(pair: tuple[str, str]) -> Judged:
        agent, scenario = pair
        token, played = f"{agent}-{scenario}", SCENARIOS[scenario]
        first = f"{token}-first" if played.then else token
        order = Order(
            agent=agent,
            scenario=scenario,
            base=f"{stub.url}/s/{played.url}~run={first}",
            then=f"{stub.url}/s/{played.then}~run={token}" if played.then else "",
            level=level,
            record=record and scenario not in NOT_RECORDED,
            keep=os.path.join(keep, token) if keep else "",
        )
        judged = run(order, stub, token)
        say(judged.line())
        return judged

    with models.running() as stub, ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, wanted))


@click.command()
@click.argument("names", nargs=-1)
@click.option("--scenario", "scenarios", multiple=True, type=click.Choice(tuple(SCENARIOS)), help="Only these.")
@click.option("--record", is_flag=True, help="Rewrite the golden files.")
@click.option("--level", type=click.Choice(("none", "landlock", "bubblewrap")), default="none", show_default=True)
@click.option("--jobs", default=4, show_default=True, help="Cells at the same time: most of them wait.")
@click.option("--keep", default="", help="Folder to keep workspaces, homes and logs in.")
def main(names: tuple[str, ...], scenarios: tuple[str, ...], record: bool, level: str, jobs: int, keep: str) -> None:
    """Run the real agent programs against the model stub."""
    names = names or (*FIRST, *OTHERS)
    if unknown := [n for n in names if n not in (*FIRST, *OTHERS)]:
        raise click.BadParameter(f"no program {unknown[0]!r}; there are {', '.join((*FIRST, *OTHERS))}")
    for name in names:
        try:
            install(name)
        except CannotInstall as why:
            raise click.ClickException(str(why)) from why
    wanted = [(n, s.name) for n in names for s in of(n) if not scenarios or s.name in scenarios]
    wanted += [(n, s) for n in names for s in scenarios if (n, s) not in wanted and s not in NOT_RECORDED]
    judged = table(wanted, level=level, jobs=jobs, record=record, keep=keep, say=click.echo)
    wrong = [j for j in judged if j.wrong]
    click.echo(f"{len(judged)} cells, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
