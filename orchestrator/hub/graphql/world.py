"""One GraphQL request: who asks, what they may see, and how rows are found by node id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.hub import auth
from orchestrator.hub.graphql.errors import Refusal
from orchestrator.hub.store import projects, repos, users
from orchestrator.hub.store.repos import LEVELS, Repo
from orchestrator.hub.store.users import User

if TYPE_CHECKING:
    from orchestrator.hub.auth import Viewer
    from orchestrator.hub.db import Database
    from orchestrator.hub.graphql.cost import Cost
    from orchestrator.hub.store.projects import Project
    from orchestrator.hub.world import World as Hub


class World:
    """The context of a request. Permissions are worked out once per repository and board."""

    def __init__(self, hub: Hub, viewer: Viewer, cost: Cost) -> None:
        self.hub = hub
        self.viewer = viewer
        self.cost = cost
        self.applied = 0
        self._roles: dict[int, str] = {}
        self._boards: dict[int, str] = {}

    @property
    def db(self) -> Database:
        return self.hub.db

    @property
    def web(self) -> str:
        """The base of urls that a person would open."""
        return self.hub.url

    @property
    def user(self) -> User:
        """The account that acts (the endpoint refuses anonymous callers)."""
        assert self.viewer.user is not None
        return self.viewer.user

    def forget(self) -> None:
        """Permissions may have changed (after a mutation)."""
        self._roles.clear()
        self._boards.clear()

    def role(self, repo: Repo) -> str:
        """The viewer's role in a repository, one of LEVELS."""
        if repo.id not in self._roles:
            self._roles[repo.id] = auth.role(self.db, self.viewer, repo)
        return self._roles[repo.id]

    def sees(self, repo: Repo) -> bool:
        """May the viewer know that the repository exists?"""
        return self.role(repo) != "none"

    def may_read(self, repo: Repo, area: str) -> bool:
        """May the viewer read an area (issues, pull_requests, contents, checks, ...) of it?"""
        return self.sees(repo) and (not repo.private or self.viewer.grants(area, "read"))

    def need_read(self, repo: Repo, area: str) -> None:
        """Raise Refusal FORBIDDEN when the token does not reach the area of a private repository."""
        if not self.may_read(repo, area):
            raise Refusal("FORBIDDEN", self.viewer.refusal())

    def need_write(self, repo: Repo, area: str, role: str = "write") -> None:
        """Raise Refusal: NOT_FOUND unseen, FORBIDDEN without the token's permission or the person's role."""
        if not self.sees(repo):
            raise Refusal("NOT_FOUND", f"Could not resolve to a Repository with the name '{repo.full_name}'.")
        if not self.viewer.grants(area, "write"):
            raise Refusal("FORBIDDEN", self.viewer.refusal())
        if LEVELS.index(self.role(repo)) < LEVELS.index(role):
            message = f"{self.user.login} does not have the correct permissions to execute this mutation."
            raise Refusal("FORBIDDEN", message)
        if repo.archived:
            raise Refusal("UNPROCESSABLE", "Repository was archived so is read-only.")

    def board_level(self, board: Project) -> str:
        """none, read or write: what the viewer may do on a board.

        The owner, an organization's members and its installed apps write. A collaborator who may write to a linked
        repository counts as invited to the board; on GitHub an owner invites them by hand."""
        if board.id not in self._boards:
            self._boards[board.id] = self._board_level(board)
        return self._boards[board.id]

    def _board_level(self, board: Project) -> str:
        grant = max((self.viewer.level(area) for area in ("projects", "organization_projects")), key=_order)
        if grant == "none":
            return "read" if board.public else "none"
        token = self.viewer.token
        if token is not None and token.kind == "installation":
            return grant if self.viewer.account_id == board.owner_id else "read" if board.public else "none"
        owns = board.owner_id == self.user.id or users.member_role(self.db, board.owner_id, self.user.id) is not None
        linked = repos.by_ids(self.db, projects.repo_ids(self.db, board.id)).values() if not owns else ()
        if owns or any(LEVELS.index(self.role(repo)) >= LEVELS.index("write") for repo in linked):
            return "write" if grant == "write" else "read"
        return "read" if board.public else "none"

    def need_board(self, board: Project, level: str) -> None:
        """Raise Refusal: NOT_FOUND for a board that is not seen, FORBIDDEN for one that may only be read."""
        have = self.board_level(board)
        if have == "none":
            raise Refusal("NOT_FOUND", f"Could not resolve to a ProjectV2 with the number {board.number}.")
        if level == "write" and have != "write":
            message = f"{self.user.login} does not have permission to update this project."
            raise Refusal("FORBIDDEN", self.viewer.refusal() if not self._grants_boards() else message)

    def _grants_boards(self) -> bool:
        return self.viewer.grants("projects", "write") or self.viewer.grants("organization_projects", "write")


def _order(level: str) -> int:
    return ("none", "read", "write", "admin").index(level)
