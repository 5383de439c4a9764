"""Node ids of what git names by text, shared with REST."""

from __future__ import annotations

from orchestrator.hub.gitids import decode, encode

__all__ = ["decode", "encode"]
