"""The repository's type check and static checks, run by us as the verification is."""

from __future__ import annotations

from orchestrator.gate.base import COMMANDS, cannot_tell, failed, passed
from orchestrator.gate.verification import TAIL, hint
from orchestrator.model.gate import CommandRun, Evidence, Finding

name = "static"
stage = COMMANDS
version = 2


def check(evidence: Evidence) -> Finding:
    runs = dict(evidence.static)
    wanted = dict.fromkeys([*(title for title, _ in evidence.rules.static), *runs])
    missing = [title for title in wanted if runs.get(title) is None]
    ended = [(title, run) for title in wanted if (run := runs.get(title)) is not None]
    red = [_words(title, run) for title, run in ended if run.exit not in (0, None)]
    if red:
        return failed(name, "\n\n".join(red))
    if missing:
        return cannot_tell(name, f"Not run: {', '.join(missing)}")
    open_ended = [f"`{run.command}` ({title}) in {run.seconds:.0f} s" for title, run in ended if run.exit is None]
    if open_ended:
        return cannot_tell(name, f"Did not end by itself: {', '.join(open_ended)}")
    return passed(name)


def _words(title: str, run: CommandRun) -> str:
    told = f"Make `{run.command}` ({title}) pass: it ended with exit code {run.exit}.{hint(run)}"
    return f"{told}\n{run.tail[-TAIL:]}".rstrip()
