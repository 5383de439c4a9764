"""What the stub's model answers: a small mind that uses the tools it is offered, whatever they are called.

It knows no agent program. It looks at the tools of the request and takes a shell, else one that writes files; where
there are none it edits by text, in the forms that agents without tools ask for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

HELLO = "hello.txt"
RESULT = ".agent_result.md"
CONTRACT = f"""STATUS: complete

BLOCKER_CODE: none

SUMMARY:
Made {HELLO}, as the task says.

DONE:
- Made {HELLO}

NEXT_STEP:
none

FILES_CHANGED:
- {HELLO}

TESTS_RUN:
- test -f {HELLO}: passed

DECISIONS:
- One line of text, because nothing more was asked for
"""
MINI_END = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
"""mini-swe-agent ends when a command prints this line."""
WORK_TEXT = "I will do that now."
DONE_TEXT = f"Done: {HELLO} and the result file are there."
TALK_TEXT = "One could make the file with a shell command. I only say so and do nothing."
ANSWER = '{"answer": "42"}'

_SHELL = re.compile(r"^(local_shell|shell(_command)?|bash|exec(_command)?|run_(shell|terminal)_c\w+|run_commands?|"
                    r"execute_command|run_terminal_cmd)$", re.IGNORECASE)  # fmt: skip
_SHELLISH = re.compile(r"(shell|bash|exec|terminal|command)", re.IGNORECASE)
_NOT_A_SHELL = re.compile(r"(output|kill|read|write|list|stop|stdin|slash|status|poll)", re.IGNORECASE)
_WRITES = re.compile(r"^(write(_to)?(_?file)?|create(_file)?|file_write|writefile)$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Tool:
    name: str
    schema: dict[str, Any] = field(default_factory=dict)
    native: str = ""
    """The tool's own type where it is no function (`local_shell`, `custom`)."""
    namespace: str = ""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One request, as far as the mind looks at it."""

    tools: tuple[Tool, ...]
    calls: int
    """Turns with tool calls since a person last spoke."""
    text: str
    """Everything the request holds, as text."""
    schema: dict[str, Any] | None = None
    """The form the answer has to have, where the request names one."""


@dataclass(frozen=True, kw_only=True)
class Call:
    tool: Tool
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answer:
    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How the mind shall behave: part of the scenario."""

    kind: str = "ok"
    """ok, text, toolfail, json or runaway."""
    steps: int = 1
    """Turns with a tool call before it is done."""
    sleep: float = 0
    """Seconds each of its commands takes."""
    script: str = ""
    """What its last command does; empty = hello.txt and the result file."""
    says: str = ""
    """What it answers at once, without a tool."""


def answer(said: Said, wish: Wish) -> Answer:
    """What the model says next."""
    if said.schema is not None and wish.kind != "json":
        return Answer(text=json.dumps(_by_schema(said.schema)))
    if wish.says:
        return _ended(said, wish.says)
    if wish.kind == "json":
        return _ended(said, ANSWER)
    if wish.kind == "text":
        return _ended(said, TALK_TEXT)
    if wish.kind == "runaway":
        return _work(said, wish, last=False)
    if said.calls >= wish.steps:
        return _ended(said, DONE_TEXT)
    if wish.kind == "toolfail":
        return _run(said, "cat ./no-such-file-of-the-stub && exit 3", wish) or Answer(text=DONE_TEXT)
    return _work(said, wish, last=said.calls + 1 == wish.steps)


def _ended(said: Said, text: str) -> Answer:
    if MINI_END in said.text and (shell := _shell(said.tools)):
        return Answer(text=text, calls=(Call(tool=shell, arguments=_arguments(shell, f"echo {MINI_END}")),))
    return Answer(text=text)


