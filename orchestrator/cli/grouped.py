"""`agent-os --help`: the commands by what a person wants to do, each in one short line; and the exit statuses."""

from __future__ import annotations

import click

EXITS = (
    (0, "done"),
    (1, "an error, or a check that failed; standard error says the cause and what to do"),
    (2, "wrong usage; standard error says what was expected"),
    (3, "`status --stuck` alone: something breaks the rule that every open item has an owner, a next step, a deadline"),
    (130, "interrupted by ^C"),
)
"""Exit statuses, the same for every command."""

GROUPS: dict[str, dict[str, str]] = {
    "Set up and take away": {
        "init": "token, board, labels, configuration, schedule",
        "doctor": "is everything there that the work needs",
        "canary": "one issue all the way on GitHub, and cleaned up",
        "check-config": "what is wrong in config.yaml, by line",
        "mode": "observe, dispatcher_only or full",
        "crontab": "show, install or remove the schedule",
        "uninstall": "take away what was made",
    },
    "Look": {
        "status": "what goes on, who has to act",
        "top": "running tasks on the whole terminal",
        "web": "the web page, on loopback alone",
        "explain": "why an issue or task does not move",
        "cost": "what the work cost",
        "score": "how the objectives go",
        "objective": "what is wanted of a repository",
        "evidence": "the snapshots its score is read from",
        "ledger": "the record of everything, and its proof",
    },
    "Order": {
        "task": "new, send, hold, stop, retry; and look",
        "approve": "let a published change land",
        "reject": "keep it from landing",
        "plan": "approve or reject the next sprint",
        "off": "stop everything, a repository or a role",
        "on": "let it go on",
    },
    "Run": {
        "tick": "one pass of one role, as cron does",
        "up": "all roles in the foreground",
        "sandbox": "what this machine can confine",
    },
    "Try without GitHub": {
        "demo": "the whole organization at work, in a minute",
        "hub": "a GitHub of your own on this machine",
    },
    "This program": {"completion": "words after Tab in your shell", "version": "the installed version"},
}
"""What is in none of them stands under "More", with its own first sentence."""


class Grouped(click.Group):
    """A command of the same name twice is the later one; hidden ones are not told."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        told = {name for words in GROUPS.values() for name in words}
        known = {n: c for n in self.list_commands(ctx) if (c := self.get_command(ctx, n)) and not c.hidden}
        more = {n: c.get_short_help_str(60) for n, c in known.items() if n not in told}
        width = max(len(n) for n in known)
        for title, words in (GROUPS | {"More": more}).items():
            rows = [(n.ljust(width), short) for n, short in words.items() if n in known]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit status"):
            formatter.write_dl([(str(code), words) for code, words in EXITS])
