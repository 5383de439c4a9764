"""The four wire formats of the model stub: what a request says, and how an answer looks, whole and as a stream.

Sources: docs.anthropic.com (Messages, streaming), platform.openai.com (Responses and chat completions, streaming
events), ai.google.dev (generateContent, GenerateContentResponse).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.stubs.models_mind import Answer, Said, Tool

Json = dict[str, Any]
_number = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What an answer says it used. `input` holds `cached`."""

    input: int = 1000
    cached: int = 200
    output: int = 50


@dataclass(frozen=True, kw_only=True)
class Wire:
    """One format: how to read a request, the whole answer, and the stream's lines before and after the text."""

    name: str
    read: Callable[[Json], Said]
    whole: Callable[[Answer, Tokens, str], Json]
    stream: Callable[[Answer, Tokens, str, bool], Iterable[str]]
    """The last argument: whether the request asked for usage in the stream."""


def event(data: Json, name: str = "") -> str:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


def pieces(text: str) -> list[str]:
    half = max(1, len(text) // 2)
    return [p for p in (text[:half], text[half:]) if p]


def serial(prefix: str) -> str:
    return f"{prefix}{next(_number):06d}"


def turns(marks: Iterable[str]) -> int:
    """Tool turns since a person last spoke. Marks: "calls" and "text" of the model, "person" of the other side; what
    a program adds in a person's place between a call and the next answer starts nothing new."""
    calls, ended = 0, True
    for mark in marks:
        if mark == "calls":
            calls, ended = calls + 1, False
        elif mark == "text":
            ended = True
        elif mark == "person" and ended:
            calls = 0
    return calls


# Anthropic Messages


def read_anthropic(body: Json) -> Said:
    marks = []
    for message in body.get("messages") or ():
        content = message.get("content")
        kinds = {b.get("type") for b in content if isinstance(b, dict)} if isinstance(content, list) else {"text"}
        if message.get("role") == "assistant":
            marks.append("calls" if "tool_use" in kinds else "text")
        elif "tool_result" not in kinds:
            marks.append("person")
    tools = tuple(
        Tool(name=str(t.get("name", "")), schema=t.get("input_schema") or {}) for t in body.get("tools") or ()
    )
    form = ((body.get("output_config") or {}).get("format") or body.get("output_format") or {}).get("schema")
    return Said(tools=tools, calls=turns(marks), text=json.dumps(body, ensure_ascii=False), schema=form)


def _anthropic_usage(tokens: Tokens) -> Json:
    return {
        "input_tokens": tokens.input - tokens.cached, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": tokens.cached, "output_tokens": tokens.output, "service_tier": "standard",
    }  # fmt: skip


def whole_anthropic(answer: Answer, tokens: Tokens, model: str) -> Json:
    content: list[Json] = [{"type": "text", "text": answer.text}]
    content += [
        {"type": "tool_use", "id": serial("toolu_"), "name": c.tool.name, "input": c.arguments} for c in answer.calls
    ]
    return {
        "id": serial("msg_"), "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": "tool_use" if answer.calls else "end_turn", "stop_sequence": None,
        "usage": _anthropic_usage(tokens),
    }  # fmt: skip


def stream_anthropic(answer: Answer, tokens: Tokens, model: str, _: bool) -> Iterable[str]:
    whole = whole_anthropic(answer, tokens, model)
    start = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    yield event({"type": "message_start", "message": start}, "message_start")
    yield event({"type": "ping"}, "ping")
    for index, block in enumerate(whole["content"]):
        if block["type"] == "text":
            empty: Json = {"type": "text", "text": ""}
            deltas = [("text_delta", "text", p) for p in pieces(block["text"])]
        else:
            empty = {**block, "input": {}}
            deltas = [("input_json_delta", "partial_json", p) for p in pieces(json.dumps(block["input"]))]
        yield event({"type": "content_block_start", "index": index, "content_block": empty}, "content_block_start")
        for kind, name, piece in deltas:
            data = {"type": "content_block_delta", "index": index, "delta": {"type": kind, name: piece}}
            yield event(data, "content_block_delta")
        yield event({"type": "content_block_stop", "index": index}, "content_block_stop")
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield event({"type": "message_delta", "delta": end, "usage": whole["usage"]}, "message_delta")
    yield event({"type": "message_stop"}, "message_stop")


# OpenAI Responses


def read_responses(body: Json) -> Said:
    marks, given = [], body.get("input")
    items: list[Json] = given if isinstance(given, list) else [{"role": "user"}]
    for item in items:
        kind = item.get("type", "message")
        if kind in ("function_call", "local_shell_call", "custom_tool_call"):
            marks.append("calls")
        elif kind == "message":
            marks.append("text" if item.get("role") == "assistant" else "person")
    # A text that stands before a call belongs to the same turn.
    marks = [m for m, following in zip(marks, [*marks[1:], ""]) if not (m == "text" and following == "calls")]
    offered = [*(body.get("tools") or ())]
    offered += [t for i in items if i.get("type") == "additional_tools" for t in i.get("tools") or ()]
    tools = tuple(_responses_tools(offered, ""))
    form = ((body.get("text") or {}).get("format") or {}).get("schema")
    return Said(tools=tools, calls=turns(marks), text=json.dumps(body, ensure_ascii=False), schema=form)


def _responses_tools(offered: Iterable[Json], namespace: str) -> Iterable[Tool]:
    for tool in offered:
        kind = tool.get("type")
        if kind == "namespace":
            yield from _responses_tools(tool.get("tools") or (), str(tool.get("name")))
        elif kind in ("function", "local_shell", "custom"):
            yield Tool(
                name=str(tool.get("name") or kind),
                schema=tool.get("parameters") or {},
                native="" if kind == "function" else str(kind),
                namespace=namespace,
            )


def whole_responses(answer: Answer, tokens: Tokens, model: str) -> Json:
    text = {"type": "output_text", "text": answer.text, "annotations": []}
    output: list[Json] = [
        {"type": "message", "id": serial("msg_"), "status": "completed", "role": "assistant", "content": [text]}
    ]
    for call in answer.calls:
        item: Json = {"id": serial("fc_"), "call_id": serial("call_"), "status": "completed"}
        if call.tool.native == "local_shell":
            item |= {"type": "local_shell_call", "action": call.arguments}
        elif call.tool.native == "custom":
            item |= {"type": "custom_tool_call", "name": call.tool.name, "input": call.arguments["input"]}
        else:
            item |= {"type": "function_call", "name": call.tool.name, "arguments": json.dumps(call.arguments)}
        output.append({**item, "namespace": call.tool.namespace} if call.tool.namespace else item)
    usage = {
        "input_tokens": tokens.input, "input_tokens_details": {"cached_tokens": tokens.cached},
        "output_tokens": tokens.output, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens.input + tokens.output,
    }  # fmt: skip
    return {
        "id": serial("resp_"), "object": "response", "created_at": 1_700_000_000, "status": "completed",
        "error": None, "incomplete_details": None, "model": model, "output": output, "usage": usage,
    }  # fmt: skip


def stream_responses(answer: Answer, tokens: Tokens, model: str, _: bool) -> Iterable[str]:
    whole = whole_responses(answer, tokens, model)
    n = itertools.count()

    def one(kind: str, **data: Any) -> str:
        return event({"type": kind, "sequence_number": next(n), **data}, kind)

    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    yield one("response.created", response=begun)
    yield one("response.in_progress", response=begun)
    for index, item in enumerate(whole["output"]):
        where = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            yield one("response.output_item.added", output_index=index, item={**item, "content": []})
            for piece in pieces(answer.text):
                yield one("response.output_text.delta", **where, content_index=0, delta=piece)
            yield one("response.output_text.done", **where, content_index=0, text=answer.text)
        else:
            yield one("response.output_item.added", output_index=index, item={**item, "status": "in_progress"})
            if item["type"] == "function_call":
                for piece in pieces(item["arguments"]):
                    yield one("response.function_call_arguments.delta", **where, delta=piece)
                yield one("response.function_call_arguments.done", **where, arguments=item["arguments"])
        yield one("response.output_item.done", output_index=index, item=item)
    yield one("response.completed", response=whole)


# Chat completions


def read_chat(body: Json) -> Said:
    marks = []
    for message in body.get("messages") or ():
        role = message.get("role")
        if role == "assistant":
            marks.append("calls" if message.get("tool_calls") else "text")
        elif role == "user":
            marks.append("person")
    functions = [t.get("function") or {} for t in body.get("tools") or ()]
    tools = tuple(Tool(name=str(f.get("name", "")), schema=f.get("parameters") or {}) for f in functions)
    form = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
    return Said(tools=tools, calls=turns(marks), text=json.dumps(body, ensure_ascii=False), schema=form)


def _chat_usage(tokens: Tokens) -> Json:
    return {
        "prompt_tokens": tokens.input, "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output, "prompt_tokens_details": {"cached_tokens": tokens.cached},
    }  # fmt: skip


def whole_chat(answer: Answer, tokens: Tokens, model: str) -> Json:
    message: Json = {"role": "assistant", "content": answer.text}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": serial("call_"),
                "type": "function",
                "function": {"name": c.tool.name, "arguments": json.dumps(c.arguments)},
            }
            for c in answer.calls
        ]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if answer.calls else "stop"}
    return {
        "id": serial("chatcmpl-"), "object": "chat.completion", "created": 1_700_000_000, "model": model,
        "choices": [choice], "usage": _chat_usage(tokens),
    }  # fmt: skip


