"""One agent run: its way out, its box, its process, its watchers; and what came of it.

An agent gets a cleared environment, a HOME of its own and the variables its settings name; no token of ours is ever
among them. Its provider's key stays with our proxy.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator import disk, process, sandbox
from orchestrator.agents import failure, keys, login
from orchestrator.agents.base import Agent, Gateway, Tally
from orchestrator.agents.log import RunLog
from orchestrator.clock import Clock
from orchestrator.model.confinement import Level
from orchestrator.model.exchange import Exchange
from orchestrator.model.names import Public
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Denied, Event, Job, RunOutcome, Terminal
from orchestrator.model.times import parse, stamp
from orchestrator.sandbox import egress

NEVER_PASSED = frozenset({"GITHUB_TOKEN", "GH_TOKEN", "GITHUB_PAT", "TELEGRAM_BOT_TOKEN"})
"""Variables no agent gets, whatever its settings name."""
GLANCE = 2.0
"""Seconds between two looks at what a run has spent and takes up."""

_SESSION = re.compile(r"[A-Za-z0-9][\w.:-]{0,127}")


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """How runs are confined here: what the repository asks for, and the level this machine can hold."""

    level: Level = Level.NONE
    egress: bool = False
    """Without it nothing stands between the run and the network, and its provider's key reaches its environment. For
    stories of scripted agents, which have neither."""
    hosts: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()


OPEN = Confinement()
NO_GATEWAY = Gateway()


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What the caller says while an agent runs. Words end the run: see `base.KILLED`."""

    stop: Callable[[], str] = lambda: ""
    """Asked with each piece of output, and every quarter of a second to two seconds of a silent program."""
    message: Callable[[], str] = lambda: ""
    """The next message for the agent, or nothing; asked only of programs that take one while they run."""
    spent: Callable[[Usage], str] = lambda usage: ""
    """Told every few seconds what this run has used so far."""


def run(
    agent: Agent,
    settings: AgentSettings,
    job: Job,
    clock: Clock,
    redact: Callable[[str], Public],
    confine: Confinement,
    watch: Watch,
    hear: Callable[[Event], None],
) -> RunOutcome:
    """One run of a fit agent. Raises nothing for what the agent does."""
    with RunLog(Path(job.log), clock, redact) as log:
        log.note(f"run {job.n} of {job.task} by {settings.name}, sandbox {confine.level.value}")
        try:
            with _way_out(agent, settings, job, confine) as (gateway, way_out):
                outcome = _Run(agent, settings, job, confine, watch, log, hear, gateway, way_out).go()
        except process.CannotStart as error:
            log.note(f"cannot start: {error}")
            return RunOutcome(exit=None, failure=FailureClass.NOT_INSTALLED, detail=str(redact(str(error))))
        outcome = replace(_checked(outcome, redact), sandbox=confine.level.value)
        log.note(f"ended: exit {outcome.exit}, {outcome.failure.value} {outcome.detail}".rstrip())
    return outcome


class _Run:
    """One process and what is heard of it."""

    def __init__(
        self,
        agent: Agent,
        settings: AgentSettings,
        job: Job,
        confine: Confinement,
        watch: Watch,
        log: RunLog,
        hear: Callable[[Event], None],
        gateway: Gateway,
        way_out: egress.Egress | None,
    ) -> None:
        self.agent, self.settings, self.job, self.confine, self.watch = agent, settings, job, confine, watch
        self.log, self.hear, self.gateway, self.way_out = log, hear, gateway, way_out
        self.reader, self.tally = agent.reader(job), Tally()
        self.channel = process.Channel(agent.stdin(job))
        self.live = agent.capabilities.live_message and not job.read_only
        if not self.live:
            self.channel.close()
        self.looked = time.monotonic()
        self.over: Callable[[], str] = lambda: ""

    def go(self) -> RunOutcome:
        argv = tuple(self.agent.argv(self.job, self.settings, self.gateway))
        env = environment(self.agent, self.job, self.settings, self.gateway)  # makes the HOME that a login comes into
        wish = _wish(argv, self.settings, self.job, self.confine, self.way_out)
        box = sandbox.box(self.confine.level, wish, self._control())
        self.over = box.meter.over
        with contextlib.closing(box), login.lent(self.agent, self.settings, self.job, has_key=bool(self.gateway.url)):
            ended = process.stream(
                box.wrap(argv),
                cwd=self.job.workspace,
                env=env,
                stdin=self.channel,
                on_line=self._line,
                wall_seconds=self.job.wall_seconds,
                silence_seconds=self.job.silence_seconds,
                stop=self._stop,
                pass_fds=box.pass_fds,
                started=box.meter.begin,
                interrupt=lambda pid: box.interrupt(
                    pid, signal.SIGINT if self.agent.capabilities.interrupt else signal.SIGTERM
                ),
            )
            starved = box.meter.end()
        for event in self.reader.end():
            self._take(event)
        if self.way_out:
            self.way_out.settle()
        for refusal in self.way_out.refusals() if self.way_out else ():
            self._take(Denied(what=f"connection to {refusal.target}: {refusal.why}"))
        outcome = self.agent.outcome(
            self.tally, ended.exit, ended.why_killed or (starved if ended.exit else ""), ended.seconds
        )
        return failure.settled(outcome, self._exchanges(), self.settings.price)

    def _control(self) -> int:
        return self.way_out.control if self.way_out else -1

    def _exchanges(self) -> tuple[Exchange, ...]:
        return self.way_out.exchanges() if self.way_out else ()

    def _line(self, text: str) -> None:
        for event in self.reader.line(text):
            self._take(event)

    def _take(self, event: Event) -> None:
        self.tally.add(self.log.event(event))
        self.hear(event)
        if self.live and isinstance(event, Terminal):
            self.channel.close()  # it answered everything it was told: nothing more comes

    def _stop(self) -> str:
        if word := self.watch.stop():
            return word
        if self.live and not self.channel.closed and (said := self.watch.message()):
            self.log.note(f"message: {said}")
            self.channel.send(self.agent.message(said))
        now = time.monotonic()
        if now - self.looked < GLANCE:
            return ""
        self.looked = now
        if word := self.over():
            return word
        exchanges = self.way_out.recorded() if self.way_out else ()
        if failure.hopeless(exchanges):
            return "refused"
        return self.watch.spent(failure.usage(self.tally.usage, exchanges, self.settings.price))


