"""What people read on GitHub about a task. The caller redacts it; foreign text is defused before it goes out."""

from __future__ import annotations

import re

from orchestrator.model.task import Attempt, Task
from orchestrator.pipeline import estimating
from orchestrator.policy import ci_words
from orchestrator.policy import review as judged
from orchestrator.policy.sections import visible
from orchestrator.services import Services

_MOST_FINDINGS = 20


def defused(text: str) -> str:
    """Text by an agent, safe inside our comments and commits: no hidden text, no mention, no closing keyword, no slash
    command, nothing that switches CI off."""
    text = ci_words.MENTION.sub("@\u2060", ci_words.heard(visible(text)))
    text = ci_words.CLOSING.sub(r"\1\2\\", text)
    return re.sub(r"(?m)^/", "\\/", text)


def published(services: Services, task: Task) -> str:
    last = task.attempts[-1]
    lines = [
        "**Orchestrator update**",
        "",
        f"- Task: `{task.id}`",
        f"- Branch: `{task.branch}`",
        f"- Status: {last.status.value if last.status else 'complete'}",
        f"- Commit: {task.pushed_sha}",
        f"- PR: #{task.pull_request}",
        f"- Summary: {_line(last.summary)}",
        f"- {estimating.line(services, task)}",
    ]
    if said := reviewed(task):
        lines.append(f"- Review: {said}")
    if last.next_step:
        lines.append(f"- Next step: {_line(last.next_step)}")
    return "\n".join(lines + _manual(last))


def reviewed(task: Task) -> str:
    """What the reviewer said of the judged head, in one line; empty where nobody was asked."""
    review = judged.of_head(task)
    if review is None or task.verdict is None:
        return ""
    parts = [review.opinion.value.replace("_", " ")]
    if review.reviewer:
        own = "the author's own program in a fresh run; no other was there" if review.same_agent else "another agent"
        parts[0] += f" by {review.reviewer} ({own})"
    parts.append(f"risk {task.verdict.risk.value}")
    if task.criteria:
        parts.append(f"{sum(c.met for c in review.criteria)} of {len(task.criteria)} criteria met")
    if review.why:
        parts.append(_line(review.why))
    return "; ".join(parts)


def _review(task: Task) -> str:
    """The reviewer's part of the pull request's text."""
    review, said = judged.of_head(task), reviewed(task)
    if review is None or not said:
        return ""
    unmet = [f"- {c.id} is not met: {_line(c.evidence)}" for c in review.criteria if not c.met]
    found = [
        f"- {_line(f.file)}{f':{f.line}' if f.line else ''}, {f.severity.value}: {_line(f.text)}"
        for f in review.findings[:_MOST_FINDINGS]
    ]
    more = len(review.findings) - len(found)
    left = [f"- {more} more"] if more else []
    return "\n".join([f"### Review\n\n{said}", *([""] if unmet or found else []), *unmet, *found, *left])


def stopped(task: Task, why: str) -> str:
    last = task.attempts[-1] if task.attempts else None
    lines = ["**Orchestrator update**", "", f"- Task: `{task.id}`", f"- Branch: `{task.branch}`"]
    lines += [f"- Status: {task.ending.value if task.ending else 'stopped'}", f"- Why: {_line(why)}"]
    if last:
        lines += [f"- Blocker code: {last.blocker_code.value}", f"- Summary: {_line(last.summary)}"]
        if last.next_step:
            lines.append(f"- Next step: {_line(last.next_step)}")
        lines += _manual(last)
    return "\n".join(lines)


def red(task: Task) -> str:
    """The comment about failed checks; the structured copy stands in the task."""
    checks = "\n".join(f"- **{_line(c.name)}**: `{c.conclusion}`" for c in task.failed_checks)
    what = (
        f"Checks failed on #{task.pull_request}:\n\n{checks}"
        if checks
        else f"#{task.pull_request} conflicts with its base."
    )
    return f"**Orchestrator update**\n\n{what}\n\nThe task goes back to an agent on the same branch."


def pull_body(task: Task, *, cost: str) -> str:
    last = task.attempts[-1]
    done = "\n".join(f"- {defused(item)}" for item in last.done)
    risks = "\n".join(f"- {defused(item)}" for item in last.risks)
    parts = [defused(last.summary)]
    if done:
        parts.append(f"### Done\n\n{done}")
    if risks:
        parts.append(f"### Risks\n\n{risks}")
    if last.verification:
        parts.append(
            f"### Verified by us\n\n`{last.verification.command}` ended with {last.verification.exit} "
            f"after {last.verification.seconds:.0f} s on a clean checkout."
        )
    parts.append(_review(task))
    runs = ", ".join(f"{a.agent} ({a.kind.value})" for a in task.attempts)
    parts.append(f"Task `{task.id}`; agent runs: {runs}")
    parts.append(cost)
    return "\n\n".join(p for p in parts if p)


def answer(task: Task) -> str:
    last = task.attempts[-1]
    done = "\n".join(f"- {defused(item)}" for item in last.done)
    return (
        f"**Orchestrator update**\n\nAnswer of task `{task.id}` by {last.agent}:\n\n{defused(last.summary)}\n\n{done}"
    )


def _manual(last: Attempt) -> list[str]:
    return ["", "**Manual steps**", "", *(f"- {defused(s)}" for s in last.manual_steps)] if last.manual_steps else []


def _line(text: str) -> str:
    """One line of a list, whatever the text held."""
    return " ".join(defused(text).split())[:1000] or "none"
