"""mini-swe-agent's own agent class, telling each message as a line of JSON. Runs inside of that program, not in ours.

It is written into the run's HOME and named to the program by `agent_class`, a documented way to extend it. So its
default agent works unchanged; we neither parse what it prints for people nor wait for the file it writes at the end.
Long outputs stay out of the lines.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import litellm  # type: ignore[import-not-found,unused-ignore]
from minisweagent.agents.default import DefaultAgent  # type: ignore[import-not-found,unused-ignore]

litellm.suppress_debug_info = True  # it prints an advertisement before each request
sys.tracebacklimit = 0  # an error is told in our last line; hundreds of lines of source help nobody
MOST = 20_000
"""Characters of one text."""


class Told(DefaultAgent):  # type: ignore[misc,unused-ignore]
    """The task it gets is the path of a file that holds it."""

    def run(self, task: str = "", **words: Any) -> Any:
        return super().run(Path(task).read_text(encoding="utf-8"), **words)

    def add_messages(self, *messages: dict[str, Any]) -> Any:
        for message in messages:
            sys.stdout.write(json.dumps(_told(message, self.n_calls), default=str) + "\n")
        sys.stdout.flush()
        return super().add_messages(*messages)


def _told(message: dict[str, Any], calls: int) -> dict[str, Any]:
    extra = message.get("extra") or {}
    response = extra.get("response") or {}
    content = message.get("content")
    return {
        "mini": message.get("role") or message.get("type"),
        "call": calls,
        "text": content[:MOST] if isinstance(content, str) and message.get("role") != "user" else "",
        "commands": [str(a.get("command", ""))[:MOST] for a in extra.get("actions") or ()],
        "returncode": extra.get("returncode"),
        "usage": response.get("usage"),
        "cost": extra.get("cost"),
        "exit_status": extra.get("exit_status"),
        "why": str(extra.get("exception_str") or "")[:MOST],
    }
