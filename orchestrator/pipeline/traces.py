"""What a run leaves so that it can be retraced: its prompt beside its log, and the hashes of both in the ledger."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any

from orchestrator import disk
from orchestrator.model.gate import Verdict
from orchestrator.model.governance import ReviewVerdict
from orchestrator.model.result import Usage
from orchestrator.model.stream import Job
from orchestrator.model.task import Task


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


def of_log(log: Path) -> dict[str, str]:
    """SHA-256 of the raw transcript and of the events read from it; what is not there is left out."""
    found = {"log": file_hash(log), "events": file_hash(log.with_suffix(".jsonl"))}
    return {name: digest for name, digest in found.items() if digest}


def of_verdicts(task: Task) -> dict[str, str]:
    """What a merge rests on, each as the hash of its value: the gate's verdict and the reviewer's, and the head, base
    and tree that they are about (git's names of the whole diff)."""
    hashes: dict[str, str] = {}
    if task.verdict is not None:
        judged = task.verdict
        hashes |= {"head": judged.head_sha, "base": judged.base_sha, "tree": judged.tree, "verdict": verdict(judged)}
    if task.review is not None:
        hashes["review"] = review(task.review)
    return hashes


def verdict(judged: Verdict) -> str:
    """All that the gate found, as the VERDICT event tells it too."""
    found = [[f.check, f.outcome.value, f.why, f.risk.value, list(f.tests)] for f in judged.findings]
    return of_text(json.dumps(found))


def review(said: ReviewVerdict) -> str:
    """All that the reviewer said, as the REVIEWED event tells it too; an update that carries it over makes another."""
    return of_text(json.dumps(asdict(said), sort_keys=True, default=_plain))


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else str(value)


def of_text(text: str) -> str:
    """SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


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
