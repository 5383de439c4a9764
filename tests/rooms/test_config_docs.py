"""The pages about configuration, mailbox and result contract say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from orchestrator.agents import contract_text
from orchestrator.config import reference, schema, schema_seed, schema_shared
from orchestrator.mailbox import text
from orchestrator.model.names import TaskId
from orchestrator.model.result import BlockerCode, Status
from orchestrator.model.task import Folder

ROOT = Path(__file__).parents[2]


def test_the_configuration_page_is_the_one_the_schema_generates() -> None:
    made = reference.text()
    assert (ROOT / "docs/config.md").read_text() == made, (
        "run: python -m orchestrator.config.reference > docs/config.md"
    )
    for kind in (schema.Config, schema.Project, schema.Repo, schema.Agent, schema.GitHub, schema_seed.SeedRepo):
        assert all(f"| `{name}` |" in made for name in kind.__struct_fields__)


def test_the_example_shows_every_key_of_the_present_spelling() -> None:
    """Live or commented out; so nobody has to guess that a key exists."""
    example = (ROOT / "example.config.yaml").read_text()
    old = {*schema_seed.SeedKeys.__struct_fields__} - {*schema_shared.Shared.__struct_fields__} | {"planning_signals"}
    wanted = {n for k in (schema.Config, schema.Project, schema.Repo, schema.GitHub, schema.Telegram, schema.Agent,
                          schema.Retention) for n in k.__struct_fields__} - old  # fmt: skip
    missing = {name for name in wanted if not re.search(rf"\b{name}:", example)}
    assert missing <= {"path"}, "path is for those who keep a checkout; docs/config.md has it"


def test_every_key_of_the_example_has_its_comment() -> None:
    rows = (ROOT / "example.config.yaml").read_text().splitlines()
    tree = yaml.safe_load("\n".join(rows))
    for key in tree:
        at = next(n for n, row in enumerate(rows) if row.startswith(f"{key}:"))
        above = at - 1
        while rows[above] and not rows[above].startswith(("#", " ")):
            above -= 1
        assert rows[above].startswith("#") or "#" in rows[at], key


def test_the_mailbox_page_names_every_folder_and_its_example_is_a_task() -> None:
    page = (ROOT / "docs/mailbox.md").read_text()
    assert all(f"| `{folder.value}` |" in page for folder in Folder)
    example = page.split("```")[1].lstrip("\n")
    task = text.load(example, id=TaskId("hello"))
    assert (task.repo, task.title) == ("yourname/app", "Say hello")


def test_the_contract_page_names_every_field_status_and_code() -> None:
    page = (ROOT / "docs/result-contract.md").read_text()
    form = page.split("```")[1]
    assert [w.rstrip(":") for w in re.findall(r"^[A-Z_]+:", form, re.MULTILINE)] == list(contract_text.LABELS)
    assert all(f"| `{word.value}` |" in page for kind in (Status, BlockerCode) for word in kind)
