"""Puts our lines into the person's crontab, through crontab(1)."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator import process
from orchestrator.config.crontab import merged
from orchestrator.model.errors import Told


def install(root: Path, lines: str) -> None:
    """All other jobs stay. Raises Told when there is no crontab(1), or it refuses."""
    shown = _crontab("-l")
    present = shown.out.decode("utf-8", "surrogateescape")
    if shown.exit != 0:
        if b"no crontab" not in shown.err:
            raise Told(f"crontab -l: {_words(shown.err)}")
        present = ""
    if shown.truncated:
        raise Told("your crontab is too long to be changed by a program; use `crontab -e`")
    done = _crontab("-", merged(present, lines, root).encode("utf-8", "surrogateescape"))
    if done.exit != 0:
        raise Told(f"crontab -: {_words(done.err)}")


def _crontab(argument: str, stdin: bytes = b"") -> process.Finished:
    try:
        return process.run(["crontab", argument], cwd="/", env=os.environ, stdin=stdin, timeout=30)
    except process.CannotStart:
        raise Told("there is no crontab here (Debian: apt-get install cron); `agent-os up` does without") from None


def _words(err: bytes) -> str:
    return err.decode("utf-8", "replace").strip()
