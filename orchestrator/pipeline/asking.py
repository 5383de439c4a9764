"""One reviewer's interview: the change in parts, each question with a nonce of its own, all within one budget."""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator import agents, disk
from orchestrator.model.gate import Verdict
from orchestrator.model.governance import Opinion
from orchestrator.model.result import FailureClass, Usage
from orchestrator.model.settings import AgentSettings, RepoSettings
from orchestrator.model.task import Attempt, AttemptKind, Task
from orchestrator.model.times import stamp
from orchestrator.pipeline import funds, guard, reap, review_prompt, traces
from orchestrator.pipeline.engine import added
from orchestrator.policy import budget, review
from orchestrator.policy.budget import Spent
from orchestrator.policy.patches import Part
from orchestrator.policy.review import Answer, Unfit
from orchestrator.services import Services
from orchestrator.state.orders import OrderKind
from orchestrator.state.store import Busy, CorruptState

TRIES = 2
"""Questions about one part: what is refused is told once, and asked anew with a nonce that was never used."""


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What the interview came to; CANNOT_TELL with the reason in the summary where it came to nothing."""

    answer: Answer
    nonce: str
    """Of the answers that counted, one a part."""
    prompt_sha256: str
    log: str
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """The reviewer could not be asked."""

    failure: FailureClass
    why: str
    reset_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A person ordered the task to stop or to wait."""


@dataclass(frozen=True, kw_only=True)
class _Spent:
    """The review passed a ceiling."""

    why: str


def entry(services: Services, task: Task, agent: str) -> Attempt:
    """The review as a run in `state/spend`: it counts with the run whose head it looks at, under a key of its own."""
    started = f"{stamp(services.now())} review {secrets.token_hex(4)}"
    n = task.attempts[-1].n if task.attempts else 1
    return Attempt(n=n, kind=AttemptKind.REVIEW, agent=agent, started=started)


def interview(
    services: Services, task: Task, repo: RepoSettings, settings: AgentSettings, noted: Attempt, parts: tuple[Part, ...]
) -> Reviewed | Trouble | Stopped:
    """All parts of the judged head to one reviewer. `noted` was reserved for it in `state/spend`; its last line is
    written here, however it ends. Raises nothing for what a model says."""
    assert task.verdict is not None, "only a judged head is reviewed"
    asked = _Interview(
        services=services, task=task, repo=repo, settings=settings, noted=noted, verdict=task.verdict,
        before=funds.of_task(services, task),
    )  # fmt: skip
    try:
        return asked.go(parts)
    finally:
        with contextlib.suppress(Busy, OSError):
            services.spend.note(task, noted, asked.used, end=True)


