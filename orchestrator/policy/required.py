"""Are the checks that a branch's protection asks for there, green, and from the app that is to report them.

The host asks the same of everybody but of accounts that its rules let pass by, and ours may be one.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.model.pull import CheckRun, CheckState, Required


def lacking(required: Sequence[Required], checks: Sequence[CheckRun]) -> tuple[str, ...]:
    """Names of required checks that nobody entitled has reported green. A commit status is of no app."""
    return tuple(r.context for r in required if not any(_is(r, c) and c.state is CheckState.GREEN for c in checks))


def _is(wanted: Required, check: CheckRun) -> bool:
    return check.name == wanted.context and wanted.app in (None, check.app_id)
