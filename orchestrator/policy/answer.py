"""A person's answer in an escalation note: the `## Retry Decision` section, JSON or `key: value` lines (ORIGIN 4.7)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum

_SECTION = re.compile(
    r"^##\s+Retry Decision\s*$(?P<text>.*?)(?=^#{1,2}\s|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
_LINE = re.compile(r"^\s*[-*]?\s*(?P<key>[A-Za-z_]+)\s*:\s*(?P<value>.*?)\s*$")
APPLIED = "<!-- agent-os:decision-applied -->"


class Action(Enum):
    RETRY = "retry"
    REROUTE = "reroute"
    """Retry, with a named agent first."""
    STOP = "stop"


@dataclass(frozen=True, kw_only=True)
class Decision:
    action: Action
    reason: str
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An answer that cannot be carried out; `why` is written into the note."""

    why: str


def read(note: str) -> Decision | Refused | None:
    """The newest section that nothing was answered to yet; None when there is none."""
    sections = list(_SECTION.finditer(note))
    if not sections:
        return None
    last = sections[-1]
    if APPLIED in note[last.start() :]:
        return None
    fields = _fields(last["text"])
    if isinstance(fields, str):
        return Refused(why=fields)
    word = fields.get("action", "").casefold()
    try:
        action = Action(word)
    except ValueError:
        return Refused(why=f"action {word or '(missing)'!r}: expected retry, reroute or stop")
    agent = next((fields[k] for k in ("agent", "target_agent", "reroute_to") if fields.get(k)), "")
    if action is Action.REROUTE and not agent:
        return Refused(why="reroute needs `agent: NAME`")
    reason = next((fields[k] for k in ("reason", "summary", "next_step") if fields.get(k)), "")
    return Decision(action=action, reason=reason, agent=agent)


def _fields(text: str) -> dict[str, str] | str:
    body = re.sub(r"^\s*(?:```|~~~).*$", "", text, flags=re.MULTILINE).strip()
    if body.startswith("{"):
        try:
            data = json.loads(body)
        except ValueError as error:
            return f"not readable as JSON: {error}"
        return {str(k).casefold(): str(v) for k, v in data.items()}
    return {m["key"].casefold(): m["value"].strip("'\"") for line in body.splitlines() if (m := _LINE.match(line))}
