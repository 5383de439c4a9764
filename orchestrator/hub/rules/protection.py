"""Protected branches: what a push may not do and what a merge must bring.

Source: https://docs.github.com/en/rest/branches/branch-protection
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.hub import auth
from orchestrator.hub.store import checks, pulls, repos, users
from orchestrator.hub.store.pulls import Pull
from orchestrator.hub.store.repos import LEVELS, Repo

if TYPE_CHECKING:
    from orchestrator.hub.auth import Viewer
    from orchestrator.hub.db import Database
    from orchestrator.hub.world import World


@dataclass(frozen=True, kw_only=True)
class Required:
    """A check that must be green; `app_id` None (or -1 in the API) takes it from anyone."""

    context: str
    app_id: int | None


@dataclass(frozen=True, kw_only=True)
class Protection:
    """The rules of one branch. `reviews` None: no pull request needed; `restrictions` None: anyone with write."""

    strict: bool = False
    checks: tuple[Required, ...] | None = None
    reviews: int | None = None
    dismiss_stale: bool = False
    enforce_admins: bool = False
    restrictions: tuple[str, ...] | None = None
    restricted_apps: tuple[str, ...] = ()
    force_pushes: bool = False
    deletions: bool = False
    conversations: bool = False
    linear: bool = False


def load(db: Database, repo: Repo, branch: str) -> Protection | None:
    """The protection of a branch, or None."""
    settings = repos.protection(db, repo.id, branch)
    return None if settings is None else parse(settings)


def parse(settings: Mapping[str, Any]) -> Protection:
    """From the stored settings (the body of the API's PUT)."""
    status, reviews = settings.get("required_status_checks"), settings.get("required_pull_request_reviews")
    limits = settings.get("restrictions")
    required: tuple[Required, ...] | None = None
    if status is not None:
        named = [Required(context=c["context"], app_id=_app(c.get("app_id"))) for c in status.get("checks") or ()]
        known = {entry.context for entry in named}
        named += [Required(context=c, app_id=None) for c in status.get("contexts") or () if c not in known]
        required = tuple(named)
    return Protection(
        strict=bool(status and status.get("strict")), checks=required,
        reviews=None if reviews is None else int(reviews.get("required_approving_review_count", 1)),
        dismiss_stale=bool(reviews and reviews.get("dismiss_stale_reviews")),
        enforce_admins=bool(settings.get("enforce_admins")),
        restrictions=None if limits is None else tuple(limits.get("users") or ()),
        restricted_apps=() if limits is None else tuple(limits.get("apps") or ()),
        force_pushes=bool(settings.get("allow_force_pushes")), deletions=bool(settings.get("allow_deletions")),
        conversations=bool(settings.get("required_conversation_resolution")),
        linear=bool(settings.get("required_linear_history")),
    )  # fmt: skip


def in_full(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the API's PUT (required_status_checks=..., ...) from itself, with the short forms checks=[name, ...],
    strict=, reviews=N among it."""
    plain = dict(settings)
    names, strict, count = plain.pop("checks", None), plain.pop("strict", False), plain.pop("reviews", None)
    if names is not None:
        named = [name if isinstance(name, dict) else {"context": name, "app_id": None} for name in names]
        plain["required_status_checks"] = {"strict": strict, "checks": named}
    if count is not None:
        plain["required_pull_request_reviews"] = {"required_approving_review_count": count}
    return plain


def _app(value: Any) -> int | None:
    return None if value in (None, -1) else int(value)


def bypasses(db: Database, viewer: Viewer, repo: Repo, rules: Protection) -> bool:
    """Administrators are above the rules unless they are enforced for them too."""
    return not rules.enforce_admins and auth.role(db, viewer, repo) == "admin"


def may_push(db: Database, viewer: Viewer, rules: Protection) -> bool:
    """Is the viewer on the list of those who may push (or is there no list)?"""
    if rules.restrictions is None:
        return True
    app = users.apps(db, [viewer.app_id]).get(viewer.app_id or 0)
    login = viewer.user.login if viewer.user else ""
    return login in rules.restrictions or (app is not None and app.slug in rules.restricted_apps)


def push_refusal(hub: World, viewer: Viewer, repo: Repo, branch: str, before: str, after: str) -> str | None:
    """Why a direct push to a branch is refused (GitHub's GH006 sentence), or None. Force is judged by the hook."""
    rules = load(hub.db, repo, branch)
    if rules is None:
        return None
    deletes = after == "0" * 40
    if deletes and not rules.deletions:
        return "Cannot delete this branch"
    if bypasses(hub.db, viewer, repo, rules):
        return None
    if not may_push(hub.db, viewer, rules):
        return "You're not authorized to push to this branch."
    if rules.reviews is not None:
        return "Changes must be made through a pull request."
    waiting = [] if deletes else unmet_checks(hub.db, repo, rules, after)
    return waiting[0] if waiting else None


def unmet_checks(db: Database, repo: Repo, rules: Protection, sha: str) -> list[str]:
    """One sentence per required check that is not green on a commit."""
    if not rules.checks:
        return []
    runs = checks.runs(db, repo.id, [sha])[sha]
    statuses = {status.context: status for status in checks.statuses(db, repo.id, [sha])[sha]}
    sentences = []
    for required in rules.checks:
        states = [
            run.conclusion if run.status == "completed" else "pending"
            for run in runs
            if run.name == required.context and required.app_id in (None, run.app_id)
        ]
        status = statuses.get(required.context)
        if status is not None and required.app_id in (None, status.app_id):
            states.append(status.state)
        if not states:
            sentences.append(f'Required status check "{required.context}" is expected.')
        elif "pending" in states:
            sentences.append(f'Required status check "{required.context}" is in progress.')
        elif any(state not in ("success", "neutral", "skipped") for state in states):
            sentences.append(f'Required status check "{required.context}" is failing.')
    return sentences


def decision(db: Database, repo: Repo, pull: Pull, rules: Protection | None) -> str | None:
    """GitHub's reviewDecision: APPROVED, CHANGES_REQUESTED, REVIEW_REQUIRED or None."""
    opinions: dict[int, str] = {}
    for review in pulls.reviews_of(db, [pull.id])[pull.id]:
        if review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            opinions[review.author_id] = review.state
    counted = [state for author, state in opinions.items() if _counts(db, repo, author)]
    if "CHANGES_REQUESTED" in counted:
        return "CHANGES_REQUESTED"
    approvals = counted.count("APPROVED")
    needed = rules.reviews if rules and rules.reviews is not None else 0
    if approvals < needed:
        return "REVIEW_REQUIRED"
    return "APPROVED" if approvals else None


def _counts(db: Database, repo: Repo, author_id: int) -> bool:
    """Only those who may write decide; an app's bot with an installation on the owner counts as one."""
    author = users.get(db, author_id)
    if author.kind == "Bot" and author.app_id is not None:
        return users.installation(db, author.app_id, repo.owner_id) is not None
    return LEVELS.index(repos.permission(db, repo, author)) >= LEVELS.index("write")


def unmet(db: Database, repo: Repo, pull: Pull, rules: Protection | None) -> list[str]:
    """Why a pull request may not be merged into its protected base, in GitHub's sentences; empty when it may."""
    if rules is None:
        return []
    sentences = unmet_checks(db, repo, rules, pull.head_sha)
    verdict = decision(db, repo, pull, rules)
    if rules.reviews:
        if verdict == "CHANGES_REQUESTED":
            sentences.append("Changes have been requested on this pull request.")
        elif verdict != "APPROVED":
            noun = "review is" if rules.reviews == 1 else "reviews are"
            sentences.append(f"At least {rules.reviews} approving {noun} required by reviewers with write access.")
    if rules.conversations:
        open_threads = [t for t in pulls.threads_of(db, [pull.id])[pull.id] if t.resolved_by_id is None]
        sentences += ["A conversation must be resolved before merging."] if open_threads else []
    return sentences
