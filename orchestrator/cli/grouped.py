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

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Set up and take away", ("init", "doctor", "canary", "check-config", "mode", "crontab", "uninstall")),
    ("Look", ("status", "top", "web", "explain", "cost", "score", "objective", "evidence", "ledger")),
    ("Order", ("task", "approve", "reject", "plan", "on", "off")),
    ("Run", ("tick", "up", "sandbox")),
    ("Try without GitHub", ("demo", "hub")),
    ("This program", ("completion", "version")),
)
"""What is in none of them stands under "More"."""


class Grouped(click.Group):
    """A command of the same name twice is the later one; hidden ones are not told."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        told = {name for _, names in GROUPS for name in names}
        known = {n: c for n in self.list_commands(ctx) if (c := self.get_command(ctx, n)) and not c.hidden}
        more = tuple(n for n in known if n not in told)
        width = max(len(n) for n in known)
        for title, names in (*GROUPS, ("More", more)):
            rows = [(n.ljust(width), _short(known[n])) for n in names if n in known]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit status"):
            formatter.write_dl([(str(code), words) for code, words in EXITS])


def _short(command: click.Command) -> str:
    """Its first sentence without what comes after a colon or semicolon, where that is long."""
    words = command.get_short_help_str(200).rstrip(".")
    for mark in ("; ", ": ", " ("):
        words = words if len(words) <= 60 else words.partition(mark)[0]
    return words if len(words) <= 60 else words[:59] + "…"
