"""A draft's words from a model, asked for once: what could not be filed now is filed in the same words later."""

from __future__ import annotations

import json
from collections.abc import Sequence

from orchestrator.backlog import body
from orchestrator.model.backlog import Draft
from orchestrator.services import Services
from orchestrator.state.memo import Memo

KEPT, IN_VAIN = 90, 6.5
"""Days for which words are kept, and for which nobody is asked again when none came."""


def known(services: Services, draft: Draft) -> tuple[str, ...] | None:
    """This draft's words; empty = they were asked for in vain, lately; None = not asked for. Raises CorruptState."""
    memo, key, now = _memo(services), _key(draft), services.now()
    if (kept := memo.get(key, now, days=KEPT)) is not None:
        return tuple(str(word) for word in json.loads(kept))
    return () if memo.get(f"vain/{key}", now, days=IN_VAIN) is not None else None


def note(services: Services, draft: Draft, words: Sequence[str]) -> None:
    """`words` as the caller will read them again; empty = none came. Raises CorruptState, Busy, OSError."""
    key = _key(draft) if words else f"vain/{_key(draft)}"
    text = json.dumps([str(services.redact(word)) for word in words])
    _memo(services).put(key, text, services.now())


def _key(draft: Draft) -> str:
    return f"{draft.by}/{body.digest(f'{draft.repo}/{draft.key}')}"


def _memo(services: Services) -> Memo:
    return Memo(path=services.settings.runtime / "state" / "phrases.json")
