"""Is everything there that the work needs: one check per file, each with the command that mends it.

`examine.examine(...)` looks; nothing is changed. `mending.mend(...)` does what a finding says it can. To add a check: a
module here with a `CHECK`, one line in CHECKS, a paragraph in docs/doctor.md.
"""

from __future__ import annotations

from orchestrator.doctor import (
    agents,
    anchors,
    board,
    budgets,
    ci,
    clock,
    configuration,
    cron,
    crontab,
    disk,
    extras,
    folders,
    git,
    labels,
    ledger,
    mailbox,
    memory,
    objectives,
    packages,
    pager,
    permissions,
    protection,
    python,
    repositories,
    sandbox,
    scopes,
    similarity,
    smoke,
    state,
    stuck,
    switches,
    token,
)
from orchestrator.doctor.base import Check, Finding, Given, Line, Machine, Report, State

__all__ = ["CHECKS", "Check", "Finding", "Given", "Line", "Machine", "Report", "State"]

CHECKS: tuple[Check, ...] = (
    python.CHECK,
    git.CHECK,
    packages.CHECK,
    extras.CHECK,
    configuration.CHECK,
    objectives.CHECK,
    folders.CHECK,
    permissions.CHECK,
    disk.CHECK,
    memory.CHECK,
    sandbox.CHECK,
    agents.CHECK,
    smoke.CHECK,
    clock.CHECK,
    token.CHECK,
    scopes.CHECK,
    repositories.CHECK,
    board.CHECK,
    labels.CHECK,
    protection.CHECK,
    ci.CHECK,
    anchors.CHECK,
    crontab.CHECK,
    cron.CHECK,
    switches.CHECK,
    pager.CHECK,
    similarity.CHECK,
    budgets.CHECK,
    ledger.CHECK,
    mailbox.CHECK,
    state.CHECK,
    stuck.CHECK,
)
"""In the order of the report."""
