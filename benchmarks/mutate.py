"""Small defects, made by machine: every place of a module where one operator, number or statement could be another.

What is changed: comparisons, `and`/`or`, `not`, True/False, whole numbers by one, a member of an enum for another that
the same function names, conditions turned round, and statements left out (raise, continue, break, an early return, a
call or yield for its effect, `+=`). Left alone: strings, annotations, decorators, and the number of a check's version,
which is a name for kept answers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SWAPS: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_TURNS_ROUND = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
"""Their swap is their negation already."""
_SKIPPED = frozenset({"annotation", "returns", "decorator_list", "format_spec"})
_NAMES = frozenset({"version"})

Enums = Mapping[str, tuple[str, ...]]
"""Members by the name of the enum."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One defect: the child at `field` (and `index`) of `parent` becomes `new`."""

    file: str
    line: int
    last: int
    """The lines of the statement it stands in; of a compound one its head."""
    what: str
    function: str
    """Qualified name of the outermost function it stands in; empty for what runs at import."""
    span: tuple[int, int]
    """First and last line of that function."""
    parent: ast.AST
    field: str
    index: int | None
    new: ast.AST | object

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line} {self.what}"

    def apply(self) -> None:
        """In the tree that all mutants of the file share: in a process of its own only."""
        if self.index is None:
            setattr(self.parent, self.field, self.new)
        else:
            getattr(self.parent, self.field)[self.index] = self.new


@dataclass(frozen=True, kw_only=True)
class Source:
    """One module and what can be wrong in it."""

    file: str
    """Below the root, with `/`."""
    tree: ast.Module
    mutants: tuple[Mutant, ...]


def enums(root: Path) -> dict[str, tuple[str, ...]]:
    """Every enum that is defined below the folder."""
    found = {}
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            bases = {b.id for b in node.bases if isinstance(b, ast.Name)} if isinstance(node, ast.ClassDef) else set()
            if isinstance(node, ast.ClassDef) and bases & {"Enum", "StrEnum", "IntEnum"}:
                names = [
                    t.id for s in node.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)
                ]
                found[node.name] = tuple(names)
    return found


def read(root: Path, file: str, known: Enums) -> Source:
    """A module with its mutants, in the order of the text."""
    tree = ast.parse((root / file).read_text(encoding="utf-8"), filename=str(root / file))
    finder = _Finder(file, known)
    finder.body(tree, _Place(function="", members={}, tail=None, line=1, last=1))
    return Source(file=file, tree=tree, mutants=tuple(finder.found))


@dataclass(frozen=True, kw_only=True)
class _Place:
    function: str
    """Outermost function."""
    members: Mapping[str, tuple[str, ...]]
    """Members of each enum that this function names."""
    tail: ast.stmt | None
    """The function's last statement: a return there is not early."""
    line: int
    last: int
    scope: str = ""
    span: tuple[int, int] = (0, 0)


