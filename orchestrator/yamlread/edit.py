"""One value of a YAML text changed in place: every other byte stays, comments, quotes and blank lines with it.

Programs that read YAML and write it anew move comments or lose them. Here the places of keys and values are taken from
the parser's marks and the text between is left alone. What comes out is read again and must say what was wanted and
nothing else; where that cannot be had, `CannotEdit` says so and the person edits the text.
"""

from __future__ import annotations

import copy
import json
import re
import textwrap
from typing import Any

import yaml

from orchestrator.yamlread.lines import plain, read
from orchestrator.yamlread.problems import At, ConfigError, dotted

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*")


class CannotEdit(Exception):
    """The value cannot be changed in place here; the text as a whole can be edited."""


def scalar(value: object) -> str:
    """YAML source, on one line, of a text, number, truth value or list of such."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(scalar(v) for v in value) + "]"
    if isinstance(value, str):
        safe = _PLAIN.fullmatch(value) and plain(value) == value
        return value if safe else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def edited(text: str, at: At, source: str | None) -> str:
    """`text` with `source` at `at`: YAML of one line, or of several, which is indented as its place wants.
    None takes the key away, and mappings that it leaves empty. Raises CannotEdit; ConfigError for a text that cannot
    be read."""
    before = read(text, "text").tree
    new = _changed(text, at, source)
    try:
        after = read(new, "text").tree
        wanted = _wanted(before, at, None if source is None else read(source, "value").tree, gone=source is None)
    except ConfigError as why:
        raise CannotEdit(f"{dotted(at)}: {why.problems[0].expected}") from None
    if after != wanted:
        raise CannotEdit(f"{dotted(at)} cannot be changed alone here; edit the text")
    return new


def source(text: str, at: At) -> str:
    """What stands at a place, as it was written, comments inside it with it; empty when nothing does."""
    found = _find(_compose(text), at)
    if found is None or found.start_mark.index == found.end_mark.index:
        return ""
    start, end = found.start_mark.index, _end(found)
    if isinstance(found, yaml.CollectionNode) and not found.flow_style:
        start = text.rfind("\n", 0, start) + 1
    return textwrap.dedent(text[start:end])


def _changed(text: str, at: At, source: str | None) -> str:
    root = _compose(text)
    if root is None:
        if source is None:
            return text
        return text.rstrip("\n") + ("\n" if text.strip() else "") + _nested(at, source) + "\n"
    parent, depth = root, 0
    while depth < len(at) - 1:
        below = _find(parent, at[depth : depth + 1])
        if below is None or _empty(below):
            break
        parent, depth = below, depth + 1
    key, rest = at[depth], at[depth + 1 :]
    if not isinstance(parent, yaml.MappingNode) or not isinstance(key, str):
        raise CannotEdit(f"{dotted(at)} stands in no mapping; edit the text")
    pair = _pair(parent, key)
    if source is None:
        if rest or pair is None:
            return text
        return _without(text, root, at, parent, pair)
    source = _nested(rest, source, flow=parent.flow_style) if rest else source
    if pair is None:
        return _added(text, parent, key, source)
    return _replaced(text, parent, pair, source)


def _nested(at: At, source: str, *, flow: bool = False) -> str:
    """`{budgets: {day_usd: 5}}` as text, for levels that are not there yet."""
    for part in reversed(at):
        if not isinstance(part, str):
            raise CannotEdit("a list entry that is not there; edit the text")
        if flow:
            source = f"{{{scalar(part)}: {source}}}"
        elif "\n" in source or _is_block(source):
            source = f"{scalar(part)}:\n" + textwrap.indent(source, "  ")
        else:
            source = f"{scalar(part)}: {source}"
    return source


def _is_block(source: str) -> bool:
    """It needs lines of its own."""
    if "\n" in source.strip("\n"):
        return True
    node = _compose(source)
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _added(text: str, parent: Any, key: str, source: str) -> str:
    name = scalar(key)
    if parent.flow_style:
        _one_line(source)
        if not parent.value:
            place = int(parent.start_mark.index) + 1
            return f"{text[:place]}{name}: {source}{text[place:]}"
        place = _end(parent.value[-1][1])
        return f"{text[:place]}, {name}: {source}{text[place:]}"
    place = _line_end(text, _end(parent.value[-1][1]))
    indent = " " * int(parent.value[0][0].start_mark.column)
    new = _newline(text) + indent + _under(name, source, indent, text)
    return text[:place] + new + text[place:]


def _replaced(text: str, parent: Any, pair: Any, source: str) -> str:
    key, value = pair
    colon = text.index(":", key.end_mark.index) + 1
    start, end = value.start_mark.index, _end(value)
    if parent.flow_style:
        _one_line(source)
        gap = "" if text[colon:start].strip(" ") == "" and start > colon else " "
        return text[:start] + gap + source + text[end:]
    if start > _line_end(text, colon):  # a block on lines of its own
        first = text.rfind("\n", 0, start)
        first = first - 1 if text[first - 1 : first] == "\r" else first
        text = text[:first] + text[_line_end(text, end) :]
    else:
        text = text[:colon] + text[max(colon, end) :]
    indent = " " * key.start_mark.column
    if not _is_block(source):
        return f"{text[:colon]} {source}{text[colon:]}"
    place = _line_end(text, colon)
    return text[:place] + _under("", source, indent, text)[1:] + text[place:]


def _under(name: str, source: str, indent: str, text: str) -> str:
    """`name: source`, or the lines of a block under it."""
    if not _is_block(source):
        return f"{name}: {source}"
    lines = textwrap.indent(source.strip("\n"), indent + "  ")
    return f"{name}:" + _newline(text) + lines.replace("\r\n", "\n").replace("\n", _newline(text))


def _without(text: str, root: Any, at: At, parent: Any, pair: Any) -> str:
    if len(parent.value) == 1:
        if len(at) < 2 or not isinstance(at[-2], str):
            raise CannotEdit(f"{dotted(at)} is the only key there; edit the text")
        above = _find(root, at[:-2])
        return _without(text, root, at[:-1], above, _pair(above, at[-2]))
    key, value = pair
    n = parent.value.index(pair)
    start, end = int(key.start_mark.index), _end(value)
    if parent.flow_style:
        if n:
            return text[: _end(parent.value[n - 1][1])] + text[end:]
        return text[:start] + text[int(parent.value[1][0].start_mark.index) :]
    line = text.rfind("\n", 0, start) + 1
    stop = _line_end(text, end)
    comment = text[end:stop].strip()
    if text[line:start].strip():  # `- key: value`: the next key takes its place behind the dash
        following = int(parent.value[1][0].start_mark.index)
        if "#" in text[end:following]:
            raise CannotEdit(f"{dotted(at)} has comments beside it that would be lost; edit the text")
        return text[:start] + text[following:]
    if comment.startswith("#"):
        return text[:start] + comment + text[stop:]
    after = text.find("\n", stop) + 1 or len(text)
    return text[:line] + text[after:]


def _wanted(tree: Any, at: At, value: object, *, gone: bool) -> Any:
    """The tree with the one change."""
    tree = copy.deepcopy(tree)
    if gone:
        return None if tree is None else _dropped(tree, at)
    tree = {} if tree is None else tree
    here = tree
    for part in at[:-1]:
        if isinstance(here, dict) and here.get(part) is None:
            here[part] = {}
        here = here[part]
    here[at[-1]] = value
    return tree


def _dropped(tree: Any, at: At) -> Any:
    here = tree
    trail = []
    for part in at[:-1]:
        trail.append((here, part))
        here = here.get(part) if isinstance(here, dict) else here[part]
        if here is None:
            return tree
    if here is None or at[-1] not in here:
        return tree
    del here[at[-1]]
    while not here and trail:
        here, part = trail.pop()
        del here[part]
    return tree


def _compose(text: str) -> Any:
    """Nodes with marks. The text was read by `lines.read` before, so it is small, shallow and without aliases."""
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _find(node: Any, at: At) -> Any:
    for part in at:
        if isinstance(node, yaml.MappingNode) and isinstance(part, str):
            pair = _pair(node, part)
            node = None if pair is None else pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part] if part < len(node.value) else None
        else:
            return None
    return node


def _pair(node: Any, key: str) -> Any:
    return next((p for p in node.value if p[0].value == key), None)


def _empty(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and plain(node.value) is None


def _end(node: Any) -> int:
    """Behind the last letter of a value. A block's own mark stands at what comes next, comments included."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        mark = node.end_mark
        text = mark.buffer or ""
        at = mark.pointer
        back = len(text[:at]) - len(text[:at].rstrip("\r\n \0"))
        return int(mark.index) - back
    return int(node.end_mark.index)


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    if found < 0:
        return len(text)
    return found - 1 if text[found - 1 : found] == "\r" and found > at else found


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _one_line(source: str) -> None:
    if "\n" in source or _is_block(source):
        raise CannotEdit("several lines do not fit between braces; edit the text")
