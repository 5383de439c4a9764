"""docs/agents.md says what the adapters do."""

from __future__ import annotations

from tests.contract.agents.page import PAGE, page


def test_the_page_holds_what_the_adapters_say_today() -> None:
    text = PAGE.read_text()
    assert text == page(text), "run .venv/bin/python -m tests.contract.agents.page"