def _work(said: Said, wish: Wish, *, last: bool) -> Answer:
    script = "echo hello > hello.txt\ncat > .agent_result.md <<'END_OF_RESULT'\n" + CONTRACT + "END_OF_RESULT"
    script = wish.script or script
    if not last:
        script = f"echo step {said.calls + 1} >> progress.txt"
    if by_shell := _run(said, script, wish):
        return by_shell
    files = {HELLO: "hello\n", RESULT: CONTRACT} if last else {"progress.txt": f"step {said.calls + 1}\n"}
    if writer := next((t for t in said.tools if _WRITES.match(t.name)), None):
        calls = tuple(Call(tool=writer, arguments=_file_arguments(writer, n, c)) for n, c in files.items())
        return Answer(text=WORK_TEXT, calls=calls)
    return Answer(text=_as_text(said.text, files))


def _run(said: Said, script: str, wish: Wish) -> Answer | None:
    shell = _shell(said.tools)
    if shell is None:
        return None
    script = f"sleep {wish.sleep:g}\n{script}" if wish.sleep else script
    return Answer(text=WORK_TEXT, calls=(Call(tool=shell, arguments=_arguments(shell, script)),))


def _shell(tools: tuple[Tool, ...]) -> Tool | None:
    """A `custom` tool takes free text; the one known is codex's `exec`, which takes JavaScript that calls the tools."""
    tools = tuple(t for t in tools if t.native != "custom" or t.name == "exec")
    exact = next((t for t in tools if _SHELL.match(t.name)), None)
    return exact or next((t for t in tools if _SHELLISH.search(t.name) and not _NOT_A_SHELL.search(t.name)), None)


def _arguments(tool: Tool, script: str) -> dict[str, Any]:
    if tool.native == "local_shell":
        return {"type": "exec", "command": ["bash", "-c", script], "env": {}}
    if tool.native == "custom":
        return {"input": f"text(await tools.exec_command({{cmd: {json.dumps(script)}}}));"}
    properties = tool.schema.get("properties") or {}
    name = next((n for n in ("command", "cmd", "commands", "script", "input") if n in properties), "command")
    value: Any = script
    if _type(properties.get(name)) == "array":
        value = [script] if name == "commands" else ["bash", "-lc", script]
    return {name: value, **_required(tool.schema, name)}


def _file_arguments(tool: Tool, path: str, content: str) -> dict[str, Any]:
    properties = tool.schema.get("properties") or {}
    where = next((n for n in properties if re.search(r"path|file_?name|^file$", n, re.IGNORECASE)), "path")
    what = next((n for n in properties if re.search(r"content|text|body", n, re.IGNORECASE)), "content")
    return {where: path, what: content, **_required(tool.schema, where, what)}


def _required(schema: dict[str, Any], *given: str) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    return {n: _value(properties.get(n) or {}) for n in schema.get("required") or () if n not in given}


def _by_schema(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    names = schema.get("required") or tuple(properties)
    return {n: _value(properties.get(n) or {}) for n in names}


def _value(schema: dict[str, Any]) -> Any:
    if options := schema.get("enum"):
        return "user" if "user" in options else options[0]
    kind = _type(schema)
    if kind == "object":
        return _by_schema(schema)
    return {"boolean": False, "integer": 1, "number": 1, "array": []}.get(kind, "Works on the task")


def _type(schema: Any) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "string")
    if kind is None and isinstance(schema, dict):
        return next((_type(s) for s in schema.get("anyOf") or () if _type(s) != "null"), "string")
    return str(kind or "string").lower()


def _as_text(asked: str, files: dict[str, str]) -> str:
    """The edit forms of agents without tools (aider's `diff` and `whole`)."""
    if "SEARCH/REPLACE" in asked:
        return "\n\n".join(
            f"{n}\n```\n<<<<<<< SEARCH\n=======\n{c.rstrip()}\n>>>>>>> REPLACE\n```" for n, c in files.items()
        )
    if "file listing" in asked:
        return "\n\n".join(f"{n}\n```\n{c.rstrip()}\n```" for n, c in files.items())
    return "Make a greeting file"
