"""Is one GraphQL schema a true subset of another? Every difference is one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    is_required_argument,
    is_required_input_field,
    print_ast,
)


def differences(served: GraphQLSchema, official: GraphQLSchema) -> list[str]:
    """Where `served` says something that `official` does not say, or leaves out what `official` demands."""
    found = [f"root {kind}" for kind in ("query_type", "mutation_type") if _root(served, kind) != _root(official, kind)]
    for name, ours in served.type_map.items():
        theirs = official.type_map.get(name)
        if name.startswith("__"):
            continue
        if theirs is None:
            found.append(f"type {name} is unknown")
        elif type(ours) is not type(theirs):
            found.append(f"{name} is a {type(theirs).__name__}, not a {type(ours).__name__}")
        else:
            found += _inside(name, ours, theirs)
    return found


def _root(schema: GraphQLSchema, kind: str) -> str | None:
    root = getattr(schema, kind)
    return root.name if root else None


def _inside(name: str, ours: object, theirs: object) -> Iterator[str]:
    if isinstance(ours, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
        yield from (f"{name}.{value} is no value" for value in set(ours.values) - set(theirs.values))
    elif isinstance(ours, GraphQLUnionType) and isinstance(theirs, GraphQLUnionType):
        known = {kind.name for kind in theirs.types}
        yield from (f"{kind.name} is no member of {name}" for kind in ours.types if kind.name not in known)
    elif isinstance(ours, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
        yield from _inputs(name, ours.fields, theirs.fields)
    elif isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
        assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType)
        faces = {face.name for face in theirs.interfaces}
        yield from (f"{name} does not implement {face.name}" for face in ours.interfaces if face.name not in faces)
        yield from _fields(name, ours.fields, theirs.fields)


def _fields(name: str, ours: Mapping[str, GraphQLField], theirs: Mapping[str, GraphQLField]) -> Iterator[str]:
    for key, field in ours.items():
        if key not in theirs:
            yield f"{name} has no field {key}"
            continue
        if str(field.type) != str(theirs[key].type):
            yield f"{name}.{key} is {theirs[key].type}, not {field.type}"
        yield from _arguments(f"{name}.{key}", field.args, theirs[key].args)


def _arguments(where: str, ours: Mapping[str, GraphQLArgument], theirs: Mapping[str, GraphQLArgument]) -> Iterator[str]:
    for key, argument in ours.items():
        if key not in theirs:
            yield f"{where} has no argument {key}"
        elif str(argument.type) != str(theirs[key].type):
            yield f"{where}({key}) is {theirs[key].type}, not {argument.type}"
        elif _default(argument) != _default(theirs[key]):
            yield f"{where}({key}) defaults to {_default(theirs[key])}, not {_default(argument)}"
    needed = {key for key, argument in theirs.items() if is_required_argument(argument)}
    yield from (f"{where} demands the argument {key}" for key in needed - set(ours))


def _inputs(name: str, ours: Mapping[str, GraphQLInputField], theirs: Mapping[str, GraphQLInputField]) -> Iterator[str]:
    for key, field in ours.items():
        if key not in theirs:
            yield f"{name} has no field {key}"
        elif str(field.type) != str(theirs[key].type):
            yield f"{name}.{key} is {theirs[key].type}, not {field.type}"
        elif _default(field) != _default(theirs[key]):
            yield f"{name}.{key} defaults to {_default(theirs[key])}, not {_default(field)}"
    needed = {key for key, field in theirs.items() if is_required_input_field(field)}
    yield from (f"{name} demands {key}" for key in needed - set(ours))


def _default(entry: GraphQLArgument | GraphQLInputField) -> str | None:
    literal = entry.default.literal if entry.default else None
    return print_ast(literal) if literal is not None else None