def stream_chat(answer: Answer, tokens: Tokens, model: str, usage: bool) -> Iterable[str]:
    whole = whole_chat(answer, tokens, model)
    message = whole["choices"][0]["message"]

    def one(delta: Json, finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({**whole, "object": "chat.completion.chunk", "choices": [choice], "usage": None})

    yield one({"role": "assistant", "content": ""})
    for piece in pieces(answer.text):
        yield one({"content": piece})
    for index, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        yield one({"tool_calls": [{**call, "index": index, "function": {**function, "arguments": ""}}]})
        for piece in pieces(function["arguments"]):
            yield one({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield one({}, whole["choices"][0]["finish_reason"])
    if usage:
        yield event({**whole, "object": "chat.completion.chunk", "choices": []})
    yield "data: [DONE]\n\n"


# Gemini


def read_gemini(body: Json) -> Said:
    marks = []
    for content in body.get("contents") or ():
        parts = content.get("parts") or ()
        if content.get("role") == "model":
            marks.append("calls" if any("functionCall" in p for p in parts) else "text")
        elif not any("functionResponse" in p for p in parts):
            marks.append("person")
    tools = []
    for group in body.get("tools") or ():
        for f in group.get("functionDeclarations") or ():
            schema = f.get("parametersJsonSchema") or f.get("parameters") or {}
            tools.append(Tool(name=str(f.get("name", "")), schema=schema))
    config = body.get("generationConfig") or {}
    form = config.get("responseJsonSchema") or config.get("responseSchema")
    return Said(tools=tuple(tools), calls=turns(marks), text=json.dumps(body, ensure_ascii=False), schema=form)


def whole_gemini(answer: Answer, tokens: Tokens, model: str) -> Json:
    parts: list[Json] = [{"text": answer.text}]
    parts += [{"functionCall": {"name": c.tool.name, "args": c.arguments}} for c in answer.calls]
    return _gemini(parts, model) | {"usageMetadata": _gemini_usage(tokens)}


def _gemini_usage(tokens: Tokens) -> Json:
    return {
        "promptTokenCount": tokens.input, "cachedContentTokenCount": tokens.cached,
        "candidatesTokenCount": tokens.output, "totalTokenCount": tokens.input + tokens.output,
    }  # fmt: skip


def _gemini(parts: list[Json], model: str, *, last: bool = True) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    return {"candidates": [candidate], "modelVersion": model, "responseId": serial("r")}


def stream_gemini(answer: Answer, tokens: Tokens, model: str, _: bool) -> Iterable[str]:
    whole = whole_gemini(answer, tokens, model)
    for piece in pieces(answer.text):
        yield event(_gemini([{"text": piece}], model, last=False))
    calls = whole["candidates"][0]["content"]["parts"][1:]
    yield event(_gemini(calls or [{"text": ""}], model) | {"usageMetadata": whole["usageMetadata"]})


WIRES = {
    "anthropic": Wire(name="anthropic", read=read_anthropic, whole=whole_anthropic, stream=stream_anthropic),
    "responses": Wire(name="responses", read=read_responses, whole=whole_responses, stream=stream_responses),
    "chat": Wire(name="chat", read=read_chat, whole=whole_chat, stream=stream_chat),
    "gemini": Wire(name="gemini", read=read_gemini, whole=whole_gemini, stream=stream_gemini),
}
