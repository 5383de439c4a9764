"""Whose word counts, and where. Everything else that reaches the bot is passed over in silence."""

from __future__ import annotations

from orchestrator.model.chat import Update
from orchestrator.operations import people
from orchestrator.services import Services


def who(services: Services, said: Update) -> str:
    """The login of whoever said it; empty for somebody or somewhere without a say.

    Where operators are listed: one of them, in the configured chat or alone with the bot. Where none are: only the
    person whose own chat with the bot is the configured one (a private chat has its person's number).
    """
    settings = services.settings
    here = str(said.chat) == settings.telegram.chat_id
    alone = said.private and said.sender == said.chat
    if not said.sender or not (here or alone):
        return ""
    if settings.operators:
        return people.of_telegram(services, said.sender)
    return (settings.operator or f"telegram:{said.sender}") if here and alone else ""
