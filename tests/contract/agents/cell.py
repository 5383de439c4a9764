"""One real program run through one scenario, in a process of its own: how the worker runs it, against the stub.

`python -m tests.contract.agents.cell '<json>'` with the fields of `Order`; prints one line of JSON, a `Cell`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from orchestrator.agents import AGENTS, contract, only_json, running
from orchestrator.agents.base import ASK, Agent, Reader, Tally
from orchestrator.agents.running import Confinement, Watch
from orchestrator.agents.versions import TESTED
from orchestrator.clock import Clock
from orchestrator.model.confinement import Level
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Event, Job, RunOutcome, Text
from orchestrator.redact import Redactor
from orchestrator.sandbox.egress import record
from tests.contract.agents import golden
from tests.contract.agents.install import CACHE, ROOT, command
from tests.contract.agents.scenarios import SCENARIOS

KEY = "real-key-of-the-contract-0123456789"
"""Stands for the provider's key: the stub has to see it, the program must not."""
KEY_VARIABLE = "CONTRACT_STUB_KEY"
MODELS = {"copilot": "stub-model"}
"""Programs that cannot go without one; the others take their own."""
QUESTION = 'What is the answer? Say {"answer": "..."} and nothing else.\n'
PROMPT = "Make a file hello.txt with one line of text, then write .agent_result.md as agreed.\n"


@dataclass(frozen=True, kw_only=True)
class Order:
    agent: str
    scenario: str
    base: str
    """The stub's base URL for this run."""
    level: str = "none"
    then: str = ""
    """The base URL of the second run, where the scenario has one."""
    record: bool = False
    keep: str = ""
    """Folder that stays, for looking at it."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What came of it."""

    agent: str
    scenario: str
    failure: str
    reset_in: float | None
    """Seconds from the end of the run."""
    usage: tuple[int, int, int]
    """Input without cached, cached, output."""
    cost: float | None
    session: str
    exit: int | None
    killed: str
    requests: int
    seconds: float
    detail: str
    hello: bool
    valid: bool
    leaked: bool
    """The real key stands in something the program printed or left."""
    lines: int
    left: int = 0
    """Requests that the program itself broke off, so that their usage was never told."""
    reply: str = ""
    """Of a question."""
    before: str = ""
    """What the run whose session was gone on with was understood as."""


