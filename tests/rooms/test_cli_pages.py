"""The pages about the command line, and the help, say what the program does; and what reads answers programs too."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import click
import pytest
from click.shell_completion import get_completion_class
from click.testing import CliRunner

from orchestrator.cli import app, reference
from orchestrator.cli.grouped import EXITS, GROUPS
from orchestrator.model.alert import AlertKind
from orchestrator.notify import SIGNS

importlib.import_module("orchestrator.__main__")  # adds the hub and the demo

ROOT = Path(__file__).parents[2]
MAIN: click.Group = app.main
COMMANDS = dict(reference.commands(MAIN))
NO_JSON = {
    "completion": "prints a script",
    "crontab install": "an order",
    "crontab remove": "an order",
    "demo": "has options of its own",
    "hub": "serves",
    "top": "a screen",
    "up": "runs until it is interrupted",
    "web": "serves",
}
"""Commands without --json, and why."""
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LOOSE = ("demo",)
"""Commands whose options are not click's own here."""


def shown(page: Path) -> list[str]:
    """Every `bin/agent-os ...` of a page: lines of its blocks, and words in backquotes."""
    text = page.read_text()
    blocks = "\n".join(re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    found = re.findall(r"(?:^|[\s/$])bin/agent-os ([^\n#&|>]*)", blocks.replace("\\\n", " "), re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [c.strip() for c in (*found, *re.findall(r"`(?:bin/)?agent-os ([^`\n]+)`", prose)) if c.strip()]


def fault(line: str) -> str:
    """What click says against it; empty: it is a command of ours with known options."""
    if re.search(r"[<\[…]|\.\.\.|[A-Z]{3,}|\w\|\w", line):
        words = [w for w in line.split() if not re.search(r"[<\[\]>…|]|\.\.\.|^[A-Z#/]{2,}", w)]
        name = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else (words or [""])[0]
        known = name in COMMANDS or name in MAIN.commands
        return "" if known else f"no command {name!r}"
    try:
        words = shlex.split(line)
    except ValueError as why:
        return str(why)
    command: click.Command = MAIN
    context = click.Context(MAIN, info_name="agent-os")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]!r}"
        command, words = found, words[1:]
        if words == [] or command.name in LOOSE:
            return ""
    if set(words) <= {"-h", "--help"}:
        return ""
    try:
        command.make_context(str(command.name), words, resilient_parsing=False)
    except click.UsageError as why:
        return why.format_message()
    return ""


def test_the_page_of_commands_is_the_one_the_program_generates_and_has_an_example_of_each() -> None:
    made = reference.text(MAIN)
    told = "run: python -m orchestrator.cli.reference > docs/cli.md"
    assert (ROOT / "docs/cli.md").read_text() == made, told
    assert set(COMMANDS) <= set(reference.EXAMPLES)
    assert all(f"| {code} | {words} |" in made for code, words in EXITS)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_that_a_page_shows_is_one_of_ours(page: Path) -> None:
    wrong = [f"agent-os {line}: {why}" for line in shown(page) if (why := fault(line))]
    assert not wrong, "\n".join(wrong)


def test_a_command_that_is_none_is_found() -> None:
    assert fault("tsk ls") == "no command 'tsk'"
    assert "No such option" in fault("status --jsn")
    assert "is not one of" in fault("tick quue")
    assert fault("task send app-1 hello") == ""
    assert fault("frob <name>") == "no command 'frob'"


def test_whatever_reads_answers_programs_too() -> None:
    plain = {n for n, c in COMMANDS.items() if not any("--json" in p.opts for p in c.params)}
    assert plain == set(NO_JSON)


def test_help_is_short_grouped_and_tells_the_exit_statuses() -> None:
    said = CliRunner().invoke(MAIN, ["--help"]).output
    assert "More:" not in said, "a command is in no group of cli/grouped.py"
    assert {n for names in GROUPS.values() for n in names} == {n for n, c in MAIN.commands.items() if not c.hidden}
    assert all(len(line) <= 80 for line in said.splitlines())
    assert re.search(r"^ +130 +interrupted", said, re.MULTILINE)


def test_completion_knows_commands_and_options() -> None:
    assert "_AGENT_OS_COMPLETE=bash_complete" in CliRunner().invoke(MAIN, ["completion", "bash"]).output
    found = get_completion_class("bash")
    assert found is not None
    words = found(MAIN, {}, "agent-os", "_AGENT_OS_COMPLETE").get_completions(["task"], "s")
    assert {w.value for w in words} == {"send", "show", "stop"}


def test_every_alert_is_in_the_page_of_troubles() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text()
    assert all(f"### {SIGNS[kind]}" in page for kind in AlertKind)
