"""An idle tick costs next to nothing: what was looked at and led to nothing is not looked at twice.

A full tick that found nothing to do writes down what it had looked at: the state of the files and folders (by stat),
and, for the dispatcher, its one question to GitHub with a digest of the answer. The next tick begins here, before any
of the program's libraries is loaded: are all of these as they were, there is still nothing to do, and it ends. Anything
else, any doubt and any error lead to a full tick, and an hour after the last full one comes the next in any case.

Only the standard library, and of ours nothing, is imported: this module is the price of an idle minute.

Why stat is enough: a folder's modification time changes with every name that comes or goes, and task files are written
by rename. A time that is younger than two seconds when it is noted proves nothing (the clock of file times is coarse),
so such a note is not written at all and the next tick is a full one again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

FULL_EVERY = 3600.0
"""Seconds after which a full tick comes whatever was seen."""
TOO_YOUNG = 2.0
"""Seconds a file time must be old to prove that nothing came after it."""

Watched = dict[str, list[int]]


def stats(paths: Iterable[Path]) -> Watched:
    """Path to [mtime in ns, inode, size]; an absent path to []."""
    return {str(path): _stat(str(path)) for path in paths}


def remember(file: Path, watched: Watched, *, questions: Iterable[Mapping[str, object]] = ()) -> bool:
    """Notes that a tick which saw `watched` (taken BEFORE it looked) and these answers had nothing to do.

    False, and nothing noted, when something was too young to prove anything. `questions`: url, body, token_env, answer.
    """
    now = time.time()
    if any(entry and now - entry[0] / 1e9 < TOO_YOUNG for entry in watched.values()):
        file.unlink(missing_ok=True)
        return False
    data = {"at": now, "watched": watched, "questions": list(questions)}
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    beside.replace(file)
    return True


def forget(file: Path) -> None:
    """Something was done: the next tick is a full one."""
    file.unlink(missing_ok=True)


def still(file: str, env: Mapping[str, str]) -> bool:
    """True when the note in `file` holds: nothing changed, so there is nothing to do. Never raises for a bad note."""
    try:
        with open(file, encoding="utf-8") as reader:
            data = json.load(reader)
        if not 0 <= time.time() - data["at"] < FULL_EVERY:
            return False
        if any(_stat(path) != entry for path, entry in data["watched"].items()):
            return False
        return all(_same_answer(question, env) for question in data["questions"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def digest(answer: bytes) -> str:
    return hashlib.sha256(answer).hexdigest()


def _same_answer(question: Mapping[str, str], env: Mapping[str, str]) -> bool:
    """Asks GitHub once more. Any status but 200 and any error is no answer: the full tick has words for it."""
    import http.client
    import urllib.request

    token = env.get(question["token_env"], "").strip()
    if not token:
        return False
    request = urllib.request.Request(
        question["url"],
        data=question["body"].encode(),
        headers={"Authorization": f"bearer {token}", "Content-Type": "application/json", "User-Agent": "agent-os"},
    )
    handlers = [urllib.request.ProxyHandler({})] if question["url"].startswith("http://") else []
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=30) as reply:
            return bool(reply.status == 200 and digest(reply.read()) == question["answer"])
    except http.client.HTTPException:  # a truncated answer is no OSError
        return False


def _stat(path: str) -> list[int]:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return []
    return [found.st_mtime_ns, found.st_ino, found.st_size]
