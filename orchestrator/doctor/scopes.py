"""What a classic token may do. Fine-grained tokens and Apps tell it only when they are refused."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.doctor.base import Check, Finding, Given, fail, ok
from orchestrator.github import health


def look(given: Given) -> Iterator[Finding]:
    scopes = health.worth(given.services().github).scopes
    if scopes is None:
        yield ok("a fine-grained token or an App; its permissions show in `repositories` and `board`")
        return
    told = ", ".join(scopes) or "none"
    wanted = [("repo", {"repo", "public_repo"})]
    if any(project.number is not None for project in given.settings.projects):
        wanted.append(("project", {"project"}))
    for name, any_of in wanted:
        if any_of & set(scopes):
            yield ok(f"it has {name}", name)
        else:
            mend = f"add the scope {name} to the token on GitHub (Settings, Developer settings, Tokens)"
            yield fail(f"it lacks {name}; it has: {told}", mend, name)


def lacks(given: Given, name: str) -> bool:
    """Is that scope among what is missing?"""
    return any(f.subject == name and f.mend for f in given.found.get("scopes", ()))


CHECK = Check(
    name="scopes",
    why="A token without a scope is refused in the middle of the work.",
    look=look,
    needs=("token",),
    seconds=8,
)
