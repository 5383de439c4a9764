"""One agent run, supervised: where it is confined, what it may spend, what a person says to it meanwhile.

A message reaches a program that takes one while it runs at once. Any other is interrupted, and its session goes on with
the message as its next prompt: the same attempt, the same log. A person's `stop` or `hold` ends the run; what it had
done is judged and kept like any other work before the order is carried out (`steer`). A switch (`agent-os off`) ends it
too: what it had done is committed, and the task goes on from there when it is switched on again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from orchestrator import agents
from orchestrator.model.event import EventKind
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.model.stream import Job, RunOutcome
from orchestrator.model.task import Task
from orchestrator.pipeline import guard, reap
from orchestrator.services import Services
from orchestrator.state.orders import Order, OrderKind

MOST_MESSAGES = 20
"""Interruptions of one attempt; what is said after that waits for its next run."""
MOST_BEFORE = 20_000
"""Characters of what people said to earlier runs that a new one is told again, the newest first."""
DEAF = frozenset(
    {
        FailureClass.QUOTA, FailureClass.AUTH, FailureClass.SERVER, FailureClass.NETWORK, FailureClass.NOT_INSTALLED,
        FailureClass.MISCONFIGURED, FailureClass.CRASHED, FailureClass.NO_OUTPUT,
    }
)  # fmt: skip
"""A run that ended so may have heard nothing of what it was told. Told twice is better than never."""


def confinement(services: Services, repo: RepoSettings) -> agents.Confinement | str:
    """How this repository's runs are confined here, or why none may start."""
    objects = services.repository(repo).path / "objects"
    return agents.confinement(repo, services.settings.runtime, readable=(objects,))


def level(services: Services, repo: RepoSettings) -> str:
    """The level's name as an attempt records it before its run starts; empty where none may start."""
    confine = confinement(services, repo)
    return "" if isinstance(confine, str) else confine.level.value


def drive(services: Services, task: Task, repo: RepoSettings, settings: AgentSettings, job: Job) -> RunOutcome:
    """The run from start to end, through every message a person sends."""
    confine = confinement(services, repo)
    if isinstance(confine, str):
        return RunOutcome(exit=None, failure=FailureClass.NOT_INSTALLED, detail=confine)
    watch = guard.guard(services, task, repo, settings)
    driver = _Driver(services=services, task=task, repo=repo, settings=settings, confine=confine, guard=watch)
    return driver.go(job)


