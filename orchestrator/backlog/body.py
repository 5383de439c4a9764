"""The text of an issue the program files: the sections that intake reads back, in their order, and the hidden marker.

Words of agents, logs and the web pass through it. None of them opens a section, a fence or a hidden part, calls
anybody, closes an issue or gives an order; what is evidence stands quoted.
"""

from __future__ import annotations

import hashlib
import re

from orchestrator.model.backlog import Draft
from orchestrator.model.names import Public
from orchestrator.model.task import TaskType
from orchestrator.pipeline.report import defused
from orchestrator.policy import ci_words
from orchestrator.policy.sections import visible
from orchestrator.redact import Redactor

TITLE = 200
GOAL = 4_000
LINE = 500
MOST = 20
"""Entries of one list."""
QUOTED = 6_000
"""Characters of all evidence in words."""
_NOT_AN_ID = re.compile(r"[^a-z0-9_.-]")
_OPENS = re.compile(r"(?m)^([ \t]*)(#|```|~~~|>|==|--)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_NOT_AN_EVIDENCE = re.compile(r"[`\s]+")


def marker(key: str) -> str:
    """Hidden in the issue; found again by it wherever we died."""
    return f"<!-- agent-os:key=filed/{digest(key)} -->"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]


def title(redact: Redactor, draft: Draft) -> Public:
    """One line that closes nothing, calls nobody and switches no check off."""
    line = " ".join(visible(draft.title).split()) or "Untitled"
    return redact.head(ci_words.title(str(redact(line))), TITLE)


def body(redact: Redactor, draft: Draft) -> Public:
    parts = [
        ("Goal", _text(redact, draft.goal, GOAL)),
        ("Success Criteria", _bullets(redact, draft.criteria)),
        ("Constraints", _bullets(redact, draft.constraints)),
        ("Evidence", _evidence(redact, draft)),
        ("Reasoning", _text(redact, draft.reasoning, GOAL)),
        ("Outcome Checks", "\n".join(f"- {id}" for id in _checks(draft))),
        ("Task Type", draft.type.value if draft.type is not TaskType.IMPLEMENTATION else ""),
    ]
    text = "\n\n".join(f"## {name}\n\n{said}" for name, said in parts if said)
    by = f"Filed by the {_safe(redact, draft.by)} of Agent OS." if draft.by else "Filed by Agent OS."
    marks = "\n".join(marker(key) for key in (draft.key, *draft.also))
    return redact(f"{text}\n\n{by}\n\n{marks}")


def _evidence(redact: Redactor, draft: Draft) -> str:
    ids = [f"- `{_NOT_AN_EVIDENCE.sub('', id)[:LINE]}`" for id in draft.evidence]
    quoted: list[str] = []
    left = QUOTED
    for fact in draft.evidence_text[:MOST]:
        line = _safe(redact, fact)[: min(LINE, left)]
        if line:
            quoted.append(f"> {line}")
            left -= len(line)
    return "\n\n".join(part for part in ("\n>\n".join(quoted), "\n".join(ids)) if part)


def _bullets(redact: Redactor, items: tuple[str, ...]) -> str:
    lines = [line for item in items[:MOST] if (line := _safe(redact, item)[:LINE])]
    return "\n".join(f"- {line}" for line in lines)


def _checks(draft: Draft) -> list[str]:
    clean = (_NOT_AN_ID.sub("", id.casefold()) for id in draft.outcome_checks)
    return [id for id in dict.fromkeys(clean) if id][:MOST]


def _text(redact: Redactor, text: str, most: int) -> str:
    """Several lines of somebody's words, none of which is markdown that reaches beyond its own line."""
    return _held(str(redact.head(defused(text), most))).strip()


def _safe(redact: Redactor, text: str) -> str:
    """The same as one line."""
    return " ".join(_held(str(redact(defused(text)))).split())


def _held(text: str) -> str:
    return _TAG.sub("&lt;", _OPENS.sub(r"\1\\\2", text))
