"""Cuts the hub's GraphQL schema out of GitHub's official one, by the list in schema_slice.txt.

`python tests/hub/conformance/schema_slice.py` rewrites orchestrator/hub/graphql/schema.graphql. Run it after a change
of the list; the committed file is what the hub serves, and the tests prove it a true subset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_required_argument,
    is_specified_scalar_type,
    print_ast,
)

ROOT = Path(__file__).resolve().parents[3]
OFFICIAL = ROOT / ".cache/contracts/node_modules/@octokit/graphql-schema/schema.graphql"
SERVED = ROOT / "orchestrator/hub/graphql/schema.graphql"
LIST = Path(__file__).with_name("schema_slice.txt")
PAGING = ("after", "before", "first", "last")
Wanted = dict[str, dict[str, frozenset[str]]]


def official() -> GraphQLSchema:
    """GitHub's schema. It is not strictly valid (a field is defined twice), so its validity is assumed."""
    text = OFFICIAL.read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True, no_location=True)


def read_list(text: str) -> Wanted:
    """Type name -> member name -> argument names."""
    wanted: Wanted = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, members = line.partition(":")
            wanted[name] = {}
            for field, star, args in re.findall(r"(\w+)(\*?)(?:\(([\w,]+)\))?", members):
                named = args.split(",") if args else []
                wanted[name][field] = frozenset([*(PAGING if star else ()), *named])
    return wanted


class Slice:
    """The types reached from the list, printed as SDL without descriptions."""

    def __init__(self, schema: GraphQLSchema, wanted: Wanted) -> None:
        self.schema = schema
        self.wanted = wanted
        self.done: dict[str, str] = {}

    def text(self) -> str:
        """The SDL, types by name after the roots."""
        todo = ["Query", "Mutation", *(name for name in self.wanted if self._kind(name, GraphQLObjectType))]
        while todo:
            name = todo.pop()
            if name not in self.done:
                self.done[name] = ""
                self.done[name], reached = self._print(name)
                todo += reached
        unused = set(self.wanted) - set(self.done)
        if unused:
            raise SystemExit(f"listed, but reached from nothing: {sorted(unused)}")
        names = sorted(self.done, key=lambda name: (name not in ("Query", "Mutation"), name))
        return "\n\n".join(self.done[name] for name in names if self.done[name]) + "\n"

    def _kind(self, name: str, kind: type) -> bool:
        if name not in self.schema.type_map:
            raise SystemExit(f"GitHub has no type {name}")
        return isinstance(self.schema.type_map[name], kind)

    def _print(self, name: str) -> tuple[str, list[str]]:
        found = self.schema.type_map[name]
        if isinstance(found, GraphQLScalarType):
            return ("" if is_specified_scalar_type(found) else f"scalar {name}"), []
        if isinstance(found, GraphQLEnumType):
            values = self._members(found, found.values)
            return _block(f"enum {name}", values), []
        if isinstance(found, GraphQLUnionType):
            members = self._members(found, {kind.name: kind for kind in found.types})
            return f"union {name} = {' | '.join(members)}", list(members)
        if isinstance(found, GraphQLInputObjectType):
            fields = self._members(found, found.fields)
            lines = [f"{key}: {found.fields[key].type}{_default(found.fields[key])}" for key in fields]
            return _block(f"input {name}", lines), [get_named_type(found.fields[key].type).name for key in fields]
        assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
        return self._fields(found)

    def _fields(self, found: GraphQLObjectType | GraphQLInterfaceType) -> tuple[str, list[str]]:
        lines, reached = [], []
        for key in self._members(found, found.fields):
            field = found.fields[key]
            args = self._args(found.name, key, field.args)
            lines.append(f"{key}{args[0]}: {field.type}")
            reached += [get_named_type(field.type).name, *args[1]]
        faces = [face.name for face in found.interfaces if face.name in self.wanted]
        word = "interface" if isinstance(found, GraphQLInterfaceType) else "type"
        head = f"{word} {found.name}" + (f" implements {' & '.join(faces)}" if faces else "")
        return _block(head, lines), [*reached, *faces]

    def _args(self, owner: str, key: str, args: Mapping[str, GraphQLArgument]) -> tuple[str, list[str]]:
        chosen = self.wanted.get(owner, {}).get(key, frozenset())
        unknown = chosen - set(args)
        if unknown:
            raise SystemExit(f"GitHub has no argument {sorted(unknown)} at {owner}.{key}")
        kept = {name: arg for name, arg in args.items() if name in chosen or is_required_argument(arg)}
        texts = [f"{name}: {arg.type}{_default(arg)}" for name, arg in kept.items()]
        reached = [get_named_type(arg.type).name for arg in kept.values()]
        return (f"({', '.join(texts)})" if texts else ""), reached

    def _members(self, found: GraphQLNamedType, known: Iterable[str]) -> list[str]:
        """Members of a listed type; of an unlisted one all (inputs, enums) or what its role wants."""
        names = list(known)
        if found.name in self.wanted:
            unknown = set(self.wanted[found.name]) - set(names)
            if unknown:
                raise SystemExit(f"GitHub has no {sorted(unknown)} in {found.name}")
            return [name for name in names if name in self.wanted[found.name]]
        if found.name.endswith("Connection"):
            return [name for name in names if name in ("edges", "nodes", "pageInfo", "totalCount")]
        if found.name.endswith("Edge"):
            return [name for name in names if name in ("node", "cursor")]
        if isinstance(found, GraphQLObjectType | GraphQLInterfaceType) and not found.name.endswith("Payload"):
            raise SystemExit(f"{found.name} is reached but not listed")
        return names


def _default(arg: GraphQLArgument | GraphQLInputField) -> str:
    literal = arg.default.literal if arg.default else None
    return f" = {print_ast(literal)}" if literal is not None else ""


def _block(head: str, lines: Iterable[str]) -> str:
    return head + " {\n" + "".join(f"  {line}\n" for line in lines) + "}"


def cut() -> str:
    """The text of the hub's schema file."""
    return Slice(official(), read_list(LIST.read_text(encoding="utf-8"))).text()


if __name__ == "__main__":
    SERVED.write_text(cut(), encoding="utf-8")
