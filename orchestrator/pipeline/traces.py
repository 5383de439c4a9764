"""What a run leaves so that it can be retraced: its prompt beside its log, and the hashes of both in the ledger."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

from orchestrator import disk
from orchestrator.model.result import Usage
from orchestrator.model.stream import Job


def prompt_file(log: Path) -> Path:
    """`<n>.prompt.md` beside `<n>.log`."""
    return log.with_suffix(".prompt.md")


def keep_prompt(job: Job) -> None:
    """The very text whose hash the ledger gets, already redacted; for its owner alone. Without room on the disk the
    run goes on: its hash is what proves, the text is for people. Not synced, for a lost run is told its prompt anew."""
    file = prompt_file(Path(job.log))
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            disk.write_all(fd, job.prompt.encode("utf-8", "replace"))
        finally:
            os.close(fd)


def of_log(job: Job) -> dict[str, str]:
    """The transcript's SHA-256 by name; nothing when there is none."""
    digest = file_hash(Path(job.log))
    return {"log": digest} if digest else {}


def file_hash(file: Path) -> str:
    """SHA-256 of a file, read in pieces; empty when it cannot be read."""
    try:
        with file.open("rb") as reader:
            return hashlib.file_digest(reader, "sha256").hexdigest()
    except OSError:
        return ""


def cost(usage: Usage) -> dict[str, Any]:
    """For an event's data: what a run used. Money that is not known is None, never 0."""
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "usd": usage.cost_usd,
        "usd_from": usage.source,
    }
