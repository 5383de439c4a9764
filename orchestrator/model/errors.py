"""Errors whose text is meant for the person at the keyboard."""

from __future__ import annotations


class Told(Exception):
    """Shown as one line, without a traceback; says what is wrong and what to do."""
