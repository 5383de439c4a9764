"""The independent reviewer's turn: after the gate has passed, before anything is published."""

from __future__ import annotations

from orchestrator.mailbox.box import Claim
from orchestrator.services import Services


def review(services: Services, claim: Claim) -> Claim | None:
    """The claim with `task.review` for the judged head, where one is wanted and not there yet. None when the task left
    `processing` (it waits for a reviewer's quota)."""
    return claim