@contextlib.contextmanager
def _way_out(
    agent: Agent, settings: AgentSettings, job: Job, confine: Confinement
) -> Iterator[tuple[Gateway, egress.Egress | None]]:
    """The proxies of this run. A key's way leads through the gateway, a subscription's by the CONNECT proxy."""
    found = keys.access(agent, settings) if agent.providers else ""
    access = found if isinstance(found, keys.Access) else None
    model = settings.model or (access.provider.model if access else "")
    boxed = confine.level is not Level.NONE
    if not confine.egress and access is None:
        yield Gateway(model=model, boxed=boxed), None
        return
    dummy = f"sk-none-{secrets.token_hex(20)}"
    hosts = (*confine.hosts, *settings.hosts, *(login.hosts(agent) if access is None else ()))
    rules = egress.Rules(
        record=Path(job.log).with_suffix(".http.jsonl"),
        upstream=egress.Upstream(base_url=access.base_url, key=access.key, dummy=dummy) if access else None,
        hosts=hosts,
    )
    Path(job.log).parent.mkdir(parents=True, exist_ok=True)
    with egress.serve(rules, inside=confine.level is Level.BUBBLEWRAP) as way_out:
        yield (
            Gateway(
                url=way_out.gateway_url if access else "",
                key=dummy if access else "",
                provider=access.provider.name if access else "",
                model=model,
                proxy=way_out.proxy_url,
                boxed=boxed,
            ),
            way_out,
        )


def _wish(
    argv: tuple[str, ...], settings: AgentSettings, job: Job, confine: Confinement, way_out: egress.Egress | None
) -> sandbox.Wish:
    urls = (way_out.gateway_url, way_out.proxy_url) if way_out else ()
    return sandbox.Wish(
        workspace=Path(job.workspace),
        home=Path(job.home),
        program=argv[0],
        scripts=tuple(word for word in argv[1:] if word.startswith("/") and Path(word).is_file()),
        ports=tuple(port for port in (urlsplit(url).port for url in urls) if port),
        readable=(
            *confine.readable,
            *(Path(p) for p in settings.readable),
            *([Path(settings.playbook)] if settings.playbook else []),
        ),
        read_only=job.read_only,
        limits=settings.limits,
    )


def environment(agent: Agent, job: Job, settings: AgentSettings, gateway: Gateway = NO_GATEWAY) -> Mapping[str, str]:
    """All an agent's process sees. Makes its HOME with the files it wants; temporary files stay in it."""
    home = Path(job.home)
    temporary = home / "tmp"
    _way(home, temporary / "any")
    for name, text in agent.files(job, settings, gateway).items():
        _way(home, home / name).write_text(text)
    allowed = [name for name in settings.env if name not in NEVER_PASSED]
    proxy = egress.variables(gateway.proxy) if gateway.proxy else {}
    # The system's settings of git are the operator's; where they may not be read (Landlock), git would not work at all.
    fixed = {"HOME": job.home, "TMPDIR": str(temporary), "GIT_CONFIG_NOSYSTEM": "1"}
    own = {**fixed, **proxy, **agent.env(job, settings, gateway), **dict(job.env)}
    return process.clean_env({k: v for k, v in own.items() if k not in NEVER_PASSED}, keep=allowed)


def _way(home: Path, path: Path) -> Path:
    """The path, with folders of its own down to it: an earlier run may have left links there, which would lead us out
    of its HOME, or something that is no folder."""
    for part in reversed(path.relative_to(home).parents):
        folder = home / part
        if part.parts and os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
            folder.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        disk.remove_tree(path)
    path.unlink(missing_ok=True)
    return path


def _checked(outcome: RunOutcome, redact: Callable[[str], Public]) -> RunOutcome:
    """What an agent told is foreign: a session id becomes an argument later, a time becomes a decision."""
    return replace(
        outcome,
        session=outcome.session if _SESSION.fullmatch(outcome.session) else "",
        reset_at=_time(outcome.reset_at),
        detail=str(redact(outcome.detail))[:2000],
    )


def _time(text: str) -> str:
    try:
        return stamp(parse(text)) if text else ""
    except (ValueError, OverflowError):
        return ""
