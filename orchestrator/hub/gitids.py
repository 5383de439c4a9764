"""Node ids of what git names by text: commits, trees, blobs and refs."""

from __future__ import annotations

import base64
import binascii


def encode(prefix: str, repo_id: int, text: str) -> str:
    """The stable id of a git object or ref of a repository, such as `C_MTo0ZjE...`."""
    return f"{prefix}_{base64.urlsafe_b64encode(f'{repo_id}:{text}'.encode()).decode().rstrip('=')}"


def decode(node_id: str) -> tuple[str, int, str] | None:
    """Prefix, repository and text, or None for what is no such id."""
    prefix, _, code = node_id.partition("_")
    try:
        repo, mark, text = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (prefix, int(repo), text) if mark and repo.isdigit() and prefix in ("C", "T", "B", "REF") else None
