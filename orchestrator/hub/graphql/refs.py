"""Refs, protection rules, and git objects by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.hub.graphql import ids
from orchestrator.hub.graphql.commits import GitObject, commit_thing, object_named
from orchestrator.hub.graphql.registry import Rows, connection, field, rows_of
from orchestrator.hub.graphql.repository import pull_list, repository_of
from orchestrator.hub.graphql.things import Thing, alone
from orchestrator.hub.rules import protection
from orchestrator.hub.rules.protection import Protection
from orchestrator.hub.store import users
from orchestrator.hub.store.repos import LEVELS


@dataclass(frozen=True, kw_only=True)
class GitRef:
    """A ref of a repository; `path` is the full name."""

    repo_id: int
    path: str
    sha: str

    @property
    def node_id(self) -> str:
        return ids.encode("REF", self.repo_id, self.path)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The protection of one branch."""

    repo_id: int
    pattern: str
    rules: Protection

    @property
    def node_id(self) -> str:
        return ids.encode("BPR", self.repo_id, self.pattern)


@dataclass(frozen=True, kw_only=True)
class RequiredCheck:
    """A check that a rule asks for."""

    context: str
    app_id: int | None


rows_of(GitRef, "Ref")
rows_of(Rule, "BranchProtectionRule")
rows_of(RequiredCheck, "RequiredStatusCheckDescription")


@field("Repository.defaultBranchRef")
def default_ref(thing: Thing) -> Thing | None:
    """The default branch, None in an empty repository."""
    return ref(thing, f"refs/heads/{thing.row.default_branch}")


@field("Repository.ref")
def ref(thing: Thing, qualified_name: str) -> Thing | None:
    """A ref by its full name, or by a branch's short one."""
    thing.world.need_read(thing.row, "contents")
    bare = thing.world.hub.bare(thing.row)
    names = (
        [qualified_name]
        if qualified_name.startswith("refs/")
        else [f"refs/{qualified_name}", f"refs/heads/{qualified_name}", f"refs/tags/{qualified_name}"]
    )
    for name in names:
        sha = None if ".." in name else bare.ref(name)
        if sha is not None:
            return alone(thing.world, "Ref", GitRef(repo_id=thing.row.id, path=name, sha=sha))
    return None


@connection("Repository.refs")
def refs(thing: Thing, ref_prefix: str, query: str | None = None) -> Rows:
    """Refs under a prefix such as refs/heads/."""
    thing.world.need_read(thing.row, "contents")
    found = thing.world.hub.bare(thing.row).refs(ref_prefix)
    rows = [GitRef(repo_id=thing.row.id, path=name, sha=sha) for name, sha in found.items()]
    return Rows(kind="Ref", rows=[row for row in rows if not query or query in row.path])


@field("Ref.prefix")
def ref_prefix(thing: Thing) -> str:
    """refs/heads/, refs/tags/ or what stands before the last part."""
    return next((p for p in ("refs/heads/", "refs/tags/") if thing.row.path.startswith(p)), "refs/")


@field("Ref.name")
def ref_name(thing: Thing) -> str:
    """The name behind the prefix."""
    return str(thing.row.path).removeprefix(ref_prefix(thing))


@field("Ref.target")
def ref_target(thing: Thing) -> Thing | None:
    """The commit."""
    return commit_thing(thing, "target", lambda row: row.sha)


@connection("Ref.associatedPullRequests")
def ref_pulls(thing: Thing, states: Sequence[str] | None = None) -> list[Thing]:
    """Pull requests with this branch as their head."""
    where = repository_of(thing)
    rows = pull_list(where, states=states, head_ref_name=ref_name(thing)).rows
    return [alone(thing.world, "PullRequest", row) for row in rows]


@field("Ref.branchProtectionRule")
def ref_rule(thing: Thing) -> Thing | None:
    """The protection of the branch; told to those who may push."""
    where = repository_of(thing).row
    rules = protection.load(thing.world.db, where, ref_name(thing))
    if rules is None or LEVELS.index(thing.world.role(where)) < LEVELS.index("write"):
        return None
    return alone(thing.world, "BranchProtectionRule", Rule(repo_id=where.id, pattern=ref_name(thing), rules=rules))


@connection("Repository.branchProtectionRules")
def rules_of(thing: Thing) -> Rows:
    """The protected branches that exist."""
    rows = []
    for name in thing.world.hub.bare(thing.row).refs():
        branch = name.removeprefix("refs/heads/")
        rules = protection.load(thing.world.db, thing.row, branch)
        if rules is not None:
            rows.append(Rule(repo_id=thing.row.id, pattern=branch, rules=rules))
    return Rows(kind="BranchProtectionRule", rows=rows)


_RULE_FACTS: dict[str, Callable[[Protection], Any]] = {
    "isAdminEnforced": lambda rules: rules.enforce_admins,
    "requiresApprovingReviews": lambda rules: rules.reviews is not None,
    "requiredApprovingReviewCount": lambda rules: rules.reviews,
    "requiresStatusChecks": lambda rules: rules.checks is not None,
    "requiresStrictStatusChecks": lambda rules: rules.strict,
    "requiredStatusCheckContexts": lambda rules: [check.context for check in rules.checks or ()],
    "dismissesStaleReviews": lambda rules: rules.dismiss_stale,
    "restrictsPushes": lambda rules: rules.restrictions is not None,
}


def _register_rule_facts() -> None:
    for name, read in _RULE_FACTS.items():
        field(f"BranchProtectionRule.{name}")(lambda thing, read=read: read(thing.row.rules))


_register_rule_facts()


@field("BranchProtectionRule.requiredStatusChecks")
def rule_checks(thing: Thing) -> list[Thing]:
    """The required checks with the app each must come from."""
    found = [RequiredCheck(context=c.context, app_id=c.app_id) for c in thing.row.rules.checks or ()]
    return [alone(thing.world, "RequiredStatusCheckDescription", check) for check in found]


@field("RequiredStatusCheckDescription.app")
def rule_check_app(thing: Thing) -> Thing | None:
    """The app, None for any."""
    return thing.one("app", users.apps, "App", lambda row: row.app_id)


@field("Repository.object")
def git_object(thing: Thing, oid: str | None = None, expression: str | None = None) -> Thing | None:
    """What `oid` or `expression` (such as main:README.md) names: a commit, tree or blob; None when nothing."""
    thing.world.need_read(thing.row, "contents")
    named = oid or expression or "HEAD"
    found = object_named(thing.world.hub.bare(thing.row), named)
    if found is None or found[0] == "tag":
        return None
    if found[0] == "commit":
        return alone(thing.world, "Commit", GitObject(repo_id=thing.row.id, sha=found[1], prefix="C"))
    prefix = {"tree": "T", "blob": "B"}[found[0]]
    return alone(thing.world, found[0].capitalize(), GitObject(repo_id=thing.row.id, sha=found[1], prefix=prefix))
