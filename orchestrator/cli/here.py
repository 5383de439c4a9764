"""This installation and who gives orders to it: what every command begins with."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import config
from orchestrator.cli import show

if TYPE_CHECKING:
    from orchestrator.model.settings import Settings
    from orchestrator.services import Services

CHECKOUT = Path(__file__).resolve().parents[2]


def settings() -> Settings:
    from orchestrator import wiring

    root, file = config.locate(os.environ, checkout=CHECKOUT)
    return wiring.settings(file, root, os.environ)


def services(kind: str, id: str) -> Services:
    from orchestrator import wiring

    built = wiring.build(settings(), os.environ, kind=kind, id=id)
    show.redacting(built.redact)
    return built


def person() -> str:
    """Who gives an order on this command line: AGENT_OS_PERSON (a login of `operators`), else the user's name."""
    told = os.environ.get("AGENT_OS_PERSON") or os.environ.get("USER") or os.environ.get("LOGNAME")
    if told:
        return told
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
