"""What a new hub is filled with: a seed file (docs/hub.md), checked whole before anything is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.hub.server import Hub

COLUMNS = ("Backlog", "Ready", "In Progress", "Blocked", "Done")

PLAYGROUND: dict[str, Any] = {
    "users": ["operator"],
    "repos": {
        "operator/hello": {
            "files": {"README.md": "# hello\n", "test.sh": "grep -q hello README.md\n"},
            "ci": {"test": "sh test.sh"},
        }
    },
    "boards": {"operator": {"repos": ["operator/hello"], "options": COLUMNS}},
}
"""What a new hub holds when nobody says otherwise."""

SHAPE: dict[str, dict[str, type]] = {
    "repos": {
        "files": dict, "ci": dict, "collaborators": dict, "private": bool, "default_branch": str,
        "delete_branch_on_merge": bool, "description": str,
    },
    "boards": {"title": str, "options": list, "repos": list},
}  # fmt: skip
"""The keys of one repository and of one board in a seed file (docs/hub.md)."""


class CannotServe(Exception):
    """Says in one line why, and what to do."""


def read(file: Path) -> dict[str, Any]:
    """A seed file: YAML, or JSON. Raises CannotServe with every mistake, a line each."""
    import yaml

    try:
        world = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CannotServe(f"{file}: {' '.join(str(error).split())}") from error
    wrong = _wrong(world)
    if wrong:
        raise CannotServe("\n".join(f"{file}: {line}" for line in wrong))
    for board in world.get("boards", {}).values():
        board.setdefault("options", list(COLUMNS))
    return dict(world)


def _wrong(world: Any) -> list[str]:
    if not isinstance(world, dict):
        return ["expected a mapping with users, orgs, repos, boards"]
    kinds: dict[str, type] = {"users": list, "orgs": dict, "repos": dict, "boards": dict}
    wrong = _keys("", world, kinds)
    for section, shape in SHAPE.items():
        for name, settings in _mapping(world.get(section)).items():
            wrong += _keys(f"{section}.{name}.", settings, shape)
    return wrong or [*_people(world), *_names(world)]


def _keys(at: str, found: Any, shape: dict[str, type]) -> list[str]:
    if not isinstance(found, dict):
        return [f"{at.rstrip('.')}: expected a mapping"]
    words = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false"}
    unknown = [f"{at}{key}: expected one of {', '.join(shape)}" for key in found if key not in shape]
    return unknown + [
        f"{at}{key}: expected {words[kind]}"
        for key, kind in shape.items()
        if key in found and type(found[key]) is not kind
    ]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _people(world: dict[str, Any]) -> list[str]:
    people = set(world.get("users", ()))
    if not people:
        return ["users: expected at least one login; the first one gets the token"]
    named = [(f"orgs.{org}", login) for org, members in world.get("orgs", {}).items() for login in members or ()]
    named += [
        (f"repos.{name}.collaborators", login)
        for name, settings in world.get("repos", {}).items()
        for login in settings.get("collaborators", ())
    ]
    return [f"{at}: {login} is none of users" for at, login in named if login not in people]


def _names(world: dict[str, Any]) -> list[str]:
    owners = {*world.get("users", ()), *world.get("orgs", ())}
    repos = world.get("repos", {})
    return [
        *(f"repos.{n}: expected owner/name with an owner of users or orgs" for n in repos if _owner(n) not in owners),
        *(f"boards.{o}: expected one of users or orgs" for o in world.get("boards", {}) if o not in owners),
        *(
            f"boards.{owner}.repos: {name} is none of repos"
            for owner, board in world.get("boards", {}).items()
            for name in board.get("repos", ())
            if name not in repos
        ),
    ]


def _owner(name: str) -> str:
    owner, _, rest = str(name).partition("/")
    return owner if rest and "/" not in rest else ""


def seed(hub: Hub, world: dict[str, Any]) -> None:
    """Fill a hub from the words of a seed file."""
    for login in world.get("users", ()):
        hub.admin.user(login)
    for login, members in world.get("orgs", {}).items():
        hub.admin.org(login, members)
    for name, settings in world.get("repos", {}).items():
        hub.admin.repo(name, **settings)
    for owner, settings in world.get("boards", {}).items():
        hub.admin.board(owner, **settings)
