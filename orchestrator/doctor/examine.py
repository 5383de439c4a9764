"""Runs checks: quick ones here, slow ones side by side, each with its own time limit; none can end the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestrator.doctor.base import Check, Finding, Given, Line, Report, State, fail, named, unknown
from orchestrator.github.errors import GitHubError, RateLimited, Unauthorized, Unavailable
from orchestrator.model.errors import Told

Redact = Callable[[str], str]
RESTS = "not looked at: it needs"
MOST = 600
"""Characters of what was seen in one line."""


def examine(given: Given, checks: Sequence[Check], redact: Redact) -> Report:
    """Every check once. In waves: a check starts when those that it needs are done."""
    began = time.monotonic()
    waiting = [check for check in checks if check.quick or not given.quick]
    names = {check.name for check in waiting}
    while waiting:
        ready = [c for c in waiting if all(n in given.found or n not in names for n in c.needs)]
        waiting = [c for c in waiting if c not in ready]
        _wave(given, ready)
    lines = [
        _line(check, finding, redact)
        for check in checks
        if check.name in given.found
        for finding in given.found[check.name]
    ]
    return Report(lines=tuple(lines), seconds=round(time.monotonic() - began, 2))


def again(given: Given, check: Check) -> tuple[Finding, ...]:
    """One check anew, after something was mended."""
    given.found[check.name] = _one(given, check)
    return given.found[check.name]


@dataclass
class _Run:
    check: Check
    until: float
    thread: threading.Thread
    found: list[tuple[Finding, ...]] = field(default_factory=list)


def _wave(given: Given, checks: Sequence[Check]) -> None:
    slow = [_start(given, check) for check in checks if check.seconds]
    for check in checks:
        if not check.seconds:
            given.found[check.name] = _one(given, check)
    for run in slow:
        run.thread.join(max(0.0, run.until - time.monotonic()))
        late = (unknown(f"no answer within {run.check.seconds:.0f} s", mend="try again; is the network there?"),)
        given.found[run.check.name] = run.found[0] if run.found else late


def _start(given: Given, check: Check) -> _Run:
    found: list[tuple[Finding, ...]] = []
    # A daemon: what hangs past its limit must not hold the program.
    thread = threading.Thread(target=lambda: found.append(_one(given, check)), name=check.name, daemon=True)
    thread.start()
    return _Run(check=check, until=time.monotonic() + check.seconds, thread=thread, found=found)


def _one(given: Given, check: Check) -> tuple[Finding, ...]:
    lost = [name for name in check.needs if _lost(given.found.get(name, ()))]
    if lost:
        return (unknown(f"{RESTS} {named(lost)}"),)
    try:
        with given.for_one() as alone:
            return tuple(check.look(alone))
    except (RateLimited, Unavailable, Unauthorized) as why:
        return (unknown(f"GitHub: {why}", mend="try again later"),)
    except (GitHubError, Told) as why:
        return (fail(str(why), "do what it says"),)
    except Exception as error:  # noqa: BLE001 - the fence: a check that crashes is a finding, and the others go on
        words = f"this check crashed: {type(error).__name__}: {error}"
        return (fail(words, mend="report it as a fault of agent-os, with `agent-os doctor --bundle FILE`"),)


def _lost(found: tuple[Finding, ...]) -> bool:
    """All that was looked at is missing, or could not be told."""
    return bool(found) and all(f.state in (State.FAIL, State.UNKNOWN) for f in found)


def _line(check: Check, finding: Finding, redact: Redact) -> Line:
    return Line(
        check=check.name,
        subject=_words(finding.subject, redact),
        state=finding.state,
        seen=_words(finding.seen, redact),
        why=check.why,
        mend=_words(finding.mend, redact),
        fixable=finding.fixable and check.mend is not None,
    )


def _words(text: str, redact: Redact) -> str:
    """One bounded line of printable characters; redacted before it is cut."""
    clean = redact(text)
    line = " ".join("".join(c if c.isprintable() else " " for c in clean).split())
    return line if len(line) <= MOST else f"{line[: MOST - 1]}…"