@dataclass(kw_only=True)
class _Driver:
    services: Services
    task: Task
    repo: RepoSettings
    settings: AgentSettings
    confine: agents.Confinement
    guard: Callable[[Usage], str]
    heard: list[Order] = field(default_factory=list)
    """Messages given to the present leg. They stand on disk until it has ended: a worker that dies with it leaves them
    for the next run."""

    def go(self, job: Job) -> RunOutcome:
        before, seconds, requests = Usage(), 0.0, 0
        if word := self._ordered(messages=False):
            return RunOutcome(exit=None, failure=FailureClass.STOPPED, detail=word)
        job = self._told_before(job)
        if said := self._messages():  # while no agent was running
            job = replace(job, prompt="\n".join([job.prompt, *map(words, said), ""]))
        for legs in range(MOST_MESSAGES + 1):
            reap.alive(self.services, self.task)
            outcome = agents.run(
                self.settings,
                job,
                clock=self.services.clock,
                redact=self.services.redact,
                confine=self.confine,
                watch=self._watch(before, interruptible=legs < MOST_MESSAGES),
            )
            before = added(before, outcome.usage)
            seconds, requests = seconds + outcome.seconds, requests + outcome.requests
            self._delivered(outcome)
            if outcome.failure is not FailureClass.STOPPED or self._ordered(messages=False):
                break
            if not (said := self._messages()):
                break
            job = self._resumed(job, outcome, said)
        return replace(outcome, usage=before, seconds=seconds, requests=requests)

    def _watch(self, before: Usage, *, interruptible: bool) -> agents.Watch:
        """What this leg of the run is asked and told; `before` was used by the legs before it."""
        live = agents.capabilities(self.settings).live_message
        return agents.Watch(
            stop=lambda: self._ordered(messages=interruptible and not live),
            message=self._message,
            spent=lambda used: self.guard(added(before, used)),
        )

    def _pending(self) -> tuple[Order, ...]:
        return self.services.orders.pending(self.task.id)

    def _ordered(self, *, messages: bool) -> str:
        """Why the run is to end; asked several times a second, so the orders are looked at once."""
        if self.services.stopped(self.repo):
            return "off"
        pending = self._pending()
        if not pending:
            return ""
        if messages and self._unheard():
            return "message"
        return next((o.kind.value for o in pending if o.kind is not OrderKind.SEND), "")

    def _unheard(self) -> tuple[Order, ...]:
        told = {o.number for o in self.heard}
        return tuple(o for o in self._pending() if o.kind is OrderKind.SEND and o.number not in told)

    def _message(self) -> str:
        """The next message for a program that is listening."""
        for order in self._unheard():
            self.heard.append(order)
            return words(order)
        return ""

    def _messages(self) -> tuple[Order, ...]:
        """All that were not heard yet, for the leg that is about to start."""
        said = self._unheard()
        self.heard += said
        return said

    def _delivered(self, outcome: RunOutcome) -> None:
        """After a leg. One that never came to work has heard nothing: its messages wait for the next run."""
        if outcome.failure not in DEAF:
            for order in self.heard:
                self._done(order)
        self.heard.clear()

    def _done(self, order: Order) -> None:
        self.services.orders.done(self.task.id, order.number)
        digest = hashlib.sha256(order.text.encode("utf-8", "replace")).hexdigest()
        self.services.record(
            EventKind.DELIVERED, self.task, {"message": digest}, order=order.number, by=order.by,
            n=len(self.task.attempts),
        )  # fmt: skip

    def _resumed(self, job: Job, outcome: RunOutcome, said: tuple[Order, ...]) -> Job:
        """The next leg of the same attempt: its session with the messages, or the whole prompt again with them."""
        text = "\n".join([*map(words, said), ""])
        session = outcome.session or job.resume
        if agents.capabilities(self.settings).resume and session:
            return replace(job, resume=session, prompt=text)
        return replace(job, prompt=f"{job.prompt}\n{text}")

    def _told_before(self, job: Job) -> Job:
        """What people said to earlier runs holds for this one too; a session that goes on has heard it."""
        if job.resume and agents.capabilities(self.settings).resume:
            return job
        kept: list[str] = []
        room = MOST_BEFORE
        for order in reversed(self.services.orders.heard(self.task.id)):
            text = words(order)
            room -= len(text)
            if room < 0:
                kept.append("[older messages are left out for size]")
                break
            kept.append(text)
        if not kept:
            return job
        told = ["# Said by people to earlier runs of this task", "", *reversed(kept), ""]
        return replace(job, prompt="\n".join([job.prompt, *told]))


def words(order: Order) -> str:
    """A person's message as the agent gets it; ao's habit: who speaks stands first."""
    return f"[from {order.by}] {order.text}"


def added(one: Usage, two: Usage) -> Usage:
    """Both runs together. Money is unknown as soon as a part of it is that used tokens."""
    if not (two.input_tokens or two.output_tokens or two.cost_usd):
        return one
    if not (one.input_tokens or one.output_tokens or one.cost_usd):
        return two
    known = one.cost_usd is not None and two.cost_usd is not None
    return Usage(
        input_tokens=one.input_tokens + two.input_tokens,
        cached_tokens=one.cached_tokens + two.cached_tokens,
        output_tokens=one.output_tokens + two.output_tokens,
        cost_usd=(one.cost_usd or 0) + (two.cost_usd or 0) if known else None,
        source=two.source if one.source == two.source else "computed" if known else "unknown",
    )