@dataclass(kw_only=True)
class _Interview:
    services: Services
    task: Task
    repo: RepoSettings
    settings: AgentSettings
    noted: Attempt
    verdict: Verdict
    before: Spent
    """What the task had spent before."""
    used: Usage = Usage()
    prompts: list[str] = field(default_factory=list)
    nonces: list[str] = field(default_factory=list)
    looked: float = field(default_factory=time.monotonic)

    def go(self, parts: tuple[Part, ...]) -> Reviewed | Trouble | Stopped:
        answers: list[Answer] = []
        problem = ""
        for number, part in enumerate(parts, 1):
            got = self._part(part, number, len(parts))
            if isinstance(got, Trouble | Stopped):
                return got
            if isinstance(got, Answer):
                answers.append(got)
                continue
            problem = problem or (got.why if isinstance(got, _Spent) else got)
            if isinstance(got, _Spent):
                break
        joined = review.join(answers, self._ids())
        if problem and joined.opinion is not Opinion.REQUEST_CHANGES:
            joined = replace(joined, opinion=Opinion.CANNOT_TELL, summary=problem)
        return Reviewed(
            answer=joined,
            nonce=",".join(self.nonces),
            prompt_sha256=traces.of_text("".join(self.prompts)),
            log=f"{self.task.id}/{self._log(1)}",
            usage=self.used,
        )

    def _part(self, part: Part, number: int, parts: int) -> Answer | Trouble | Stopped | _Spent | str:
        """The answer about one part; words: why there is none that counts."""
        refused = ""
        for _ in range(TRIES):
            if why := self._over(Usage()):
                return _Spent(why=why)
            nonce = secrets.token_hex(16)
            text = review_prompt.ask(
                self.task, self.verdict, part, nonce=nonce, number=number, parts=parts, refused=refused
            )
            self.prompts.append(text)
            reply = self._ask(text, number)
            self.used = added(self.used, reply.usage)
            self._note(Usage())
            if isinstance(reply, agents.NoReply):
                if reply.failure is FailureClass.DID_NOTHING:
                    refused = "the answer is empty"
                    continue
                return self._failed(reply)
            try:
                answer = review.parse(
                    reply.said, nonce=nonce, head=self.verdict.head_sha, criteria=self._ids(), whole=parts == 1
                )
            except Unfit as why_not:
                refused = str(why_not)
                continue
            self.nonces.append(nonce)
            return answer
        return f"{self.settings.name} gave no answer that counts: {refused}"

    def _ask(self, text: str, number: int) -> agents.Reply | agents.NoReply:
        reap.alive(self.services, self.task)
        confine = agents.confinement(self.repo, self.services.settings.runtime)
        if isinstance(confine, str):
            return agents.NoReply(why=confine, failure=FailureClass.NOT_INSTALLED)
        home = self._home()
        disk.remove_tree(home)  # what an earlier review read and wrote down is not in this one's memory
        return agents.ask(
            self.settings,
            text,
            timeout=self.repo.review.minutes * 60,
            home=home,
            log=self.services.log_dir(self.task) / self._log(number),
            redact=self.services.redact,
            clock=self.services.clock,
            confine=replace(confine, hosts=()),  # its provider is all it needs of the network
            watch=agents.Watch(stop=self._stop, spent=self._spent),
        )

    def _failed(self, reply: agents.NoReply) -> Trouble | Stopped | _Spent:
        if reply.failure is FailureClass.STOPPED:
            return Stopped()
        if reply.failure is FailureClass.BUDGET:
            return _Spent(why=self._over(Usage()) or f"{self.settings.name}: its budget ended the review")
        return Trouble(failure=reply.failure, why=reply.why, reset_at=reply.reset_at)

    def _home(self) -> Path:
        return self.services.settings.runtime / "state" / "homes" / self.task.id / f"review-{self.settings.name}"

    def _log(self, number: int) -> str:
        return f"review-{self.verdict.head_sha[:12]}-{number}.log"

    def _ids(self) -> list[str]:
        return [c.id for c in self.task.criteria]

    def _stop(self) -> str:
        """A person's switch, stop or hold; a message is for the author and waits."""
        if self.services.stopped(self.repo):
            return "off"
        pending = self.services.orders.pending(self.task.id)
        return next((o.kind.value for o in pending if o.kind is not OrderKind.SEND), "")

    def _spent(self, usage: Usage) -> str:
        """Told what the present question has used so far."""
        if self._over(usage):
            return "budget"
        if time.monotonic() - self.looked < guard.EVERY:
            return ""
        self.looked = time.monotonic()
        self._note(usage)
        with contextlib.suppress(CorruptState, Busy, OSError):
            if funds.standing(self.services, self.repo, self.settings, passed=True) is not None:
                return "budget"
        return ""

    def _over(self, usage: Usage) -> str:
        """The ceiling of the review, of one run or of the task that is passed, in words."""
        now = budget.used(added(self.used, usage))
        most = self.repo.review.usd
        if most and now.usd > most:
            return f"the review cost {budget.money(now.usd)}, at most {budget.money(most)} (review_usd)"
        over = budget.run_over(self.repo.budget, self.settings.name, now) or budget.task_over(
            self.repo.budget, self.task, self.before + now, passed=True
        )
        return over.words if over else ""

    def _note(self, usage: Usage) -> None:
        with contextlib.suppress(CorruptState, Busy, OSError):
            self.services.spend.note(self.task, self.noted, added(self.used, usage))
