"""The independent reviewer's turn: after the gate has passed, before anything is published.

A review is written into the task before anything acts on it. Until then nothing is: a worker that dies is followed by
one that asks again. A reviewer whose provider refuses is passed over, and where nobody can be asked now the task waits
in the inbox. But one that answers and cannot tell is not outvoted by asking the next.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestrator.mailbox.box import Claim
from orchestrator.model.event import EventKind
from orchestrator.model.gate import Verdict
from orchestrator.model.governance import Opinion, ReviewMode, ReviewVerdict
from orchestrator.model.result import FailureClass
from orchestrator.model.settings import RepoSettings
from orchestrator.model.stream import RunOutcome
from orchestrator.model.task import Attempt, Folder, Task
from orchestrator.model.times import parse, stamp
from orchestrator.pipeline import asking, choosing, funds, steer, traces
from orchestrator.pipeline.asking import Reviewed, Stopped, Trouble
from orchestrator.policy import patches, reviewers, route
from orchestrator.policy import review as judged
from orchestrator.policy.reviewers import Later, Nobody, Reviewer
from orchestrator.services import Services

REST = timedelta(minutes=10)
MOST_RESTS = 6
"""Waits of one head after trouble of its reviewers, each twice as long as the one before: ten hours together."""
PASSING = frozenset({FailureClass.SERVER, FailureClass.NETWORK, FailureClass.CRASHED, FailureClass.NO_OUTPUT})
"""Trouble that may be over after a rest."""


def review(services: Services, claim: Claim) -> Claim | None:
    """The claim with `task.review` for the judged head, where one is wanted and not there yet. None when the task left
    `processing` (it waits for a reviewer's quota)."""
    task, repo = claim.task, services.repo(claim.task)
    verdict = task.verdict
    if repo.review.mode is ReviewMode.OFF or verdict is None or not verdict.passed or judged.of_head(task) is not None:
        return claim
    patch = services.repository(repo).patch(verdict.base_sha, verdict.head_sha)
    if not patch.strip():
        if task.pull_request is None:
            return claim  # an answer in words
        return _none(services, claim, verdict, patch, "the change is empty")
    parts = _parts(services, patch, verdict)
    if not 0 < len(parts) <= patches.MOST:
        why = f"too large to review: {len(patch):,} characters, at most {patches.MOST} parts of {patches.LIMIT:,}"
        return _none(services, claim, verdict, patch, why)
    if (over := funds.over(services, task, repo)) is not None:
        if over.until:
            funds.say(services, over)
            _wait(services, claim, over.until, over.words)
            return None
        return _none(services, claim, verdict, patch, over.words)
    return _by_somebody(services, claim, verdict, patch, parts)


def _parts(services: Services, patch: str, verdict: Verdict) -> tuple[patches.Part, ...]:
    """None where it is too large at first sight. Redacted as a whole: a secret may span what is cut apart later."""
    if len(patch) > patches.MOST * patches.LIMIT:
        return ()
    return patches.parts(patches.files(str(services.redact(patch)), frozenset(verdict.tests)))


def _by_somebody(
    services: Services, claim: Claim, verdict: Verdict, patch: str, parts: tuple[patches.Part, ...]
) -> Claim | None:
    """One reviewer after the other, until one has answered or nobody is left to ask now."""
    task, repo = claim.task, services.repo(claim.task)
    tried: dict[str, Trouble] = {}
    resting: dict[str, str] = {}
    while True:
        choice = _choose(services, task, repo, resting)
        if isinstance(choice, Later):
            _wait(services, claim, choice.until, f"waits for a reviewer: {choice.why}")
            return None
        if isinstance(choice, Nobody):
            passing = any(t.failure in PASSING for t in tried.values())
            why = f"no reviewer could be asked: {'; '.join([t.why for t in tried.values()] or [choice.why])}"
            if passing and (until := _rests(services, task, verdict)):
                _wait(services, claim, until, why)
                return None
            return _none(services, claim, verdict, patch, why)
        reviewer, noted = choice
        settings = services.settings.agent(reviewer.agent)
        assert settings is not None, "only configured agents are chosen"
        got = asking.interview(services, task, repo, settings, noted, parts)
        if isinstance(got, Reviewed):
            return _save(services, claim, _verdict(services, verdict, patch, reviewer, got, len(parts)))
        if isinstance(got, Stopped):
            if (standing := steer.obey(services, claim)) is not claim:
                return standing
            continue
        tried[reviewer.agent], resting[reviewer.agent] = got, ""
        if got.failure is FailureClass.QUOTA:
            until = route.cool_until(got.reset_at, services.now(), settings.cooldown_minutes)
            services.cooldowns.set(reviewer.agent, until)
            # A told reset that is past already asks nobody again at once.
            resting[reviewer.agent] = max(until, stamp(services.now() + REST), key=parse)
        choosing.tell_operator(services, settings, RunOutcome(exit=None, failure=got.failure, detail=got.why))


def _choose(
    services: Services, task: Task, repo: RepoSettings, resting: dict[str, str]
) -> tuple[Reviewer, Attempt] | Later | Nobody:
    """The reviewer with its place held, or when somebody can be asked, or why nobody can. `resting`: who failed in this
    review, and until when (empty: for all of it)."""
    adapters = {a.name: a.adapter for a in services.settings.agents}
    names = reviewers.order(task, repo, adapters)
    chain = replace(repo, chains=((task.type, names),))
    bare = replace(task, agent="auto", next_agent="")
    unfit = choosing.preflights(services, bare, chain)
    with choosing.reserved(services):
        health = choosing.health(services, bare, chain, unfit)
        choice = reviewers.choose(task, repo, names, health, services.now(), resting)
        if not isinstance(choice, Reviewer):
            return choice
        noted = asking.entry(services, task, choice.agent)
        choosing.reserve(services, task, noted)
    return choice, noted


def _rests(services: Services, task: Task, verdict: Verdict) -> str:
    """When trouble of all reviewers is met with another try; empty when there were enough."""
    subject = f"review:{task.id}"
    n = next((k + 1 for k in range(MOST_RESTS) if services.signatures.seen(subject, f"{verdict.head_sha}:{k}")), 0)
    if n >= MOST_RESTS:
        return ""
    services.signatures.remember(subject, f"{verdict.head_sha}:{n}")
    return stamp(services.now() + REST * (1 << n))


def _wait(services: Services, claim: Claim, until: str, why: str) -> None:
    """In the inbox as it is, judged: who takes it up then asks again."""
    reason = str(services.redact(why))
    services.mailbox.move(claim, replace(claim.task, not_before=until, reason=reason), Folder.INBOX)


def _none(services: Services, claim: Claim, verdict: Verdict, patch: str, why: str) -> Claim:
    """Nobody could review: recorded, so that a person is asked."""
    text = str(services.redact(why))[: judged.WORDS]
    return _save(
        services,
        claim,
        ReviewVerdict(
            head_sha=verdict.head_sha, base_sha=verdict.base_sha, nonce="", opinion=Opinion.CANNOT_TELL, why=text,
            diff_sha256=traces.of_text(patch), at=stamp(services.now()), parts=0,
        ),
    )  # fmt: skip


def _verdict(
    services: Services, verdict: Verdict, patch: str, reviewer: Reviewer, got: Reviewed, parts: int
) -> ReviewVerdict:
    """As it is recorded; what a model said is redacted first."""
    clean = services.redact
    answer = got.answer
    return ReviewVerdict(
        head_sha=verdict.head_sha,
        base_sha=verdict.base_sha,
        nonce=got.nonce,
        opinion=answer.opinion,
        why=str(clean(answer.summary)),
        reviewer=reviewer.agent,
        same_agent=reviewer.same_agent,
        findings=tuple(
            replace(f, file=str(clean(f.file)), text=str(clean(f.text)), criterion=str(clean(f.criterion)))
            for f in answer.findings
        ),
        criteria=tuple(replace(c, evidence=str(clean(c.evidence))) for c in answer.criteria),
        tests=answer.tests,
        parts=parts,
        prompt_sha256=got.prompt_sha256,
        diff_sha256=traces.of_text(patch),
        log=got.log,
        at=stamp(services.now()),
        usage=got.usage,
    )


def _save(services: Services, claim: Claim, verdict: ReviewVerdict) -> Claim:
    """Into the task, with what its author is to mend beside the gate's own findings; then into the ledger."""
    task = replace(claim.task, review=verdict, not_before="", reason="")
    if judged.refused(task, services.repo(task)):
        last = task.attempts[-1]
        told = tuple(f for f in last.findings if not f.startswith(judged.MARK))
        last = replace(last, findings=(*told, *judged.instructions(verdict)))
        task = replace(task, attempts=(*task.attempts[:-1], last))
    claim = services.mailbox.save(claim, task)
    hashes = {
        "prompt": verdict.prompt_sha256,
        "diff": verdict.diff_sha256,
        "verdict": traces.review(verdict),
    }
    services.record(
        EventKind.REVIEWED, task, {k: v for k, v in hashes.items() if v},
        opinion=verdict.opinion.value, reviewer=verdict.reviewer, same_agent=verdict.same_agent,
        head=verdict.head_sha, findings=len(verdict.findings), parts=verdict.parts, why=verdict.why,
        cost=verdict.usage.cost_usd, log=verdict.log,
    )  # fmt: skip
    return claim
