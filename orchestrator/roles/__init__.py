"""Cron roles. To add one: one file here, one line in ROLES; crontab and help are printed from it."""

from __future__ import annotations

from orchestrator.roles import autopull, dispatcher, pr_monitor, queue
from orchestrator.roles.base import Role

ROLES: dict[str, Role] = {
    "dispatcher": dispatcher,
    "queue": queue,
    "pr_monitor": pr_monitor,
    "autopull": autopull,
}
