"""The names everything is called by."""

from __future__ import annotations

from typing import NewType

TaskId = NewType("TaskId", str)
"""`<repo key>-<issue>` or `<repo key>-<issue>-g<generation>`, `[a-z0-9-]{1,80}`: from the cause, never from a clock."""

RepoName = NewType("RepoName", str)
"""`owner/name`, as GitHub spells it."""

Sha = NewType("Sha", str)
"""A full hexadecimal git object name."""

Public = NewType("Public", str)
"""Text that `redact` has seen. Every sink takes only this, so the type checker keeps secrets in."""
