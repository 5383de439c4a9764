"""The names of the cron roles: what a crontab line, a switch and a person call them. `roles` holds their modules."""

from __future__ import annotations

NAMES = (
    "dispatcher",
    "queue",
    "pr_monitor",
    "scorer",
    "log_analyzer",
    "groomer",
    "planner",
    "digest",
    "bot",
    "autopull",
)