class Recording:
    """An adapter that remembers what it was given. Everything else is the adapter's own."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.lines: list[str] = []
        self.tally = Tally()
        self.exit: int | None = None
        self.killed = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.agent, name)

    def reader(self, job: Job) -> Reader:
        inner, lines = self.agent.reader(job), self.lines

        class Remembering(Reader):
            def line(self, text: str) -> Iterable[Event]:
                lines.append(text)
                return inner.line(text)

            def end(self) -> Iterable[Event]:
                return inner.end()

        return Remembering()

    def outcome(self, tally: Tally, exit: int | None, killed: str, seconds: float) -> RunOutcome:
        self.tally, self.exit, self.killed = tally, exit, killed
        return self.agent.outcome(tally, exit, killed, seconds)


def settings(agent: str, base: str) -> AgentSettings:
    """As an operator would have them, but for the address: the stub in the place of the provider."""
    providers = AGENTS[agent].providers
    path = urlsplit(providers[0].base_url).path.rstrip("/") if providers else ""
    return AgentSettings(
        name=agent,
        adapter=agent,
        command=command(agent),
        key_env=KEY_VARIABLE,
        base_url=f"{base}{path}",
        model=MODELS.get(agent, ""),
    )


def workspace(folder: Path) -> Path:
    """A repository with one commit, as agents find it."""
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("# A project\n")
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-q", "-m", "First")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def play(order: Order, folder: Path) -> Cell:
    """Runs the program and says what came of it."""
    scenario = SCENARIOS[order.scenario]
    os.environ[KEY_VARIABLE] = KEY
    job = Job(
        task=ASK if scenario.ask else "contract-1",
        n=1,
        prompt=QUESTION if scenario.ask else PROMPT,
        workspace=str(workspace(folder / "workspace")),
        home=str(folder / "home"),
        log=str(folder / "logs" / "1.log"),
        wall_seconds=scenario.wall,
        silence_seconds=scenario.silence,
        read_only=scenario.ask,
    )
    since = contract.clear(Path(job.workspace))
    recording = Recording(AGENTS[order.agent])
    began = datetime.now(UTC)
    said: list[str] = []
    outcome = _run(order, order.base, job, recording, said)
    before = ""
    if order.then:
        before = outcome.failure.value
        recording = Recording(AGENTS[order.agent])
        job = replace(job, n=2, prompt="Go on.\n", resume=outcome.session, log=str(folder / "logs" / "2.log"))
        outcome = _run(order, order.then, job, recording, said)
    if order.record:
        golden.write(_recorded(order, job, recording, outcome, began), golden.path(order.agent, order.scenario))
    cell = _cell(order, job, recording, outcome, since)
    return replace(cell, reply=only_json("\n".join(said)) if scenario.ask else "", before=before)


def _run(order: Order, base: str, job: Job, recording: Recording, said: list[str]) -> RunOutcome:
    def hear(event: Event) -> None:
        if isinstance(event, Text) and not event.noise:
            said.append(event.text)

    return running.run(
        cast(Agent, recording), settings(order.agent, base), job, Clock(), Redactor(),
        Confinement(level=Level(order.level), egress=True), Watch(), hear,
    )  # fmt: skip


def _cell(order: Order, job: Job, recording: Recording, outcome: RunOutcome, since: float) -> Cell:
    where = Path(job.workspace)
    result = contract.read(where, since)
    reset = datetime.fromisoformat(outcome.reset_at) - datetime.now(UTC) if outcome.reset_at else None
    return Cell(
        agent=order.agent,
        scenario=order.scenario,
        failure=outcome.failure.value,
        reset_in=reset.total_seconds() if reset else None,
        usage=(outcome.usage.input_tokens, outcome.usage.cached_tokens, outcome.usage.output_tokens),
        cost=outcome.usage.cost_usd,
        session=outcome.session,
        exit=recording.exit,
        killed=recording.killed,
        requests=outcome.requests,
        seconds=round(outcome.seconds, 1),
        detail=outcome.detail[:300],
        hello=(where / "hello.txt").is_file(),
        valid=result is not None and result.valid,
        leaked=any(KEY in line for line in recording.lines) or _left(where, Path(job.home)),
        lines=len(recording.lines),
        left=sum(e.left for e in record.Reading(Path(job.log).with_suffix(".http.jsonl")).exchanges()),
    )


def _left(*folders: Path) -> bool:
    """The key stands in a file that the program could read or wrote."""
    files = (f for folder in folders for f in folder.rglob("*") if f.is_file() and not f.is_symlink())
    return any(KEY.encode() in f.read_bytes() for f in files if f.stat().st_size < 2_000_000)


def _recorded(order: Order, job: Job, recording: Recording, outcome: RunOutcome, began: datetime) -> golden.Recorded:
    places = {job.workspace: "/workspace", job.home: "/home/agent", str(CACHE): "/agents", str(ROOT): "/checkout"}
    plain = golden.Plain(places, began)
    exchanges = record.Reading(Path(job.log).with_suffix(".http.jsonl")).exchanges()
    return golden.Recorded(
        agent=order.agent,
        version=TESTED[order.agent],
        scenario=order.scenario,
        exit=recording.exit,
        killed=recording.killed,
        exchanges=tuple(plain.exchange(e) for e in exchanges),
        lines=tuple(plain(line) for line in recording.lines),
        failure=outcome.failure,
        reset_at=plain.time(outcome.reset_at) if outcome.reset_at else "",
        # Some tell it only in files below HOME, which a recording does not hold.
        session=plain(outcome.session) if any(outcome.session in line for line in recording.lines) else "",
        usage=outcome.usage,
        did=recording.tally.did,
    )


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    if order.keep:
        Path(order.keep).mkdir(parents=True, exist_ok=True)
        print(json.dumps(asdict(play(order, Path(order.keep)))))  # noqa: T201
        return
    with tempfile.TemporaryDirectory(prefix="cell-", ignore_cleanup_errors=True) as folder:
        print(json.dumps(asdict(play(order, Path(folder)))))  # noqa: T201


if __name__ == "__main__":
    main()
