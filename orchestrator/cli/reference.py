"""docs/cli.md, generated from the commands: the words stand once, beside the code.

python -m orchestrator.cli.reference > docs/cli.md
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator

import click

from orchestrator.cli.grouped import EXITS, GROUPS

_HEAD = """\
# The command line

Generated from the commands (`orchestrator/cli/`); a test keeps both the same. `bin/agent-os` runs from a checkout, and
sets it up at the first call; `agent-os` below is the same program.

- What reads takes `--json`: one JSON document on standard output (`task log --json`: one a line). Warnings and errors
  stand on standard error.
- There is colour only where a terminal is, and none with `NO_COLOR`. Text that others wrote (issues, transcripts) moves
  no cursor: control characters are written out.
- Orders are recorded in the ledger with the name of whoever gave them.
"""
EXAMPLES = {
    "approve": "approve app-12",
    "canary": "canary --repo yourname/scratch",
    "check-config": "check-config",
    "completion": "completion bash",
    "cost": "cost --by agent --since 2026-11-01",
    "crontab install": "crontab install",
    "crontab remove": "crontab remove",
    "crontab show": "crontab show",
    "demo": "demo",
    "doctor": "doctor --fix",
    "evidence add": "evidence add yourname/app --metric signups --value 41",
    "evidence ls": "evidence ls yourname/app",
    "explain": "explain yourname/app#12",
    "hub": "hub --port 8180",
    "init": "init --yes --repo yourname/app",
    "ledger show": "ledger show yourname/app#12",
    "ledger verify": "ledger verify --offline",
    "mode": "mode observe",
    "objective check": "objective check yourname/app",
    "objective score": "objective score yourname/app",
    "objective show": "objective show yourname/app",
    "off": "off app",
    "on": "on app",
    "plan approve": "plan approve app-2026-11-26",
    "plan ls": "plan ls",
    "plan now": "plan now yourname/app --dry-run",
    "plan reject": 'plan reject app-2026-11-26 --why "signups first"',
    "plan show": "plan show yourname/app",
    "plan strike": "plan strike app-2026-11-26 12",
    "reject": 'reject app-12 --why "keep the old name"',
    "sandbox test": "sandbox test",
    "score": "score",
    "status": "status --json",
    "task hold": "task hold app-12",
    "task log": "task log app-12 -f",
    "task ls": "task ls --folder blocked",
    "task new": 'task new yourname/app "Say hello"',
    "task retry": "task retry app-12",
    "task send": 'task send app-12 "use the old parser"',
    "task show": "task show app-12",
    "task stop": "task stop app-12",
    "tick": "tick queue --dry-run",
    "top": "top --grid 2x3",
    "uninstall": "uninstall --dry-run",
    "up": "up",
    "version": "version",
    "web": "web",
}
"""One a command; what follows `bin/agent-os`."""


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that is not hidden, by its full name."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        elif not command.hidden:
            yield " ".join((*before, name)), command


def text(main: click.Group) -> str:
    """The whole page."""
    found = dict(commands(main))
    places = {n: title for title, names in GROUPS.items() for n in names}
    parts = [_HEAD, "| exit status | means |\n|---|---|\n" + "".join(f"| {n} | {w} |\n" for n, w in EXITS)]
    for title in (*GROUPS, "More"):
        mine = [n for n in found if places.get(n.split()[0], "More") == title]
        order = list(GROUPS.get(title, {}))
        mine.sort(key=lambda n: order.index(n.split()[0]) if n.split()[0] in order else 99)
        if mine:
            parts += [f"## {title}\n", *(_command(n, found[n]) for n in mine)]
    return "\n".join(parts).rstrip() + "\n"


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join(["agent-os", name, *command.collect_usage_pieces(context)])
    lines = [f"### {name}\n", f"`{usage}`\n", _plain(inspect.cleandoc(command.help or ""))]
    if name in EXAMPLES:
        lines += [f"```\nbin/agent-os {EXAMPLES[name]}\n```"]
    rows = [r for p in command.params if isinstance(p, click.Option) and (r := p.get_help_record(context))]
    rows = [(option, words) for option, words in rows if "--help" not in option]
    if rows:
        lines += ["| option | means |\n|---|---|\n" + "\n".join(f"| `{_cell(o)}` | {_cell(w)} |" for o, w in rows)]
    return "\n\n".join(line.rstrip("\n") for line in lines if line) + "\n"


def _plain(help: str) -> str:
    return help.replace("\b\n", "").replace("\f", "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    # By name: the floor above adds the hub and the demo, and only this run of the module wants them.
    sys.stdout.write(text(importlib.import_module("orchestrator.__main__").app.main))
