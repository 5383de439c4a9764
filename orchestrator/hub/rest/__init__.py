"""The REST operations, one module per area of GitHub's API."""

from __future__ import annotations

from orchestrator.hub.http import Route


def all_routes() -> list[Route]:
    """Every operation."""
    from orchestrator.hub.rest import (
        apps,
        checks,
        comments,
        contents,
        issues,
        labels,
        misc,
        protection,
        pulls,
        refs,
        repos,
        reviews,
        search,
    )  # fmt: skip

    modules = (misc, apps, search, repos, comments, labels, issues, reviews, pulls, checks, protection, contents, refs)
    return [route for module in modules for route in module.routes.found]