class _Finder:
    def __init__(self, file: str, known: Enums) -> None:
        self.file = file
        self.known = known
        self.found: list[Mutant] = []

    def body(self, node: ast.AST, place: _Place) -> None:
        for field, value in ast.iter_fields(node):
            if field in _SKIPPED:
                continue
            if isinstance(value, list):
                for index, child in enumerate(value):
                    if isinstance(child, ast.AST):
                        self.child(node, field, index, child, place)
            elif isinstance(value, ast.AST):
                self.child(node, field, None, value, place)

    def child(self, parent: ast.AST, field: str, index: int | None, node: ast.AST, place: _Place) -> None:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id in _NAMES for t in node.targets):
            return
        if isinstance(node, ast.stmt):
            place = _moved(place, node)
        for what, new in self.changes(parent, field, node, place):
            self.found.append(
                Mutant(
                    file=self.file,
                    line=getattr(node, "lineno", place.line),
                    last=place.last,
                    what=what,
                    function=place.function,
                    span=place.span,
                    parent=parent,
                    field=field,
                    index=index,
                    new=ast.copy_location(new, node) if isinstance(new, ast.expr | ast.stmt) else new,
                )
            )
        if isinstance(node, ast.FunctionDef):
            self.function(node, place)
        elif isinstance(node, ast.ClassDef) and not place.function:
            self.body(node, _with(place, scope=f"{place.scope}{node.name}."))
        else:
            self.body(node, place)

    def function(self, node: ast.FunctionDef, place: _Place) -> None:
        self.body(node.args, place)  # defaults are computed where the function stands
        named: dict[str, dict[str, None]] = {}
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in self.known:
                named.setdefault(each.value.id, {})[each.attr] = None
        members = {name: tuple(m for m in said if m in self.known[name]) for name, said in named.items()}
        inside = _with(
            place,
            function=place.function or f"{place.scope}{node.name}",
            members=place.members if place.function else members,
            tail=node.body[-1],
            span=place.span if place.function else (node.lineno, node.end_lineno or node.lineno),
        )
        for index, statement in enumerate(node.body):
            self.child(node, "body", index, statement, inside)

    def changes(self, parent: ast.AST, field: str, node: ast.AST, place: _Place) -> Iterator[tuple[str, Any]]:
        yield from _operators(parent, node)
        yield from _values(node, place, self.known)
        yield from _turned(parent, field, node)
        yield from _left_out(node, place)


def _operators(parent: ast.AST, node: ast.AST) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.cmpop) and type(node) in _SWAPS:
        new = _SWAPS[type(node)]
        yield f"{_word(node)} becomes {_word(new())}", new()
    elif isinstance(node, ast.boolop):
        new_bool = ast.Or() if isinstance(node, ast.And) else ast.And()
        yield f"{_word(node)} becomes {_word(new_bool)}", new_bool
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"`not` left out of `{_short(node)}`", node.operand


def _values(node: ast.AST, place: _Place, known: Enums) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} becomes {not node.value}", ast.Constant(value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        for by in (1, -1):
            yield f"{node.value} becomes {node.value + by}", ast.Constant(value=node.value + by)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
        others = [m for m in place.members.get(node.value.id, ()) if m != node.attr]
        if others and node.attr in known[node.value.id]:
            new = ast.Attribute(value=node.value, attr=others[0], ctx=node.ctx)
            yield f"{_short(node)} becomes {others[0]}", new


def _turned(parent: ast.AST, field: str, node: ast.AST) -> Iterator[tuple[str, Any]]:
    """A condition turned round, where no other operator does the same."""
    asks = isinstance(parent, ast.If | ast.IfExp | ast.While) and field == "test"
    if not isinstance(node, ast.expr) or not (asks or (isinstance(parent, ast.comprehension) and field == "ifs")):
        return
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], _TURNS_ROUND):
        return
    yield f"`{_short(node)}` turned round", ast.UnaryOp(op=ast.Not(), operand=node)


def _left_out(node: ast.AST, place: _Place) -> Iterator[tuple[str, Any]]:
    effect = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom)
    early = isinstance(node, ast.Return) and node is not place.tail and bool(place.function)
    if effect or early or isinstance(node, ast.Raise | ast.Continue | ast.Break | ast.AugAssign):
        yield f"`{_short(node)}` left out", ast.Pass()


def _moved(place: _Place, node: ast.stmt) -> _Place:
    """The lines in which a statement, or the head of a compound one, runs."""
    inner = [s for name in ("body", "cases") for s in getattr(node, name, [])]
    last = max(node.lineno, getattr(inner[0], "lineno", node.lineno + 1) - 1) if inner else node.end_lineno
    return _with(place, line=node.lineno, last=last or node.lineno)


def _with(place: _Place, **changes: Any) -> _Place:
    return _Place(**{**place.__dict__, **changes})


def _short(node: ast.AST) -> str:
    words = " ".join(ast.unparse(node).split())
    return words if len(words) <= 60 else words[:57] + "..."


def _word(node: ast.AST) -> str:
    names = {"Eq": "==", "NotEq": "!=", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "And": "and", "Or": "or"}
    name = type(node).__name__
    return names.get(name, {"Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in"}.get(name, name))
