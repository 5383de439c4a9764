"""Errors whose text is meant for the person at the keyboard."""

from __future__ import annotations


class Told(Exception):
    """Shown as one line, without a traceback; says what is wrong and what to do."""


class Stopped(Told):
    """An act outside was not done, because a person does not want it: nothing was sent. Not a failure; it is tried
    again by whoever finds it undone."""


class SwitchedOff(Stopped):
    """A person switched it off (`agent-os off`)."""


class Observed(Stopped):
    """The repository is in the mode `observe`: what would be done is said, and not done."""
