"""An entry of a list put in or taken out in place, as `edit` changes one value: every other byte stays."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from orchestrator.yamlread import edit
from orchestrator.yamlread.edit import CannotEdit
from orchestrator.yamlread.lines import Document, read
from orchestrator.yamlread.problems import At, ConfigError, dotted


def appended(text: str, at: At, entry: dict[str, Any]) -> str:
    """`entry` as the last of the list at `at`, in the list's own form. Raises CannotEdit; ConfigError for a text that
    cannot be read."""
    tree = read(text, "text").tree
    node = edit._find(edit._compose(text), at)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise CannotEdit(f"{dotted(at)} is no list with entries; edit the text")
    end = edit._end(node.value[-1])
    if node.flow_style:
        new = f"{text[:end]}, {flow(entry)}{text[end:]}"
    else:
        place, indent = edit._line_end(text, end), " " * int(node.start_mark.column)
        lines = edit._newline(text).join(f"{indent}{line}" for line in block(entry))
        new = text[:place] + edit._newline(text) + lines + text[place:]
    return _so(new, at, [*_list(tree, at), entry], tree)


def removed(text: str, at: At) -> str:
    """Without the entry at `at`, whose last part is its number, and the comments inside of it. Raises as `appended`."""
    tree = read(text, "text").tree
    *above, n = at
    if not isinstance(n, int):
        raise CannotEdit(f"{dotted(at)} is no entry of a list; edit the text")
    node = edit._find(edit._compose(text), tuple(above))
    if not isinstance(node, yaml.SequenceNode) or not n < len(node.value) > 1:
        raise CannotEdit(f"{dotted(at)} is the only one, or not there; edit the text")
    start, end = int(node.value[n].start_mark.index), edit._end(node.value[n])
    if node.flow_style:
        new = text[: edit._end(node.value[n - 1])] + text[end:] if n else text[:start] + text[_start(node, 1) :]
    else:
        new = _without_lines(text, start, end)
    kept = [entry for k, entry in enumerate(_list(tree, tuple(above))) if k != n]
    return _so(new, tuple(above), kept, tree)


def block(entry: dict[str, Any]) -> list[str]:
    """The lines of an entry under its dash; what is nested stands between braces."""
    lines = [f"{edit.scalar(k)}: {flow(v) if isinstance(v, dict) else edit.scalar(v)}" for k, v in entry.items()]
    return [("  " if n else "- ") + line for n, line in enumerate(lines)]


def flow(entry: dict[str, Any]) -> str:
    parts = (f"{edit.scalar(k)}: {flow(v) if isinstance(v, dict) else edit.scalar(v)}" for k, v in entry.items())
    return "{" + ", ".join(parts) + "}"


def _start(node: Any, n: int) -> int:
    return int(node.value[n].start_mark.index)


def _without_lines(text: str, start: int, end: int) -> str:
    """From the line of the dash to the end of the entry's last line."""
    dash = text.rindex("-", 0, start)
    line = text.rfind("\n", 0, dash) + 1
    if text[line:dash].strip():
        raise CannotEdit("the entry shares its line with something else; edit the text")
    stop = edit._line_end(text, end)
    after = text.find("\n", stop) + 1 or len(text)
    return text[:line] + text[after:]


def _list(tree: Any, at: At) -> list[Any]:
    found = Document(file="text", tree=tree, lines={}).get(at)
    return found if isinstance(found, list) else []


def _so(new: str, at: At, wanted: list[Any], tree: Any) -> str:
    """The text, when it says what was wanted and nothing else."""
    whole = copy.deepcopy(tree)
    above: Any = whole
    for part in at[:-1]:
        above = above[part]
    above[at[-1]] = wanted
    try:
        after = read(new, "text").tree
    except ConfigError as why:
        raise CannotEdit(f"{dotted(at)}: {why.problems[0].expected}") from None
    if after != whole:
        raise CannotEdit(f"{dotted(at)} cannot be changed alone here; edit the text")
    return new
