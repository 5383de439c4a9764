"""Programs whose lines are shaped as Anthropic's messages: qwen and grok. What they share; the rest is theirs."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.agents.lines import LONG, JsonLines, Object, inner, items, word
from orchestrator.agents.tools import Calls, Tools
from orchestrator.model.stream import Denied, Event, SessionStarted, Terminal, Text, Thinking


class Messages(JsonLines):
    """`assistant` and `user` lines are read here; `ended` says what the last line's failure and usage mean."""

    def __init__(self, tools: Tools) -> None:
        self.calls = Calls(tools)
        self.session = ""

    def event(self, data: Object) -> Iterable[Event]:
        if (session := word(data, "session_id")) and session != self.session:
            self.session = session
            yield SessionStarted(id=session)
        match data.get("type"):
            case "assistant":
                yield from self._said(data)
            case "user":
                for part in items(data, "message", "content"):
                    if part.get("type") == "tool_result":
                        failed = part.get("is_error") is not False
                        yield from self.calls.answered(word(part, "tool_use_id"), failed=failed, exit=self.exit(part))
            case "result":
                yield from self.end()
                for denied in items(data, "permission_denials"):
                    yield Denied(what=word(denied, "tool_name"))
                ok = data.get("is_error") is False and data.get("subtype") == "success"
                yield from self.ended(data, ok=ok)
                yield Terminal(ok=ok)
            case _:
                yield from self.other(data)

    def _said(self, data: Object) -> Iterable[Event]:
        own = self.own_words(data)
        for part in items(data, "message", "content"):
            match part.get("type"):
                case "text":
                    yield Text(text=word(part, "text", limit=LONG), noise=own)
                case "thinking":
                    yield Thinking(text=word(part, "thinking", limit=LONG))
                case "tool_use":
                    yield from self.calls.called(word(part, "id"), word(part, "name"), inner(part, "input"))
        yield from self.answer(data)

    def own_words(self, data: Object) -> bool:
        """The line is the program's own, as an error told in the model's place."""
        return False

    def exit(self, part: Object) -> int | None:
        """A command's exit status, where a result tells it."""
        return None

    def answer(self, data: Object) -> Iterable[Event]:
        """What one answer of the model tells beside its words."""
        return ()

    def ended(self, data: Object, *, ok: bool) -> Iterable[Event]:
        """Usage, and why it failed."""
        return ()

    def other(self, data: Object) -> Iterable[Event]:
        return ()

    def end(self) -> Iterable[Event]:
        return self.calls.rest()
