"""What a query costs, before it runs: GitHub's points, its node limit, and the scopes a classic token needs.

The formula: https://docs.github.com/en/graphql/overview/rate-limits-and-node-limits -- add up the requests needed for
each unique connection (as often as there are parents, assuming every `first` or `last` is reached), divide by 100,
round, at least 1. No more than 500,000 nodes may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

NODE_LIMIT = 500_000
_BOARD_FIELDS = {"projectV2", "projectsV2", "projectItems"}
_CREATES = {"addComment", "createIssue", "createPullRequest", "addPullRequestReview", "createProjectV2",
            "addProjectV2DraftIssue", "addPullRequestReviewThreadReply"}  # fmt: skip


@dataclass(kw_only=True)
class Cost:
    """`points` are charged; `boards` names the board field touched first and whether to write it; `creates`: a
    mutation that counts as creating content."""

    requests: int = 0
    nodes: int = 0
    boards: str | None = None
    board_write: bool = False
    creates: bool = False
    fragments: Mapping[str, FragmentDefinitionNode] = field(default_factory=dict)

    @property
    def points(self) -> int:
        return max(1, round(self.requests / 100))


def of_document(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode,
                variables: Mapping[str, Any]) -> Cost:  # fmt: skip
    """The cost of one operation of a valid document."""
    named = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    cost = Cost(fragments=named)
    root = schema.get_root_type(operation.operation)
    assert root is not None
    defaults = {
        definition.variable.name.value: int(definition.default_value.value)
        for definition in operation.variable_definitions or ()
        if isinstance(definition.default_value, IntValueNode)
    }
    _Walk(schema, cost, {**defaults, **variables}).visit(operation.selection_set, root, 1)
    return cost


class _Walk:
    def __init__(self, schema: GraphQLSchema, cost: Cost, variables: Mapping[str, Any]) -> None:
        self.schema = schema
        self.cost = cost
        self.variables = variables

    def visit(self, selections: SelectionSetNode, parent: GraphQLNamedType, times: int) -> None:
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                fragment = self.cost.fragments[node.name.value]
                on = self.schema.type_map[fragment.type_condition.name.value]
                self.visit(fragment.selection_set, on, times)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                on = self.schema.type_map[condition.name.value] if condition else parent
                self.visit(node.selection_set, on, times)
            elif isinstance(node, FieldNode):
                self._field(node, parent, times)

    def _field(self, node: FieldNode, parent: GraphQLNamedType, times: int) -> None:
        name = node.name.value
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or name.startswith("__"):
            return
        found = parent.fields[name]
        kind = get_named_type(found.type)
        self._needs(parent.name, name)
        if kind.name.endswith("Connection"):
            self.cost.requests += times
            times *= self._size(node)
            self.cost.nodes += times
        elif parent.name == "Query" and name == "nodes":
            times *= 100
        if node.selection_set is not None:
            self.visit(node.selection_set, kind, times)

    def _needs(self, parent: str, name: str) -> None:
        if name in _BOARD_FIELDS and self.cost.boards is None:
            self.cost.boards = name
        if parent == "Mutation":
            self.cost.creates |= name in _CREATES
            if "ProjectV2" in name:
                self.cost.boards, self.cost.board_write = name, True

    def _size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value = argument.value
                if isinstance(value, IntValueNode):
                    return max(0, int(value.value))
                given = self.variables.get(value.name.value) if isinstance(value, VariableNode) else None
                if isinstance(given, int):
                    return max(0, given)
        return 1
