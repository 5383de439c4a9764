"""An event's data in words for people. The ledger keeps a decision as the program wrote it down, `Merge(sha='ab12')`;
a person reads "merge: sha ab12"."""

from __future__ import annotations

import ast
import json
import re

TEXT = 300
"""Characters of an event's words on one line."""
_MOST = 20_000
"""Characters of a written value that is taken apart; a longer one stays as it is."""
_VALUE = re.compile(r"[A-Z][A-Za-z]{0,60}\(.*\)", re.S)
_MEMBER = re.compile(r"<[A-Z]\w{0,60}\.\w{1,60}: ('[^'\n]{0,200}'|\d{1,18})>")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words(data: dict[str, object], limit: int = TEXT) -> str:
    """An event's data on one line. A decision is told by its detail, without its name and reason a second time."""
    shown = dict(data)
    told: list[str] = []
    detail = shown.get("detail")
    if isinstance(detail, str) and (plain := plainly(detail)) != detail:
        told.append(plain)
        del shown["detail"]
        if detail.startswith(f"{shown.get('step')}("):
            del shown["step"]
        if str(shown.get("why")) in plain:
            shown.pop("why", None)
    told += [f"{k} {_word(v)}" for k, v in shown.items() if v not in ("", [], None, {})]
    said = " ".join(" · ".join(told).split())
    return said if len(said) <= limit else said[: limit - 1] + "…"


def plainly(text: str) -> str:
    """A value as Python writes it, in words; any other text as it is."""
    if len(text) > _MOST or not _VALUE.fullmatch(text):
        return text
    try:
        tree = ast.parse(_MEMBER.sub(r"\1", text), mode="eval").body
        return _said(tree) if isinstance(tree, ast.Call) else text
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # cut off, or not ours
        return text


def _word(value: object, depth: int = 0) -> str:
    """Lists between commas, lists of records between semicolons; what is nested deeper as JSON."""
    if isinstance(value, str):
        return plainly(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if depth < 3 and isinstance(value, dict):
        return ", ".join(f"{k} {_word(v, depth + 1)}" for k, v in value.items() if v not in ("", [], None, {}))
    if depth < 3 and isinstance(value, list | tuple):
        between = "; " if any(isinstance(v, dict) for v in value) else ", "
        return between.join(_word(v, depth + 1) for v in value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _said(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=bool(value)):
            return "yes" if value else "no"
        case ast.Constant(value=value):
            return "none" if value is None else str(value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return ", ".join(map(_said, parts)) or "none"
        case ast.Call(func=ast.Name(id=name), args=args, keywords=named) if all(k.arg for k in named):
            given = [*map(_said, args), *(f"{k.arg} {_said(k.value)}" for k in named if not _empty(k.value))]
            kind = _CAMEL.sub(" ", name).lower()
            return f"{kind}: {', '.join(given)}" if given else kind
        case _:
            raise ValueError("nothing that was written down by us")


def _empty(node: ast.expr) -> bool:
    """A field without a value says nothing."""
    match node:
        case ast.Constant(value=None | ""):
            return True
        case ast.Tuple(elts=[]) | ast.List(elts=[]):
            return True
    return False
